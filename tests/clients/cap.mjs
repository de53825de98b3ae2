/**
 * Signs in with Cap: its server, its widget and its solver, all on this machine.
 *
 * Needs what visit.mjs needs, and CAP_PORT and CAP_SECRET, which `local` was started with: the flow `CAP|CAPTCHA:3` and
 * the address `http://127.0.0.1:CAP_PORT/key/`.
 */

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import path from "node:path";

import { ENDPOINT, USER, Visit, launch } from "./visit.mjs";

const { CAP_PORT, CAP_SECRET, SCRATCH } = process.env;
const require = createRequire(path.join(SCRATCH, "node", "package.json"));
const Cap = require("@cap.js/server");

/** Less work than in production. */
const WORK = { challengeCount: 8, challengeDifficulty: 3 };

const cap = new Cap({ noFSState: true });
const FILES = {
  "/assets/widget.js": ["text/javascript", await readFile(require.resolve("@cap.js/widget/cap.min.js"))],
  "/assets/cap_wasm_bg.wasm": [
    "application/wasm",
    await readFile(require.resolve("@cap.js/wasm/browser/cap_wasm_bg.wasm")),
  ],
};
const CALLS = {
  "/key/challenge": () => cap.createChallenge(WORK),
  "/key/redeem": (body) => cap.redeemChallenge(body),
  "/key/siteverify": ({ secret, response }) =>
    secret === CAP_SECRET ? cap.validateToken(response) : { success: false, error: "Invalid site key or secret" },
};
/** The requests to `siteverify`. */
const verified = [];

const server = createServer(async (request, response) => {
  response.setHeader("access-control-allow-origin", "*");
  response.setHeader("access-control-allow-headers", "content-type");
  if (request.method === "OPTIONS") return response.end();
  if (request.url in FILES) {
    const [mediaType, content] = FILES[request.url];
    return response.setHeader("content-type", mediaType).end(content);
  }
  if (request.method !== "POST" || !(request.url in CALLS)) return response.writeHead(404).end();
  let text = "";
  for await (const part of request) text += part;
  const body = text ? JSON.parse(text) : {};
  if (request.url.endsWith("/siteverify")) verified.push(body);
  const answer = await CALLS[request.url](body);
  response.writeHead(answer.error ? 403 : 200, { "content-type": "application/json" }).end(JSON.stringify(answer));
});

async function cognito(operation, body) {
  const response = await fetch(ENDPOINT, {
    method: "POST",
    headers: {
      "content-type": "application/x-amz-json-1.1",
      "x-amz-target": `AWSCognitoIdentityProviderService.${operation}`,
    },
    body: JSON.stringify({ ClientId: "localclient000000000000000", ...body }),
  });
  return response.json();
}

function start() {
  return cognito("InitiateAuth", { AuthFlow: "CUSTOM_AUTH", AuthParameters: { USERNAME: USER } });
}

function answer({ Session }, text) {
  const ChallengeResponses = { USERNAME: USER, ANSWER: text };
  return cognito("RespondToAuthChallenge", { ChallengeName: "CUSTOM_CHALLENGE", Session, ChallengeResponses });
}

/** Opens the page and waits for the widget. */
async function widget(at) {
  await at.open();
  await at.withoutPassword();
  await at.page.locator("#challenge cap-widget").waitFor();
  await at.says("challenge-heading", "Confirm that you are a person");
  assert.equal(await at.focused(), "challenge-heading");
}

const rules = [];
const rule = (sentence, reader, check) => rules.push({ sentence, reader, check });
let spent;

rule("the widget is answered from the keyboard, and its token signs in", {}, async (at) => {
  const hosts = new Set();
  at.page.on("request", (request) => hosts.add(new URL(request.url()).hostname));
  await widget(at);
  await at.inspect("light", "cap");
  assert.equal(await at.page.locator("#answer").isVisible(), false);
  await at.page.keyboard.press("Tab");
  await at.page.keyboard.press("Enter");
  await at.signedIn();
  spent = JSON.parse(at.sent.at(-1)).ChallengeResponses.ANSWER;
  assert.deepEqual(verified.at(-1), { secret: CAP_SECRET, response: spent });
  // Workers and pictures are addresses without a host.
  assert.deepEqual([...hosts].filter((host) => host !== ""), ["127.0.0.1"]);
});

rule("the widget fits a small dark screen", { colorScheme: "dark", viewport: { width: 320, height: 640 } }, async (at) => {
  await widget(at);
  await at.inspect("phone-dark", "cap");
});

rule("a reader can choose the picture instead, and come back", {}, async (at) => {
  await widget(at);
  await at.says("tries", "3 tries left.");
  // Cognito passes no metadata to the first challenge of a flow without a password, so it has one form. The next has all.
  await at.page.getByRole("button", { name: "Show a picture instead (uses one try)" }).click();
  await at.asks("captcha", { tries: "2 tries left." });
  await at.page.getByRole("button", { name: "Confirm without typing", exact: true }).click();
  await at.page.locator("#challenge cap-widget").waitFor();
  await at.says("tries", "2 tries left.");
  await at.page.getByRole("button", { name: "Show a picture instead", exact: true }).click();
  await at.asks("captcha", { tries: "2 tries left." });
  const { length } = verified;
  await at.types(await at.captchaAnswer(), "Enter");
  await at.signedIn();
  assert.equal(verified.length, length, "what was typed was sent to Cap");
});

rule("a token that was used, a forged one and none at all are wrong", {}, async () => {
  for (const text of [spent, "0123456789abcdef:0123456789abcdef0123456789abcd", " "]) {
    const again = await answer(await start(), text);
    assert.equal(again.ChallengeName, "CUSTOM_CHALLENGE", JSON.stringify(again));
    assert.equal(again.ChallengeParameters.attemptsLeft, "2");
  }
});

rule("without its server no token is right, and the page offers the other way", {}, async (at) => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  const again = await answer(await start(), "0123456789abcdef:0123456789abcdef0123456789abcd");
  assert.equal(again.ChallengeParameters.attemptsLeft, "2");
  await at.open();
  at.expectedErrors.push(/Failed to load resource: net::ERR_CONNECTION_REFUSED/);
  await at.withoutPassword();
  await at.says("alert", /The confirmation could not be loaded/);
  await at.page.getByRole("button", { name: "Show a picture instead (uses one try)" }).click();
  await at.asks("captcha", { tries: "2 tries left." });
  await at.types(await at.captchaAnswer(), "Enter");
  await at.signedIn();
});

await new Promise((resolve) => server.listen(Number(CAP_PORT), "127.0.0.1", resolve));
const packages = ["server", "widget", "wasm"].map((name) => require(`@cap.js/${name}/package.json`));
console.log(packages.map(({ name, version }) => `${name} ${version}`).join(", "));
const browser = await launch();
let failed = false;
for (const { sentence, reader, check } of rules) {
  const visit = await Visit.begin(browser, reader);
  try {
    await check(visit);
    visit.assertQuiet();
    console.log(`ok ${sentence}`);
  } catch (error) {
    failed = true;
    console.log(`not ok ${sentence}`);
    console.error(error);
    await visit.picture("failed-cap").catch(() => {});
  } finally {
    await visit.end();
  }
}
await browser.close();
process.exit(failed ? 1 : 0);
