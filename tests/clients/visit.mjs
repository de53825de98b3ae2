/**
 * A visit to the sign-in page in headless Chromium, with the actions of a reader.
 *
 * Needs ENDPOINT (a running `local --debug-answers`), SCRATCH (where playwright-core and axe-core are installed and
 * screenshots go) and CHROMIUM.
 */

import assert from "node:assert/strict";
import { mkdir, readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import path from "node:path";

export const { ENDPOINT } = process.env;
export const USER = "demo";
export const PASSWORD = "Passw0rd!demo";

const { SCRATCH, CHROMIUM } = process.env;
const SCREENSHOTS = path.join(SCRATCH, "screenshots");
const PATIENCE_MS = 15_000;
const SECURITY_ANSWERS = { "first-pet": "Peccy", "birth-city": "Seattle", "first-teacher": "Ms Ada" };
const ACCESSIBILITY_RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];
/** Chromium reports every error of Cognito as a failed resource. */
const REFUSAL = /^Failed to load resource: the server responded with a status of 400/;

const require = createRequire(path.join(SCRATCH, "node", "package.json"));
const { chromium } = require("playwright-core");
const axe = await readFile(require.resolve("axe-core/axe.min.js"), "utf8");

/** Starts a browser that can reach only the page's server. */
export async function launch() {
  await mkdir(SCREENSHOTS, { recursive: true });
  const quiet = ["--disable-background-networking", "--disable-component-update", "--disable-quic", "--disable-sync"];
  const args = ["--disable-gpu", "--no-first-run", ...quiet];
  const root = process.getuid?.() === 0;
  const browser = await chromium.launch({ executablePath: CHROMIUM, args, chromiumSandbox: !root });
  console.log(`Chromium ${browser.version()}, playwright-core ${require("playwright-core/package.json").version}`);
  return browser;
}

/** The kinds of readers. The rules hold for all of them. */
export const READERS = {
  light: { colorScheme: "light", viewport: { width: 1000, height: 820 } },
  dark: { colorScheme: "dark", viewport: { width: 1000, height: 820 } },
  phone: { colorScheme: "light", viewport: { width: 320, height: 640 }, deviceScaleFactor: 2, hasTouch: true },
  "phone-dark": { colorScheme: "dark", viewport: { width: 320, height: 640 }, deviceScaleFactor: 2 },
  spanish: { locale: "es-ES", viewport: { width: 320, height: 640 }, deviceScaleFactor: 2 },
  arabic: { locale: "ar-EG", viewport: { width: 320, height: 640 }, deviceScaleFactor: 2 },
  japanese: { locale: "ja-JP", viewport: { width: 320, height: 640 }, deviceScaleFactor: 2 },
  still: { reducedMotion: "reduce", forcedColors: "active", viewport: { width: 1000, height: 820 } },
};

const rules = [];

/** Adds a rule of the page. `check` receives a visit by `reader`. */
export function rule(sentence, reader, check) {
  rules.push({ sentence, reader, check });
}

/** Tries every rule, or those whose sentence contains `ONLY`. Prints whether each holds. */
export async function play(browser) {
  let failed = 0;
  for (const { sentence, reader, check } of rules.filter(({ sentence }) => sentence.includes(process.env.ONLY ?? ""))) {
    const visit = await Visit.begin(browser, reader);
    try {
      await check(visit);
      visit.assertQuiet();
      console.log(`ok page: ${sentence}`);
    } catch (error) {
      failed += 1;
      process.exitCode = 1;
      console.log(`not ok page: ${sentence}: ${String(error.message).replaceAll(/\s+/g, " ")}`);
      console.error(error.stack);
      await visit.picture(`failed-${failed}`);
    }
    await visit.end();
  }
}

export class Visit {
  /** The bodies of all calls since the page was opened. */
  sent = [];
  /** Patterns of console errors that the rule itself provokes. */
  expectedErrors = [];
  #errors = [];
  #reply = null;

