import assert from "node:assert/strict";
import test from "node:test";

import { again, otpauth, responses, shown } from "../own.js";

test("each challenge has its own form", () => {
  assert.deepEqual(shown("SMS_MFA", { CODE_DELIVERY_DESTINATION: "+***1" }), {
    kind: "code",
    heading: "smsCodeHeading",
    destination: "+***1",
  });
  const { kind, attributes } = shown("NEW_PASSWORD_REQUIRED", { requiredAttributes: '["userAttributes.name"]' });
  assert.deepEqual({ kind, attributes }, { kind: "password", attributes: ["name"] });
  assert.deepEqual(shown("NEW_PASSWORD_REQUIRED", { requiredAttributes: "[]" }).attributes, []);
  assert.deepEqual(shown("SELECT_MFA_TYPE", { MFAS_CAN_CHOOSE: '["SMS_MFA","WEB_AUTHN"]' }).factors, [
    { name: "SMS_MFA", text: "factorSms" },
  ]);
  assert.equal(shown("MFA_SETUP", { MFAS_CAN_SETUP: '["SOFTWARE_TOKEN_MFA"]' }).kind, "setUp");
});

test("of the factors that a sign-in can start with, the supported ones are offered", () => {
  const { kind, factors } = shown("SELECT_CHALLENGE", {}, ["PASSWORD", "PASSWORD_SRP", "EMAIL_OTP", "WEB_AUTHN"]);
  assert.equal(kind, "choice");
  assert.deepEqual(factors.map(({ name }) => name), ["PASSWORD_SRP", "EMAIL_OTP"]);
  assert.equal(shown("SELECT_CHALLENGE", {}, ["WEB_AUTHN"]), null);
});

test("an unsupported challenge is not shown", () => {
  assert.equal(shown("WEB_AUTHN", {}), null);
  assert.equal(shown("MFA_SETUP", { MFAS_CAN_SETUP: '["SMS_MFA"]' }), null);
  assert.equal(shown("SELECT_MFA_TYPE", { MFAS_CAN_CHOOSE: '["WEB_AUTHN"]' }), null);
});

test("an answer goes into the response of its challenge", () => {
  assert.deepEqual(responses("SOFTWARE_TOKEN_MFA", "1"), { SOFTWARE_TOKEN_MFA_CODE: "1" });
  assert.deepEqual(responses("SELECT_MFA_TYPE", "SMS_MFA"), { ANSWER: "SMS_MFA" });
  const added = responses("NEW_PASSWORD_REQUIRED", "p", { phone_number: "+1 2" });
  assert.deepEqual(added, { NEW_PASSWORD: "p", "userAttributes.phone_number": "+12" });
});

test("the user can try again only if the session is still valid", () => {
  const error = (type, message = "") => ({ type, message });
  assert.equal(again("SMS_MFA", error("CodeMismatchException")), "wrongAnswer");
  assert.equal(again("NEW_PASSWORD_REQUIRED", error("InvalidPasswordException")), "passwordRefused");
  const about = (what) => again("NEW_PASSWORD_REQUIRED", error("InvalidParameterException", `Invalid ${what}`));
  assert.deepEqual([about("password"), about("attributes")], ["passwordRefused", "rejected"]);
  assert.equal(again("NEW_PASSWORD_REQUIRED", error("NotAuthorizedException")), undefined);
  assert.equal(again("SMS_MFA", error("InvalidParameterException", "password")), undefined);
  assert.equal(again("SMS_MFA", error("NotAuthorizedException")), undefined);
});

test("the address for an app contains the secret", () => {
  assert.equal(otpauth("local", "ana b", "ABC"), "otpauth://totp/local:ana%20b?secret=ABC&issuer=local");
});
