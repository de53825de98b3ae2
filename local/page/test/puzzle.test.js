import assert from "node:assert/strict";
import test from "node:test";

// This is the module of a worker, and Node.js has no such worker.
globalThis.addEventListener = () => {};
const { solve } = await import("../puzzle.js");

test("a puzzle is solved by the counter whose key starts as it says", async () => {
  // Python: hashlib.pbkdf2_hmac("sha256", bytes(range(16)) + (7).to_bytes(4, "big"), bytes(16), 5000).hex()
  const derivedKey = "9d8ece1634cd7e4992deef3d47fb37dc1e47d0b47448ef652658784f87cd0de5";
  const nonce = "000102030405060708090a0b0c0d0e0f";
  const parameters = { nonce, salt: "00".repeat(16), cost: 5000, keyLength: 32, keyPrefix: derivedKey.slice(0, 32) };
  const told = [];
  const answer = await solve({ parameters }, (tries) => told.push(tries));
  assert.deepEqual(JSON.parse(atob(answer)), { challenge: { parameters }, solution: { counter: 7, derivedKey } });
  assert.deepEqual(told, [0]);
});
