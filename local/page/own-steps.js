/** The steps of a sign-in that Cognito itself asks: this file shows them and sends the answers. */

import { detail } from "./errors.js";
import * as own from "./own.js";
import * as form from "./own-view.js";
import * as view from "./view.js";

let texts = {};
/** The sign-in of the shown step, with `own`: the name of its challenge. */
let signIn = null;
/** The functions of sign-in.js that run a call, answer a challenge and start again. */
let loop = { attempt: null, respond: null, startAgain: null };

/** Prepares the form. */
export function begin(catalogue, functions) {
  [texts, loop] = [catalogue, functions];
  form.begin(texts, { answer, choose });
}

/** Whether the page can ask what a reply asks. */
export function canAsk(reply) {
  return shown(reply) !== null;
}

/** Shows the challenge of a reply. */
export function ask(current, reply) {
  signIn = current;
  signIn.session = reply.Session;
  signIn.own = reply.ChallengeName;
  const { secret } = reply;
  if (shown(reply).kind === "setUp" && !secret) return setUp(reply);
  const app = secret && { secret, address: own.otpauth(location.host, signIn.userName, secret) };
  form.ask(shown(reply), app);
}

/** Shows an error at the answer. Returns whether the user can try again. */
export function refuse({ own: challenge }, error) {
  const again = challenge && own.again(challenge, error);
  if (again === "rejected") view.alarm(texts.rejected, detail(error));
  else if (again) form.refuse(texts[again]);
  return Boolean(again);
}

function shown({ ChallengeName, ChallengeParameters, AvailableChallenges }) {
  return own.shown(ChallengeName, ChallengeParameters, AvailableChallenges);
}

/** Gets the secret for an authenticator app, so that the user can set it up. */
function setUp({ ChallengeName, ChallengeParameters }) {
  const { cognito, session, giveUp } = signIn;
  return loop.attempt(signIn, async () => {
    const { SecretCode: secret, Session } = await cognito.associateApp(session, giveUp.signal);
    return { ChallengeName, ChallengeParameters, Session, secret };
  });
}

function answer(text, attributes) {
  const current = signIn;
  const { cognito, own: challenge, session, giveUp } = current;
  if (challenge !== "MFA_SETUP") return send(text, attributes);
  return loop.attempt(current, async () => {
    const { Session } = await cognito.verifyApp(session, text, giveUp.signal);
    return loop.respond(current, "MFA_SETUP", Session, {});
  });
}

/** Continues with the chosen factor. The first form asks for the password. */
function choose(factor) {
  return factor === "PASSWORD_SRP" ? loop.startAgain() : send(factor);
}

function send(text, attributes) {
  const current = signIn;
  const { own: challenge, session } = current;
  return loop.attempt(current, () => loop.respond(current, challenge, session, own.responses(challenge, text, attributes)));
}
