/**
 * Signs in with the page, in headless Chromium.
 *
 * Needs what visit.mjs needs. `--screenshot FILE` also writes an animated picture of a sign-in for the docs.
 */

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

import { ENDPOINT, PASSWORD, READERS, USER, Visit, launch, play, rule } from "./visit.mjs";

const { screenshot } = parseArgs({ options: { screenshot: { type: "string" } } }).values;
const WITHOUT_PASSWORD = "/?userPoolId=us-east-1_NoPassword&clientId=localclientnopassword00000";

rule("a keyboard is enough, and wrong answers are said", {}, async (at) => {
  await at.open();
  await at.types(USER, "Tab", PASSWORD, "Enter");
  await at.asks("captcha", { progress: "Step 2 of 3", tries: "3 tries left." });
  assert.equal(await at.page.title(), "Step 2 of 3 – Sign in");

  await at.types("wrong", "Enter");
  await at.says("status", "That was not right. 2 tries left.");
  await at.asks("captcha", { progress: "Step 2 of 3", tries: "2 tries left." });

  await at.types(await at.captchaAnswer(), "Enter");
  await at.asks("question", { progress: "Step 3 of 3", tries: "3 tries left." });
  await at.says("status", "");

  await at.types("wrong", "Enter");
  await at.says("status", "That was not right. 2 tries left.");
  await at.types(await at.securityAnswer(), "Enter");
  await at.signedIn();
  assert.equal(await at.focused(), "done-heading");
  const claims = await at.page.locator("#tokens").innerText();
  for (const claim of ["token_use\tid", "token_use\taccess", `cognito:username\t${USER}`, `username\t${USER}`]) {
    assert.ok(claims.includes(claim), `expected \`${claim}\` in \`${claims}\``);
  }

  await at.page.keyboard.press("Tab");
  assert.equal(await at.page.evaluate(() => document.activeElement.tagName), "BUTTON");
});

rule("the password never leaves the browser", {}, async (at) => {
  await at.open();
  await at.types(USER, "Tab", PASSWORD, "Enter");
  await at.asks("captcha");
  assert.ok(at.sent.length >= 2);
  for (const body of at.sent) {
    assert.ok(!body.includes(PASSWORD));
  }
});

rule("the reader's language and the wish for every form go along with each answer, and nothing else", { locale: "es-ES" }, async (at) => {
  await at.open();
  await at.types(USER, "Tab", PASSWORD, "Enter");
  await at.asks("captcha");
  await at.types("mal", "Enter");
  await at.says("status", "No es correcto. Quedan 2 intentos.");
  const [first, ...answers] = at.sent.map((body) => JSON.parse(body));
  assert.equal(first.ClientMetadata, undefined);
  const metadata = { locale: "es-ES", challenge: "all", captcha: "all" };
  assert.deepEqual(answers.map((answer) => answer.ClientMetadata), [metadata, metadata]);
});

/** The texts for readers, by the locale of their browser: the language, its direction, the progress and the question. */
const SEEN = {
  "es-MX": ["es", "ltr", "Paso 3 de 3", /^¿.*\?$/],
  "pt-PT": ["pt-BR", "ltr", "Etapa 3 de 3", /\?$/],
  "ja-JP": ["ja", "ltr", "ステップ 3/3", /ですか？$/],
  "zh-CN": ["zh-Hans", "ltr", "第 3 步，共 3 步", /什么|哪个/],
  // Traditional Chinese has no texts.
  "zh-TW": ["en", "ltr", "Step 3 of 3", /\?$/],
  "ar-EG": ["ar", "rtl", "الخطوة 3 من 3", /؟$/],
};

for (const [locale, [language, direction, progress, question]] of Object.entries(SEEN)) {
  rule(`page and question are in the reader's language: ${locale}`, { locale }, async (at) => {
    await at.open();
    assert.equal(await at.page.locator("html").getAttribute("lang"), language);
    assert.equal(await at.page.locator("html").getAttribute("dir"), direction);
    await at.passTo("question");
    assert.equal(await at.page.locator("#question").getAttribute("lang"), language);
    assert.match(await at.page.locator("#question").innerText(), question);
    assert.equal(await at.page.locator("#progress").innerText(), progress);
  });
}

