/** Fields that the page builds, because a user pool decides which it needs. */

import { byId, element } from "./dom.js";
import { demand } from "./view.js";

/**
 * Shows `fields` in the form called `form`: `{ name, label }` and properties of the input. The ids begin with the
 * form's name. `described` is the id of a text about the first field.
 */
export function showFields(form, fields, described) {
  const ids = (index) => (index === 0 && described ? [described] : []);
  byId(`${form}-fields`).replaceChildren(...fields.map((field, index) => built(form, field, ids(index))));
}

/** Returns the values of `fields` by name. If one is empty, the field shows `missing`, and the result is `null`. */
export function readFields(form, fields, missing) {
  const value = ({ name }) => byId(`${form}-${name}`).value;
  const isComplete = fields.every((field) => demand(`${form}-${field.name}`, value(field), missing));
  return isComplete ? Object.fromEntries(fields.map((field) => [field.name, value(field)])) : null;
}

function built(form, { name, label, ...properties }, described) {
  const input = element("input", "");
  const id = `${form}-${name}`;
  Object.assign(input, { id, name, dir: "auto", maxLength: 2048, required: true, spellcheck: false, ...properties });
  input.setAttribute("autocapitalize", "none");
  input.setAttribute("autocorrect", "off");
  input.setAttribute("aria-describedby", [`${id}-error`, ...described].join(" "));
  const title = element("label", label);
  title.htmlFor = id;
  const error = element("p", "");
  error.id = `${id}-error`;
  error.className = "field-error";
  const field = element("div", "");
  field.className = "field";
  field.append(title, input, error);
  return field;
}
