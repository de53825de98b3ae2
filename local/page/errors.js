/** The explanations of failed calls. This file does not use the DOM. */

import { CognitoError, UnreachableError } from "./cognito.js";
import { SrpError } from "./srp.js";

/** The key in the texts for each error of Cognito. */
const EXPLANATIONS = {
  AliasExistsException: "addressTaken",
  InvalidLambdaResponseException: "triggerFailed",
  LimitExceededException: "throttled",
  PasswordResetRequiredException: "passwordReset",
  ResourceNotFoundException: "notFound",
  TooManyFailedAttemptsException: "throttled",
  TooManyRequestsException: "throttled",
  UnexpectedLambdaException: "triggerFailed",
  UserLambdaValidationException: "triggerFailed",
  UserNotConfirmedException: "notConfirmed",
  UserNotFoundException: "wrongPassword",
};

/** Returns the key of the text that explains `error`. */
export function explanation(error) {
  if (error instanceof UnreachableError) return "unreachable";
  if (error instanceof SrpError) return "badNumbers";
  return error instanceof CognitoError ? (EXPLANATIONS[error.type] ?? "rejected") : "failed";
}

/** Returns the server's own text. */
export function detail(error) {
  return error instanceof CognitoError ? `${error.type}: ${error.message}` : error.message;
}

/** Whether Cognito rejects a password. Only the text distinguishes some of these errors from those about attributes. */
export function refusesPassword({ type, message }) {
  const types = ["InvalidPasswordException", "PasswordHistoryPolicyViolationException"];
  return types.includes(type) || (type === "InvalidParameterException" && /password/i.test(message));
}
