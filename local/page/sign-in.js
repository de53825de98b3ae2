/** The sign-in loop: it sends the reader's input to Cognito and shows the responses. */

import * as account from "./account.js";
import { SEND_AGAIN, codeIn, sentKind } from "./codes.js";
import { Cognito, CognitoError, UnreachableError } from "./cognito.js";
import * as devices from "./device.js";
import { say } from "./dom.js";
import * as enrolling from "./enrolling.js";
import { detail, explanation } from "./errors.js";
import { firstForm, formsOf, inForm, metadataFor } from "./forms.js";
import * as links from "./hand-over.js";
import { drawWidget, isProvider } from "./providers.js";
import * as ownSteps from "./own-steps.js";
import { rulesOf } from "./pool.js";
import * as settings from "./settings.js";
import { start, startWithPassword } from "./start.js";
import { LANGUAGES, languageFor, textsIn } from "./texts.js";
import * as tokens from "./tokens.js";
import * as view from "./view.js";
import { work } from "./work.js";

const language = languageFor(navigator.language);
const texts = await textsIn(language);
/** Requests every form of a step at once, so that the reader can change between them without using a try. */
const EVERY_FORM = { challenge: "all", captcha: "all" };
/** The form that the reader has chosen. */
let form = null;
/** An answer that is never right. It only requests another challenge. */
const NO_ANSWER = "-";

/** The target of sign-ins, see settings.js. */
let target = null;
/** The rules of its pool, see pool.js. */
let rules = null;
/**
 * The current sign-in: `{ cognito, userPoolId, flow, login, userName, device, giveUp, session, parameters, own, asked,
 * changing, work, solution, since, call }`. `login` is the name that the reader typed.
 */
let signIn = null;
/** The token of the link that this page was opened with, or `null`. */
let token = links.take(location, history);
/** The token of a link that sets answers, or `null`. */
let invitation = links.take(location, history, links.ENROLMENT);

view.translate(texts, language, LANGUAGES[language]);
view.onLink(passOn);
addEventListener("hashchange", follow);
links.listen(waitsSince, answerWithLink);
if (token !== null) {
  await passOn();
} else if (invitation !== null || !settings.restore()) {
  await open();
}

async function open() {
  target = await settings.load();
  view.showSettings(settings.fromAddress(), target);
  view.onStart(begin);
  view.onAnswer(answer);
  view.onAnother(change);
  view.onSendAgain(sendAgain);
  view.onStartAgain(startAgain);
  view.onSettings(chooseTarget, settings.forget);
  view.onMediumBroken((text) => view.alarm(text));
  ownSteps.begin(texts, { attempt, respond, startAgain });
  enrolling.begin(texts, language, startAgain);
  tokens.begin(texts, enrolling.signedIn, (text) => {
    startAgain();
    say(text);
  });
  enrolling.offer(target?.enrolment);
  if (target !== null) await openPool();
  if (invitation !== null) return enrolling.openLink(invitation);
  view.showStart();
  if (target === null) {
    view.alarm(texts.noConfiguration);
  }
}

/** Reads the settings of the pool, and offers what they allow. */
async function openPool() {
  rules = await rulesOf(target);
  view.offerWithoutPassword(rules.passwordless);
  view.labelUserName(account.userNameLabel(texts, rules));
  account.begin(texts, new Cognito(target.endpoint, target.clientId), rules, signInAs);
}

/** Shows the first form for this user, with a text. */
function signInAs(userName, text) {
  view.setUserName(userName);
  view.showStart();
  say(text);
}

/** Makes the first call. A password is proven by SRP, which takes a second call. */
async function begin({ userName, password, withPassword }) {
  if (!view.demand("username", userName, rules?.logins.length ? texts.fieldMissing : texts.usernameMissing)) return;
  const missing = rules?.passwordless === false ? texts.fieldMissing : texts.passwordMissing;
  if (withPassword && !view.demand("password", password, missing)) return;
  if (target === null) return view.alarm(texts.noConfiguration);
  if (withPassword && !globalThis.crypto?.subtle) return view.alarm(texts.insecure);

  const { endpoint, clientId, userPoolId } = target;
  const cognito = new Cognito(endpoint, clientId);
  const device = devices.known(userPoolId, userName);
  const giveUp = new AbortController();
  const { flow } = rules;
  signIn = { cognito, userPoolId, flow, login: userName, userName, device, giveUp, session: null, parameters: null };
  const current = signIn;
  const everyForm = () => {
    current.asked = EVERY_FORM;
    return metadata(EVERY_FORM);
  };
  const first = () => (withPassword ? startWithPassword(current, password, everyForm) : start(current));
  await attempt(current, () => devices.startWith(current, first));
}

