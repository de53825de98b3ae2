/** The content of the page and its events. It makes no calls to a server. */

import { countDown, sendAgainIn, sentKind } from "./codes.js";
import { byId, element, isolated } from "./dom.js";
import { otherWay } from "./forms.js";
import { generic } from "./generic.js";

const SECTIONS = ["start", "challenge", "own", "account", "link", "done", "ask-link", "questions-section", "outcome"];
/** The time after which a slow response is announced. */
const SLOW_MS = 800;
/** The maximum number of segments of the progress bar. */
const MOST_SEGMENTS = 12;
/** The key of each known challenge in the texts. */
const KINDS = {
  CAP: "widget",
  CAPTCHA: "captcha",
  HCAPTCHA: "widget",
  PROOF_OF_WORK: "work",
  RECAPTCHA: "widget",
  SECURITY_QUESTION: "question",
  TURNSTILE: "widget",
};
/** The key of the button for another challenge of a step, by the kind of that challenge. */
const OTHER_WAYS = { captcha: "pictureInstead", widget: "widgetInstead", work: "workInstead" };
/** The heading of a code, by its medium. Other media have a general heading. */
const CODE_HEADINGS = { EMAIL: "emailCodeHeading", SMS: "smsCodeHeading" };
/** The key that plays the digits again, in a field that accepts only digits. */
const PLAY_KEY = "p";
const SETTING_FIELDS = { region: "region", userPoolId: "user-pool-id", clientId: "client-id" };

let texts = {};
let language = "en";
let busy = false;
let slow;
/** Stops the countdown until the message can be sent again. */
let stopCountDown = () => {};

/** Shows the texts of `catalogue`, which is in `catalogueLanguage` and written in `direction`: `ltr` or `rtl`. */
export function translate(catalogue, catalogueLanguage, direction) {
  texts = catalogue;
  language = catalogueLanguage;
  document.documentElement.lang = language;
  document.documentElement.dir = direction;
  for (const element of document.querySelectorAll("[data-text]")) {
    element.textContent = texts[element.dataset.text];
  }
  for (const element of document.querySelectorAll("[data-alt]")) {
    element.alt = texts[element.dataset.alt];
  }
  byId("captcha-sound").setAttribute("aria-label", texts.soundLabel);
}

/** Returns the username in the first form. */
export function userName() {
  return byId("username").value.trim();
}

/** Fills in the username of the first form. */
export function setUserName(userName) {
  byId("username").value = userName;
}

/** Sets the label of the username in the first form. */
export function labelUserName(label) {
  document.querySelector("label[for=username]").textContent = label;
}

/** Shows or hides the button that starts without a password. */
export function offerWithoutPassword(isOffered) {
  byId("without-password").hidden = !isOffered;
}

/** Calls `act` with what the reader typed and whether the password is to be used. */
export function onStart(act) {
  onSubmit("start-form", (button) =>
    act({
      userName: userName(),
      password: byId("password").value,
      withPassword: button?.value !== "none",
    }),
  );
}

export function onAnswer(act) {
  onSubmit("challenge-form", () => {
    byId("captcha-sound").pause();
    act(byId("answer").value);
  });
  byId("answer").addEventListener("keydown", (event) => {
    const alone = !(event.ctrlKey || event.altKey || event.metaKey);
    if (alone && event.key.toLowerCase() === PLAY_KEY && !byId("captcha-sound").hidden) {
      event.preventDefault();
      play();
    }
  });
}

/** Calls `act` with the form that the reader prefers, or with nothing for another challenge in the same form. */
export function onAnother(act) {
  byId("another-picture").addEventListener("click", () => act());
  for (const id of ["another-medium", "another-way"]) {
    byId(id).addEventListener("click", ({ currentTarget }) => act(currentTarget.value));
  }
}

/** Calls `act` when the reader requests the code or link again and this is possible. */
export function onSendAgain(act) {
  byId("send-again").addEventListener("click", ({ currentTarget }) => {
    if (currentTarget.getAttribute("aria-disabled") === "true") announce(byId("send-again-wait").dataset.said);
    else if (!busy) act();
  });
}