rule("from right to left, what is typed from left to right stays so", READERS.arabic, async (at) => {
  await at.open();
  await at.isAnswered(sent("email-code"));
  await at.types(USER);
  await at.page.locator("button[value=none]").click();
  await at.page.locator("#send-again-row").waitFor();
  const direction = (id) => at.page.evaluate((id) => getComputedStyle(document.getElementById(id)).direction, id);
  assert.equal(await direction("challenge-heading"), "rtl");
  for (const id of ["answer", "target", "region", "user-pool-id", "client-id"]) assert.equal(await direction(id), "ltr", id);
  // The start and the end of the masked address on the screen.
  const [first, last] = await at.page.evaluate((destination) => {
    const text = document.getElementById("sent").firstChild;
    const start = text.data.indexOf(destination);
    return [start, start + destination.length - 1].map((index) => {
      const range = new Range();
      range.setStart(text, index);
      range.setEnd(text, index + 1);
      return range.getBoundingClientRect().left;
    });
  }, SENT["email-code"].destination);
  assert.ok(first < last, `the address begins at ${first} and ends at ${last}`);
});

for (const [locale, hint] of [["ar-EG", /الإنجليزية\.$/], ["es-MX", /Seis cifras\. Pulse P en el campo para volver a oírlas\.$/]]) {
  rule(`a recording in another language than the page is said: ${locale}`, { locale }, async (at) => {
    await at.open();
    await at.passTo("captcha");
    await at.page.locator("#another-medium").press("Enter");
    await at.asks("captcha-sound");
    await at.says("hint", hint);
  });
}

rule("a wrong password and an unknown user look the same", {}, async (at) => {
  const shown = [];
  for (const name of [USER, "nobody"]) {
    await at.open();
    await at.types(name, "Tab", "Passw0rd!wrong", "Enter");
    await at.says("alert", /The user name or the password is not right\./);
    assert.equal(await at.focused(), "password");
    assert.equal(await at.page.inputValue("#password"), "");
    shown.push(await at.page.locator("#alert").innerText());
  }
  assert.equal(shown[0], shown[1]);
});

rule("where the flow has no password, none is asked for", {}, async (at) => {
  await at.open(WITHOUT_PASSWORD);
  await at.withoutPassword();
  await at.asks("captcha", { progress: "Step 1 of 2", tries: "3 tries left." });
  await at.types(await at.captchaAnswer(), "Enter");
  await at.asks("question", { progress: "Step 2 of 2" });
  await at.types(await at.securityAnswer(), "Enter");
  await at.signedIn();
});

rule("where the flow wants a password, going without is refused", {}, async (at) => {
  await at.open();
  await at.withoutPassword();
  await at.says("alert", /NotAuthorizedException: Incorrect username or password\./);
});

rule("the last wrong answer ends the sign-in and says so", {}, async (at) => {
  await at.open();
  await at.passTo("captcha");
  for (const left of ["2 tries left.", "1 try left."]) {
    await at.types("wrong", "Enter");
    await at.says("status", `That was not right. ${left}`);
  }
  await at.types("wrong", "Enter");
  await at.says("alert", /That was not right, and it was the last try\. Start again\./);
  assert.ok(await at.page.locator("#start").isVisible());
  assert.equal(await at.focused(), "password");
});

rule("what is missing is said at its field, and nothing is sent", {}, async (at) => {
  await at.open();
  await at.types("Enter");
  await at.says("username-error", "Enter your user name.");
  await at.types(USER, "Enter");
  await at.says("password-error", "Enter your password, or continue without one.");
  assert.equal(await at.focused(), "password");
  assert.deepEqual(at.sent, []);
  await at.types(PASSWORD, "Enter");
  await at.asks("captcha");
  const before = at.sent.length;
  await at.types("   ", "Enter");
  await at.says("answer-error", "Enter an answer.");
  assert.equal(at.sent.length, before);
});

