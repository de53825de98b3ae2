import assert from "node:assert/strict";
import test from "node:test";

import { rules, rulesOf } from "../pool.js";

const SCHEMA = [
  { Name: "sub", Required: true },
  { Name: "email", Required: true },
  { Name: "name", Required: true },
  { Name: "website", Required: false },
];

test("a new user gives the required attributes that the client may write", () => {
  assert.deepEqual(rules({ SchemaAttributes: SCHEMA }, {}).attributes, ["email", "name"]);
  assert.deepEqual(rules({ SchemaAttributes: SCHEMA }, { WriteAttributes: ["name"] }).attributes, ["name"]);
});

test("an attribute that replaces the username is not asked again", () => {
  assert.deepEqual(rules({ SchemaAttributes: SCHEMA, UsernameAttributes: ["email"] }, {}).attributes, ["name"]);
  // The username may be the other one.
  const both = { SchemaAttributes: SCHEMA, UsernameAttributes: ["email", "phone_number"] };
  assert.deepEqual(rules(both, {}).attributes, ["email", "name"]);
});

test("a new user gives an address for the code, if the pool verifies one", () => {
  const verifying = (...AutoVerifiedAttributes) => ({ AutoVerifiedAttributes });
  assert.deepEqual(rules(verifying("email"), {}).attributes, ["email"]);
  assert.deepEqual(rules(verifying("email", "phone_number"), {}).attributes, ["email"]);
  assert.deepEqual(rules(verifying("email"), { WriteAttributes: ["name"] }).attributes, []);
  assert.deepEqual(rules({ ...verifying("email"), UsernameAttributes: ["email"] }, {}).attributes, []);
  assert.deepEqual(rules({ ...verifying("phone_number", "email"), SchemaAttributes: SCHEMA }, {}).attributes, ["email", "name"]);
});

test("users create accounts unless only administrators may", () => {
  const pool = (only) => ({ AdminCreateUserConfig: { AllowAdminCreateUserOnly: only } });
  assert.deepEqual([{}, pool(false), pool(true), pool("true")].map((pool) => rules(pool, {}).signUp), [true, true, false, false]);
});

test("users reset passwords unless only administrators may", () => {
  const pool = (...names) => ({ AccountRecoverySetting: { RecoveryMechanisms: names.map((Name) => ({ Name })) } });
  assert.deepEqual([{}, pool("verified_email"), pool("admin_only")].map((pool) => rules(pool, {}).recovery), [true, true, false]);
});

test("a sign-in starts in the flow that the client allows, with the challenges first", () => {
  const calling = { LambdaConfig: { DefineAuthChallenge: "arn" } };
  const flow = (pool, ...names) => rules(pool, { ExplicitAuthFlows: names.map((name) => `ALLOW_${name}`) }).flow;
  assert.equal(flow(calling, "USER_AUTH", "USER_SRP_AUTH", "CUSTOM_AUTH"), "CUSTOM_AUTH");
  assert.equal(flow(calling, "USER_SRP_AUTH", "USER_AUTH"), "USER_AUTH");
  assert.equal(flow(calling, "USER_SRP_AUTH"), "USER_SRP_AUTH");
  // A pool without functions has no challenges of its own.
  assert.equal(flow({ LambdaConfig: {} }, "CUSTOM_AUTH", "USER_SRP_AUTH"), "USER_SRP_AUTH");
  assert.equal(rules(calling, {}).flow, "CUSTOM_AUTH");
  assert.equal(rules({}, {}).flow, "USER_SRP_AUTH");
  // The page does not send passwords.
  assert.equal(flow({}, "USER_PASSWORD_AUTH"), "CUSTOM_AUTH");
});

test("a sign-in starts without a password if the flow can", () => {
  const client = (name) => ({ ExplicitAuthFlows: [`ALLOW_${name}`] });
  const pool = (...factors) => ({ Policies: { SignInPolicy: { AllowedFirstAuthFactors: factors } } });
  const calling = { LambdaConfig: { DefineAuthChallenge: "arn" } };
  assert.ok(rules(calling, client("CUSTOM_AUTH")).passwordless);
  assert.ok(rules(pool("PASSWORD", "SMS_OTP"), client("USER_AUTH")).passwordless);
  assert.ok(!rules(pool("PASSWORD"), client("USER_AUTH")).passwordless);
  assert.ok(!rules({}, client("USER_AUTH")).passwordless);
  assert.ok(!rules(pool("PASSWORD", "EMAIL_OTP"), client("USER_SRP_AUTH")).passwordless);
});

test("tokens are renewed by a client that may, with or without rotation", () => {
  const renewal = (client) => rules({}, client).renewal;
  assert.ok(renewal({}));
  assert.ok(renewal({ ExplicitAuthFlows: ["USER_PASSWORD_AUTH"] }));
  assert.ok(renewal({ ExplicitAuthFlows: ["ALLOW_CUSTOM_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"] }));
  assert.ok(renewal({ ExplicitAuthFlows: ["ALLOW_CUSTOM_AUTH"], RefreshTokenRotation: { Feature: "ENABLED" } }));
  assert.ok(!renewal({ ExplicitAuthFlows: ["ALLOW_CUSTOM_AUTH"] }));
  assert.ok(!renewal({ ExplicitAuthFlows: ["ALLOW_CUSTOM_AUTH"], RefreshTokenRotation: { Feature: "DISABLED" } }));
});

test("of a pool that does not describe itself, no sign-up is offered", async () => {
  globalThis.fetch = async () => Response.json({ __type: "ResourceNotFoundException" }, { status: 400 });
  const unknown = await rulesOf({ endpoint: "http://127.0.0.1/", userPoolId: "a_b", clientId: "c" });
  assert.deepEqual([unknown.signUp, unknown.flow, unknown.passwordless], [false, "CUSTOM_AUTH", true]);
  globalThis.fetch = () => assert.fail("a pool on AWS describes itself to administrators only");
  assert.deepEqual(await rulesOf({ isOnAws: true }), unknown);
});
