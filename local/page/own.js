/** Shows and answers the challenges that Cognito itself asks. This file does not use the DOM. */

import { attributeValue } from "./attributes.js";
import { refusesPassword } from "./errors.js";

/** The challenges with one text as the answer: the name of the response, and the type of the text. */
const ANSWERED = {
  EMAIL_OTP: { response: "EMAIL_OTP_CODE", kind: "code", heading: "emailCodeHeading" },
  NEW_PASSWORD_REQUIRED: { response: "NEW_PASSWORD", kind: "password", heading: "newPasswordHeading" },
  SMS_MFA: { response: "SMS_MFA_CODE", kind: "code", heading: "smsCodeHeading" },
  SMS_OTP: { response: "SMS_OTP_CODE", kind: "code", heading: "smsCodeHeading" },
  SOFTWARE_TOKEN_MFA: { response: "SOFTWARE_TOKEN_MFA_CODE", kind: "code", heading: "appCodeHeading" },
};

/** The keys of the factors' names in the texts. */
const FACTORS = {
  EMAIL_OTP: "factorEmail",
  PASSWORD_SRP: "factorPassword",
  SMS_MFA: "factorSms",
  SMS_OTP: "factorSms",
  SOFTWARE_TOKEN_MFA: "factorApp",
};

/** The text before the name of an attribute in the challenge and in its answer. */
const ATTRIBUTE = "userAttributes.";

/** Errors of a wrong code, after which the same challenge can be answered again. */
const WRONG = ["CodeMismatchException", "EnableSoftwareTokenMFAException", "ExpiredCodeException"];

/**
 * Returns what the page shows for a challenge: `{ kind, heading }`, with `destination` for a code, `factors` for a choice
 * and `attributes` that a new user must give. Returns `null` if the page cannot answer the challenge.
 * `available` are the challenges that a sign-in can start with.
 */
export function shown(challenge, parameters = {}, available = []) {
  if (challenge === "SELECT_MFA_TYPE" || challenge === "SELECT_CHALLENGE") {
    const offered = challenge === "SELECT_CHALLENGE" ? available : JSON.parse(parameters.MFAS_CAN_CHOOSE ?? "[]");
    const factors = offered.filter((name) => name in FACTORS).map((name) => ({ name, text: FACTORS[name] }));
    return factors.length === 0 ? null : { kind: "choice", heading: "factorHeading", factors };
  }
  if (challenge === "MFA_SETUP") {
    const offered = JSON.parse(parameters.MFAS_CAN_SETUP ?? "[]");
    return offered.includes("SOFTWARE_TOKEN_MFA") ? { kind: "setUp", heading: "setUpHeading" } : null;
  }
  const answered = ANSWERED[challenge];
  if (!answered) return null;
  const { kind, heading } = answered;
  if (kind === "code") return { kind, heading, destination: parameters.CODE_DELIVERY_DESTINATION };
  const owed = JSON.parse(parameters.requiredAttributes ?? "[]");
  return { kind, heading, attributes: owed.map((name) => name.replace(ATTRIBUTE, "")) };
}

/** Returns the responses that answer `challenge` with `text` and the values of attributes. */
export function responses(challenge, text, attributes = {}) {
  const values = Object.entries(attributes).map(([name, value]) => [ATTRIBUTE + name, attributeValue(name, value)]);
  return { [ANSWERED[challenge]?.response ?? "ANSWER"]: text, ...Object.fromEntries(values) };
}

/**
 * Returns the error's key in the texts: `wrongAnswer` or `passwordRefused` for the answer, `rejected` for attributes.
 * Returns `undefined` if the user cannot try again.
 */
export function again(challenge, error) {
  if (challenge !== "NEW_PASSWORD_REQUIRED") return WRONG.includes(error.type) ? "wrongAnswer" : undefined;
  if (refusesPassword(error)) return "passwordRefused";
  return error.type === "InvalidParameterException" ? "rejected" : undefined;
}

/** Returns the address that adds a secret to an authenticator app on this device. */
export function otpauth(issuer, userName, secret) {
  const label = [issuer, userName].map(encodeURIComponent).join(":");
  return `otpauth://totp/${label}?${new URLSearchParams({ secret, issuer })}`;
}
