/** The start of a sign-in, and the proof of its password. */

import { Srp } from "./srp.js";

/** Starts a sign-in without a password. */
export function start({ cognito, userName, device, giveUp }) {
  return cognito.start({ USERNAME: userName, DEVICE_KEY: device?.key }, giveUp.signal);
}

/** Starts a sign-in, and proves the password by SRP, which takes a second call with the result of `metadata`. */
export async function startWithPassword(signIn, password, metadata) {
  const { cognito, userName, userPoolId, device, giveUp } = signIn;
  const srp = new Srp();
  const first = { USERNAME: userName, CHALLENGE_NAME: "SRP_A", SRP_A: srp.publicValue, DEVICE_KEY: device?.key };
  const reply = await cognito.start(first, giveUp.signal);
  if (reply.ChallengeName !== "PASSWORD_VERIFIER") {
    return reply;
  }
  const answer = await srp.answer(reply.ChallengeParameters, userPoolId, password);
  // The username of an alias: Cognito returns it once, and every later answer may use it.
  signIn.userName = answer.USERNAME;
  const responses = { ...answer, DEVICE_KEY: device?.key };
  return cognito.respond("PASSWORD_VERIFIER", reply.Session, responses, metadata(), giveUp.signal);
}
