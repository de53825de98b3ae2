/** The start of a sign-in, and the proof of its password. */

import { Srp } from "./srp.js";

/** The parameters with which each flow starts by a password. */
const WITH_PASSWORD = {
  CUSTOM_AUTH: { CHALLENGE_NAME: "SRP_A" },
  USER_AUTH: { PREFERRED_CHALLENGE: "PASSWORD_SRP" },
  USER_SRP_AUTH: {},
};

/** Starts a sign-in without a password. */
export function start({ cognito, flow, userName, device, giveUp }) {
  return cognito.start(flow, { USERNAME: userName, DEVICE_KEY: device?.key }, giveUp.signal);
}

/** Starts a sign-in, and proves the password by SRP, which takes a second call with the result of `metadata`. */
export async function startWithPassword(signIn, password, metadata) {
  const { cognito, flow, userName, userPoolId, device, giveUp } = signIn;
  const srp = new Srp();
  const first = { USERNAME: userName, ...WITH_PASSWORD[flow], SRP_A: srp.publicValue, DEVICE_KEY: device?.key };
  const reply = await cognito.start(flow, first, giveUp.signal);
  if (reply.ChallengeName !== "PASSWORD_VERIFIER") {
    return reply;
  }
  const answer = await srp.answer(reply.ChallengeParameters, userPoolId, password);
  // The username of an alias: Cognito returns it once, and every later answer may use it.
  signIn.userName = answer.USERNAME;
  const responses = { ...answer, DEVICE_KEY: device?.key };
  return cognito.respond("PASSWORD_VERIFIER", reply.Session, responses, metadata(), giveUp.signal);
}
