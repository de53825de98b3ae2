/** Creates accounts, resets passwords and signs out with the page, in headless Chromium. Needs what visit.mjs needs. */

import assert from "node:assert/strict";

import { call, codeFor, poolWith } from "./pools.mjs";
import { READERS, launch, play, rule } from "./visit.mjs";

const PASSWORD = "Passw0rd!new";
const OPEN = { AutoVerifiedAttributes: ["email"] };

/** Presses a button of the first form. */
async function press(at, name) {
  await at.page.locator("#start").getByRole("button", { name }).press("Enter");
}

async function headed(at, heading) {
  await at.page.locator("#account-heading", { hasText: heading }).waitFor();
}

/** Makes a pool with a confirmed user. */
async function withUser(address, settings = OPEN, client = {}) {
  const made = await poolWith(settings, client);
  const { UserPoolId } = made;
  const mail = [{ Name: "email", Value: address }, { Name: "email_verified", Value: "true" }];
  await call("AdminCreateUser", { UserPoolId, Username: "ana", UserAttributes: mail, MessageAction: "SUPPRESS" });
  await call("AdminSetUserPassword", { UserPoolId, Username: "ana", Password: "Passw0rd!old", Permanent: true });
  return made;
}

rule("an account is created with what the pool requires, confirmed, and signed in to", {}, async (at) => {
  const required = ["given_name", "phone_number"].map((Name) => ({ Name, Required: true }));
  const { UserPoolId, address } = await poolWith({ ...OPEN, Schema: required });
  await at.open(address);
  await press(at, "Create an account");
  await headed(at, "Create an account");
  assert.equal(await at.focused(), "account-username");
  const labels = await at.page.locator("#account-fields label").allInnerTexts();
  assert.deepEqual(labels, ["User name", "Password", "Given name", "Phone number", "E-mail address"]);
  await at.types("ana", "Tab", "short", "Enter");
  await at.says("account-given_name-error", "Fill in this field.");
  assert.equal(await at.focused(), "account-given_name");
  await at.types("Ana", "Tab", "+1 (206) 555-0100", "Tab", "ana@example.com", "Enter");
  await at.says("account-password-error", "This password is not accepted. Choose another one.");
  assert.equal(await at.focused(), "account-password");
  await at.page.locator("#account-password").fill(PASSWORD);
  await at.types("Enter");
  await at.says("account-text", "We sent a code to a***@e***.");
  assert.equal(await at.focused(), "account-code");
  const first = await codeFor("ana@example.com");
  await at.types(first === "000000" ? "111111" : "000000", "Enter");
  await at.says("account-code-error", "This code is not right, or it is no longer valid.");
  await at.page.getByRole("button", { name: "Send it again" }).press("Enter");
  await at.says("status", "Sent again to a***@e***.");
  await at.page.locator("#account-code").fill(` ${await codeFor("ana@example.com")} `);
  await at.types("Enter");
  await at.says("status", "Your account is ready. Sign in.");
  assert.equal(await at.page.inputValue("#username"), "ana");
  assert.equal(await at.focused(), "password");
  const { UserAttributes } = await call("AdminGetUser", { UserPoolId, Username: "ana" });
  const value = (name) => UserAttributes.find(({ Name }) => Name === name).Value;
  assert.deepEqual([value("given_name"), value("phone_number")], ["Ana", "+12065550100"]);
  await at.types(PASSWORD, "Enter");
  await at.asks("captcha");
});

rule("an account without a confirmation asks for the code at the sign-in", {}, async (at) => {
  const { ClientId, address } = await poolWith(OPEN);
  const mail = [{ Name: "email", Value: "eva@example.com" }];
  await call("SignUp", { ClientId, Username: "eva", Password: PASSWORD, UserAttributes: mail });
  await at.open(address);
  await at.types("eva", "Tab", PASSWORD, "Enter");
  await at.says("alert", /^This account has not been confirmed yet\./);
  await at.says("account-text", "Enter the code that was sent to you, or have it sent again.");
  await at.types(await codeFor("eva@example.com"), "Enter");
  await at.says("status", "Your account is ready. Sign in.");
});