  constructor(page) {
    this.page = page;
    page.setDefaultTimeout(PATIENCE_MS);
    page.on("request", (request) => {
      if (request.method() === "POST") this.sent.push(request.postData());
    });
    page.on("response", (response) => {
      if (response.request().method() === "POST") this.#reply = response;
    });
    page.on("console", (message) => {
      if (["error", "warning"].includes(message.type())) this.#errors.push(message.text());
    });
    page.on("pageerror", (error) => this.#errors.push(String(error)));
  }

  static async begin(browser, reader) {
    const context = await browser.newContext({ locale: "en-US", ...reader });
    return new Visit(await context.newPage());
  }

  async end() {
    await this.page.context().close();
  }

  async open(address = "/") {
    await this.page.goto(new URL(address, ENDPOINT).href);
    await this.page.waitForFunction(() => document.activeElement.id === "username");
    this.sent = [];
  }

  /** Types into the element with the focus. `Enter` and `Tab` are keys. Waits until the page is idle again. */
  async types(...things) {
    for (const thing of things) {
      if (thing === "Enter" || thing === "Tab") {
        await this.page.keyboard.press(thing);
        await this.page.locator("#card:not(.busy)").waitFor();
      } else {
        await this.page.keyboard.type(thing);
      }
    }
  }

  /** Waits for a step. Checks that the answer field has the focus and is empty. */
  async asks(kind, { progress, tries } = {}) {
    await this.page.locator(`#challenge #${kind}`).waitFor();
    assert.equal(await this.focused(), "answer");
    assert.equal(await this.page.inputValue("#answer"), "");
    if (progress) await this.says("progress", progress);
    if (tries) await this.says("tries", tries);
    if (kind === "captcha") {
      await this.page.waitForFunction(() => {
        const picture = document.getElementById("captcha-picture");
        return picture.complete && picture.naturalWidth > 0;
      });
    }
  }

  /** Waits until the element has exactly this text, or a matching one. */
  async says(id, expected) {
    const pattern = expected instanceof RegExp ? expected.source : `^${literal(expected)}$`;
    const said = ([id, pattern]) => new RegExp(pattern).test(document.getElementById(id).textContent.trim());
    await this.page.waitForFunction(said, [id, pattern]).catch(async () => {
      const found = await this.page.locator(`#${id}`).textContent();
      assert.fail(`expected \`${expected}\` in #${id}, got \`${found}\``);
    });
  }

  /** Signs in up to `step`, by keyboard. */
  async passTo(step) {
    await this.types(USER, "Tab", PASSWORD, "Enter");
    await this.asks("captcha");
    if (step === "question") {
      await this.types(await this.captchaAnswer(), "Enter");
      await this.asks("question");
    }
  }

  async withoutPassword() {
    await this.types(USER);
    await this.page.getByRole("button", { name: "Continue without password" }).click();
  }

  /** Replaces the next call: it is not sent, and `reply` is its reply. */
  async isAnswered(reply) {
    const answer = { status: reply.__type ? 400 : 200, json: reply };
    await this.page.route(`${ENDPOINT}/`, (route) => route.fulfill(answer), { times: 1 });
  }

  async signedIn() {
    await this.page.locator("#done").waitFor();
    assert.equal(await this.page.locator("#done table").count(), 2);
  }

  focused() {
    return this.page.evaluate(() => document.activeElement.id);
  }

  /** Returns the letters in the picture, or the private parameter called `name`. */
  async captchaAnswer(name = "answer") {
    const { Session } = await this.#reply.json();
    const response = await fetch(`${ENDPOINT}/debug/answer?${new URLSearchParams({ session: Session })}`);
    assert.equal(response.status, 200, "expected `/debug/answer` to know the session");
    return (await response.json()).privateChallengeParameters[name];
  }

  async securityAnswer() {
    const { ChallengeParameters } = await this.#reply.json();
    return SECURITY_ANSWERS[ChallengeParameters.questionId];
  }

  /** Takes a screenshot. Checks that no element overflows the page and that axe-core reports no violation. */
  async inspect(reader, step) {
    await this.picture(`${reader}-${step}`);
    const [wide, room] = await this.page.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
    assert.ok(wide <= room, `${step}: ${wide} px wide in a window of ${room} px`);
    await this.page.evaluate(axe);
    const { violations } = await this.page.evaluate((tags) => axe.run(document, { runOnly: tags }), ACCESSIBILITY_RULES);
    const found = violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(" ")}`);
    assert.deepEqual(found, [], `${step} is not accessible`);
  }

  async picture(name) {
    await this.page.screenshot({ path: path.join(SCREENSHOTS, `${name}.png`), fullPage: true });
  }

  /** Checks that the browser has reported no error and no violation of the policy. */
  assertQuiet() {
    const expected = [REFUSAL, ...this.expectedErrors];
    assert.deepEqual(this.#errors.filter((text) => !expected.some((pattern) => pattern.test(text))), []);
  }
}

function literal(text) {
  return text.replaceAll(/[\\^$.*+?()[\]{}|]/g, "\\$&");
}
