import assert from "node:assert/strict";
import test from "node:test";

import { ENROLMENT, handOver, listen, take } from "../hand-over.js";

/** Returns the result of `take` for an address, and the address that it leaves. */
function taken(address, fragment) {
  const location = new URL(address);
  let left = address;
  const history = { replaceState: (_state, _title, url) => (left = new URL(url, address).href) };
  return [take(location, history, fragment), left];
}

test("a token is taken out of the address", () => {
  assert.deepEqual(taken("http://127.0.0.1:9229/?a=b#link=ab_c-9"), ["ab_c-9", "http://127.0.0.1:9229/?a=b"]);
  assert.deepEqual(taken("http://127.0.0.1:9229/#link="), ["", "http://127.0.0.1:9229/"]);
});

test("a link that sets answers has another fragment", () => {
  assert.deepEqual(taken("http://127.0.0.1:9229/#enrol=a.b_c", ENROLMENT), ["a.b_c", "http://127.0.0.1:9229/"]);
  assert.deepEqual(taken("http://127.0.0.1:9229/#enrol=a.b_c"), [null, "http://127.0.0.1:9229/#enrol=a.b_c"]);
});

test("another fragment stays", () => {
  for (const address of ["http://127.0.0.1:9229/", "http://127.0.0.1:9229/#links", "http://127.0.0.1:9229/#x&link=y"]) {
    assert.deepEqual(taken(address), [null, address]);
  }
});

/** Opens tabs that wait since these times, or do not wait. Returns the tokens that each received. */
async function amongTabs(times, token) {
  const got = times.map(() => []);
  const channels = times.map((since, index) => listen(() => since, (token) => got[index].push(token)));
  try {
    return [await handOver(token), got];
  } finally {
    for (const channel of channels) channel.close();
  }
}

test("the tab that has asked last gets the token, and no other", async () => {
  assert.deepEqual(await amongTabs([1, 3, null, 2], "token"), [true, [[], ["token"], [], []]]);
});

test("where no tab waits, none has the token", async () => {
  assert.deepEqual(await amongTabs([null], "token"), [false, [[]]]);
  assert.equal(await handOver("token"), false);
});

test("a tab that no longer waits when the token comes has not taken it", async () => {
  let asked = 0;
  const tokens = [];
  // It waits while the tabs are asked, which happens twice.
  const channel = listen(() => (++asked <= 2 ? 1 : null), (token) => tokens.push(token));
  assert.equal(await handOver("token"), false);
  assert.deepEqual(tokens, []);
  channel.close();
});