rule("an address can be the user name, and is asked for once", {}, async (at) => {
  const required = [{ Name: "email", Required: true }];
  const { address } = await poolWith({ ...OPEN, UsernameAttributes: ["email"], Schema: required });
  await at.open(address);
  assert.equal(await at.page.locator("label[for=username]").innerText(), "E-mail address");
  await at.types("Enter");
  await at.says("username-error", "Fill in this field.");
  await at.types("leo@example.com");
  await press(at, "Create an account");
  const labels = await at.page.locator("#account-fields label").allInnerTexts();
  assert.deepEqual(labels, ["E-mail address", "Password"]);
  assert.equal(await at.page.inputValue("#account-username"), "leo@example.com");
  assert.equal(await at.focused(), "account-password");
  await at.types(PASSWORD, "Enter");
  await at.says("account-text", "We sent a code to l***@e***.");
  await at.types(await codeFor("leo@example.com"), "Enter");
  await at.says("status", "Your account is ready. Sign in.");
  await at.types(PASSWORD, "Enter");
  await at.asks("captcha");
});

rule("a name that is taken is said at its field, and an administrator may have to confirm an account", {}, async (at) => {
  const { ClientId, address } = await poolWith();
  await call("SignUp", { ClientId, Username: "ana", Password: PASSWORD });
  await at.open(address);
  await press(at, "Create an account");
  await at.types("ana", "Tab", PASSWORD, "Enter");
  await at.says("account-username-error", "This name is not available. Choose another one.");
  await at.page.locator("#account-username").fill("eva");
  await at.types("Enter");
  await at.says("status", "Your account was created. An administrator must confirm it first.");
});

rule("if only administrators create users, the page offers no sign-up", {}, async (at) => {
  const { address } = await poolWith({ AdminCreateUserConfig: { AllowAdminCreateUserOnly: true } });
  await at.open(address);
  assert.ok(await at.page.locator("#forgotten-open").isVisible());
  assert.ok(await at.page.locator("#sign-up-open").isHidden());
});

rule("a forgotten password is replaced, and the name is kept for the sign-in", {}, async (at) => {
  const { address } = await withUser("ana@example.com");
  await at.open(address);
  await at.types("ana");
  await press(at, "Forgot your password?");
  await headed(at, "Forgot your password?");
  assert.equal(await at.page.inputValue("#account-username"), "ana");
  assert.equal(await at.focused(), "account-username");
  await at.types("Enter");
  await headed(at, "Choose a new password");
  assert.equal(await at.focused(), "account-code");
  await at.types(await codeFor("ana@example.com"), "Tab", "short", "Enter");
  await at.says("account-password-error", "This password is not accepted. Choose another one.");
  await at.page.locator("#account-password").fill(PASSWORD);
  await at.types("Enter");
  await at.says("status", "Your password was changed. Sign in with it.");
  assert.equal(await at.page.inputValue("#username"), "ana");
  await at.types(PASSWORD, "Enter");
  await at.asks("captcha");
});

/** What the page shows of a forgotten password for `name` that cannot be reset with the code `000000`. */
async function forgotten(at, address, name) {
  await at.open(address);
  await at.types(name);
  await press(at, "Forgot your password?");
  await at.types("Enter");
  await headed(at, "Choose a new password");
  const shown = [await at.page.locator("#card").innerText()];
  await at.page.getByRole("button", { name: "Send it again" }).press("Enter");
  await at.page.locator("#status:not(:empty)").waitFor();
  shown.push(await at.page.locator("#card").innerText());
  await at.page.locator("#account-code").fill("000000");
  await at.page.locator("#account-password").fill(PASSWORD);
  await at.types("Enter");
  await at.page.locator("#account-code-error:not(:empty)").waitFor();
  return [...shown, await at.page.locator("#card").innerText()];
}

for (const PreventUserExistenceErrors of ["ENABLED", "LEGACY"]) {
  rule(`a forgotten password does not tell whether the user exists: ${PreventUserExistenceErrors}`, {}, async (at) => {
    const { UserPoolId, address } = await withUser("secret@example.com", OPEN, { PreventUserExistenceErrors });
    await call("AdminCreateUser", { UserPoolId, Username: "new", TemporaryPassword: PASSWORD, MessageAction: "SUPPRESS" });
    const known = await forgotten(at, address, "ana");
    assert.match(known[0], /If this account exists and has a verified address, a code is on its way\./);
    assert.deepEqual(await forgotten(at, address, "nobody"), known);
    assert.deepEqual(await forgotten(at, address, "new"), known);
  });
}

