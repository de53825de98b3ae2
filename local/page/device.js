/**
 * This browser as a device that a user pool tracks. It has a random password, which the browser stores and proves at the
 * next sign-in of the user.
 */

import { CognitoError } from "./cognito.js";
import { Srp, toBase64, verifier } from "./srp.js";

const PASSWORD_BYTES = 40;

/** Returns the device `{ key, group, password }` of a user, or `null`. */
export function known(userPoolId, login) {
  // The proof needs what only a secure context has.
  if (!globalThis.crypto?.subtle) return null;
  try {
    return JSON.parse(localStorage.getItem(item(userPoolId, login)));
  } catch {
    return null;
  }
}

/** Makes the first call of a sign-in, and again without the device if Cognito has forgotten it. */
export async function startWith(signIn, first) {
  try {
    return await first();
  } catch (error) {
    if (!signIn.device || !isGone(error)) throw error;
    forget(signIn);
    return first();
  }
}

/** Answers the challenges of a device, and confirms a new one. Returns `reply`, or the reply that follows it. */
export async function handle(signIn, reply, metadata) {
  const next = reply.ChallengeName === "DEVICE_SRP_AUTH" ? await proved(signIn, reply, metadata) : reply;
  if (next.AuthenticationResult?.NewDeviceMetadata) await confirm(signIn, next.AuthenticationResult);
  return next;
}

/** If Cognito rejects the proof, the next sign-in is without the device. */
async function proved(signIn, asked, metadata) {
  const { cognito, userName, device, giveUp } = signIn;
  const named = { USERNAME: userName, DEVICE_KEY: device.key };
  const respond = (challenge, { Session }, responses) =>
    cognito.respond(challenge, Session, { ...named, ...responses }, metadata, giveUp.signal);
  const srp = new Srp();
  try {
    const reply = await respond("DEVICE_SRP_AUTH", asked, { SRP_A: srp.publicValue });
    const claim = await srp.claim(reply.ChallengeParameters, device.group + device.key, device.password);
    return await respond("DEVICE_PASSWORD_VERIFIER", reply, claim);
  } catch (error) {
    if (error instanceof CognitoError) forget(signIn);
    throw error;
  }
}

/**
 * Confirms the new device of a finished sign-in. Sets `asksToRemember` if the user decides whether it is remembered. A
 * sign-in is finished even if this fails, which sets `deviceError`.
 */
async function confirm(signIn, { AccessToken, NewDeviceMetadata: { DeviceKey: key, DeviceGroupKey: group } }) {
  const password = toBase64(crypto.getRandomValues(new Uint8Array(PASSWORD_BYTES)));
  try {
    const reply = await signIn.cognito.confirmDevice(AccessToken, key, await verifier(group + key, password));
    signIn.device = { key, group, password };
    signIn.asksToRemember = reply.UserConfirmationNecessary === true;
    localStorage.setItem(item(signIn.userPoolId, signIn.login), JSON.stringify(signIn.device));
  } catch (error) {
    signIn.deviceError = error;
  }
}

function forget(signIn) {
  signIn.device = null;
  localStorage.removeItem(item(signIn.userPoolId, signIn.login));
}

function isGone(error) {
  return error instanceof CognitoError && error.type === "ResourceNotFoundException" && /device/i.test(error.message);
}

function item(userPoolId, login) {
  return `device ${userPoolId} ${login}`;
}