rule("one can start again at any step", {}, async (at) => {
  for (const step of ["captcha", "question"]) {
    await at.open();
    await at.passTo(step);
    await at.page.locator("#challenge").getByRole("button", { name: "Start again" }).click();
    assert.equal(await at.focused(), "password");
    assert.equal(await at.page.inputValue("#username"), USER);
  }
});

rule("a reply that was lost on the way can be asked for again", {}, async (at) => {
  await at.open();
  await at.passTo("captcha");
  const right = await at.captchaAnswer();
  await at.page.route(`${ENDPOINT}/`, (route) => route.abort(), { times: 1 });
  at.expectedErrors.push(/net::ERR_FAILED/);
  await at.types(right, "Enter");
  await at.says("alert", /The server cannot be reached\. Try again\./);
  await at.page.keyboard.press("Enter");
  await at.asks("question");
});

rule("a solution that was lost on the way is sent again by a button", {}, async (at) => {
  await at.open();
  await at.passTo("captcha");
  let posts = 0;
  await at.page.route(`${ENDPOINT}/`, (route) => (++posts === 1 ? route.abort() : route.continue()));
  at.expectedErrors.push(/net::ERR_FAILED/);
  await at.page.getByRole("button", { name: "Let this device compute", exact: true }).press("Enter");
  await at.says("alert", /The server cannot be reached\. Try again\./);
  assert.equal(await at.focused(), "continue");
  await at.page.getByRole("button", { name: "Try again" }).press("Enter");
  await at.asks("question", { progress: "Step 3 of 3" });
  assert.ok(await at.page.getByRole("button", { name: "Continue" }).isVisible());
});

rule("a token that the browser does not copy is said, and is no error of the page", {}, async (at) => {
  await at.open();
  await at.page.evaluate(() => {
    navigator.clipboard.writeText = () => Promise.reject(new DOMException("no", "NotAllowedError"));
  });
  await at.passTo("question");
  await at.types(await at.securityAnswer(), "Enter");
  await at.signedIn();
  await at.page.getByRole("button", { name: "Copy the ID token" }).click();
  assert.ok(await at.page.getByRole("button", { name: "This browser did not copy it." }).isVisible());
});

rule("another user pool is set in the address and kept until it is let go", {}, async (at) => {
  await at.open();
  const { page } = at;
  await page.getByText("Settings", { exact: true }).click();
  await page.getByLabel("Region").fill("Frankfurt");
  await page.getByRole("button", { name: "Use these" }).click();
  await at.says("region-error", "Enter a region like eu-central-1.");
  await page.getByLabel("Region").fill("eu-central-1");
  await page.getByLabel("User pool ID").fill("eu-central-1_aBcDeFgHi");
  await page.getByLabel("App client ID").fill("1example23456789");
  const moved = page.waitForURL(/region=eu-central-1/);
  await page.getByRole("button", { name: "Use these" }).click();
  await moved;
  await at.says("target", "eu-central-1_aBcDeFgHi · cognito-idp.eu-central-1.amazonaws.com");

  const again = page.waitForURL(/region=eu-central-1/);
  await page.goto(ENDPOINT);
  await again;
  await at.says("target", "eu-central-1_aBcDeFgHi · cognito-idp.eu-central-1.amazonaws.com");
  await page.getByText("Settings", { exact: true }).click();
  await page.getByRole("button", { name: "Use this server" }).click();
  await at.says("target", `us-east-1_LocalPool · ${new URL(ENDPOINT).host}`);
});

rule("an address cannot lead the page to another server", {}, async (at) => {
  for (const query of ["endpoint=https://evil.example/", "region=evil.example/&userPoolId=a_b&clientId=c"]) {
    await at.open(`/?${query}`);
    await at.says("target", new RegExp(` · ${new URL(ENDPOINT).host}$`));
  }
});

