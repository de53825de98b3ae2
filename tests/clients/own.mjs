/**
 * Answers the challenges that Cognito itself asks, with the page in headless Chromium. Needs what visit.mjs needs.
 */

import assert from "node:assert/strict";
import { createHmac } from "node:crypto";

import { call, codeFor, poolWith } from "./pools.mjs";
import { ENDPOINT, PASSWORD, READERS, USER, launch, play, rule } from "./visit.mjs";

const TEMPORARY = "Temp0rary!1";
const LASTING = "Passw0rd!own";

/** Makes a pool in which users need a second factor, with a new user. Returns the page's address. */
async function pool() {
  const made = await poolWith();
  const { UserPoolId } = made;
  await call("SetUserPoolMfaConfig", {
    UserPoolId,
    MfaConfiguration: "ON",
    SoftwareTokenMfaConfiguration: { Enabled: true },
    EmailMfaConfiguration: { Message: "{####}", Subject: "Code" },
  });
  const user = { UserPoolId, Username: "ana", TemporaryPassword: TEMPORARY, MessageAction: "SUPPRESS" };
  await call("AdminCreateUser", user);
  return made;
}

/** Returns the code of an authenticator app (RFC 6238), `later` steps of 30 seconds from now. */
function totp(secret, later = 0) {
  const bits = [...secret].map((letter) => "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".indexOf(letter).toString(2).padStart(5, "0"));
  const bytes = bits.join("").match(/.{8}/g).map((byte) => Number.parseInt(byte, 2));
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(Math.floor(Date.now() / 30_000) + later));
  const hash = createHmac("sha1", Buffer.from(bytes)).update(counter).digest();
  const number = hash.readUInt32BE(hash.at(-1) & 15) & 0x7fffffff;
  return String(number % 1_000_000).padStart(6, "0");
}

/** Waits for the form of a challenge. */
async function asked(at, heading) {
  await at.page.locator("#own-heading", { hasText: heading }).waitFor();
}

rule("attributes that the pool requires are given with the new password", {}, async (at) => {
  const required = ["name", "phone_number"].map((Name) => ({ Name, Required: true }));
  const { UserPoolId, address } = await poolWith({ Schema: required });
  const user = { UserPoolId, Username: "ana" };
  const given = (name, number) => [{ Name: "name", Value: name }, { Name: "phone_number", Value: number }];
  const invitation = { TemporaryPassword: TEMPORARY, MessageAction: "SUPPRESS", UserAttributes: given("Ana", "+12065550100") };
  await call("AdminCreateUser", { ...user, ...invitation });
  await call("AdminUpdateUserAttributes", { ...user, UserAttributes: given("", "") });
  await at.open(address);
  await at.types("ana", "Tab", TEMPORARY, "Enter");
  await asked(at, "Choose a new password");
  await at.types(LASTING, "Enter");
  await at.says("own-name-error", "Fill in this field.");
  await at.inspect("light", "42-attributes");
  await at.isAnswered({ __type: "InvalidParameterException", message: "Attributes did not conform to the schema" });
  await at.types("Ana", "Tab", "+1 (206) 555-0100", "Enter");
  await at.says("alert", /^The server did not accept the request\.InvalidParameterException: Attributes/);
  await at.types("Enter");
  await at.signedIn();
  const { UserAttributes } = await call("AdminGetUser", user);
  const values = UserAttributes.filter(({ Name }) => Name === "name" || Name === "phone_number");
  assert.deepEqual(values, given("Ana", "+12065550100"));
});

/** Makes a user with a permanent password and an authenticator app. Returns the secret of the app. */
async function enrolled(at) {
  const own = await pool();
  await at.open(own.address);
  await at.types("ana", "Tab", TEMPORARY, "Enter");
  await asked(at, "Choose a new password");
  await at.types(LASTING, "Enter");
  await asked(at, "Set up an authenticator app");
  const secret = await at.page.locator("#own-secret").innerText();
  await at.page.locator("#own-answer").fill(totp(secret));
  await at.types("Enter");
  return { ...own, secret };
}

rule("a temporary password is replaced and an authenticator app is set up", {}, async (at) => {
  const { address } = await pool();
  await at.open(address);
  await at.types("ana", "Tab", TEMPORARY, "Enter");
  await asked(at, "Choose a new password");
  assert.equal(await at.focused(), "own-answer");
  await at.types("short", "Enter");
  await at.says("own-answer-error", "This password is not accepted. Choose another one.");
  await at.types(LASTING, "Enter");
  await asked(at, "Set up an authenticator app");
  const secret = await at.page.locator("#own-secret").innerText();
  const link = await at.page.locator("#own-link").getAttribute("href");
  assert.equal(new URL(link).searchParams.get("secret"), secret);
  await at.page.locator("#own-answer").fill("000000");
  await at.types("Enter");
  await at.says("own-answer-error", "That was not right.");
  await at.types(totp(secret), "Enter");
  await at.signedIn();
});

