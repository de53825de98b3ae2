/** The form for the challenges that Cognito itself asks. */

import { byId, element } from "./dom.js";
import { demand, hush, markInvalid, markValid, onSubmit, show } from "./view.js";

let texts = {};

/** Sets the texts. Calls `answer` with the typed text, and `choose` with the name of a factor. */
export function begin(catalogue, { answer, choose }) {
  texts = catalogue;
  onSubmit("own-form", (button) => {
    if (button?.value) return choose(button.value);
    const text = byId("own-answer").value;
    if (demand("own-answer", text, texts.answerMissing)) answer(byId("own-answer").type === "password" ? text : text.trim());
  });
}

/** Shows the result of `shown` in own.js. For the setup of an app, `app` has the secret and the address. */
export function ask({ kind, heading, destination, factors = [] }, app) {
  hush();
  byId("own-heading").textContent = texts[heading];
  const said = { code: destination ? texts.codeSent(destination) : "", password: texts.newPasswordHint, setUp: texts.setUpHint };
  byId("own-text").textContent = said[kind] ?? "";
  byId("own-app").hidden = !app;
  byId("own-secret").textContent = app?.secret ?? "";
  byId("own-link").href = app?.address ?? "";
  byId("own-link").textContent = texts.setUpLink;
  byId("own-choices").replaceChildren(...factors.map(choice));
  for (const id of ["own-field", "own-continue"]) byId(id).hidden = kind === "choice";
  showField(kind === "password");
  show("own", texts[heading]);
  byId(kind === "choice" || app ? "own-heading" : "own-answer").focus();
}

/** Shows an error, and lets the user try again. */
export function refuse(text) {
  hush();
  byId("own-answer").value = "";
  markInvalid("own-answer", text);
}

function showField(isPassword) {
  const answer = byId("own-answer");
  answer.value = "";
  answer.type = isPassword ? "password" : "text";
  answer.autocomplete = isPassword ? "new-password" : "one-time-code";
  answer.inputMode = isPassword ? "" : "numeric";
  byId("own-label").textContent = isPassword ? texts.newPassword : texts.codeAnswer;
  markValid("own-answer");
}

function choice({ name, text }) {
  const button = element("button", texts[text]);
  button.className = "secondary";
  button.value = name;
  return button;
}