rule("a challenge that the page was not written for shows what came with it, as text", {}, async (at) => {
  const markup = "<img src=x onerror=alert(1)>";
  await at.open();
  await at.isAnswered({
    ChallengeName: "CUSTOM_CHALLENGE",
    ChallengeParameters: {
      challenge: "RIDDLE",
      step: "1",
      steps: "1",
      attemptsLeft: "1",
      prompt: `What is it? ${markup}`,
      riddle: markup,
    },
    Session: "session",
  });
  await at.withoutPassword();
  await at.says("challenge-heading", "RIDDLE");
  await at.says("answer-label", `What is it? ${markup}`);
  await at.asks("parameters", { progress: "Step 1 of 1", tries: "1 try left." });
  await at.says("parameters", `riddle${markup}`);
  await at.inspect("light", "8-other-challenge");
});

rule("picture, sound and computation come at once, and changing between them uses no try", {}, async (at) => {
  await at.open();
  await at.passTo("captcha");
  const calls = at.sent.length;
  const press = (name) => at.page.getByRole("button", { name, exact: true }).press("Enter");
  await press("Listen instead");
  await at.asks("captcha-sound", { tries: "3 tries left." });
  await press("Show a picture instead");
  await at.asks("captcha", { tries: "3 tries left." });
  assert.equal(at.sent.length, calls);
  await press("Let this device compute");
  await at.asks("question", { progress: "Step 3 of 3", tries: "3 tries left." });
  const answers = at.sent.map((body) => JSON.parse(body)).filter((body) => body.ChallengeName === "CUSTOM_CHALLENGE");
  assert.deepEqual(answers.map((answer) => answer.ClientMetadata.challenge), ["all"]);
  await at.types(await at.securityAnswer(), "Enter");
  await at.signedIn();

  // The next sign-in uses the same choice.
  await at.page.locator("#done").getByRole("button", { name: "Start again" }).click();
  await at.types(PASSWORD, "Enter");
  await at.asks("question");
});

rule("six digits can be heard and typed without leaving the field", {}, async (at) => {
  await at.open();
  await at.passTo("captcha");
  await at.page.getByRole("button", { name: "Listen instead", exact: true }).press("Enter");
  await at.asks("captcha-sound", { tries: "3 tries left." });
  await at.page.waitForFunction(() => document.getElementById("captcha-sound").readyState >= 2);
  await at.page.evaluate(() => document.getElementById("captcha-sound").pause());
  await at.types("p");
  await at.page.waitForFunction(() => !document.getElementById("captcha-sound").paused);
  assert.equal(await at.focused(), "answer");
  assert.equal(await at.page.inputValue("#answer"), "");
  await at.inspect("light", "10-sound");
  const answer = await at.captchaAnswer("spokenAnswer");
  assert.match(answer, /^[0-9]{6}$/);
  await at.types(answer, "Enter");
  await at.asks("question");
});

rule("the first challenge without a password comes in one form, and another one uses a try once", {}, async (at) => {
  await at.open(WITHOUT_PASSWORD);
  await at.withoutPassword();
  await at.asks("captcha", { tries: "3 tries left." });
  await at.page.getByRole("button", { name: "Listen instead (uses one try)" }).press("Enter");
  await at.asks("captcha-sound", { tries: "2 tries left." });
  await at.page.getByRole("button", { name: "Show a picture instead", exact: true }).press("Enter");
  await at.asks("captcha", { tries: "2 tries left." });
  await at.types(await at.captchaAnswer(), "Enter");
  await at.asks("question");
});

rule("another picture can be had for a try, and not for the last", {}, async (at) => {
  await at.open();
  await at.passTo("captcha");
  const another = at.page.getByRole("button", { name: "Show another picture (uses one try)" });
  for (const left of ["2 tries left.", "1 try left."]) {
    const before = await at.page.getAttribute("#captcha-picture", "src");
    await another.click();
    await at.says("tries", left);
    await at.asks("captcha");
    assert.notEqual(await at.page.getAttribute("#captcha-picture", "src"), before);
    await at.says("status", "");
  }
  assert.ok(await another.isHidden());
  await at.types(await at.captchaAnswer(), "Enter");
  await at.asks("question");
});

/** A puzzle that is never solved, so that the page can be inspected during the computation. */
const ENDLESS = JSON.stringify({
  parameters: { nonce: "00", salt: "00", cost: 1000, keyLength: 32, keyPrefix: "0".repeat(64) },
});

