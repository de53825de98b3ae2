import assert from "node:assert/strict";
import test from "node:test";

import { claims } from "../jwt.js";

const token = (payload) => `e30.${Buffer.from(payload).toString("base64url")}.c2ln`;

test("claims are read whatever characters they hold", () => {
  for (const value of ["", "a", "ab", "abc", "ñandú", "🦀??>>", "ÿÿÿ~~~"]) {
    assert.deepEqual(claims(token(JSON.stringify({ value }))), { value });
  }
});

test("what is no token has no claims", () => {
  for (const text of ["", "a", "a.b", "a.b.c", "...", token("{"), token("[]"), token("null"), token("1")]) {
    assert.equal(claims(text), null);
  }
  assert.equal(claims(undefined), null);
});
