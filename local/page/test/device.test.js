import assert from "node:assert/strict";
import test from "node:test";

import { CognitoError } from "../cognito.js";
import { confirm, isGone, known, prove, store } from "../device.js";
import { Srp } from "../srp.js";

const DEVICE = { key: "eu-central-1_key", group: "-group", password: "secret" };

/** Replaces the storage of the browser by an empty one. */
function empty() {
  const items = new Map();
  globalThis.localStorage = {
    getItem: (name) => items.get(name) ?? null,
    setItem: (name, value) => items.set(name, value),
    removeItem: (name) => items.delete(name),
  };
}

test("a device belongs to one user of one pool, until it is forgotten", () => {
  empty();
  store("pool", "ana", DEVICE);
  assert.deepEqual(known("pool", "ana"), DEVICE);
  assert.equal(known("pool", "eva"), null);
  assert.equal(known("other", "ana"), null);
  store("pool", "ana", null);
  assert.equal(known("pool", "ana"), null);
});

test("a browser without storage has no device", () => {
  globalThis.localStorage = { getItem: () => assert.fail("denied") };
  assert.equal(known("pool", "ana"), null);
});

test("only a missing device is forgotten, not a missing client", () => {
  assert.ok(isGone(new CognitoError("ResourceNotFoundException", "Device does not exist.")));
  assert.ok(!isGone(new CognitoError("ResourceNotFoundException", "User pool client c does not exist.")));
  assert.ok(!isGone(new CognitoError("NotAuthorizedException", "Device")));
});

test("a new device has a new password, and the server gets only its verifier", async () => {
  const sent = [];
  const cognito = {
    confirmDevice: async (...request) => {
      sent.push(request);
      return { UserConfirmationNecessary: true };
    },
  };
  const result = { AccessToken: "token", NewDeviceMetadata: { DeviceKey: DEVICE.key, DeviceGroupKey: DEVICE.group } };
  const [one, other] = [await confirm(cognito, result), await confirm(cognito, result)];
  assert.equal(one.asks, true);
  assert.deepEqual({ ...one.device, password: "secret" }, DEVICE);
  assert.equal(Buffer.from(one.device.password, "base64").length, 40);
  assert.notEqual(one.device.password, other.device.password);
  assert.deepEqual(sent[0].slice(0, 2), ["token", DEVICE.key]);
  assert.deepEqual(Object.keys(sent[0][2]), ["PasswordVerifier", "Salt"]);
});

test("a device is proved with its group, its key and its password", async () => {
  const asked = { SALT: "1", SRP_B: "5", SECRET_BLOCK: "AA==" };
  const sent = [];
  const cognito = {
    respond: async (challenge, session, responses) => {
      sent.push([challenge, session, responses]);
      return { Session: "two", ChallengeParameters: asked };
    },
  };
  const claim = Srp.prototype.claim;
  let proved;
  Srp.prototype.claim = async (...given) => {
    proved = given;
    return { TIMESTAMP: "now" };
  };
  const signIn = { cognito, userName: "ana", device: DEVICE, giveUp: new AbortController() };
  await prove(signIn, { Session: "one" }, {});
  Srp.prototype.claim = claim;
  const named = { USERNAME: "ana", DEVICE_KEY: DEVICE.key };
  const [first, second] = sent;
  assert.deepEqual(first.slice(0, 2), ["DEVICE_SRP_AUTH", "one"]);
  assert.deepEqual(Object.keys(first[2]), ["USERNAME", "DEVICE_KEY", "SRP_A"]);
  assert.deepEqual(second, ["DEVICE_PASSWORD_VERIFIER", "two", { ...named, TIMESTAMP: "now" }]);
  assert.deepEqual(proved, [asked, "-groupeu-central-1_key", "secret"]);
});