for (const name of ["light", "dark", "phone", "still"]) {
  rule(`a computation under way is accessible and fits: ${name}`, READERS[name], async (at) => {
    await at.open();
    await at.isAnswered({
      ChallengeName: "CUSTOM_CHALLENGE",
      ChallengeParameters: {
        challenge: "PROOF_OF_WORK",
        alternatives: "CAPTCHA,PROOF_OF_WORK",
        step: "2",
        steps: "3",
        attemptsLeft: "2",
        proofOfWork: ENDLESS,
        mostTries: "400",
      },
      Session: "session",
    });
    await at.withoutPassword();
    await at.page.waitForFunction(() => document.getElementById("work-progress").value > 0);
    assert.equal(await at.focused(), "challenge-heading");
    await at.inspect(name, "9-work");
  });
}

/** The challenges of steps with a message. */
const SENT = {
  "email-code": { challenge: "EMAIL_CODE", medium: "EMAIL", destination: "d***@e***", digits: "6", prompt: "Code" },
  "sms-code": { challenge: "SMS_CODE", medium: "SMS", destination: "+*******0100", digits: "6", prompt: "Code" },
  "magic-link": { challenge: "MAGIC_LINK", medium: "EMAIL", destination: "d***@e***", prompt: "Link" },
};

function sent(kind, more = {}) {
  const parameters = { step: "2", steps: "2", attemptsLeft: "3", sendAgainIn: "30", sendsLeft: "2", ...SENT[kind], ...more };
  return { ChallengeName: "CUSTOM_CHALLENGE", ChallengeParameters: parameters, Session: "session" };
}

for (const [name, reader] of Object.entries(READERS)) {
  rule(`what was sent is asked for accessibly and fits: ${name}`, reader, async (at) => {
    await at.page.clock.install();
    for (const [index, kind] of Object.keys(SENT).entries()) {
      await at.open();
      await at.isAnswered(sent(kind));
      await at.types(USER);
      await at.page.locator("button[value=none]").click();
      await at.page.locator("#send-again-row").waitFor();
      await at.inspect(name, `1${index + 1}-${kind}`);
    }
    await at.page.clock.runFor(31_000);
    await at.says("send-again-wait", "");
    await at.inspect(name, "14-send-again");
    await at.open();
    await at.isAnswered(sent("email-code"));
    await at.types(USER);
    await at.page.locator("button[value=none]").click();
    await at.page.locator("#send-again-row").waitFor();
    await at.types("12345", "Enter");
    await at.page.locator("#answer[aria-invalid]").waitFor();
    await at.inspect(name, "15-wrong-code");
    await at.page.goto(`${ENDPOINT}/?other#link=abc`);
    await at.page.clock.runFor(4000);
    await at.page.locator("#link-start").waitFor();
    await at.inspect(name, "16-link-elsewhere");
  });
}

rule("a code that is pasted with blanks and dashes is sent as digits, and one that cannot be right is not sent", {}, async (at) => {
  await at.open();
  await at.isAnswered(sent("email-code"));
  await at.withoutPassword();
  await at.says("challenge-heading", "Enter the code from your e-mail");
  await at.says("sent", "We sent a code to d***@e***.");
  const field = at.page.locator("#answer");
  assert.equal(await field.getAttribute("autocomplete"), "one-time-code");
  assert.equal(await field.getAttribute("inputmode"), "numeric");
  const before = at.sent.length;
  for (const wrong of ["12345", "1234567", "abc"]) {
    await field.fill(wrong);
    await at.types("Enter");
    await at.says("answer-error", "Enter the 6 digits of the code.");
    assert.equal(await at.focused(), "answer");
  }
  assert.equal(at.sent.length, before);
  await at.isAnswered(sent("sms-code"));
  await field.fill(" 123-456 ");
  await at.types("Enter");
  await at.says("challenge-heading", "Enter the code from your text message");
  assert.equal(JSON.parse(at.sent.at(-1)).ChallengeResponses.ANSWER, "123456");
  await at.isAnswered({ ...sent("sms-code"), ChallengeParameters: { challenge: "RIDDLE", step: "1", steps: "1" } });
  await field.fill("654321");
  await at.types("Enter");
  await at.says("challenge-heading", "RIDDLE");
  assert.equal(await field.getAttribute("autocomplete"), "off");
  assert.equal(await at.page.locator("#sent").innerText(), "");
});

