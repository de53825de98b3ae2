/**
 * Answers the challenges that Cognito itself asks, with the page in headless Chromium. Needs what visit.mjs needs.
 */

import assert from "node:assert/strict";
import { createHmac } from "node:crypto";

import { call, codeFor, poolWith } from "./pools.mjs";
import { READERS, launch, play, rule } from "./visit.mjs";

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