async function answer(text) {
  if (signIn.solution) return send(signIn.solution);
  if (!view.demand("answer", text, texts.answerMissing)) return;
  if (sentKind(signIn.parameters) !== "code") return send(text);
  const { digits } = signIn.parameters;
  const code = codeIn(text, digits);
  if (code === null) return view.demandCode(digits);
  await send(code);
}

/** Requests the same code or link again, which uses a try. */
async function sendAgain() {
  const current = signIn;
  const { attemptsLeft, step } = current.parameters;
  current.changing = true;
  await send(NO_ANSWER, { ...EVERY_FORM, ...SEND_AGAIN });
  const { parameters } = current;
  const isAsked = signIn === current && parameters.step === step && parameters.attemptsLeft !== attemptsLeft;
  if (isAsked) view.saySentAgain(parameters);
}

/** Hands the token of a link to the tab whose sign-in waits for it. */
async function passOn() {
  view.showLink("handingOver");
  view.showLink((await links.handOver(token)) ? "handedOver" : "notHandedOver");
}

/** Handles a link that was opened in this tab, which shows the page already. */
async function follow() {
  invitation = links.take(location, history, links.ENROLMENT);
  if (invitation !== null) return enrolling.openLink(invitation);
  const opened = links.take(location, history);
  if (opened === null) return;
  if (waitsSince() !== null) return answerWithLink(opened);
  token = opened;
  // The current challenge of this tab does not change.
  if (signIn === null) await passOn();
  else if (!(await links.handOver(token))) view.alarm(texts.notHandedOverText);
}

/** Returns the time since which this tab waits for the token of a link, or `null`. */
function waitsSince() {
  return sentKind(signIn?.parameters ?? {}) === "link" ? signIn.since : null;
}

async function answerWithLink(token) {
  const current = signIn;
  // It may be requesting the link again at this moment.
  await current.call;
  if (current === signIn && waitsSince() !== null) await send(token);
}

/**
 * Shows the current challenge in another form, or, if it does not have that one, asks for another challenge of the same
 * step, which uses a try. Without `wanted`, another challenge in the same form.
 */
async function change(wanted) {
  signIn.work?.abort();
  form = wanted ?? form;
  if (wanted && formsOf(signIn.parameters).includes(wanted)) return present(false);
  signIn.changing = true;
  // A form that was missing when every form was requested must be requested by name.
  await send(NO_ANSWER, wanted && signIn.asked === EVERY_FORM ? metadataFor(wanted) : EVERY_FORM);
}

async function send(text, wanted = EVERY_FORM) {
  const current = signIn;
  current.asked = wanted;
  current.call = attempt(current, () => respond(current, "CUSTOM_CHALLENGE", current.session, { ANSWER: text }, wanted));
  await current.call;
}

/** Answers a challenge of a sign-in. */
function respond({ cognito, userName, device, giveUp }, challenge, session, responses, wanted = EVERY_FORM) {
  const named = { USERNAME: userName, DEVICE_KEY: device?.key, ...responses };
  return cognito.respond(challenge, session, named, metadata(wanted), giveUp.signal);
}

function metadata(wanted) {
  return { locale: navigator.language, ...wanted };
}

/** Runs one call of `current` and shows its result, unless the reader has started again by then. */
async function attempt(current, call) {
  view.setBusy(texts.working);
  try {
    const reply = await call();
    const next = await devices.handle(current, reply, metadata(EVERY_FORM));
    if (current === signIn) take(next);
  } catch (error) {
    if (current === signIn) fail(error);
  } finally {
    if (current === signIn || signIn === null) view.setIdle();
  }
}

function take(reply) {
  if (reply.AuthenticationResult) {
    const { deviceError, ...finished } = signIn;
    signIn = null;
    tokens.signedIn(finished, reply.AuthenticationResult, rules.renewal);
    if (deviceError) view.alarm(texts.deviceRefused, detail(deviceError));
  } else if (reply.ChallengeName === "CUSTOM_CHALLENGE") {
    ask(reply);
  } else if (ownSteps.canAsk(reply)) {
    ownSteps.ask(signIn, reply);
  } else {
    signIn = null;
    view.showStart();
    view.alarm(texts.unsupported(reply.ChallengeName));
  }
}

