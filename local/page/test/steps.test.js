import assert from "node:assert/strict";
import { test } from "node:test";

import { ELSEWHERE, fixture, number, summary, title } from "../steps.js";

const call = { kind: "call", signIn: "1", event: { userName: "the-uuid" } };
const answer = { kind: "answer", signIn: "1", user: "ana" };

test("a sign-in is called what its client called the user", () => {
  assert.equal(title([call, answer]), "ana");
  assert.equal(title([call]), "the-uuid");
  assert.equal(title([{ kind: "message", signIn: "1" }]), "A sign-in");
  assert.equal(title([{ ...call, signIn: ELSEWHERE }]), "Outside of a sign-in");
});

test("the summary follows the last answer", () => {
  assert.equal(summary([call]), "running, 1 step");
  assert.equal(summary([call, { ...answer, challenge: "CUSTOM_CHALLENGE" }, call]), "CUSTOM_CHALLENGE, 3 steps");
  assert.equal(summary([call, { ...answer, error: "NotAuthorizedException" }]), "NotAuthorizedException, 2 steps");
  assert.equal(summary([call, answer]), "signed in, 2 steps");
});

test("a fixture is a file with a line end", () => {
  assert.equal(fixture({ answerCorrect: false }), '{\n  "answerCorrect": false\n}\n');
  assert.equal(fixture(undefined), "null\n");
});

test("short times have a decimal", () => {
  assert.deepEqual([0.04, 9.96, 12.4].map(number), ["0.0", "10.0", "12"]);
});
