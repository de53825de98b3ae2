/**
 * Signs in with codes and links that the functions send, in headless Chromium, and reads them in the mail view.
 *
 * Needs what visit.mjs needs, and a `local` whose flow is `PASSWORD,EMAIL_CODE:3,SMS_CODE:3,MAGIC_LINK:3`.
 */

import assert from "node:assert/strict";

import { newestAnswer, outbox } from "./outbox.mjs";
import { ENDPOINT, PASSWORD, READERS, USER, launch, play, rule } from "./visit.mjs";

/** Longer than the 30 seconds after which a message can be sent again. */
const AGAIN_WITHIN_MS = 45_000;

/** Signs in up to the code by e-mail, the code by text message or the link. */
async function passTo(at, step) {
  await at.open();
  await at.types(USER, "Tab", PASSWORD, "Enter");
  await at.says("challenge-heading", "Enter the code from your e-mail");
  if (step === "email") return;
  await at.types(await newestAnswer(), "Enter");
  await at.says("challenge-heading", "Enter the code from your text message");
  if (step === "sms") return;
  await at.types(await newestAnswer(), "Enter");
  await at.says("challenge-heading", "Open the link in your e-mail");
}

rule("a code by e-mail, one by text message and a link sign in", {}, async (at) => {
  await passTo(at, "email");
  await at.says("sent", "We sent a code to d***@e***.");
  const code = await newestAnswer();
  await at.types(code === "000000" ? "000001" : "000000", "Enter");
  await at.says("status", "That was not right. 2 tries left.");
  await at.page.locator("#answer").fill(`${code.slice(0, 3)} ${code.slice(3)}`);
  await at.types("Enter");
  await at.says("sent", "We sent a code to +*******0100.");
  await at.types(await newestAnswer(), "Enter");
  await at.says("challenge-heading", "Open the link in your e-mail");
  await at.says("progress", "Step 4 of 4");

  const mail = await at.page.context().newPage();
  await mail.goto(`${ENDPOINT}/debug/mail`);
  const opened = at.page.context().waitForEvent("page");
  await mail.locator("#text a").click();
  const link = await opened;
  await link.getByRole("heading", { name: "You can close this page" }).waitFor();
  await at.signedIn();
});

rule("the link in the HTML of a mail signs in, from inside its sandbox", {}, async (at) => {
  await passTo(at, "link");
  const mail = await at.page.context().newPage();
  await mail.goto(`${ENDPOINT}/debug/mail`);
  const link = await opens(at.page.context(), () => mail.frameLocator("#html").getByRole("link").click());
  await link.getByRole("heading", { name: "You can close this page" }).waitFor();
  await at.signedIn();
});

rule("asking again too early is not possible on the page", {}, async (at) => {
  await passTo(at, "email");
  const count = (await outbox()).length;
  await at.page.locator("#send-again").press("Enter");
  await at.says("announcement", /^You can have it sent again in \d+ seconds\.$/);
  await at.says("tries", "3 tries left.");
  assert.equal((await outbox()).length, count);
});

rule("after 30 seconds the page can have the same code sent again, for one try", {}, async (at) => {
  await passTo(at, "email");
  const [code, { length }] = [await newestAnswer(), await outbox()];
  const again = at.page.locator("#send-again[aria-disabled=false]");
  await again.waitFor({ timeout: AGAIN_WITHIN_MS });
  await at.says("announcement", "You can have it sent again now.");
  await again.press("Enter");
  await at.says("tries", "2 tries left.");
  assert.equal((await outbox()).length, length + 1);
  assert.equal(await newestAnswer(), code);
  await at.types(code, "Enter");
  await at.says("challenge-heading", "Enter the code from your text message");
});

for (const [name, reader] of Object.entries(READERS)) {
  rule(`the mail view is accessible and fits: ${name}`, reader, async (at) => {
    const { page } = at;
    await page.goto(`${ENDPOINT}/debug/mail`);
    await page.locator("#messages a").first().waitFor();
    await page.locator("#message").waitFor();
    await at.inspect(name, "20-mail");
    const sms = page.locator("#messages a", { hasText: "SMS to" }).first();
    await sms.press("Enter");
    await page.waitForFunction(() => document.activeElement.id === "message");
    assert.ok(await page.locator("#html-part").isHidden());
    await at.inspect(name, "21-text-message");
  });
}

rule("the mail view shows what is sent while it is open", {}, async (at) => {
  const view = await at.page.context().newPage();
  await view.goto(`${ENDPOINT}/debug/mail`);
  const before = (await outbox()).length;
  await view.waitForFunction((count) => document.querySelectorAll("#messages li").length === count, before);
  await passTo(at, "email");
  await view.waitForFunction((count) => document.querySelectorAll("#messages li").length === count, before + 1);
});

/** Clicks until a page opens: a click in a frame that has just loaded may have no effect. */
async function opens(context, click) {
  for (let tries = 0; tries < 3; tries += 1) {
    const opened = context.waitForEvent("page", { timeout: 10_000 }).catch(() => null);
    await click();
    const page = await opened;
    if (page) return page;
  }
  throw new Error("no page opened");
}

const browser = await launch();
await play(browser);
await browser.close();
