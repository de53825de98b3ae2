/** The tokens of a finished sign-in, and the buttons for them. */

import { byId, element, isolated, say } from "./dom.js";
import { claims, TIMES } from "./jwt.js";
import { hush, onPress, show } from "./view.js";

let texts = {};

/** Sets the texts. Calls `renew`, `remember`, `signOut` and `signOutEverywhere` for the buttons. */
export function begin(catalogue, { renew, remember, signOut, signOutEverywhere }) {
  texts = catalogue;
  onPress("renew", renew);
  onPress("remember", remember);
  onPress("sign-out", signOut);
  onPress("sign-out-everywhere", signOutEverywhere);
}

/** Shows the end of a sign-in. `renewable` offers to renew the tokens, `asks` to remember the device. */
export function showSignedIn(tokens, renewable, asks) {
  hush();
  showTokens(tokens);
  byId("renew").hidden = !renewable;
  byId("remember").hidden = !asks;
  show("done", texts.signedIn);
  byId("done-heading").focus();
}

/** Announces that the device is remembered. */
export function showRemembered() {
  byId("remember").hidden = true;
  byId("done-heading").focus();
  say(texts.deviceRemembered);
}

/** Shows the claims of both tokens. */
export function showTokens({ IdToken, AccessToken }) {
  byId("tokens").replaceChildren(
    tokenTable(texts.idToken, texts.copyIdToken, IdToken),
    tokenTable(texts.accessToken, texts.copyAccessToken, AccessToken),
  );
}

function tokenTable(title, copyTitle, token) {
  const block = element("div", "");
  block.className = "token";
  const copy = element("button", texts.copy);
  copy.type = "button";
  copy.className = "quiet";
  copy.setAttribute("aria-label", copyTitle);
  // Only pages over https or from this machine have a clipboard.
  copy.hidden = !navigator.clipboard;
  copy.addEventListener("click", async () => {
    const said = await navigator.clipboard.writeText(token).then(
      () => texts.copied,
      () => texts.notCopied,
    );
    copy.textContent = said;
    copy.setAttribute("aria-label", said);
  });
  const table = element("table", "");
  table.append(element("caption", title), tableHead(), tableBody(claims(token)));
  block.append(copy, table);
  return block;
}

function tableHead() {
  const row = element("tr", "");
  for (const title of [texts.claim, texts.value]) {
    const cell = element("th", title);
    cell.scope = "col";
    row.append(cell);
  }
  const head = element("thead", "");
  head.append(row);
  return head;
}

function tableBody(found) {
  const body = element("tbody", "");
  for (const [name, value] of Object.entries(found ?? { "–": texts.notReadable })) {
    const row = element("tr", "");
    const header = element("th", name);
    header.scope = "row";
    row.append(header, valueCell(name, value));
    body.append(row);
  }
  return body;
}

function valueCell(name, value) {
  const text = typeof value === "string" ? value : JSON.stringify(value);
  const cell = isolated("td", text);
  if (TIMES.has(name) && Number.isFinite(value)) {
    const moment = new Date(value * 1000);
    const time = element("time", moment.toLocaleString(navigator.language));
    time.dateTime = moment.toISOString();
    cell.append(" ", time);
  }
  return cell;
}
