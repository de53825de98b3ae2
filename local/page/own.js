/** Shows and answers the challenges that Cognito itself asks. This file does not use the DOM. */

/** The challenges with one text as the answer: the name of the response, and the type of the text. */
const ANSWERED = {
  EMAIL_OTP: { response: "EMAIL_OTP_CODE", kind: "code", heading: "emailCodeHeading" },
  NEW_PASSWORD_REQUIRED: { response: "NEW_PASSWORD", kind: "password", heading: "newPasswordHeading" },
  SMS_MFA: { response: "SMS_MFA_CODE", kind: "code", heading: "smsCodeHeading" },
  SMS_OTP: { response: "SMS_OTP_CODE", kind: "code", heading: "smsCodeHeading" },
  SOFTWARE_TOKEN_MFA: { response: "SOFTWARE_TOKEN_MFA_CODE", kind: "code", heading: "appCodeHeading" },
};

/** The keys of the factors' names in the texts. */
const FACTORS = { EMAIL_OTP: "factorEmail", SMS_MFA: "factorSms", SOFTWARE_TOKEN_MFA: "factorApp" };

/** Errors after which the same challenge can be answered again, with their keys in the texts. */
const AGAIN = {
  CodeMismatchException: "wrongAnswer",
  EnableSoftwareTokenMFAException: "wrongAnswer",
  ExpiredCodeException: "wrongAnswer",
  InvalidParameterException: "passwordRefused",
  InvalidPasswordException: "passwordRefused",
};

/**
 * Returns what the page shows for a challenge: `{ kind, heading }`, with `destination` for a code and `factors` for a
 * choice. Returns `null` if the page cannot answer the challenge.
 */
export function shown(challenge, parameters = {}) {
  if (challenge === "SELECT_MFA_TYPE") {
    const offered = JSON.parse(parameters.MFAS_CAN_CHOOSE ?? "[]");
    const factors = offered.filter((name) => name in FACTORS).map((name) => ({ name, text: FACTORS[name] }));
    return factors.length === 0 ? null : { kind: "choice", heading: "factorHeading", factors };
  }
  if (challenge === "MFA_SETUP") {
    const offered = JSON.parse(parameters.MFAS_CAN_SETUP ?? "[]");
    return offered.includes("SOFTWARE_TOKEN_MFA") ? { kind: "setUp", heading: "setUpHeading" } : null;
  }
  // The page does not ask for the attributes that a new user may have to add.
  if (challenge === "NEW_PASSWORD_REQUIRED" && parameters.requiredAttributes !== "[]") return null;
  const answered = ANSWERED[challenge];
  if (!answered) return null;
  const { kind, heading } = answered;
  return { kind, heading, destination: parameters.CODE_DELIVERY_DESTINATION };
}

/** Returns the responses that answer `challenge` with `text`. */
export function responses(challenge, text) {
  return { [ANSWERED[challenge]?.response ?? "ANSWER"]: text };
}

/** Returns the error's key in the texts, or `undefined` if the user cannot try again. */
export function again(challenge, { type }) {
  const isPassword = challenge === "NEW_PASSWORD_REQUIRED";
  return (AGAIN[type] === "passwordRefused") === isPassword ? AGAIN[type] : undefined;
}

/** Returns the address that adds a secret to an authenticator app on this device. */
export function otpauth(issuer, userName, secret) {
  const label = [issuer, userName].map(encodeURIComponent).join(":");
  return `otpauth://totp/${label}?${new URLSearchParams({ secret, issuer })}`;
}
