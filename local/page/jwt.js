/** Reads JSON Web Tokens to show them. It does not check signatures, so the shown claims prove nothing. */

/** Returns the claims of `token`, or `null` if it is not a JSON Web Token. */
export function claims(token) {
  try {
    const payload = JSON.parse(new TextDecoder().decode(fromBase64Url(token.split(".")[1])));
    return typeof payload === "object" && !Array.isArray(payload) ? payload : null;
  } catch {
    return null;
  }
}

/** The claims that are seconds since 1970. */
export const TIMES = new Set(["auth_time", "exp", "iat", "nbf"]);

function fromBase64Url(text) {
  const base64 = text.replaceAll("-", "+").replaceAll("_", "/");
  return Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
}
