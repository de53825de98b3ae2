/**
 * Where to sign in: this server, or a user pool on AWS (not tried on AWS).
 *
 * The address bar decides, so that the server can allow exactly that region's endpoint to be called; what was saved
 * only fills in the address bar. No endpoint is ever taken from it: a link must not send a password to a server other than
 * this server or to AWS.
 */

const SAVED = "sign-in-settings";
const NAMES = ["region", "userPoolId", "clientId"];

/** The pattern of each setting. */
export const PATTERNS = {
  region: /^[a-z]{2}(-[a-z]+)+-[0-9]$/,
  userPoolId: /^[\w-]+_[0-9a-zA-Z]+$/,
  clientId: /^[\w+]+$/,
};

/** Opens the page with the saved settings if the address has none. Returns whether it did. */
export function restore() {
  const saved = read();
  if (location.search !== "" || saved === null) {
    return false;
  }
  location.replace(addressOf(saved));
  return true;
}

/**
 * Returns `{ endpoint, userPoolId, clientId, region, enrolment, isOnAws }`, with `null` for values that neither the address
 * nor the server has. `enrolment` is only for this server.
 */
export async function load() {
  const wanted = fromAddress();
  if (wanted.region && wanted.userPoolId && wanted.clientId) {
    return { ...wanted, endpoint: `https://cognito-idp.${wanted.region}.amazonaws.com/`, isOnAws: true };
  }
  const response = await fetch("/page/config.json").catch(() => null);
  if (!response?.ok) {
    return null;
  }
  const { userPoolId, clientId } = wanted;
  const server = await response.json();
  // The page calls the server that it came from: other machines use another address for it.
  const endpoint = new URL("/", location.href).href;
  // Other pools and clients of this server can be named without a region.
  const isNamed = userPoolId && clientId && !wanted.region;
  // The API of the enrolment knows this server's first pool only.
  return { ...server, endpoint, ...(isNamed ? { userPoolId, clientId, enrolment: null } : {}) };
}

/** Uses these settings from now on. */
export function use(settings) {
  localStorage.setItem(SAVED, JSON.stringify(settings));
  location.assign(addressOf(settings));
}

/** Signs in to this server from now on. */
export function forget() {
  localStorage.removeItem(SAVED);
  location.assign("/");
}

/** Returns the well-formed settings in the address. */
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