rule("an authenticator app's code leads on to the functions' challenges", {}, async (at) => {
  const { address, secret } = await enrolled(at);
  await at.signedIn();
  await at.open(address);
  await at.types("ana", "Tab", LASTING, "Enter");
  await asked(at, "Enter the code from your authenticator app");
  await at.types("000000", "Enter");
  await at.says("own-answer-error", "That was not right.");
  await at.types(totp(secret, 1), "Enter");
  await at.asks("captcha");
});

rule("of two factors the reader chooses one, and a code by e-mail is taken", {}, async (at) => {
  const { UserPoolId, address } = await enrolled(at);
  await at.signedIn();
  const mail = [{ Name: "email", Value: "ana@example.com" }, { Name: "email_verified", Value: "true" }];
  await call("AdminUpdateUserAttributes", { UserPoolId, Username: "ana", UserAttributes: mail });
  const both = { SoftwareTokenMfaSettings: { Enabled: true }, EmailMfaSettings: { Enabled: true } };
  await call("AdminSetUserMFAPreference", { UserPoolId, Username: "ana", ...both });
  await at.open(address);
  await at.types("ana", "Tab", LASTING, "Enter");
  await asked(at, "Choose how to confirm that it is you");
  assert.equal(await at.focused(), "own-heading");
  await at.page.getByRole("button", { name: "With a code by e-mail" }).press("Enter");
  await asked(at, "Enter the code from your e-mail");
  await at.types(await codeFor("ana@example.com"), "Enter");
  await at.asks("captcha");
});

/** Makes a pool that tracks devices, with a user like the demo user. Returns a function that signs in to it. */
async function tracking(at, DeviceOnlyRememberedOnUserPrompt) {
  const settings = { ChallengeRequiredOnNewDevice: false, DeviceOnlyRememberedOnUserPrompt };
  const flows = ["ALLOW_CUSTOM_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"];
  const { UserPoolId, address } = await poolWith({ DeviceConfiguration: settings }, { ExplicitAuthFlows: flows });
  const { userPoolId } = await (await fetch(`${ENDPOINT}/page/config.json`)).json();
  const demo = await call("AdminGetUser", { UserPoolId: userPoolId, Username: USER });
  const answers = demo.UserAttributes.filter(({ Name }) => Name === "custom:security_questions");
  const user = { UserPoolId, Username: USER };
  await call("AdminCreateUser", { ...user, UserAttributes: answers, MessageAction: "SUPPRESS" });
  await call("AdminSetUserPassword", { ...user, Password: PASSWORD, Permanent: true });
  const signIn = async (ends = () => at.signedIn()) => {
    await at.open(address);
    await at.passTo("question");
    await at.types(await at.securityAnswer(), "Enter");
    await ends();
  };
  const devices = async () => (await call("AdminListDevices", user)).Devices;
  const challenges = () => at.sent.map((body) => JSON.parse(body).ChallengeName);
  return { user, signIn, devices, challenges };
}

const remembered = ({ DeviceAttributes }) =>
  DeviceAttributes.find(({ Name }) => Name === "dev:device_remembered_status").Value;

rule("a device is confirmed at the first sign-in, and proved at the next one", {}, async (at) => {
  const { user, signIn, devices, challenges } = await tracking(at, false);
  await signIn();
  assert.ok(await at.page.locator("#remember").isHidden());
  const [first] = await devices();
  assert.equal(remembered(first), "remembered");
  await at.page.locator("#renew").press("Enter");
  await at.says("status", "The tokens were renewed.");

  await signIn();
  assert.deepEqual(challenges().slice(-2), ["DEVICE_SRP_AUTH", "DEVICE_PASSWORD_VERIFIER"]);
  assert.equal((await devices()).length, 1);
  await at.page.locator("#renew").press("Enter");
  await at.says("status", "The tokens were renewed.");

  await call("AdminForgetDevice", { ...user, DeviceKey: first.DeviceKey });
  await signIn();
  const [second, ...others] = await devices();
  assert.notEqual(second.DeviceKey, first.DeviceKey);
  assert.deepEqual(others, []);
});