/** Calls `again` to search again for the sign-in that a link belongs to. */
export function onLink(again) {
  byId("link-again").addEventListener("click", again);
  byId("link-start").addEventListener("click", () => location.reload());
}

export function onStartAgain(act) {
  for (const button of document.querySelectorAll("[data-start-again]")) {
    button.addEventListener("click", act);
  }
}

export function onSettings(use, forget) {
  onSubmit("settings-form", () => {
    const values = Object.entries(SETTING_FIELDS).map(([name, id]) => [name, byId(id).value.trim()]);
    use(Object.fromEntries(values));
  });
  byId("use-this-server").addEventListener("click", forget);
}

/** Calls `act` if the picture or the sound could not be loaded. */
export function onMediumBroken(act) {
  byId("captcha-picture").addEventListener("error", () => act(texts.captchaBroken));
  byId("captcha-sound").addEventListener("error", () => act(texts.soundBroken));
}

/** Shows the first form. An error is shown after this, by `alarm`. */
export function showStart() {
  hush();
  show("start", texts.signIn);
  byId("password").value = "";
  for (const id of ["username", "password"]) markValid(id);
  byId(byId("username").value === "" ? "username" : "password").focus();
}

/** Shows the state of the link that opened this page: `handingOver`, `handedOver` or `notHandedOver`. */
export function showLink(state) {
  hush();
  byId("link-heading").textContent = texts[state];
  byId("link-text").textContent = texts[`${state}Text`] ?? "";
  for (const id of ["link-again", "link-start"]) byId(id).hidden = state !== "notHandedOver";
  show("link", texts[state]);
  byId("link-heading").focus();
}

/** Shows the challenge in `parameters`. `again` is true after a wrong answer. The forms in `free` use no try. */
export function showChallenge(parameters, again, free) {
  hush();
  const { challenge, step, steps, attemptsLeft } = parameters;
  const progress = step && steps ? texts.step(step, steps) : "";
  byId("progress").textContent = progress;
  showSegments(Number(step), Number(steps));
  showQuestion(challenge, parameters, free);

  const tries = attemptsLeft ? texts.triesLeft(Number(attemptsLeft)) : "";
  byId("tries").textContent = tries;
  show("challenge", progress || byId("challenge-heading").textContent);
  byId("answer").value = "";
  markValid("answer");
  if (again) {
    byId("answer").setAttribute("aria-invalid", "true");
    byId("status").textContent = `${texts.wrongAnswer} ${tries}`;
  }
  byId(byId("answer-field").hidden ? "challenge-heading" : "answer").focus();
}

/** Announces that the code or link was sent again. */
export function saySentAgain({ destination }) {
  byId("status").textContent = texts.sentAgain(destination);
}

/** Shows the error that a code has `digits` digits. */
export function demandCode(digits) {
  hush();
  markInvalid("answer", texts.codeWrong(digits));
}

/** Offers to send the result of the computation again. */
export function offerRetry() {
  byId("continue").hidden = false;
  byId("continue").textContent = texts.tryAgain;
  byId("continue").focus();
}

/** Returns the place of a provider's widget. */
export function widgetPlace() {
  return byId("widget");
}

/** Shows the progress of the computation: `tries` of at most `most`. */
export function showWork(tries, most) {
  byId("work-progress").max = most;
  byId("work-progress").value = tries;
}

/** Fills in the settings of the address. `target` is the target of sign-ins. */
export function showSettings(values, target) {
  for (const [name, id] of Object.entries(SETTING_FIELDS)) {
    byId(id).value = values[name] ?? "";
  }
  byId("target").textContent = target ? `${target.userPoolId} · ${new URL(target.endpoint).host}` : "–";
  byId("settings").open = target === null;
}

export function showSettingsError(wrong) {
  for (const [name, id] of Object.entries(SETTING_FIELDS)) {
    if (name === wrong) {
      markInvalid(id, texts[`${name}Wrong`]);
    } else {
      markValid(id);
    }
  }
}

/** Shows an error, which a screen reader reads at once. `detail` is the server's text. */
export function alarm(text, detail) {
  const message = document.createElement("p");
  message.textContent = text;
  const alert = byId("alert");
  alert.replaceChildren(message);
  if (detail) {
    const code = document.createElement("code");
    code.textContent = detail;
    code.lang = "en";
    alert.append(code);
  }
}

