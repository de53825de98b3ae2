/**
 * This browser as a device that a user pool tracks. It has a random password, which the browser stores and proves at the
 * next sign-in of the user.
 */

import { CognitoError } from "./cognito.js";
import { Srp, toBase64, verifier } from "./srp.js";

const PASSWORD_BYTES = 40;

/** Returns the device `{ key, group, password }` of a user, or `null`. */
export function known(userPoolId, userName) {
  try {
    return JSON.parse(localStorage.getItem(item(userPoolId, userName)));
  } catch {
    return null;
  }
}

/** Stores the device of a user. `null` forgets it. */
export function store(userPoolId, userName, device) {
  if (device === null) localStorage.removeItem(item(userPoolId, userName));
  else localStorage.setItem(item(userPoolId, userName), JSON.stringify(device));
}

/** Whether Cognito has forgotten the device that the request names. */
export function isGone(error) {
  return error instanceof CognitoError && error.type === "ResourceNotFoundException" && /device/i.test(error.message);
}

/** Proves the device of a sign-in. `asked` is the reply that asks for it. Returns the next reply. */
export async function prove({ cognito, userName, device, giveUp }, asked, metadata) {
  const srp = new Srp();
  const named = { USERNAME: userName, DEVICE_KEY: device.key };
  const respond = (challenge, { Session }, responses) =>
    cognito.respond(challenge, Session, { ...named, ...responses }, metadata, giveUp.signal);
  const reply = await respond("DEVICE_SRP_AUTH", asked, { SRP_A: srp.publicValue });
  const claim = await srp.claim(reply.ChallengeParameters, device.group + device.key, device.password);
  return respond("DEVICE_PASSWORD_VERIFIER", reply, claim);
}

/**
 * Confirms the new device of a finished sign-in. Returns it, and `asks`: whether the user decides if it is remembered.
 */
export async function confirm(cognito, { AccessToken, NewDeviceMetadata: { DeviceKey: key, DeviceGroupKey: group } }) {
  const password = toBase64(crypto.getRandomValues(new Uint8Array(PASSWORD_BYTES)));
  const reply = await cognito.confirmDevice(AccessToken, key, await verifier(group + key, password));
  return { device: { key, group, password }, asks: reply.UserConfirmationNecessary === true };
}

function item(userPoolId, userName) {
  return `device ${userPoolId} ${userName}`;
}
