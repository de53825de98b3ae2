/** The form for the challenges that Cognito itself asks. */

import { attributeField } from "./attributes.js";
import { byId, element } from "./dom.js";
import { readFields, showFields } from "./fields.js";
import { demand, hush, markInvalid, markValid, onSubmit, show } from "./view.js";

let texts = {};
/** The fields of attributes, besides the answer. */
let fields = [];

/** Sets the texts. Calls `answer` with the typed text and the attributes by name, and `choose` with the name of a factor. */
export function begin(catalogue, { answer, choose }) {
  texts = catalogue;
  onSubmit("own-form", (button) => {
    if (button?.value) return choose(button.value);
    const text = byId("own-answer").value;
    if (!demand("own-answer", text, texts.answerMissing)) return;
    const attributes = readFields("own", fields, texts.fieldMissing);
    if (attributes !== null) answer(byId("own-answer").type === "password" ? text : text.trim(), attributes);
  });
}

/** Shows the result of `shown` in own.js. For the setup of an app, `app` has the secret and the address. */
export function ask({ kind, heading, destination, factors = [], attributes = [] }, app) {
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
  fields = attributes.map((name) => attributeField(name, texts));
  showFields("own", fields);
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
