/** Watches sign-ins at /debug, in headless Chromium. Needs what visit.mjs needs. */

import assert from "node:assert/strict";

import { ENDPOINT, PASSWORD, READERS, USER, launch, play, rule } from "./visit.mjs";

/** Opens the page `/debug`, beside the page that signs in. */
async function watch(at) {
  const view = await at.page.context().newPage();
  await view.goto(`${ENDPOINT}/debug`);
  return view;
}

async function call(operation, body) {
  const headers = {
    "content-type": "application/x-amz-json-1.1",
    "x-amz-target": `AWSCognitoIdentityProviderService.${operation}`,
  };
  return (await fetch(`${ENDPOINT}/`, { method: "POST", headers, body: JSON.stringify(body) })).json();
}

/** Starts a sign-in that fails, as `user`. */
async function refused(user) {
  const { clientId } = await (await fetch(`${ENDPOINT}/page/config.json`)).json();
  const parameters = { USERNAME: user, CHALLENGE_NAME: "NONSENSE" };
  return call("InitiateAuth", { AuthFlow: "CUSTOM_AUTH", ClientId: clientId, AuthParameters: parameters });
}

rule("the steps of a sign-in are shown as they happen, without its secrets", {}, async (at) => {
  const view = await watch(at);
  await at.open();
  await at.types(USER, "Tab", PASSWORD, "Enter");
  await at.asks("captcha");
  const answer = await at.captchaAnswer();
  await view.locator("#title", { hasText: USER }).waitFor();
  await view.locator("#steps .answer", { hasText: "PASSWORD_VERIFIER" }).first().waitFor();
  const asked = view.locator("#steps .call", { hasText: "asked CAPTCHA" }).first();
  assert.match(await asked.locator("h3").innerText(), /^CreateAuthChallengeFunction [\d.]+ ms, (cold|warm)$/);
  await at.types(answer, "Enter");
  await at.asks("question");
  await view.locator("#steps .call", { hasText: "right" }).waitFor();
  for (const details of await view.locator("#steps details").all()) await details.evaluate((it) => (it.open = true));
  const text = await view.locator("#steps").innerText();
  assert.ok(!text.includes(answer) && text.includes('"challengeAnswer": "***"'), text);
  assert.match(await view.locator("#sign-ins a[aria-current]").innerText(), /CUSTOM_CHALLENGE, \d+ steps$/);
});

rule("a rejection shows its reason, which the client does not get", {}, async (at) => {
  const view = await watch(at);
  const { message } = await refused("refused");
  const step = view.locator("#steps .answer", { hasText: message }).last();
  await step.waitFor();
  assert.match(await step.innerText(), /Why, which the client is not told: Cognito's own answer/);
});

rule("a call is copied as the files of a fixture", {}, async (at) => {
  await at.page.context().grantPermissions(["clipboard-read", "clipboard-write"]);
  const view = await watch(at);
  await at.open();
  await at.types(USER, "Tab", PASSWORD, "Enter");
  await at.asks("captcha");
  const step = view.locator("#steps .call", { hasText: "ask PASSWORD_VERIFIER" }).last();
  await view.bringToFront();
  for (const [name, file] of [["Event", "event"], ["Answer", "response"]]) {
    const summary = step.locator("summary", { hasText: name });
    await summary.press("Enter");
    await step.getByRole("button", { name: `Copy as a fixture's ${file}` }).press("Enter");
    await view.locator("#status", { hasText: `CASE.${file}.json` }).waitFor();
    const copied = JSON.parse(await view.evaluate(() => navigator.clipboard.readText()));
    if (file === "event") assert.equal(copied.triggerSource, "DefineAuthChallenge_Authentication");
    else assert.deepEqual(copied, { challengeName: "PASSWORD_VERIFIER", failAuthentication: false, issueTokens: false });
  }
});

rule("sign-ins are chosen by keyboard and have an address", {}, async (at) => {
  const { page } = at;
  await refused("first");
  await refused("second");
  await page.goto(`${ENDPOINT}/debug`);
  await page.locator("#title", { hasText: "second" }).waitFor();
  await page.locator("#sign-ins a", { hasText: "first" }).first().press("Enter");
  await page.waitForFunction(() => document.activeElement.id === "sign-in");
  assert.equal(await page.locator("#title").innerText(), "first");
  await page.reload();
  await page.locator("#title", { hasText: "first" }).waitFor();
});

for (const [name, reader] of Object.entries(READERS)) {
  rule(`the view of sign-ins is accessible and fits: ${name}`, reader, async (at) => {
    const { page } = at;
    await at.open();
    await at.types(USER, "Tab", PASSWORD, "Enter");
    await at.asks("captcha");
    await page.goto(`${ENDPOINT}/debug`);
    await page.locator("#steps .call").first().waitFor();
    await at.inspect(name, "30-sign-in");
    // With an address, the view stays at this sign-in.
    await page.locator("#sign-ins a[aria-current]").press("Enter");
    await page.locator("#steps summary").first().press("Enter");
    await refused("refused");
    await page.locator("#sign-ins a", { hasText: "refused" }).first().waitFor();
    await at.inspect(name, "31-event");
  });
}

const browser = await launch();
await play(browser);
await browser.close();
