import assert from "node:assert/strict";
import test from "node:test";

import { drawWidget, isProvider } from "../providers.js";

/** A document that only records the scripts that it would load. */
const scripts = [];
globalThis.window = globalThis;
globalThis.document = {
  createElement: (name) => ({
    name,
    attributes: {},
    listeners: {},
    children: [],
    addEventListener(event, act) {
      this.listeners[event] = act;
    },
    setAttribute(attribute, value) {
      this.attributes[attribute] = value;
    },
    append(child) {
      this.children.push(child);
    },
  }),
  head: {
    append(script) {
      scripts.push(script.src);
      (script.src.startsWith("https://down.") ? script.listeners.error : script.listeners.load)();
    },
  },
};

/** Draws the widget for `parameters`. Returns the place and a promise of the token. */
function draw(parameters, language = "es") {
  const place = { replaceChildren: (box) => (place.box = box) };
  return { place, token: drawWidget(parameters, place, language, "Soy yo") };
}

test("a widget answers the challenges of providers, and no others", () => {
  for (const challenge of ["CAP", "HCAPTCHA", "RECAPTCHA", "TURNSTILE"]) assert.ok(isProvider(challenge));
  for (const challenge of ["CAPTCHA", "PROOF_OF_WORK", "", undefined, "constructor"]) assert.ok(!isProvider(challenge));
});

test("nothing is loaded before a challenge is asked", () => {
  assert.deepEqual(scripts, []);
});

test("Cap's files come from Cap's own server", async () => {
  const drawn = draw({ challenge: "CAP", capEndpoint: "http://127.0.0.1:3000/key/" });
  await new Promise(setImmediate);
  assert.deepEqual(scripts, ["http://127.0.0.1:3000/assets/widget.js"]);
  assert.equal(window.CAP_CUSTOM_WASM_URL, "http://127.0.0.1:3000/assets/cap_wasm_bg.wasm");
  const [widget] = drawn.place.box.children;
  assert.deepEqual(widget.attributes, {
    "data-cap-api-endpoint": "http://127.0.0.1:3000/key/",
    "data-cap-lang": "es",
    "data-cap-i18n-initial-state": "Soy yo",
    "data-cap-i18n-verify-aria-label": "Soy yo",
  });
  widget.listeners.solve({ detail: { token: "a token" } });
  assert.equal(await drawn.token, "a token");
});

test("the widgets get what their documentation asks for, and the value of this sign-in", async () => {
  const rendered = [];
  const render = (_, options) => {
    rendered.push(options);
    options.callback("a token");
  };
  window.turnstile = { render };
  window.hcaptcha = { render };
  window.grecaptcha = { render, ready: (act) => act(), execute: async (...asked) => `token for ${JSON.stringify(asked)}` };

  const turnstile = { turnstileSiteKey: "key", turnstileAction: "sign_in", turnstileCdata: "0011" };
  assert.equal(await draw({ challenge: "TURNSTILE", ...turnstile }).token, "a token");
  const { sitekey, action, cData } = rendered.pop();
  assert.deepEqual({ sitekey, action, cData }, { sitekey: "key", action: "sign_in", cData: "0011" });

  for (const [language, named] of [["zh-Hans", "zh-CN"], ["pt-BR", "pt-BR"], ["ar", "ar"]]) {
    await draw({ challenge: "TURNSTILE", ...turnstile }, language).token;
    assert.equal(rendered.pop().language, named);
  }

  assert.equal(await draw({ challenge: "HCAPTCHA", hcaptchaSiteKey: "key" }).token, "a token");
  assert.equal(rendered.pop().sitekey, "key");

  const score = { recaptchaSiteKey: "key", recaptchaKind: "score", recaptchaAction: "sign_in" };
  assert.equal(await draw({ challenge: "RECAPTCHA", ...score }).token, 'token for ["key",{"action":"sign_in"}]');
  assert.equal(rendered.length, 0);
  await draw({ challenge: "RECAPTCHA", recaptchaSiteKey: "key", recaptchaKind: "checkbox" }).token;
  assert.equal(rendered.pop().sitekey, "key");
});

test("a script that cannot be loaded is an error", async () => {
  await assert.rejects(draw({ challenge: "CAP", capEndpoint: "https://down.example.com/key/" }).token, /cannot be loaded/);
});
