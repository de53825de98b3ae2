import assert from "node:assert/strict";
import test from "node:test";

import { CognitoError, UnreachableError } from "../cognito.js";
import { detail, explanation } from "../errors.js";
import { textsIn } from "../texts.js";

const TYPES = ["AliasExistsException", "LimitExceededException", "TooManyRequestsException", "UserNotFoundException", "Other"];

test("each error has a text", async () => {
  const texts = await textsIn("en");
  const errors = [new UnreachableError("x"), new TypeError("x"), ...TYPES.map((type) => new CognitoError(type, "No."))];
  for (const error of errors) assert.equal(typeof texts[explanation(error)], "string", error.type ?? error.name);
});

test("an unknown user is explained like a wrong password, and an unknown error as rejected", () => {
  assert.equal(explanation(new CognitoError("UserNotFoundException", "No.")), "wrongPassword");
  assert.equal(explanation(new CognitoError("Other", "No.")), "rejected");
});

test("the detail is the server's own text", () => {
  assert.equal(detail(new CognitoError("Other", "No.")), "Other: No.");
  assert.equal(detail(new UnreachableError("HTTP status 502")), "HTTP status 502");
});
