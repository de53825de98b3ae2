/** The messages that the functions and Cognito have sent on this machine: a list, and one message beside it. */

import { byId, element, say } from "./dom.js";
import { parts } from "./links.js";

/** The interval between updates of the list. */
const EVERY_MS = 2000;

/** The fields of a message beside its text, in this order. */
const FIELDS = { from: "From", to: "To", sentAt: "Sent", username: "User name", purpose: "For", code: "Code" };

let messages = [];
/** The message that is shown, by its number. */
let shown = null;

addEventListener("hashchange", () => show(true));
await refresh();
setInterval(refresh, EVERY_MS);

async function refresh() {
  const response = await fetch("/debug/outbox").catch(() => null);
  if (!response?.ok) return say("The server cannot be reached.");
  const fetched = (await response.json()).messages;
  say(fetched.length === 0 ? "Nothing has been sent yet." : "");
  if (fetched[0]?.id === messages[0]?.id) return;
  messages = fetched;
  list();
  show(false);
}

function list() {
  const focused = document.activeElement?.hash;
  byId("messages").replaceChildren(...messages.map(row));
  // The links are new elements.
  if (focused) byId("messages").querySelector(`a[href="${focused}"]`)?.focus();
}

function row(message) {
  const link = element("a", "");
  link.href = `#${message.id}`;
  link.append(element("strong", title(message)), element("span", `${message.medium} to ${message.to}`));
  const item = element("li", "");
  item.append(link);
  return item;
}

/** Shows the message that the address names, or the newest. */
function show(moved) {
  const wanted = Number(location.hash.slice(1));
  const message = messages.find(({ id }) => id === wanted) ?? (wanted ? undefined : messages[0]);
  for (const link of byId("messages").querySelectorAll("a")) {
    if (link.hash === `#${message?.id}`) link.setAttribute("aria-current", "true");
    else link.removeAttribute("aria-current");
  }
  byId("message").hidden = message === undefined;
  if (message && message.id !== shown) fill(message);
  shown = message?.id ?? null;
  if (moved && message) byId("message").focus();
}

function fill(message) {
  byId("subject").textContent = message.subject ?? `${message.medium} to ${message.to}`;
  const fields = Object.entries(FIELDS).filter(([name]) => message[name] !== undefined);
  const rows = fields.map(([name, label]) => [label, name === "sentAt" ? time(message.sentAt) : message[name]]);
  const headers = (message.headers ?? []).map(({ name, value }) => [name, value]);
  byId("fields").replaceChildren(
    ...[...rows, ...headers].flatMap(([name, value]) => [element("dt", name), element("dd", value)]),
  );
  byId("text-part").hidden = message.text === undefined;
  byId("text").replaceChildren(...parts(message.text ?? "").map(part));
  byId("html-part").hidden = message.html === undefined;
  if (message.html === undefined) byId("html").removeAttribute("src");
  else byId("html").src = `/debug/mail/${message.id}`;
}

function title({ subject, text, code, purpose }) {
  return subject ?? text ?? `${code} (${purpose})`;
}

function time(sentAt) {
  return new Date(sentAt).toLocaleString(navigator.language);
}

/** Text, or a link that opens in a new tab. */
function part({ text, link }) {
  if (!link) return text;
  const made = element("a", text);
  made.href = text;
  made.target = "_blank";
  made.rel = "noopener noreferrer";
  return made;
}
