import assert from "node:assert/strict";
import test from "node:test";

import { attributeField, attributeValue } from "../attributes.js";

test("a field has the label of its attribute, or the name of an unknown one", () => {
  const texts = { email: "E-mail address" };
  const { name, label, type, value } = attributeField("email", texts);
  assert.deepEqual({ name, label, type, value }, { name: "email", label: "E-mail address", type: "email", value: "" });
  assert.equal(attributeField("custom:pet", texts).label, "custom:pet");
});

test("the browser's language and time zone are filled in", () => {
  Object.defineProperty(globalThis, "navigator", { value: { language: "es-MX" }, configurable: true });
  assert.equal(attributeField("locale", {}).value, "es-MX");
  assert.equal(attributeField("zoneinfo", {}).value, new Intl.DateTimeFormat().resolvedOptions().timeZone);
  assert.match(attributeField("updated_at", {}).value, /^[0-9]+$/);
});

test("a phone number is stored without what people write between its digits", () => {
  assert.equal(attributeValue("phone_number", " +1 (206) 555‑01.00 "), "+12065550100");
  assert.equal(attributeValue("name", " Ana (B.) "), "Ana (B.)");
});