/** Returns whether `value` is not empty. If it is empty, the field shows an error. */
export function demand(id, value, missing) {
  if (value.trim() === "") {
    hush();
    markInvalid(id, missing);
    return false;
  }
  markValid(id);
  return true;
}

export function setBusy(text) {
  busy = true;
  hush();
  byId("card").classList.add("busy");
  slow = setTimeout(() => {
    byId("status").textContent = text;
  }, SLOW_MS);
}

export function setIdle() {
  busy = false;
  clearTimeout(slow);
  byId("card").classList.remove("busy");
  if (byId("status").textContent === texts.working) {
    byId("status").textContent = "";
  }
}

/** Runs `call` while the page is busy, and gives its error to `fail`. */
export async function whileBusy(call, fail) {
  setBusy(texts.working);
  try {
    await call();
  } catch (error) {
    fail(error);
  } finally {
    setIdle();
  }
}

/** Calls `act` with the button that sent the form, unless a call is in progress. */
export function onSubmit(formId, act) {
  byId(formId).addEventListener("submit", (event) => {
    event.preventDefault();
    // Not `disabled`, which would remove the focus from the keyboard's user.
    if (!busy) act(event.submitter);
  });
}

/** Calls `act` when the button is pressed, unless a call is in progress. */
export function onPress(id, act) {
  byId(id).addEventListener("click", () => {
    if (!busy) act();
  });
}

/** Shows one section and hides the others. */
export function show(section, title) {
  if (section !== "challenge") stopCountDown();
  for (const id of SECTIONS) byId(id).hidden = id !== section;
  document.title = title === texts.signIn ? title : `${title} – ${texts.signIn}`;
}

/** Removes the announced text. */
export function hush() {
  byId("alert").replaceChildren();
  byId("status").textContent = "";
  announce("");
}

/** Makes a screen reader read a text that is visible in another place. */
function announce(text) {
  byId("announcement").textContent = text;
}

function showQuestion(challenge, parameters, free) {
  const { captchaUrl, captchaAlt, captchaAudioUrl, securityQuestion, locale } = parameters;
  const kind = captchaAudioUrl ? "sound" : (KINDS[challenge] ?? sentKind(parameters) ?? "other");
  const { heading, label, details } = kind === "other" ? generic(parameters, texts) : known(kind, parameters);
  byId("challenge-heading").textContent = heading;
  byId("answer-label").textContent = label;
  byId("answer-label").lang = kind === "other" ? (locale ?? language) : language;
  byId("hint").textContent = hint(kind, parameters);

  byId("captcha").hidden = kind !== "captcha";
  byId("captcha-picture").alt = captchaAlt ?? texts.captchaAlt;
  showMedium("captcha-picture", kind === "captcha" ? captchaUrl : undefined);
  byId("captcha-sound").hidden = kind !== "sound";
  showMedium("captcha-sound", kind === "sound" ? captchaAudioUrl : undefined);
  if (kind === "sound") play();
  byId("question").hidden = kind !== "question";
  byId("question").textContent = kind === "question" ? securityQuestion : "";
  byId("question").lang = locale ?? language;
  for (const id of ["answer-field", "continue"]) byId(id).hidden = ["link", "widget", "work"].includes(kind);
  showField(kind);
  showSent(kind, parameters);
  byId("continue").textContent = texts.continue;
  byId("work").hidden = kind !== "work";
  byId("widget").hidden = kind !== "widget";
  byId("widget").replaceChildren();
  showOtherWays(challenge, parameters, free);
  showDetails(details);
}

function known(kind, { medium }) {
  const heading = kind === "code" ? (CODE_HEADINGS[medium] ?? "codeHeading") : `${kind}Heading`;
  return { heading: texts[heading], label: texts[`${kind}Answer`] ?? "", details: [] };
}