rule("a code can be had again after the wait, which is said once and not each second", {}, async (at) => {
  await at.page.clock.install();
  await at.open();
  await at.isAnswered(sent("email-code"));
  await at.withoutPassword();
  const again = at.page.getByRole("button", { name: "Send it again (uses one try)" });
  await at.says("send-again-wait", "in 30 s");
  const calls = at.sent.length;
  await again.press("Enter");
  await at.says("announcement", "You can have it sent again in 30 seconds.");
  assert.equal(at.sent.length, calls);
  await at.page.clock.runFor(12_000);
  await at.says("send-again-wait", "in 18 s");
  await at.says("announcement", "You can have it sent again in 30 seconds.");
  await at.page.clock.runFor(18_000);
  await at.says("send-again-wait", "");
  await at.says("announcement", "You can have it sent again now.");
  assert.equal(await again.getAttribute("aria-disabled"), "false");

  await at.isAnswered(sent("email-code", { attemptsLeft: "2", sendsLeft: "1" }));
  await again.press("Enter");
  await at.says("status", "Sent again to d***@e***.");
  await at.says("send-again-wait", "in 30 s");
  assert.equal(await at.page.locator("#answer[aria-invalid]").count(), 0);
  const { ChallengeResponses, ClientMetadata } = JSON.parse(at.sent.at(-1));
  assert.equal(ChallengeResponses.ANSWER, "-");
  assert.equal(ClientMetadata.send, "again");

  await at.isAnswered(sent("email-code", { attemptsLeft: "1", sendsLeft: "1" }));
  await at.page.locator("#answer").fill("123456");
  await at.types("Enter");
  await at.says("status", "That was not right. 1 try left.");
  assert.ok(await again.isHidden(), "the last try is for the code");
  assert.equal(JSON.parse(at.sent.at(-1)).ClientMetadata.send, undefined);
});

rule("a link that is opened in another tab is answered in the one that waits, and leaves no trace", {}, async (at) => {
  await at.open();
  await at.isAnswered(sent("magic-link"));
  await at.withoutPassword();
  await at.says("challenge-heading", "Open the link in your e-mail");
  assert.equal(await at.focused(), "challenge-heading");
  assert.ok(await at.page.locator("#answer").isHidden());
  await at.isAnswered(sent("email-code"));

  const other = await at.page.context().newPage();
  await other.goto(`${ENDPOINT}/#link=tok_en-1`);
  await other.getByRole("heading", { name: "You can close this page" }).waitFor();
  assert.equal(other.url(), `${ENDPOINT}/`);
  assert.ok(await other.locator("#start").isHidden());
  await at.says("challenge-heading", "Enter the code from your e-mail");
  assert.equal(JSON.parse(at.sent.at(-1)).ChallengeResponses.ANSWER, "tok_en-1");
  await other.close();
});

rule("a link that is opened in the tab that waits is answered there", {}, async (at) => {
  await at.open();
  await at.isAnswered(sent("magic-link"));
  await at.withoutPassword();
  await at.says("challenge-heading", "Open the link in your e-mail");
  await at.isAnswered(sent("magic-link", { attemptsLeft: "2" }));
  await at.page.evaluate(() => location.assign("/#link=tok_en-2"));
  await at.says("status", "That was not right. 2 tries left.");
  assert.equal(at.page.url(), `${ENDPOINT}/`);
  assert.equal(JSON.parse(at.sent.at(-1)).ChallengeResponses.ANSWER, "tok_en-2");
});

