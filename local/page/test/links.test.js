import assert from "node:assert/strict";
import test from "node:test";

import { parts } from "../links.js";

const shown = (text) => parts(text).map(({ text, link }) => (link ? `[${text}]` : text));

test("an address in a text is a link, without the punctuation after it", () => {
  const link = "http://127.0.0.1:9229/#link=ab_c-9";
  assert.deepEqual(shown(`Open ${link}\n\nOr not.`), ["Open ", `[${link}]`, "\n\nOr not."]);
  assert.deepEqual(shown(`(${link}).`), ["(", `[${link}]`, ")."]);
  assert.deepEqual(shown(link), [`[${link}]`]);
});

test("what only looks like an address is text", () => {
  for (const text of ["", "javascript:alert(1)", "xhttp://a", "http://", "data:text/html,x"]) {
    assert.deepEqual(parts(text).filter(({ link }) => link), [], text);
  }
});