rule("if the pool asks, the reader decides whether the device is remembered", {}, async (at) => {
  const { signIn, devices } = await tracking(at, true);
  await signIn();
  assert.deepEqual((await devices()).map(remembered), ["not_remembered"]);
  await at.inspect("light", "43-remember");
  await at.page.getByRole("button", { name: "Remember this device" }).press("Enter");
  await at.says("status", "This device is remembered.");
  assert.equal(await at.focused(), "done-heading");
  assert.deepEqual((await devices()).map(remembered), ["remembered"]);
  await signIn();
  assert.ok(await at.page.locator("#remember").isHidden());
});

rule("a proof of a device that Cognito rejects is not tried again", {}, async (at) => {
  const { signIn, devices } = await tracking(at, false);
  await signIn();
  await at.page.evaluate(() => {
    const item = Object.keys(localStorage).find((name) => name.startsWith("device "));
    localStorage.setItem(item, JSON.stringify({ ...JSON.parse(localStorage.getItem(item)), password: "other" }));
  });
  await signIn(() => at.says("alert", /NotAuthorizedException/));
  await signIn();
  assert.equal((await devices()).length, 2);
});

/** Makes a pool without functions, whose users sign in with a password or a code, with a user. Returns the page's address. */
async function ownPool(flow) {
  const Policies = { SignInPolicy: { AllowedFirstAuthFactors: ["PASSWORD", "EMAIL_OTP"] } };
  const settings = { LambdaConfig: {}, Policies };
  const { UserPoolId, address } = await poolWith(settings, { ExplicitAuthFlows: [flow] });
  const mail = [{ Name: "email", Value: "ana@example.com" }, { Name: "email_verified", Value: "true" }];
  await call("AdminCreateUser", { UserPoolId, Username: "ana", UserAttributes: mail, MessageAction: "SUPPRESS" });
  await call("AdminSetUserPassword", { UserPoolId, Username: "ana", Password: LASTING, Permanent: true });
  return address;
}

rule("a sign-in that the user chooses starts with a code by e-mail", {}, async (at) => {
  await at.open(await ownPool("ALLOW_USER_AUTH"));
  await at.types("ana");
  await at.page.getByRole("button", { name: "Continue without password" }).press("Enter");
  await asked(at, "Choose how to confirm that it is you");
  const choices = await at.page.locator("#own-choices button").allInnerTexts();
  assert.deepEqual(choices, ["With your password", "With a code by e-mail"]);
  await at.inspect("light", "44-choice");
  await at.page.getByRole("button", { name: "With a code by e-mail" }).press("Enter");
  await asked(at, "Enter the code from your e-mail");
  await at.types("000000", "Enter");
  await at.says("own-answer-error", "That was not right.");
  await at.types(await codeFor("ana@example.com"), "Enter");
  await at.signedIn();
});

rule("a sign-in that the user chooses starts with a password, which is not sent", {}, async (at) => {
  await at.open(await ownPool("ALLOW_USER_AUTH"));
  await at.types("ana");
  await at.page.getByRole("button", { name: "Continue without password" }).press("Enter");
  await at.page.getByRole("button", { name: "With your password" }).press("Enter");
  assert.equal(await at.focused(), "password");
  await at.says("alert", "");
  assert.equal(await at.page.inputValue("#username"), "ana");
  at.sent = [];
  await at.types(LASTING, "Enter");
  await at.signedIn();
  const { AuthFlow, AuthParameters } = JSON.parse(at.sent[0]);
  assert.deepEqual([AuthFlow, AuthParameters.PREFERRED_CHALLENGE], ["USER_AUTH", "PASSWORD_SRP"]);
  for (const body of at.sent) assert.ok(!body.includes(LASTING));
});

rule("a client with passwords only asks for one, and signs in with SRP", {}, async (at) => {
  await at.open(await ownPool("ALLOW_USER_SRP_AUTH"));
  assert.ok(await at.page.locator("#without-password").isHidden());
  await at.types("ana", "Enter");
  await at.says("password-error", "Fill in this field.");
  await at.types(LASTING, "Enter");
  await at.signedIn();
  assert.equal(JSON.parse(at.sent[0]).AuthFlow, "USER_SRP_AUTH");
});

for (const [name, reader] of Object.entries(READERS)) {
  rule(`Cognito's own challenges are accessible and fit: ${name}`, reader, async (at) => {
    const { address } = await pool();
    await at.open(address);
    await at.types("ana", "Tab", TEMPORARY, "Enter");
    await at.page.locator("#own-answer[type=password]").waitFor();
    await at.inspect(name, "40-new-password");
    await at.types(LASTING, "Enter");
    await at.page.locator("#own-app").waitFor();
    await at.inspect(name, "41-set-up");
  });
}

const browser = await launch();
await play(browser);
await browser.close();