function ask({ Session, ChallengeParameters: parameters }) {
  const wrong = isRetry(signIn.parameters, parameters) && !signIn.changing;
  signIn.changing = false;
  signIn.userName = parameters.USERNAME ?? signIn.userName;
  signIn.session = Session;
  signIn.own = null;
  signIn.parameters = parameters;
  signIn.since = Date.now();
  present(wrong);
}

/** Shows the current challenge in the form that the reader wants, if it has that form. `again` is true after a wrong answer. */
function present(again) {
  const { parameters } = signIn;
  const shown = inForm(parameters, firstForm(parameters, form));
  signIn.solution = null;
  view.showChallenge(shown, again, formsOf(parameters));
  if (shown.challenge === "PROOF_OF_WORK") compute(signIn, shown);
  if (isProvider(shown.challenge)) confirm(signIn, shown);
}

/** Answers with the token of a provider's widget when the reader has finished it. */
async function confirm(current, parameters) {
  const { signal } = (current.work = new AbortController());
  let text;
  try {
    text = await drawWidget(parameters, view.widgetPlace(), language, texts.widgetLabel);
  } catch {
    if (!signal.aborted) view.alarm(texts.widgetFailed);
    return;
  }
  if (signal.aborted) return;
  current.solution = text;
  await send(text);
}

/** Answers a proof of work without the reader, unless the reader chooses another challenge in the meantime. */
async function compute(current, { proofOfWork, mostTries }) {
  const { signal } = (current.work = new AbortController());
  let text;
  try {
    view.showWork(0, Number(mostTries));
    text = await work(proofOfWork, (tries) => view.showWork(tries, Number(mostTries)), signal);
  } catch {
    if (!signal.aborted) view.alarm(texts.workFailed);
    return;
  }
  current.solution = text;
  await send(text);
}

/** Cognito does not report a wrong answer: it asks the same step again, with fewer tries. */
function isRetry(before, now) {
  return before?.step === now.step && Number(now.attemptsLeft) < Number(before.attemptsLeft);
}

function fail(error) {
  if (ownSteps.refuse(signIn, error)) return;
  const text = explain(error, signIn.parameters);
  // After these errors, the session is still valid. After any other error, Cognito rejects it.
  const sameAgain = signIn.parameters !== null && (isTransient(error) || error instanceof UnreachableError);
  if (!sameAgain) {
    const { login } = signIn;
    signIn = null;
    showAfter(error, login);
  }
  view.alarm(text, detail(error));
  // A computation has no answer field, so only this can send its solution again.
  if (sameAgain && signIn.solution) view.offerRetry();
}

/** Shows the form that follows an error: for some, the user must enter a code first. */
function showAfter({ type }, login) {
  if (type === "UserNotConfirmedException") account.confirm(login);
  else if (type === "PasswordResetRequiredException") account.reset(login, texts.confirmHint);
  else view.showStart();
}

function isTransient(error) {
  return error instanceof CognitoError && error.type === "TooManyRequestsException";
}

/** Explains `error` to the reader that was asked `parameters`, or the password if that is `null`. */
function explain(error, parameters) {
  if (error.type === "NotAuthorizedException") return explainRefusal(error.message, parameters);
  return texts[explanation(error)];
}

function explainRefusal(message, parameters) {
  if (message === "Password attempts exceeded") return texts.tooManyPasswords;
  if (message.includes("session is expired")) return texts.expired;
  if (message.includes("session")) return texts.sessionLost;
  if (parameters === null) return texts.wrongPassword;
  return parameters.attemptsLeft === "1" ? texts.lastTry : texts.refused;
}

function startAgain() {
  signIn?.giveUp.abort();
  signIn?.work?.abort();
  signIn = null;
  enrolling.forget();
  account.forget();
  tokens.forget();
  view.setIdle();
  view.showStart();
}

function chooseTarget(wanted) {
  const wrong = Object.keys(settings.PATTERNS).find((name) => !settings.PATTERNS[name].test(wanted[name]));
  view.showSettingsError(wrong);
  if (wrong === undefined) {
    settings.use(wanted);
  }
}
