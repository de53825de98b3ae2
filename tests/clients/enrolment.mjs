/**
 * Sets answers to security questions in headless Chromium, with a mailed link and after a sign-in, and signs in with them.
 *
 * Needs what visit.mjs needs, and a `local` that sends mails (`MailFrom`). The page and the API have different origins.
 */

import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";

import { outbox } from "./outbox.mjs";
import { ENDPOINT, PASSWORD, READERS, launch, play, rule } from "./visit.mjs";
import { constants, services } from "./world.mjs";

/** The answers in these rules. */
const ANSWERS = constants.SECURITY_ANSWERS;
/** Chromium reports errors of the API as failed resources. */
const REFUSED = /^Failed to load resource: the server responded with a status of (401|403|422|429)/;

const { enrolment: API } = await (await fetch(`${ENDPOINT}/page/config.json`)).json();

/** Creates a user without answers as an administrator. Returns the username. */
async function newUser() {
  const name = `user-${randomUUID().slice(0, 8)}`;
  const login = { UserPoolId: constants.POOL, Username: name };
  const UserAttributes = [
    { Name: "email", Value: `${name}@example.com` },
    { Name: "email_verified", Value: "true" },
  ];
  await services.admin("AdminCreateUser", { ...login, UserAttributes, MessageAction: "SUPPRESS" });
  await services.admin("AdminSetUserPassword", { ...login, Password: PASSWORD, Permanent: true });
  return name;
}

