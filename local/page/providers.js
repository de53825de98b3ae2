/**
 * The widgets of CAPTCHA providers. A widget returns a token, which is the answer.
 *
 * Nothing of a provider is loaded before its challenge is asked. Only Cap was tried; the others need the internet.
 */

const DRAW = { CAP: cap, HCAPTCHA: hcaptcha, RECAPTCHA: recaptcha, TURNSTILE: turnstile };

/** Whether a widget answers `challenge`. */
export function isProvider(challenge) {
  return Object.hasOwn(DRAW, challenge);
}

/**
 * Draws the widget for `parameters` into `place` and returns its token when the reader has finished it. `label` is the
 * visible label, for a widget whose own label differs for screen readers.
 */
export async function drawWidget(parameters, place, language, label) {
  trust();
  const box = document.createElement("div");
  place.replaceChildren(box);
  return DRAW[parameters.challenge](parameters, box, byRegion(language), label);
}

/** Returns the providers' name of `language`: by region instead of script, `zh-CN` for `zh-Hans`. */
function byRegion(language) {
  const locale = new Intl.Locale(language);
  return locale.script ? `${locale.language}-${locale.maximize().region}` : language;
}

async function cap({ capEndpoint }, box, language, label) {
  // Cap Standalone serves its files here. Without the address, the widget loads its solver from a public CDN.
  const files = new URL("/assets/", capEndpoint);
  window.CAP_CUSTOM_WASM_URL = new URL("cap_wasm_bg.wasm", files).href;
  window.CAP_DISABLE_WIDGET_REF = true;
  await load(new URL("widget.js", files).href);
  const widget = document.createElement("cap-widget");
  widget.setAttribute("data-cap-api-endpoint", capEndpoint);
  widget.setAttribute("data-cap-lang", language);
  widget.setAttribute("data-cap-i18n-initial-state", label);
  widget.setAttribute("data-cap-i18n-verify-aria-label", label);
  return new Promise((resolve) => {
    // After an error, the widget itself offers another try.
    widget.addEventListener("solve", ({ detail }) => resolve(detail.token));
    box.append(widget);
  });
}

async function hcaptcha({ hcaptchaSiteKey: sitekey }, box, language) {
  await load(`https://js.hcaptcha.com/1/api.js?render=explicit&hl=${language}`);
  await until(() => window.hcaptcha?.render);
  return new Promise((resolve, reject) => {
    window.hcaptcha.render(box, { sitekey, callback: resolve, "error-callback": reject });
  });
}

async function recaptcha({ recaptchaSiteKey: sitekey, recaptchaAction: action, recaptchaKind: kind }, box, language) {
  const render = kind === "checkbox" ? "explicit" : encodeURIComponent(sitekey);
  await load(`https://www.google.com/recaptcha/api.js?render=${render}&hl=${language}`);
  await until(() => window.grecaptcha?.ready);
  await new Promise((resolve) => window.grecaptcha.ready(resolve));
  if (kind !== "checkbox") return window.grecaptcha.execute(sitekey, { action });
  return new Promise((resolve, reject) => {
    window.grecaptcha.render(box, { sitekey, callback: resolve, "error-callback": reject });
  });
}

async function turnstile({ turnstileSiteKey: sitekey, turnstileAction: action, turnstileCdata: cData }, box, language) {
  await load("https://challenges.cloudflare.com/turnstile/v0/api.js?render=explicit");
  await until(() => window.turnstile?.render);
  return new Promise((resolve, reject) => {
    window.turnstile.render(box, { sitekey, action, cData, language, callback: resolve, "error-callback": reject });
  });
}

const loaded = new Map();

/** Loads the script at `address`, once. */
function load(address) {
  if (!loaded.has(address)) {
    const loading = new Promise((resolve, reject) => {
      const script = document.createElement("script");
      script.addEventListener("load", resolve);
      script.addEventListener("error", () => {
        loaded.delete(address);
        reject(new Error("the provider's script cannot be loaded"));
      });
      script.src = address;
      document.head.append(script);
    });
    loaded.set(address, loading);
  }
  return loaded.get(address);
}

/** Waits until `there` returns a value, for at most ten seconds. */
async function until(there) {
  for (let tries = 0; !there(); tries += 1) {
    if (tries === 100) throw new Error("the provider's script does nothing");
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

let trusted = false;

/** Allows widgets to write markup and start workers. The policy of the page still limits the hosts of scripts. */
function trust() {
  if (trusted) return;
  trusted = true;
  globalThis.trustedTypes?.createPolicy("default", { createHTML: (html) => html, createScriptURL: (address) => address });
}
