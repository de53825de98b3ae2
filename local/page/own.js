/** Challenges of Cognito's own: how each is shown and answered. No DOM here. */

/** The challenges whose answer is one text: the response that it goes into, and what it is. */
const ANSWERED = {
  EMAIL_OTP: { response: "EMAIL_OTP_CODE", kind: "code", heading: "emailCodeHeading" },
  NEW_PASSWORD_REQUIRED: { response: "NEW_PASSWORD", kind: "password", heading: "newPasswordHeading" },
  SMS_MFA: { response: "SMS_MFA_CODE", kind: "code", heading: "smsCodeHeading" },
  SMS_OTP: { response: "SMS_OTP_CODE", kind: "code", heading: "smsCodeHeading" },
  SOFTWARE_TOKEN_MFA: { response: "SOFTWARE_TOKEN_MFA_CODE", kind: "code", heading: "appCodeHeading" },
};

/** What each factor is called in the texts. */
const FACTORS = { EMAIL_OTP: "factorEmail", SMS_MFA: "factorSms", SOFTWARE_TOKEN_MFA: "factorApp" };

/** Errors after which the same challenge can be answered again, and what they are called in the texts. */
const AGAIN = {
  CodeMismatchException: "wrongAnswer",
  EnableSoftwareTokenMFAException: "wrongAnswer",
  ExpiredCodeException: "wrongAnswer",
  InvalidParameterException: "passwordRefused",
  InvalidPasswordException: "passwordRefused",
};

/**
 * What to show for a challenge: `{ kind, heading }` and, of a code, `destination`; of a choice, `factors`. `null` if the
 * page cannot answer it.
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
  // Nothing here asks for the attributes that a new user may owe.
  if (challenge === "NEW_PASSWORD_REQUIRED" && parameters.requiredAttributes !== "[]") return null;
  const answered = ANSWERED[challenge];
  if (!answered) return null;
  const { kind, heading } = answered;
  return { kind, heading, destination: parameters.CODE_DELIVERY_DESTINATION };
}

/** The responses that answer `challenge` with `text`. */
export function responses(challenge, text) {
  return { [ANSWERED[challenge]?.response ?? "ANSWER"]: text };
}

/** What an error is called in the texts after which the reader can try again; `undefined` if that is not possible. */
export function again(challenge, { type }) {
  const isPassword = challenge === "NEW_PASSWORD_REQUIRED";
  return (AGAIN[type] === "passwordRefused") === isPassword ? AGAIN[type] : undefined;
}

/** The address by which an authenticator app on this device takes over a secret. */
export function otpauth(issuer, userName, secret) {
  const label = [issuer, userName].map(encodeURIComponent).join(":");
  return `otpauth://totp/${label}?${new URLSearchParams({ secret, issuer })}`;
}
