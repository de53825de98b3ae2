import assert from "node:assert/strict";
import { createServer } from "node:http";
import test from "node:test";

import { Cognito, CognitoError, UnreachableError } from "../cognito.js";

test("a sign-in starts as the API reference has it", async () => {
  const [request, reply] = await exchange(answering(200, '{"ChallengeName":"CUSTOM_CHALLENGE"}'), (cognito) =>
    cognito.start("CUSTOM_AUTH", { USERNAME: "demo" }),
  );
  assert.equal(request.method, "POST");
  assert.equal(request.headers["content-type"], "application/x-amz-json-1.1");
  assert.equal(request.headers["x-amz-target"], "AWSCognitoIdentityProviderService.InitiateAuth");
  assert.deepEqual(request.body, { AuthFlow: "CUSTOM_AUTH", ClientId: "client", AuthParameters: { USERNAME: "demo" } });
  assert.deepEqual(reply, { ChallengeName: "CUSTOM_CHALLENGE" });
});

test("an answer carries its session and the client's metadata", async () => {
  const [request] = await exchange(answering(200, "{}"), (cognito) =>
    cognito.respond("CUSTOM_CHALLENGE", "session", { ANSWER: "a" }, { locale: "es" }),
  );
  assert.equal(request.headers["x-amz-target"], "AWSCognitoIdentityProviderService.RespondToAuthChallenge");
  assert.deepEqual(request.body, {
    ClientId: "client",
    ChallengeName: "CUSTOM_CHALLENGE",
    Session: "session",
    ChallengeResponses: { ANSWER: "a" },
    ClientMetadata: { locale: "es" },
  });
});

test("an account is created in the client, and the functions learn the reader's language", async () => {
  Object.defineProperty(globalThis, "navigator", { value: { language: "es-MX" }, configurable: true });
  const client = { ClientId: "client", ClientMetadata: { locale: "es-MX" } };
  const calls = {
    SignUp: [(cognito) => cognito.signUp("ana", "p", []), { Username: "ana", Password: "p", UserAttributes: [] }],
    ConfirmSignUp: [(cognito) => cognito.confirmSignUp("ana", "1"), { Username: "ana", ConfirmationCode: "1" }],
    ResendConfirmationCode: [(cognito) => cognito.resendConfirmationCode("ana"), { Username: "ana" }],
    ForgotPassword: [(cognito) => cognito.forgotPassword("ana"), { Username: "ana" }],
    ConfirmForgotPassword: [
      (cognito) => cognito.confirmForgotPassword("ana", "1", "p"),
      { Username: "ana", ConfirmationCode: "1", Password: "p" },
    ],
  };
  for (const [operation, [act, expected]] of Object.entries(calls)) {
    const [{ headers, body }] = await exchange(answering(200, "{}"), act);
    assert.equal(headers["x-amz-target"], `AWSCognitoIdentityProviderService.${operation}`);
    assert.deepEqual(body, { ...client, ...expected });
  }
});

test("a device is confirmed and remembered as the API reference has it", async () => {
  Object.defineProperty(globalThis, "navigator", { value: { userAgent: "browser" }, configurable: true });
  const device = { AccessToken: "a", DeviceKey: "k" };
  const verifier = { PasswordVerifier: "v", Salt: "s" };
  const calls = {
    ConfirmDevice: [
      (cognito) => cognito.confirmDevice("a", "k", verifier),
      { ...device, DeviceName: "browser", DeviceSecretVerifierConfig: verifier },
    ],
    UpdateDeviceStatus: [
      (cognito) => cognito.rememberDevice("a", "k"),
      { ...device, DeviceRememberedStatus: "remembered" },
    ],
  };
  for (const [operation, [act, expected]] of Object.entries(calls)) {
    const [{ headers, body }] = await exchange(answering(200, "{}"), act);
    assert.equal(headers["x-amz-target"], `AWSCognitoIdentityProviderService.${operation}`);
    assert.deepEqual(body, expected);
  }
});

test("tokens are renewed and revoked as the API reference has it", async () => {
  const calls = {
    GetTokensFromRefreshToken: [
      (cognito) => cognito.renew("r", "k"),
      { ClientId: "client", RefreshToken: "r", DeviceKey: "k" },
    ],
    RevokeToken: [(cognito) => cognito.revoke("r"), { ClientId: "client", Token: "r" }],
    GlobalSignOut: [(cognito) => cognito.signOutEverywhere("a"), { AccessToken: "a" }],
  };
  for (const [operation, [act, expected]] of Object.entries(calls)) {
    const [{ headers, body }] = await exchange(answering(200, "{}"), act);
    assert.equal(headers["x-amz-target"], `AWSCognitoIdentityProviderService.${operation}`);
    assert.deepEqual(body, expected);
  }
});

const REFUSALS = {
  "its type in the body": answering(400, '{"__type":"NotAuthorizedException","message":"No."}'),
  "a namespace before its type": answering(400, '{"__type":"com.amazon#NotAuthorizedException","message":"No."}'),
  "its type in the header only": answering(400, '{"message":"No."}', { "x-amzn-ErrorType": "NotAuthorizedException:" }),
};

for (const [label, server] of Object.entries(REFUSALS)) {
  test(`a refusal with ${label} is a typed error`, async () => {
    await assert.rejects(exchange(server, (cognito) => cognito.start("CUSTOM_AUTH", {})), (error) => {
      assert.ok(error instanceof CognitoError);
      assert.equal(error.type, "NotAuthorizedException");
      assert.equal(error.message, "No.");
      return true;
    });
  });
}

const STRANGERS = {
  "a page": answering(200, "<!doctype html>"),
  "an error page": answering(502, "<!doctype html>"),
  "no object": answering(200, "null"),
  "a closed connection": (_request, response) => response.destroy(),
};

for (const [label, server] of Object.entries(STRANGERS)) {
  test(`${label} is not taken for Cognito`, async () => {
    await assert.rejects(exchange(server, (cognito) => cognito.start("CUSTOM_AUTH", {})), UnreachableError);
  });
}

test("a caller that gives up gets its own abort, not a failure", async () => {
  const giveUp = new AbortController();
  const hanging = () => giveUp.abort();
  await assert.rejects(exchange(hanging, (cognito) => cognito.start("CUSTOM_AUTH", {}, giveUp.signal)), { name: "AbortError" });
});

/** Runs `act` with a server that responds like `answer`. Returns the request that it received and the result of `act`. */
async function exchange(answer, act) {
  let seen;
  const server = createServer(async (request, response) => {
    const chunks = await request.toArray();
    seen = { method: request.method, headers: request.headers, body: JSON.parse(Buffer.concat(chunks).toString()) };
    answer(request, response);
  });
  await new Promise((ready) => server.listen(0, "127.0.0.1", ready));
  try {
    const cognito = new Cognito(`http://127.0.0.1:${server.address().port}/`, "client");
    const reply = await act(cognito);
    return [seen, reply];
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

function answering(status, body, headers = {}) {
  return (_request, response) => response.writeHead(status, headers).end(body);
}
