/** The view of the forms that set the answers to security questions. */

import { byId, element } from "./dom.js";
import { hush, markInvalid, markValid, onSubmit, show } from "./view.js";

let texts = {};

/** Sets the texts, and calls `ask` with the username for a link, `save` with `[{ question, answer }]`. */
export function begin(catalogue, { openAsk, ask, openQuestions, save, signInAgain }) {
  texts = catalogue;
  onSubmit("ask-link-form", () => ask(byId("ask-link-username").value.trim()));
  onSubmit("questions-form", () => save(answers()));
  for (const id of ["ask-link-open", "outcome-ask"]) byId(id).addEventListener("click", openAsk);
  for (const id of ["ask-link-back", "questions-back", "outcome-sign-in"]) byId(id).addEventListener("click", signInAgain);
  byId("questions-open").addEventListener("click", openQuestions);
  byId("hide-answers").addEventListener("change", hideAnswers);
}

/** Shows or hides the button that sets answers. */
export function offer(isOffered) {
  for (const id of ["ask-link-open", "questions-open"]) byId(id).hidden = !isOffered;
}

/** Asks for the username for a link. `username` is filled in. */
export function showAsk(username) {
  hush();
  byId("ask-link-username").value = username;
  markValid("ask-link-username");
  show("ask-link", texts.askLinkHeading);
  byId("ask-link-username").focus();
}

/** Shows the result of the request for a link. */
export function showAsked() {
  showOutcome({ heading: texts.linkAsked, text: texts.linkAskedText });
}

/** Lists the questions of a reply of the API, and marks those with answers. */
export function showQuestions({ locale, questions, fewest }) {
  hush();
  const isSet = questions.some(({ set }) => set);
  byId("questions-hint").textContent = texts.questionsHint(fewest) + (isSet ? ` ${texts.questionsReplaced}` : "");
  byId("questions-error").textContent = "";
  byId("hide-answers").checked = false;
  byId("questions").replaceChildren(...questions.map((question) => choice(question, locale)));
  show("questions-section", texts.questionsHeading);
  byId("questions-heading").focus();
}

/** Shows at the question with this id why the API rejects its answer. Returns whether that question is shown. */
export function refuse(id, text) {
  if (byId(`answer-${id}`) === null) return false;
  hush();
  markInvalid(`answer-${id}`, text);
  return true;
}

/** Shows the error that too few questions are chosen, at the first one that is not. */
export function demandMore(text) {
  hush();
  byId("questions-error").textContent = text;
  byId("questions").querySelector("input[type=checkbox]:not(:checked)")?.focus();
}

/** Shows the outcome. `ask` offers another link. */
export function showOutcome({ heading, text, ask = false }) {
  hush();
  byId("questions").replaceChildren();
  byId("outcome-heading").textContent = heading;
  byId("outcome-text").textContent = text;
  byId("outcome-ask").hidden = !ask;
  show("outcome", heading);
  byId("outcome-heading").focus();
}

function choice({ id, text, set }, locale) {
  const box = element("input", "");
  box.type = "checkbox";
  box.id = `choice-${id}`;
  box.value = id;
  box.setAttribute("aria-describedby", "questions-error");
  const words = element("span", text);
  words.id = `words-${id}`;
  words.lang = locale;
  words.dir = "auto";
  const label = element("label", "");
  label.htmlFor = box.id;
  label.append(words);
  if (set) {
    const badge = element("span", texts.questionSet);
    badge.className = "badge";
    label.append(" ", badge);
  }
  const line = element("div", "");
  line.className = "check";
  line.append(box, label);
  const field = answerField(id);
  box.addEventListener("change", () => {
    field.hidden = !box.checked;
    byId("questions-error").textContent = "";
    if (box.checked) byId(`answer-${id}`).focus();
  });
  const item = element("li", "");
  item.append(line, field);
  return item;
}

function answerField(id) {
  const answer = element("input", "");
  answer.id = `answer-${id}`;
  answer.autocomplete = "off";
  answer.spellcheck = false;
  answer.dir = "auto";
  answer.required = true;
  answer.setAttribute("autocapitalize", "none");
  answer.setAttribute("autocorrect", "off");
  answer.setAttribute("aria-labelledby", `label-${id} words-${id}`);
  answer.setAttribute("aria-describedby", `${answer.id}-error`);
  answer.addEventListener("input", () => markValid(answer.id));
  const label = element("label", texts.questionAnswer);
  label.id = `label-${id}`;
  label.htmlFor = answer.id;
  const error = element("p", "");
  error.id = `${answer.id}-error`;
  error.className = "field-error";
  const field = element("div", "");
  field.className = "field";
  field.hidden = true;
  field.append(label, answer, error);
  return field;
}

function answers() {
  const chosen = byId("questions").querySelectorAll("input[type=checkbox]:checked");
  return [...chosen].map(({ value }) => ({ question: value, answer: byId(`answer-${value}`).value }));
}

function hideAnswers() {
  const type = byId("hide-answers").checked ? "password" : "text";
  for (const answer of byId("questions").querySelectorAll(".field input")) answer.type = type;
}
