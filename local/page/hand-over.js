/**
 * Hands the token of a link to the tab whose sign-in waits for it, in the same browser.
 *
 * The tab that the link opened asks which tabs wait, and hands the token to the one that started last. No other tab
 * gets it.
 */

const CHANNEL = "sign-in-link";
/** The text before the token of a link that finishes a sign-in, and of a link that sets answers. */
export const LINK = "#link=";
export const ENROLMENT = "#enrol=";
/** The time for a tab to report that it waits, and for other tabs to report after the first. */
const PATIENCE_MS = 1500;
const GATHER_MS = 200;

/** Returns the token after `fragment` in the address, or `null`. It is removed from the address at once. */
export function take(location, history, fragment = LINK) {
  if (!location.hash.startsWith(fragment)) {
    return null;
  }
  const token = location.hash.slice(fragment.length);
  history.replaceState(null, "", location.pathname + location.search);
  return token;
}

/** Gives `token` to the tab that waits for one. Returns whether a tab has taken it. */
export async function handOver(token, channel = new BroadcastChannel(CHANNEL)) {
  const id = random();
  const tabs = [];
  let found = () => {};
  let taken = () => {};
  channel.onmessage = ({ data }) => {
    if (data.id !== id) return;
    if (data.say === "waits") {
      tabs.push(data);
      found();
    } else if (data.say === "taken") {
      taken(true);
    }
  };
  const first = new Promise((resolve) => (found = resolve));
  const answer = new Promise((resolve) => (taken = resolve));
  channel.postMessage({ say: "link", id });
  await Promise.race([first, pause(PATIENCE_MS)]);
  if (tabs.length > 0) {
    await pause(GATHER_MS);
    const last = tabs.reduce((one, other) => (other.since > one.since ? other : one));
    channel.postMessage({ say: "token", id, tab: last.tab, token });
  }
  const isTaken = tabs.length > 0 && (await Promise.race([answer, pause(PATIENCE_MS)]));
  channel.close();
  return isTaken === true;
}

/** Calls `act` with a token while `since` returns the time since which this tab waits for one. Returns the channel. */
export function listen(since, act, channel = new BroadcastChannel(CHANNEL)) {
  const tab = random();
  channel.onmessage = ({ data: { say, id, tab: wanted, token } }) => {
    if (since() === null) return;
    if (say === "link") {
      channel.postMessage({ say: "waits", id, tab, since: since() });
    } else if (say === "token" && wanted === tab) {
      channel.postMessage({ say: "taken", id });
      act(token);
    }
  };
  return channel;
}

function random() {
  return crypto.getRandomValues(new Uint32Array(4)).join("-");
}

function pause(milliseconds) {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