rule("a link that is opened elsewhere says what to do, and does it when it can be", {}, async (at) => {
  const elsewhere = await at.page.context().newPage();
  await elsewhere.goto(`${ENDPOINT}/#link=tok_en-3`);
  await elsewhere.getByText("Open the link in the browser where you started to sign in").waitFor();
  assert.equal(elsewhere.url(), `${ENDPOINT}/`);

  await at.open();
  await at.isAnswered(sent("magic-link"));
  await at.withoutPassword();
  await at.says("challenge-heading", "Open the link in your e-mail");
  await at.isAnswered(sent("email-code"));
  await elsewhere.getByRole("button", { name: "Try again" }).press("Enter");
  await elsewhere.getByRole("heading", { name: "You can close this page" }).waitFor();
  await at.says("challenge-heading", "Enter the code from your e-mail");

  await elsewhere.goto(`${ENDPOINT}/?x#link=tok_en-4`);
  await elsewhere.getByRole("button", { name: "Start again" }).click();
  await elsewhere.locator("#username").waitFor();
  assert.equal(elsewhere.url(), `${ENDPOINT}/?x`);
});

const SERVER_REPLIES = {
  "an unsupported challenge": [{ ChallengeName: "WEB_AUTHN" }, "This user pool asks for WEB_AUTHN, which this page cannot answer."],
  "an unconfirmed user": [refusal("UserNotConfirmedException"), "This account has not been confirmed yet."],
  "a failing trigger": [refusal("UserLambdaValidationException"), "The server could not continue this sign-in. Start again."],
  "too many requests": [refusal("TooManyRequestsException"), "Too many requests at once. Wait a moment, then try again."],
  "an expired session": [
    refusal("NotAuthorizedException", "Invalid session for the user, session is expired."),
    "That took too long. Start again.",
  ],
};

for (const [what, [reply, text]] of Object.entries(SERVER_REPLIES)) {
  rule(`${what} is explained`, {}, async (at) => {
    await at.open();
    await at.isAnswered(reply);
    await at.withoutPassword();
    await at.says("alert", new RegExp(`^${text}`));
  });
}

function refusal(__type, message = "No.") {
  return { __type, message };
}

for (const [name, reader] of Object.entries(READERS)) {
  rule(`every step is accessible and fits: ${name}`, reader, async (at) => {
    await at.open();
    await at.inspect(name, "1-start");
    await at.types(USER, "Tab", "Passw0rd!wrong", "Enter");
    await at.page.locator("#alert:not(:empty)").waitFor();
    await at.inspect(name, "2-wrong-password");
    await at.types(PASSWORD, "Enter");
    await at.asks("captcha");
    await at.inspect(name, "3-captcha");
    await at.types("wrong", "Enter");
    await at.page.locator("#status:not(:empty)").waitFor();
    await at.asks("captcha");
    await at.inspect(name, "4-wrong-captcha");
    await at.types(await at.captchaAnswer(), "Enter");
    await at.asks("question");
    await at.inspect(name, "5-question");
    await at.types(await at.securityAnswer(), "Enter");
    await at.signedIn();
    await at.inspect(name, "6-tokens");
    await at.open();
    await at.page.locator("summary").click();
    await at.inspect(name, "7-settings");
  });
}

const browser = await launch();
await play(browser);
if (screenshot) {
  const frames = await pictures(browser);
  execFileSync("python", [fileURLToPath(new URL("animate.py", import.meta.url)), screenshot, ...frames], { stdio: "inherit" });
}
await browser.close();

/** Takes the pictures of a sign-in with right answers. Returns their files. */
async function pictures(browser) {
  const visit = await Visit.begin(browser, { viewport: { width: 520, height: 700 }, deviceScaleFactor: 1.5 });
  const files = [];
  const take = async () => {
    files.push(path.join(process.env.SCRATCH, `sign-in-${files.length}.png`));
    await visit.page.screenshot({ path: files.at(-1), caret: "hide" });
  };
  await visit.open();
  await visit.types(USER, "Tab", PASSWORD);
  await take();
  await visit.types("Enter");
  await visit.asks("captcha");
  await take();
  await visit.types(await visit.captchaAnswer());
  await take();
  await visit.types("Enter");
  await visit.asks("question");
  await visit.types(await visit.securityAnswer());
  await take();
  await visit.types("Enter");
  await visit.signedIn();
  await take();
  await visit.end();
  return files;
}
