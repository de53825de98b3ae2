import assert from "node:assert/strict";
import test from "node:test";

import { formsOf, inForm, metadataFor } from "../forms.js";

const ALL = {
  challenge: "CAPTCHA",
  together: "CAPTCHA,PROOF_OF_WORK",
  attemptsLeft: "3",
  captchaUrl: "picture",
  captchaAlt: "a picture",
  captchaAudioUrl: "sound",
  proofOfWork: "{}",
  mostTries: "400",
};

test("a challenge has the forms that it has the parameters of", () => {
  assert.deepEqual(formsOf(ALL), ["picture", "sound", "work"]);
  assert.deepEqual(formsOf({ challenge: "CAPTCHA", captchaUrl: "picture" }), ["picture"]);
  assert.deepEqual(formsOf({ challenge: "RIDDLE" }), []);
});

test("one form leaves no parameter of another", () => {
  for (const [form, challenge] of [["picture", "CAPTCHA"], ["sound", "CAPTCHA"], ["work", "PROOF_OF_WORK"]]) {
    const shown = inForm(ALL, form);
    assert.deepEqual(formsOf(shown), [form]);
    assert.equal(shown.challenge, challenge);
    assert.equal(shown.attemptsLeft, "3");
  }
  const riddle = { challenge: "RIDDLE" };
  assert.equal(inForm(riddle, "work"), riddle);
});

test("a form that did not come is asked for by the challenge and the medium", () => {
  assert.deepEqual(metadataFor("sound"), { challenge: "CAPTCHA", captcha: "audio" });
  assert.deepEqual(metadataFor("picture"), { challenge: "CAPTCHA", captcha: "image" });
  assert.equal(metadataFor("work").challenge, "PROOF_OF_WORK");
});
