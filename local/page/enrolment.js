/** The API for answers to security questions. docs/enrolment.md describes it. */

import { UnreachableError } from "./cognito.js";

/** API Gateway waits up to 30 seconds for the function. */
const PATIENCE_MS = 35_000;

/**
 * A failed request: `name` is the end of the problem's type (RFC 9457), or the HTTP status if API
 * Gateway itself rejected the request. `question` is the id of the affected question, if any.
 */
export class ProblemError extends Error {
  name = "ProblemError";

  constructor(status, problem) {
    super(problem?.detail ?? `HTTP status ${status}`);
    this.status = status;
    this.problem = typeof problem?.type === "string" ? problem.type.split("/").pop() : String(status);
    this.question = problem?.question;
  }
}

/** The questions of one user. */
export class Enrolment {
  #address;
  #authorization;

  constructor(address, authorization) {
    this.#address = address;
    this.#authorization = authorization;
  }

  /** Returns the questions of the user with this access token. `api` is the address of the API. */
  static signedIn(api, accessToken) {
    return new Enrolment(`${api}/enrolment`, `Bearer ${accessToken}`);
  }

  /** Returns the questions of the user that received the link with this token. */
  static invited(api, token) {
    return new Enrolment(`${api}/enrolment/link`, `Link ${token}`);
  }

  /** Returns `{ locale, questions: [{ id, text, set }], fewest, shortest, longest }`, with texts in `language`. */
  list(language) {
    return this.#call("GET", language);
  }

  /** Replaces all answers by `answers`, which are `[{ question, answer }]`. */
  set(answers, language) {
    return this.#call("PUT", language, { answers });
  }

  #call(method, language, body) {
    const address = `${this.#address}?${new URLSearchParams({ locale: language })}`;
    return call(address, method, { Authorization: this.#authorization }, body);
  }
}

/** Asks the API to mail a link to the user, if the user exists and may have one. The reply does not reveal it. */
export function askForLink(api, username, language) {
  return call(`${api}/enrolment/links`, "POST", {}, { username, locale: language });
}

async function call(address, method, headers, body) {
  const content = body === undefined ? {} : { "Content-Type": "application/json" };
  let response;
  try {
    response = await fetch(address, {
      method,
      headers: { ...headers, ...content },
      body: body && JSON.stringify(body),
      credentials: "omit",
      signal: AbortSignal.timeout(PATIENCE_MS),
    });
  } catch (error) {
    throw new UnreachableError(error.message);
  }
  const reply = await response.json().catch(() => null);
  if (!response.ok) throw new ProblemError(response.status, reply);
  return reply;
}
