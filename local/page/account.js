/** Accounts: sign-up, its confirmation, and a new password for a forgotten one. */

import * as form from "./account-view.js";
import { attributeField, attributeValue } from "./attributes.js";
import { CognitoError } from "./cognito.js";
import { say } from "./dom.js";
import { detail, explanation, refusesPassword } from "./errors.js";
import * as view from "./view.js";

/** The field and the text for each error of Cognito about a value. */
const REFUSED = {
  CodeMismatchException: ["code", "codeRefused"],
  ExpiredCodeException: ["code", "codeRefused"],
  UsernameExistsException: ["username", "nameTaken"],
};
/** Errors about every user. Others would tell whether the user exists, has an address or may reset the password. */
const ABOUT_ALL = ["LimitExceededException", "ResourceNotFoundException", "TooManyRequestsException"];

let texts = {};
let cognito = null;
let rules = null;
/** Shows the first form with a username and a text. */
let signIn = () => {};
let giveUp = new AbortController();

/** Prepares the forms for a pool with these rules. `toSignIn` shows the first form with a username and a text. */
export function begin(catalogue, client, poolRules, toSignIn) {
  [texts, cognito, rules, signIn] = [catalogue, client, poolRules, toSignIn];
  form.begin(texts, { openSignUp, openForgotten });
  form.offer(rules);
}

/** Gives up the current call, because the reader starts again. */
export function forget() {
  giveUp.abort();
  giveUp = new AbortController();
}

/** Returns the label of the username in a pool with these rules. */
export function userNameLabel(catalogue, { logins }) {
  if (logins.length === 0) return catalogue.username;
  return logins.length === 1 ? catalogue[logins[0]] : catalogue.emailOrPhone;
}

/** Asks for the code that confirms the account. */
export function confirm(userName, destination) {
  const again = () =>
    attempt(async (signal) => {
      const { CodeDeliveryDetails: sent } = await cognito.resendConfirmationCode(userName, signal);
      say(texts.sentAgain(sent.Destination));
    });
  const act = ({ code }) =>
    attempt(async (signal) => {
      await cognito.confirmSignUp(userName, code.trim(), signal);
      signIn(userName, texts.accountReady);
    });
  const text = destination ? texts.codeSent(destination) : texts.confirmHint;
  form.ask({ heading: texts.codeHeading, text, fields: [codeField()], submit: texts.continue, act, again });
}

/** Asks for the code of a forgotten password, and for a new password. `text` says where the code is. */
export function reset(userName, text) {
  const act = ({ code, password }) =>
    attempt(async (signal) => {
      await cognito.confirmForgotPassword(userName, code.trim(), password, signal).catch(hideUser);
      signIn(userName, texts.passwordChanged);
    });
  const again = () => attempt((signal) => sendCode(userName, signal));
  const fields = [codeField(), passwordField(texts.newPassword)];
  form.ask({ heading: texts.newPasswordHeading, text, fields, submit: texts.savePassword, act, again });
}

function openSignUp() {
  const attributes = rules.attributes.map((name) => attributeField(name, texts));
  const fields = [userNameField(), passwordField(texts.password), ...attributes];
  form.ask({ heading: texts.createAccount, fields, submit: texts.createAccount, act: create });
}

async function create({ username, password, ...given }) {
  const userName = username.trim();
  const attributes = Object.entries(given).map(([Name, value]) => ({ Name, Value: attributeValue(Name, value) }));
  await attempt(async (signal) => {
    const { UserConfirmed, CodeDeliveryDetails } = await cognito.signUp(userName, password, attributes, signal);
    if (CodeDeliveryDetails) confirm(userName, CodeDeliveryDetails.Destination);
    else signIn(userName, UserConfirmed ? texts.accountReady : texts.accountPending);
  });
}

function openForgotten() {
  const act = ({ username }) =>
    attempt(async (signal) => {
      await sendCode(username.trim(), signal);
      reset(username.trim(), texts.codeMaybeSent);
    });
  const fields = [userNameField()];
  form.ask({ heading: texts.forgotPassword, text: texts.forgotHint, fields, submit: texts.sendCode, act });
}

/** Sends a code to a user that may not exist. The page shows the same for every user, also the destination. */
async function sendCode(userName, signal) {
  await cognito.forgotPassword(userName, signal).catch((error) => {
    if (!(error instanceof CognitoError) || ABOUT_ALL.includes(error.type)) throw error;
  });
  say(texts.codeMaybeSent);
}

/** Throws the error of a wrong code in place of an error about the user. */
function hideUser(error) {
  const isShown = refusesPassword(error) || ABOUT_ALL.includes(error.type);
  throw isShown || !(error instanceof CognitoError) ? error : new CognitoError("CodeMismatchException", "");
}

function userNameField() {
  const label = userNameLabel(texts, rules);
  return { name: "username", label, value: view.userName(), autocomplete: "username", maxLength: 128 };
}

function passwordField(label) {
  return { name: "password", label, type: "password", autocomplete: "new-password", maxLength: 256 };
}

function codeField() {
  return { name: "code", label: texts.codeAnswer, dir: "ltr", autocomplete: "one-time-code", inputMode: "numeric" };
}

async function attempt(call) {
  const { signal } = giveUp;
  await view.whileBusy(
    () => call(signal),
    (error) => {
      if (!signal.aborted) fail(error);
    },
  );
}

function fail(error) {
  const [name, text] = refusesPassword(error) ? ["password", "passwordRefused"] : (REFUSED[error.type] ?? []);
  if (name && form.refuse(name, texts[text])) return;
  const key = explanation(error);
  view.alarm(texts[key === "triggerFailed" ? "rejected" : key], detail(error));
}
