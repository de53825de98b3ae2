/**
 * A worker that solves a proof of work: a PBKDF2 puzzle in the format of ALTCHA, version 2.
 *
 * Receives the challenge as JSON. Posts `{ tries }` at intervals, and `{ answer }` at the end.
 */

const TOLD_EVERY = 10;

addEventListener("message", async ({ data }) => {
  const challenge = JSON.parse(data);
  postMessage({ answer: await solve(challenge, (tries) => postMessage({ tries })) });
});

/** Returns the answer to `challenge`: base64 of the payload that ALTCHA's widget would send. */
export async function solve(challenge, tell) {
  const { nonce, salt, cost, keyLength, keyPrefix } = challenge.parameters;
  const password = new Uint8Array([...bytes(nonce), 0, 0, 0, 0]);
  const counterBytes = new DataView(password.buffer, password.length - 4);
  const algorithm = { name: "PBKDF2", hash: "SHA-256", salt: bytes(salt), iterations: cost };
  for (let counter = 0; ; counter += 1) {
    counterBytes.setUint32(0, counter);
    const key = await crypto.subtle.importKey("raw", password, "PBKDF2", false, ["deriveBits"]);
    const derivedKey = hex(await crypto.subtle.deriveBits(algorithm, key, 8 * keyLength));
    if (derivedKey.startsWith(keyPrefix)) {
      return btoa(JSON.stringify({ challenge, solution: { counter, derivedKey } }));
    }
    if (counter % TOLD_EVERY === 0) tell(counter);
  }
}

function bytes(text) {
  return Uint8Array.from(text.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
}

function hex(buffer) {
  return Array.from(new Uint8Array(buffer), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
