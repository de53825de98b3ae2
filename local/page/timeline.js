/** Shows the sign-ins on this machine as they happen: a list, and the steps of one of them. */

import { byId, element, say } from "./dom.js";
import { fixture, number, summary, title } from "./steps.js";

/** The steps of each sign-in, by its id, the newest sign-in last. */
const signIns = new Map();
/** The sign-in on display. */
let shown = null;

addEventListener("hashchange", () => show(true));
listen();

function listen() {
  const source = new EventSource("/debug/events");
  // The server starts with all stored steps, also after a reconnection.
  source.addEventListener("open", () => {
    signIns.clear();
    shown = null;
    list();
    show(false);
    say("No sign-in yet.");
  });
  source.addEventListener("error", () => say("The server cannot be reached."));
  source.addEventListener("step", ({ data }) => add(JSON.parse(data)));
  source.addEventListener("forgotten", ({ data }) => forget(data));
}

function add(step) {
  const steps = signIns.get(step.signIn) ?? [];
  const isNew = steps.length === 0;
  steps.push(step);
  // The newest sign-in is the one with the latest step.
  signIns.delete(step.signIn);
  signIns.set(step.signIn, steps);
  say("");
  list();
  if (shown === step.signIn) byId("steps").append(row(step));
  else if (isNew || shown === null) show(false);
  if (shown === step.signIn) byId("title").textContent = title(steps);
}

function forget(id) {
  signIns.delete(id);
  list();
  if (shown === id) show(false);
}

function list() {
  const focused = document.activeElement?.hash;
  byId("sign-ins").replaceChildren(...[...signIns].reverse().map(([id, steps]) => link(id, steps)));
  // The links were replaced, so the focus must be set again.
  if (focused) byId("sign-ins").querySelector(`a[href="${CSS.escape(focused)}"]`)?.focus();
  mark();
}

function link(id, steps) {
  const made = element("a", "");
  made.href = `#${id}`;
  made.append(element("strong", title(steps)), element("span", summary(steps)));
  const item = element("li", "");
  item.append(made);
  return item;
}

/** Shows the sign-in in the address, or the newest one. */
function show(moved) {
  const wanted = location.hash.slice(1);
  const id = signIns.has(wanted) ? wanted : [...signIns.keys()].at(-1);
  byId("sign-in").hidden = id === undefined;
  if (id !== undefined && id !== shown) {
    byId("title").textContent = title(signIns.get(id));
    byId("steps").replaceChildren(...signIns.get(id).map(row));
  }
  shown = id ?? null;
  mark();
  if (moved && shown) byId("sign-in").focus();
}

function mark() {
  for (const made of byId("sign-ins").querySelectorAll("a")) {
    if (made.hash === `#${shown}`) made.setAttribute("aria-current", "true");
    else made.removeAttribute("aria-current");
  }
}

const ROWS = { answer: answerRow, call: callRow, message: messageRow };

function row(step) {
  const item = element("li", "");
  item.className = step.kind;
  item.append(...ROWS[step.kind](step));
  return item;
}

/** A request of the client, and the answer. */
function answerRow({ operation, sent, challenge, error, message, why, ms }) {
  const parts = [heading(`${operation} ${sent}`.trim(), `${number(ms)} ms`)];
  const outcome = error ? `${error}: ${message}` : (challenge ?? "tokens");
  const line = element("p", outcome);
  line.className = error ? "refused" : challenge ? "asked" : "granted";
  parts.push(line);
  if (why) parts.push(element("p", `Why, which the client is not told: ${why}`));
  return parts;
}

/** A call of a trigger's function: the event and the response. */
function callRow(step) {
  const { function: name, trigger, occasion, decision, ms, cold, event, response } = step;
  const parts = [heading(name, `${number(ms)} ms, ${cold ? "cold" : "warm"}`)];
  parts.push(element("p", occasion === trigger ? trigger : `${trigger} ${occasion}`), element("p", decision));
  parts.push(json("Event", event, fixture(event)));
  if (response !== null) parts.push(json("Answer", response, fixture(response?.response)));
  return parts;
}

/** A message, with a link to its full text. */
function messageRow({ id, medium, to, text }) {
  const link = element("a", "full text");
  link.href = `/debug/mail#${id}`;
  const line = element("p", `${text} `);
  line.append(link);
  return [heading(`${medium} to ${to}`, ""), line];
}

function heading(text, note) {
  const made = element("h3", text);
  if (note) made.append(" ", element("span", note));
  return made;
}

/** JSON that can be expanded, and copied as a file of a fixture. */
function json(name, value, file) {
  const details = element("details", "");
  const text = element("pre", JSON.stringify(value, null, 2));
  text.tabIndex = 0;
  text.setAttribute("aria-label", name);
  const copy = element("button", `Copy as a fixture's ${name === "Event" ? "event" : "response"}`);
  copy.type = "button";
  copy.addEventListener("click", () => {
    navigator.clipboard.writeText(file).then(
      () => say(`${name} copied: ${name === "Event" ? "CASE.event.json" : "CASE.response.json"}`),
      () => say("The browser does not allow copying."),
    );
  });
  details.append(element("summary", name), text, copy);
  return details;
}
