/** User pools for the scripts that visit the page. Needs ENDPOINT. */

import assert from "node:assert/strict";

import { ENDPOINT } from "./visit.mjs";

/** Calls an operation, unsigned, because `local` does not check signatures. */
export async function call(operation, body) {
  const headers = {
    "content-type": "application/x-amz-json-1.1",
    "x-amz-target": `AWSCognitoIdentityProviderService.${operation}`,
  };
  const response = await fetch(`${ENDPOINT}/`, { method: "POST", headers, body: JSON.stringify(body) });
  const reply = await response.json();
  assert.ok(response.ok, `${operation}: ${reply.__type} ${reply.message}`);
  return reply;
}

/** Makes a pool with the functions of the template, and a client. Returns their ids, and the page's address for them. */
export async function poolWith(settings = {}, client = {}) {
  const { userPoolId } = await (await fetch(`${ENDPOINT}/page/config.json`)).json();
  const template = (await call("DescribeUserPool", { UserPoolId: userPoolId })).UserPool;
  // Without the function that rejects sign-ins without the challenges.
  const { DefineAuthChallenge, CreateAuthChallenge, VerifyAuthChallengeResponse } = template.LambdaConfig;
  const made = await call("CreateUserPool", {
    PoolName: "page",
    LambdaConfig: { DefineAuthChallenge, CreateAuthChallenge, VerifyAuthChallengeResponse },
    ...settings,
    Schema: [{ Name: "security_questions", AttributeDataType: "String", Mutable: true }, ...(settings.Schema ?? [])],
  });
  const UserPoolId = made.UserPool.Id;
  const wanted = { UserPoolId, ClientName: "page", ExplicitAuthFlows: ["ALLOW_CUSTOM_AUTH"], ...client };
  const { ClientId } = (await call("CreateUserPoolClient", wanted)).UserPoolClient;
  return { UserPoolId, ClientId, address: `/?userPoolId=${UserPoolId}&clientId=${ClientId}` };
}

/** Returns the newest code that the server sent to `address`. */
export async function codeFor(address) {
  const { messages } = await (await fetch(`${ENDPOINT}/debug/outbox`)).json();
  return messages.find(({ to }) => to === address).code;
}