function hint(kind, { digits, captchaAudioLocale }) {
  if (kind === "code") return texts.codeHint(digits);
  const said = texts[`${kind}Hint`] ?? "";
  if (kind !== "sound" || !captchaAudioLocale || isLanguage(captchaAudioLocale)) return said;
  const spoken = new Intl.DisplayNames([language], { type: "language" }).of(captchaAudioLocale);
  return `${said} ${texts.soundIn(spoken)}`;
}

/** Returns whether `tag` is the language of the page, in any region and script. */
function isLanguage(tag) {
  return new Intl.Locale(tag).language === new Intl.Locale(language).language;
}

/** For a code, the keyboard has digits, and the browser can fill it in from the message. */
function showField(kind) {
  const answer = byId("answer");
  answer.classList.toggle("code", kind === "code");
  // Only an answer in words can be in a right-to-left script.
  answer.dir = kind === "question" || kind === "other" ? "auto" : "ltr";
  answer.autocomplete = kind === "code" ? "one-time-code" : "off";
  answer.inputMode = kind === "code" ? "numeric" : "";
}

function showSent(kind, parameters) {
  const { destination } = parameters;
  const isSent = kind === "code" || kind === "link";
  byId("sent").hidden = !isSent;
  byId("sent").textContent = isSent ? texts[`${kind}Sent`](destination ?? "") : "";
  stopCountDown();
  const seconds = isSent ? sendAgainIn(parameters) : null;
  byId("send-again-row").hidden = seconds === null;
  if (seconds === null) return;
  byId("send-again").textContent = texts.usesTry(texts.sendAgain);
  let began = false;
  stopCountDown = countDown(seconds, (left) => {
    byId("send-again").setAttribute("aria-disabled", String(left > 0));
    byId("send-again-wait").textContent = left > 0 ? texts.sendAgainWait(left) : "";
    byId("send-again-wait").dataset.said = texts.sendAgainIn(left);
    // Only once: a screen reader that reads each second reads nothing else.
    if (left === 0 && began) announce(texts.sendAgainNow);
    began = true;
  });
}

/** A form that is not in `free` uses a try, and is not offered with the last try. */
function showOtherWays(challenge, { alternatives, attemptsLeft, captchaUrl, captchaAudioUrl }, free) {
  const offer = (id, there, form, text) => {
    const isFree = free.includes(form);
    byId(id).hidden = !(there && (isFree || Number(attemptsLeft) > 1));
    byId(id).value = form;
    byId(id).textContent = isFree ? texts[text] : texts.usesTry(texts[text]);
  };
  const hears = captchaAudioUrl !== undefined;
  offer("another-picture", challenge === "CAPTCHA", "", hears ? "anotherSound" : "anotherPicture");
  if (hears) {
    offer("another-medium", true, "picture", "pictureInstead");
  } else {
    offer("another-medium", captchaUrl !== undefined, "sound", "soundInstead");
  }
  const way = otherWay(challenge, alternatives ?? "");
  offer("another-way", way !== undefined, way?.form ?? "", OTHER_WAYS[KINDS[way?.challenge]] ?? "workInstead");
}

function showMedium(id, url) {
  if (url === undefined) {
    byId(id).removeAttribute("src");
  } else {
    byId(id).src = url;
  }
}

function play() {
  const sound = byId("captcha-sound");
  sound.currentTime = 0;
  // If the browser requires an action of the reader, the player and the key are available.
  sound.play().catch(() => {});
}

function showDetails(details) {
  byId("parameters").hidden = details.length === 0;
  byId("parameters").replaceChildren(
    ...details.flatMap(([name, value]) => [element("dt", name), isolated("dd", value)]),
  );
}

function showSegments(step, steps) {
  const segments = [];
  for (let number = 1; number <= Math.min(steps, MOST_SEGMENTS); number += 1) {
    const segment = element("span", "");
    segment.className = number < step ? "passed" : number === step ? "current" : "";
    segments.push(segment);
  }
  byId("progress-bar").replaceChildren(...segments);
}

/** Shows an error at the field. */
export function markInvalid(id, text) {
  byId(id).setAttribute("aria-invalid", "true");
  byId(`${id}-error`).textContent = text;
  byId(id).focus();
}

export function markValid(id) {
  byId(id).removeAttribute("aria-invalid");
  byId(`${id}-error`).textContent = "";
}
