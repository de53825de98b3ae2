import assert from "node:assert/strict";
import test from "node:test";

import { generic } from "../generic.js";
import { textsIn } from "../texts.js";

const texts = await textsIn("en");

test("a challenge that the page does not know is asked by its name, with its prompt and what else came", () => {
  const parameters = {
    USERNAME: "demo",
    challenge: "PAGER",
    step: "2",
    steps: "2",
    attemptsLeft: "3",
    alternatives: "PAGER,CAPTCHA",
    locale: "en",
    prompt: "Code on your pager",
    sentTo: "555-01**",
    length: "6",
  };
  assert.deepEqual(generic(parameters, texts), {
    heading: "PAGER",
    label: "Code on your pager",
    details: [
      ["sentTo", "555-01**"],
      ["length", "6"],
    ],
  });
});

test("without a name and a prompt there still is a heading and a label", () => {
  const asked = { heading: texts.otherHeading, label: texts.otherAnswer, details: [] };
  assert.deepEqual(generic({ USERNAME: "demo" }, texts), asked);
  assert.deepEqual(generic({ challenge: "", prompt: "" }, texts), asked);
});
