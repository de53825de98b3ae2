/**
 * Where to sign in: this server, or a user pool on AWS (not tried on AWS).
 *
 * The address bar decides, so that the server can allow exactly that region's endpoint to be called; what was saved
 * only fills in the address bar. No endpoint is ever taken from it: a link must not lead a password elsewhere than to
 * this server or to AWS.
 */

const SAVED = "sign-in-settings";
const NAMES = ["region", "userPoolId", "clientId"];

/** What each setting must look like. */
export const PATTERNS = {
  region: /^[a-z]{2}(-[a-z]+)+-[0-9]$/,
  userPoolId: /^[\w-]+_[0-9a-zA-Z]+$/,
  clientId: /^[\w+]+$/,
};

/** Sends the reader to the saved settings if the address names none; says whether it did. */
export function restore() {
  const saved = read();
  if (location.search !== "" || saved === null) {
    return false;
  }
  location.replace(addressOf(saved));
  return true;
}

/** `{ endpoint, userPoolId, clientId, region, enrolment }`, the last for this server only; `null` where neither the address nor the server says. */
export async function load() {
  const wanted = fromAddress();
  if (wanted.region && wanted.userPoolId && wanted.clientId) {
    return { ...wanted, endpoint: `https://cognito-idp.${wanted.region}.amazonaws.com/` };
  }
  const response = await fetch("/page/config.json").catch(() => null);
  if (!response?.ok) {
    return null;
  }
  const { userPoolId, clientId } = wanted;
  const server = await response.json();
  // It is called where the page came from: other machines have another address for it.
  const endpoint = new URL("/", location.href).href;
  // Other pools and clients of this server can be named without a region.
  const isNamed = userPoolId && clientId && !wanted.region;
  // The API of the enrolment knows this server's first pool only.
  return { ...server, endpoint, ...(isNamed ? { userPoolId, clientId, enrolment: null } : {}) };
}

/** Signs in with these from here on. */
export function use(settings) {
  localStorage.setItem(SAVED, JSON.stringify(settings));
  location.assign(addressOf(settings));
}

/** Signs in to this server from here on. */
export function forget() {
  localStorage.removeItem(SAVED);
  location.assign("/");
}

/** The settings in the address, those that are well formed. */
export function fromAddress() {
  const query = new URLSearchParams(location.search);
  return wellFormed(Object.fromEntries(query));
}

function read() {
  try {
    const settings = wellFormed(JSON.parse(localStorage.getItem(SAVED)));
    return NAMES.every((name) => name in settings) ? settings : null;
  } catch {
    return null;
  }
}

function wellFormed(settings) {
  const entries = NAMES.map((name) => [name, settings[name]]);
  return Object.fromEntries(entries.filter(([name, value]) => PATTERNS[name].test(value ?? "")));
}

function addressOf(settings) {
  return `/?${new URLSearchParams(settings)}`;
}
