import assert from "node:assert/strict";
import test from "node:test";

import { codeIn, countDown, sendAgainIn, sentKind } from "../codes.js";

test("a code may have blanks and dashes, and digits of any script", () => {
  for (const text of ["123456", " 123 456 ", "123-456", "1–2—3 4\t5\u00a06", "\u200e123456\ufeff", "123456\r\n"]) {
    assert.equal(codeIn(text, "6"), "123456", JSON.stringify(text));
  }
  assert.equal(codeIn("１２３ ４５６", "6"), "１２３４５６");
  assert.equal(codeIn("١٢٣-٤٥٦", "6"), "١٢٣٤٥٦");
});

test("what cannot be the code is not sent", () => {
  for (const text of ["", "-", "12345", "1234567", "12345x", "code: 123456", "1".repeat(10_000)]) {
    assert.equal(codeIn(text, "6"), null, text.slice(0, 20));
  }
  assert.equal(codeIn("1234567890", "10"), "1234567890");
});

test("a challenge is known by what was sent, so that a sender of one's own is asked like the others", () => {
  const code = { destination: "d***@e***", digits: "6" };
  for (const challenge of ["EMAIL_CODE", "SMS_CODE", "WHATSAPP_CODE"]) {
    assert.equal(sentKind({ challenge, ...code }), "code");
  }
  assert.equal(sentKind({ challenge: "MAGIC_LINK", destination: "d***@e***" }), "link");
  assert.equal(sentKind({ challenge: "PAGER", destination: "555" }), undefined);
  assert.equal(sentKind({ challenge: "CAPTCHA" }), undefined);
});

test("the last try is for the code and not for sending it again", () => {
  const parameters = { attemptsLeft: "3", sendAgainIn: "30", sendsLeft: "2" };
  assert.equal(sendAgainIn(parameters), 30);
  assert.equal(sendAgainIn({ ...parameters, sendAgainIn: "0" }), 0);
  assert.equal(sendAgainIn({ ...parameters, sendAgainIn: "-5" }), 0);
  for (const none of [{ attemptsLeft: "1" }, { sendsLeft: "0" }, { sendsLeft: undefined }, { sendAgainIn: undefined }]) {
    assert.equal(sendAgainIn({ ...parameters, ...none }), null);
  }
});

test("a countdown ends at zero, also where the page was not looked at meanwhile", (context) => {
  context.mock.timers.enable({ apis: ["setTimeout"] });
  let now = 0;
  const pass = (milliseconds, calls) => {
    now += milliseconds;
    for (let call = 0; call < calls; call += 1) context.mock.timers.tick(1000);
  };
  const told = [];
  countDown(30, (left) => told.push(left), () => now);
  pass(1000, 1);
  pass(28_500, 1);
  pass(2000, 1);
  pass(5000, 3);
  assert.deepEqual(told, [30, 29, 1, 0]);
});

test("a countdown can be ended early, and one of no time ends at once", (context) => {
  context.mock.timers.enable({ apis: ["setTimeout"] });
  const told = [];
  const stop = countDown(2, (left) => told.push(left), () => 0);
  stop();
  context.mock.timers.tick(9000);
  countDown(0, (left) => told.push(left), () => 0);
  context.mock.timers.tick(9000);
  assert.deepEqual(told, [2, 0]);
});
