import assert from "node:assert/strict";
import test from "node:test";

import { CognitoError } from "../cognito.js";
import { handle, known, startWith } from "../device.js";
import { Srp } from "../srp.js";

const DEVICE = { key: "eu-central-1_key", group: "-group", password: "secret" };
const NEW = { AuthenticationResult: { AccessToken: "token", NewDeviceMetadata: { DeviceKey: "k", DeviceGroupKey: "g" } } };
const GONE = new CognitoError("ResourceNotFoundException", "Device does not exist.");

/** Returns a sign-in of ana in a browser with `device`, with the operations of Cognito. */
function signInWith(device, operations = {}) {
  const items = new Map(device ? [["device pool ana", JSON.stringify(device)]] : []);
  globalThis.localStorage = {
    getItem: (name) => items.get(name) ?? null,
    setItem: (name, value) => items.set(name, value),
    removeItem: (name) => items.delete(name),
  };
  return { cognito: operations, userPoolId: "pool", login: "ana", userName: "id", device, giveUp: new AbortController() };
}

test("a device belongs to one user of one pool", () => {
  signInWith(DEVICE);
  assert.deepEqual(known("pool", "ana"), DEVICE);
  assert.equal(known("pool", "eva"), null);
  assert.equal(known("other", "ana"), null);
});

test("a browser without storage has no device", () => {
  globalThis.localStorage = { getItem: () => assert.fail("denied") };
  assert.equal(known("pool", "ana"), null);
});

test("a sign-in starts without a device that Cognito has forgotten", async () => {
  const signIn = signInWith(DEVICE);
  const named = [];
  const first = async () => {
    named.push(signIn.device);
    if (signIn.device) throw GONE;
    return "started";
  };
  assert.equal(await startWith(signIn, first), "started");
  assert.deepEqual(named, [DEVICE, null]);
  assert.equal(known("pool", "ana"), null);
});

test("a sign-in that fails for another reason keeps the device", async () => {
  for (const error of [
    new CognitoError("ResourceNotFoundException", "User pool client c does not exist."),
    new CognitoError("NotAuthorizedException", "Device"),
  ]) {
    const first = () => Promise.reject(error);
    await assert.rejects(startWith(signInWith(DEVICE), first), error);
    assert.deepEqual(known("pool", "ana"), DEVICE);
  }
});

test("a new device has a new password, and the server gets only its verifier", async () => {
  const sent = [];
  const confirmDevice = async (...request) => {
    sent.push(request);
    return { UserConfirmationNecessary: true };
  };
  const signIn = signInWith(null, { confirmDevice });
  assert.equal(await handle(signIn, NEW), NEW);
  const first = known("pool", "ana");
  assert.deepEqual({ ...first, password: "" }, { key: "k", group: "g", password: "" });
  assert.equal(Buffer.from(first.password, "base64").length, 40);
  assert.equal(signIn.asksToRemember, true);
  assert.deepEqual(signIn.device, first);
  assert.deepEqual(sent[0].slice(0, 2), ["token", "k"]);
  assert.deepEqual(Object.keys(sent[0][2]), ["PasswordVerifier", "Salt"]);
  await handle(signIn, NEW);
  assert.notEqual(known("pool", "ana").password, first.password);
});

test("a device that cannot be confirmed does not prevent the sign-in", async () => {
  const signIn = signInWith(null, { confirmDevice: () => Promise.reject(GONE) });
  assert.equal(await handle(signIn, NEW), NEW);
  assert.equal(signIn.deviceError, GONE);
  assert.equal(known("pool", "ana"), null);
});

test("a device is proved with its group, its key and its password, and forgotten if that is wrong", async (context) => {
  const parameters = { SALT: "1", SRP_B: "5", SECRET_BLOCK: "AA==" };
  const asked = { ChallengeName: "DEVICE_SRP_AUTH", Session: "one" };
  const sent = [];
  const respond = async (...given) => {
    sent.push(given.slice(0, 3));
    if (sent.length === 4) throw new CognitoError("NotAuthorizedException", "No.");
    return { Session: "two", ChallengeParameters: parameters };
  };
  const claim = context.mock.method(Srp.prototype, "claim", async () => ({ TIMESTAMP: "now" }));
  const signIn = signInWith(DEVICE, { respond });
  await handle(signIn, asked);
  assert.deepEqual(claim.mock.calls[0].arguments, [parameters, "-groupeu-central-1_key", "secret"]);
  const named = { USERNAME: "id", DEVICE_KEY: DEVICE.key };
  const [first, second] = sent;
  assert.deepEqual(first.slice(0, 2), ["DEVICE_SRP_AUTH", "one"]);
  assert.deepEqual(Object.keys(first[2]), ["USERNAME", "DEVICE_KEY", "SRP_A"]);
  assert.deepEqual(second, ["DEVICE_PASSWORD_VERIFIER", "two", { ...named, TIMESTAMP: "now" }]);
  assert.deepEqual(known("pool", "ana"), DEVICE);
  await assert.rejects(handle(signIn, asked), { type: "NotAuthorizedException" });
  assert.equal(known("pool", "ana"), null);
});