/** Returns the address in the newest mail to the user. */
async function newestLink(name) {
  const mail = (await outbox()).find(({ to }) => to.includes(name));
  assert.ok(mail, `no mail was sent to ${name}`);
  return mail.text.match(/\S+#enrol=\S+/)[0];
}

/** Requests a link for the user and returns it. */
async function mailedLink(name) {
  const headers = { "Content-Type": "application/json" };
  const ask = () => fetch(`${API}/enrolment/links`, { method: "POST", headers, body: JSON.stringify({ username: name }) });
  let response = await ask();
  while (response.status === 429) response = await ask();
  assert.equal(response.status, 202);
  return newestLink(name);
}

async function openLink(at, link) {
  at.expectedErrors = [REFUSED];
  await at.page.goto(link);
  await at.page.locator("#questions-section").waitFor();
}

/** Chooses the questions by keyboard and types the answers. */
async function typeAnswers(at, answers = ANSWERS) {
  for (const [question, answer] of Object.entries(answers)) {
    const box = at.page.locator(`#choice-${question}`);
    if (!(await box.isChecked())) await box.press("Space");
    await at.page.locator(`#answer-${question}`).fill(answer);
  }
}

async function signIn(at, name) {
  await at.page.locator("#username").fill(name);
  await at.page.locator("#password").fill(PASSWORD);
  await at.page.locator("#password").press("Enter");
  await at.asks("captcha");
  await at.types(await at.captchaAnswer(), "Enter");
  await at.asks("question");
}

/** Signs in a new user whose answers were set with a link. */
async function signedInUser(at) {
  const name = await newUser();
  await openLink(at, await mailedLink(name));
  await typeAnswers(at);
  await at.types("Enter");
  await at.says("outcome-heading", "Your answers are saved");
  await at.page.locator("#outcome-sign-in").press("Enter");
  await signIn(at, name);
  await at.types(await at.securityAnswer(), "Enter");
  await at.signedIn();
  return name;
}

rule("a user of an administrator asks for a link, sets three answers with it and signs in", {}, async (at) => {
  const name = await newUser();
  await at.open();
  await at.page.getByRole("button", { name: "Set up security questions" }).press("Enter");
  assert.equal(await at.focused(), "ask-link-username");
  await at.types(name, "Enter");
  await at.says("outcome-heading", "Check your mail");
  assert.equal(await at.focused(), "outcome-heading");

  const link = await newestLink(name);
  assert.ok(link.startsWith(`${ENDPOINT}/#enrol=`), link);
  await openLink(at, link);
  assert.equal(at.page.url(), `${ENDPOINT}/`, "the token is still in the address");
  assert.equal(await at.focused(), "questions-heading");
  assert.equal(await at.page.locator("#questions li").count(), 8);
  assert.equal(await at.page.locator(".badge").count(), 0);
  await at.says("questions-hint", "Choose at least 3 questions and type your answers.");
  await typeAnswers(at);
  await at.types("Enter");
  await at.says("outcome-heading", "Your answers are saved");
  assert.equal(await at.page.locator("#questions input").count(), 0, "answers stay in the page");
  assert.match((await outbox())[0].subject, /were changed$/);

  await at.page.getByRole("button", { name: "Sign in", exact: true }).press("Enter");
  await signIn(at, name);
  await at.types(await at.securityAnswer(), "Enter");
  await at.signedIn();
});

rule("a nonexistent username gets the same reply as one with answers", {}, async (at) => {
  const seen = [];
  for (const name of [`missing-${randomUUID()}`, "demo"]) {
    await at.open();
    await at.page.locator("#ask-link-open").press("Enter");
    await at.types(name, "Enter");
    await at.page.locator("#outcome").waitFor();
    seen.push(await at.page.locator("#outcome").innerText());
  }
  assert.equal(seen[0], seen[1]);
});

rule("each field says why the API rejects its answer", {}, async (at) => {
  const name = await newUser();
  await openLink(at, await mailedLink(name));
  const calls = [];
  at.page.on("request", (request) => {
    if (request.method() === "PUT") calls.push(request.url());
  });
  const save = at.page.getByRole("button", { name: "Save answers" });
  await save.click();
  await at.says("questions-error", "Choose at least 3 questions.");
  assert.equal(await at.focused(), "choice-birth-city");
  await typeAnswers(at, { ...ANSWERS, "first-pet": "  " });
  await save.click();
  await at.says("answer-first-pet-error", "Enter an answer.");
  assert.deepEqual(calls, []);
  for (const [answer, text] of [
    ["ab", "Use at least 3 characters."],
    [name.toUpperCase(), "This is your name or address, which others know."],
    [`${name}@EXAMPLE.com`, "This is your name or address, which others know."],
    ["pet", "This is a word of the question."],
    ["  SEATTLE ", "This is also your answer to another question."],
    ["password", "This answer is easy to guess. Choose another one."],
    ["a".repeat(1025), "Use at most 1024 characters."],
  ]) {
    await at.page.locator("#answer-first-pet").fill(answer);
    await save.click();
    const fields = ["first-pet", "birth-city"].map((id) => at.page.locator(`#answer-${id}-error`));
    await at.page.waitForFunction(
      (text) => [...document.querySelectorAll("#questions .field-error")].some((error) => error.textContent === text),
      text,
    );
    const said = await Promise.all(fields.map((field) => field.innerText()));
    const refused = said[0] === text ? "first-pet" : "birth-city";
    assert.equal(await at.focused(), `answer-${refused}`, answer);
    assert.equal(await at.page.getAttribute(`#answer-${refused}`, "aria-invalid"), "true");
    await at.page.locator(`#answer-birth-city`).fill(ANSWERS["birth-city"]);
  }
  await at.page.locator("#answer-first-pet").fill(ANSWERS["first-pet"]);
  await save.click();
  await at.says("outcome-heading", "Your answers are saved");
});

rule("answers can be hidden while they are typed", {}, async (at) => {
  await openLink(at, await mailedLink(await newUser()));
  await typeAnswers(at);
  const type = () => at.page.getAttribute("#answer-first-pet", "type");
  assert.notEqual(await type(), "password");
  await at.page.getByLabel("Hide what I type").press("Space");
  assert.equal(await type(), "password");
  assert.equal(await at.page.inputValue("#answer-first-pet"), ANSWERS["first-pet"]);
  await at.page.getByLabel("Hide what I type").press("Space");
  assert.equal(await type(), "text");
});

rule("a link that was used, altered or cut says so", {}, async (at) => {
  const name = await newUser();
  const link = await mailedLink(name);
  await openLink(at, link);
  await typeAnswers(at);
  await at.types("Enter");
  await at.says("outcome-heading", "Your answers are saved");
  await at.page.goto("about:blank");
  await at.page.goto(link);
  await at.says("outcome-text", "The link was used before, or answers were set in another way. Sign in with them.");
  for (const broken of [link.slice(0, -3), `${link.slice(0, -4)}AAAA`, `${ENDPOINT}/#enrol=`]) {
    await at.page.goto("about:blank");
    await at.page.goto(broken);
    await at.says("outcome-text", "The link is not complete. Open it as it was sent to you.");
    await at.says("outcome-heading", "This link cannot be used");
    assert.equal(at.page.url(), `${ENDPOINT}/`);
  }
});

rule("a link that is opened in a tab with the page is followed there", {}, async (at) => {
  const link = await mailedLink(await newUser());
  await at.open();
  await at.page.evaluate((hash) => location.assign(hash), new URL(link).hash);
  await at.page.locator("#questions-section").waitFor();
  assert.equal(at.page.url(), `${ENDPOINT}/`);
});

rule("after a sign-in the answers are changed, and the next sign-in asks for the new ones", {}, async (at) => {
  const name = await signedInUser(at);
  await at.page.getByRole("button", { name: "Security questions" }).press("Enter");
  await at.page.locator("#questions-section").waitFor();
  assert.equal(await at.page.locator(".badge").count(), 3);
  await at.says("questions-hint", /They replace all existing answers\.$/);
  await at.inspect("light", "35-set");
  const added = { "first-concert": "Ella at the Blue Note", "oldest-cousin": "Grace", "childhood-friend": "Barbara" };
  await typeAnswers(at, added);
  await at.types("Enter");
  await at.says("outcome-heading", "Your answers are saved");
  await at.page.locator("#outcome-sign-in").press("Enter");
  let asked;
  at.page.on("response", async (response) => {
    if (response.request().method() === "POST") asked = response.json();
  });
  await signIn(at, name);
  const { questionId } = (await asked).ChallengeParameters;
  await at.types(added[questionId], "Enter");
  await at.signedIn();
});

rule("a sign-in that is too old leads to another one and back to the questions", {}, async (at) => {
  const name = await signedInUser(at);
  await at.page.getByRole("button", { name: "Security questions" }).press("Enter");
  await at.page.locator("#questions-section").waitFor();
  await typeAnswers(at);
  const problem = { type: "/problems/sign-in-too-old", title: "x", status: 403, detail: "x", maxAge: 300 };
  const headers = { "Access-Control-Allow-Origin": "*", "Content-Type": "application/problem+json" };
  const tooOld = { status: 403, headers, body: JSON.stringify(problem) };
  const isPut = (route) => (route.request().method() === "PUT" ? route.fulfill(tooOld) : route.continue());
  await at.page.route(`${API}/enrolment?*`, isPut);
  await at.types("Enter");
  await at.says("outcome-heading", "Sign in again");
  await at.page.unroute(`${API}/enrolment?*`);
  await at.page.getByRole("button", { name: "Sign in", exact: true }).press("Enter");
  await signIn(at, name);
  await at.types(await at.securityAnswer(), "Enter");
  await at.page.locator("#questions-section").waitFor();
  await typeAnswers(at);
  await at.types("Enter");
  await at.says("outcome-heading", "Your answers are saved");
});

for (const [name, reader] of Object.entries(READERS)) {
  rule(`setting answers is accessible and fits: ${name}`, reader, async (at) => {
    await at.open();
    await at.page.locator("#ask-link-open").press("Enter");
    await at.inspect(name, "30-ask-link");
    await openLink(at, await mailedLink(await newUser()));
    await at.inspect(name, "31-questions");
    await at.page.locator("#questions-form .primary").press("Enter");
    await at.page.locator("#questions-error:not(:empty)").waitFor();
    await typeAnswers(at, { ...ANSWERS, "first-teacher": "ab" });
    await at.types("Enter");
    await at.page.locator("#answer-first-teacher[aria-invalid]").waitFor();
    await at.inspect(name, "32-refused");
    await at.page.locator("#answer-first-teacher").fill(ANSWERS["first-teacher"]);
    await at.types("Enter");
    await at.page.locator("#outcome").waitFor();
    await at.inspect(name, "33-saved");
    await at.page.goto(`${ENDPOINT}/?x#enrol=broken`);
    await at.page.locator("#outcome").waitFor();
    await at.inspect(name, "34-broken-link");
  });
}

const browser = await launch();
await play(browser);
await browser.close();