/** Signs in to tokens, with a temporary password. */
async function signedIn(at, client = {}) {
  const flows = ["ALLOW_CUSTOM_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"];
  const made = await poolWith(OPEN, { ExplicitAuthFlows: flows, ...client });
  const user = { UserPoolId: made.UserPoolId, Username: "ana", TemporaryPassword: "Temp0rary!1", MessageAction: "SUPPRESS" };
  await call("AdminCreateUser", user);
  await at.open(made.address);
  await at.types("ana", "Tab", "Temp0rary!1", "Enter");
  await at.page.locator("#own-answer").waitFor();
  await at.types(PASSWORD, "Enter");
  await at.signedIn();
  return made;
}

/** Presses a button of the finished sign-in. */
async function pressAtEnd(at, name) {
  await at.page.locator("#done").getByRole("button", { name, exact: true }).press("Enter");
}

const ROTATION = {
  ExplicitAuthFlows: ["ALLOW_CUSTOM_AUTH"],
  RefreshTokenRotation: { Feature: "ENABLED", RetryGracePeriodSeconds: 0 },
};

for (const [name, client] of Object.entries({ "a client without rotation": {}, "a client with rotation": ROTATION })) {
  rule(`tokens are renewed, and their claims are shown: ${name}`, {}, async (at) => {
    await signedIn(at, client);
    for (let round = 0; round < 2; round += 1) {
      const before = await at.page.locator("#tokens").innerText();
      await pressAtEnd(at, "Renew the tokens");
      await at.says("status", "The tokens were renewed.");
      assert.equal(await at.focused(), "renew");
      assert.notEqual(await at.page.locator("#tokens").innerText(), before);
    }
  });
}

rule("a client that may not renew tokens does not offer it", {}, async (at) => {
  await signedIn(at, { ExplicitAuthFlows: ["ALLOW_CUSTOM_AUTH"] });
  assert.ok(await at.page.locator("#renew").isHidden());
});

rule("a sign-out ends this sign-in, and its refresh token", {}, async (at) => {
  const { ClientId } = await signedIn(at);
  await pressAtEnd(at, "Sign out");
  await at.says("status", "You are signed out.");
  assert.ok(await at.page.locator("#start").isVisible());
  const { Token } = JSON.parse(at.sent.at(-1));
  await assert.rejects(call("GetTokensFromRefreshToken", { ClientId, RefreshToken: Token }), /NotAuthorizedException/);
});

rule("a sign-out everywhere ends all sign-ins of the user", {}, async (at) => {
  await signedIn(at);
  await pressAtEnd(at, "Sign out everywhere");
  await at.says("status", "You are signed out everywhere.");
  const { AccessToken } = JSON.parse(at.sent.at(-1));
  await assert.rejects(call("GetUser", { AccessToken }), /NotAuthorizedException/);
});

rule("tokens that cannot be renewed say why", {}, async (at) => {
  const { UserPoolId } = await signedIn(at);
  await call("AdminUserGlobalSignOut", { UserPoolId, Username: "ana" });
  await pressAtEnd(at, "Renew the tokens");
  await at.says("alert", /^The server did not accept the request\.NotAuthorizedException/);
  assert.ok(await at.page.locator("#done").isVisible());
});

for (const [name, reader] of Object.entries(READERS)) {
  rule(`accounts are accessible and fit: ${name}`, reader, async (at) => {
    const required = ["name", "birthdate", "locale", "zoneinfo"].map((Name) => ({ Name, Required: true }));
    const { address } = await poolWith({ ...OPEN, Schema: required });
    await at.open(address);
    await at.inspect(name, "50-start");
    await at.page.locator("#sign-up-open").press("Enter");
    await at.types("Enter");
    await at.inspect(name, "51-sign-up");
    await at.page.locator("#account-birthdate").fill("2000-01-02");
    for (const [field, value] of [["username", "ana"], ["password", PASSWORD], ["name", "Ana"], ["email", "a@example.com"]]) {
      await at.page.locator(`#account-${field}`).fill(value);
    }
    await at.types("Enter");
    await at.page.locator("#account-code").waitFor();
    await at.inspect(name, "52-confirm");
    await at.open(address);
    await at.page.locator("#forgotten-open").press("Enter");
    await at.inspect(name, "53-forgotten");
    await at.types("ana", "Enter");
    await at.page.locator("#account-code").waitFor();
    await at.inspect(name, "54-reset");
    await signedIn(at);
    await at.page.locator("#renew").press("Enter");
    await at.page.locator("#status:not(:empty)").waitFor();
    await at.inspect(name, "55-renewed");
    await at.page.locator("#sign-out").press("Enter");
    await at.page.locator("#start").waitFor();
    await at.inspect(name, "56-signed-out");
  });
}

const browser = await launch();
await play(browser);
await browser.close();
