import assert from "node:assert/strict";
import test from "node:test";

import { firstForm, formsOf, inForm, metadataFor, otherWay } from "../forms.js";

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

test("the challenge that the server names first is shown, unless the reader has chosen another form", () => {
  const parameters = { ...ALL, challenge: "CAP", capEndpoint: "https://cap.example.com/key/" };
  assert.equal(firstForm(parameters, null), "cap");
  assert.equal(firstForm(parameters, "sound"), "sound");
  assert.equal(firstForm(parameters, "turnstile"), "cap");
  assert.equal(firstForm(ALL, null), "picture");
  assert.equal(firstForm({ ...ALL, challenge: "RIDDLE" }, null), "picture");
  assert.equal(firstForm({ challenge: "RIDDLE" }, null), undefined);
  const shown = inForm(parameters, "cap");
  assert.deepEqual([shown.challenge, formsOf(shown)], ["CAP", ["cap"]]);
});

test("the other ways through a step come one after the other", () => {
  const three = "TURNSTILE,CAPTCHA,PROOF_OF_WORK";
  assert.deepEqual(otherWay("TURNSTILE", three), { form: "picture", challenge: "CAPTCHA" });
  assert.deepEqual(otherWay("CAPTCHA", three), { form: "work", challenge: "PROOF_OF_WORK" });
  assert.deepEqual(otherWay("PROOF_OF_WORK", three), { form: "turnstile", challenge: "TURNSTILE" });
  assert.deepEqual(otherWay("CAPTCHA", "CAPTCHA,RIDDLE,PROOF_OF_WORK"), { form: "work", challenge: "PROOF_OF_WORK" });
  for (const none of ["", "CAPTCHA", "CAPTCHA,RIDDLE"]) assert.equal(otherWay("CAPTCHA", none), undefined);
});
