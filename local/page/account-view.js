/** The form for accounts. */

import { byId } from "./dom.js";
import { readFields, showFields } from "./fields.js";
import { hush, markInvalid, onPress, onSubmit, show } from "./view.js";

let texts = {};
/** The shown form: `{ heading, text, fields, submit, act, again }`. */
let shown = null;

/** Sets the texts. Calls `openSignUp` and `openForgotten` for the buttons of the first form. */
export function begin(catalogue, { openSignUp, openForgotten }) {
  texts = catalogue;
  onPress("sign-up-open", openSignUp);
  onPress("forgotten-open", openForgotten);
  onPress("account-again", () => shown.again());
  onSubmit("account-form", () => {
    const values = readFields("account", shown.fields, texts.fieldMissing);
    if (values !== null) shown.act(values);
  });
}

/** Shows or hides the buttons of the first form. */
export function offer({ signUp, recovery }) {
  byId("sign-up-open").hidden = !signUp;
  byId("forgotten-open").hidden = !recovery;
}

/**
 * Shows a form. `act` receives the values of `fields` by name. `again` sends a code again.
 */
export function ask(form) {
  shown = form;
  hush();
  byId("account-heading").textContent = form.heading;
  byId("account-text").textContent = form.text ?? "";
  byId("account-text").hidden = !form.text;
  showFields("account", form.fields, "account-text");
  byId("account-submit").textContent = form.submit;
  byId("account-again").hidden = !form.again;
  show("account", form.heading);
  const empty = form.fields.find(({ value }) => !value) ?? form.fields[0];
  byId(`account-${empty.name}`).focus();
}

/** Shows an error at the field called `name`. Returns whether the form has that field. */
export function refuse(name, text) {
  if (!shown.fields.some((field) => field.name === name)) return false;
  hush();
  markInvalid(`account-${name}`, text);
  return true;
}
