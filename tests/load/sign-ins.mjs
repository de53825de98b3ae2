/** Sign-ins of a client. Each is a generator of requests that returns the last reply. */

import { request } from "./server.mjs";
import { Proof } from "./srp.mjs";

const ANSWERS = { "first-pet": "Peccy", "birth-city": "Seattle", "first-teacher": "Ms Ada" };

/** Right and wrong answers. */
export const right = {
  *CAPTCHA({ Session }) {
    const answer = yield { method: "GET", path: `/debug/answer?${new URLSearchParams({ session: Session })}` };
    return answer.body.privateChallengeParameters.answer;
  },
  *SECURITY_QUESTION({ ChallengeParameters }) {
    return ANSWERS[ChallengeParameters.questionId];
  },
};
export const wrong = {
  *CAPTCHA() {
    return "-";
  },
  *SECURITY_QUESTION() {
    return "somebody else's";
  },
};

/** Starts without the password, and answers each challenge from `answers`, until no challenge or no answer is left. */
export function* custom({ client, user }, answers) {
  const started = { AuthFlow: "CUSTOM_AUTH", ClientId: client, AuthParameters: { USERNAME: user } };
  return yield* goOn(yield request("InitiateAuth", started), { client, user }, answers);
}

/** Proves the password by SRP first, then does the same. */
export function* customWithPassword(login, answers) {
  return yield* goOn(yield* proven("CUSTOM_AUTH", login), login, answers);
}

/** Signs in by SRP. */
export function* srp(login) {
  return yield* proven("USER_SRP_AUTH", login);
}

function* proven(AuthFlow, { pool, client, user, password, proof = new Proof() }) {
  const AuthParameters = { USERNAME: user, CHALLENGE_NAME: "SRP_A", SRP_A: proof.srpA };
  const reply = yield request("InitiateAuth", { AuthFlow, ClientId: client, AuthParameters });
  const { ChallengeName, ChallengeParameters, Session } = reply.body;
  if (ChallengeName !== "PASSWORD_VERIFIER") return reply;
  const ChallengeResponses = proof.responses(ChallengeParameters, pool, password);
  return yield request("RespondToAuthChallenge", { ChallengeName, ClientId: client, Session, ChallengeResponses });
}

function* goOn(reply, { client, user }, answers) {
  while (reply.body.ChallengeName === "CUSTOM_CHALLENGE") {
    const answer = answers[reply.body.ChallengeParameters.challenge];
    if (answer === undefined) break;
    reply = yield request("RespondToAuthChallenge", {
      ChallengeName: "CUSTOM_CHALLENGE",
      ClientId: client,
      Session: reply.body.Session,
      ChallengeResponses: { USERNAME: user, ANSWER: yield* answer(reply.body) },
    });
  }
  return reply;
}

/** Signs in with the password itself. */
export function* plainPassword({ client, user, password }) {
  const AuthParameters = { USERNAME: user, PASSWORD: password };
  return yield request("InitiateAuth", { AuthFlow: "USER_PASSWORD_AUTH", ClientId: client, AuthParameters });
}

/** Refreshes the tokens of a sign-in, and signs out. */
export function* refreshAndSignOut({ client }, reply) {
  const { RefreshToken } = reply.body.AuthenticationResult;
  const AuthParameters = { REFRESH_TOKEN: RefreshToken };
  const refreshed = yield request("InitiateAuth", { AuthFlow: "REFRESH_TOKEN_AUTH", ClientId: client, AuthParameters });
  const { AccessToken, IdToken } = refreshed.body.AuthenticationResult ?? {};
  if (!AccessToken || !IdToken) return refreshed;
  const ended = yield request("RevokeToken", { ClientId: client, Token: RefreshToken });
  return ended.status === 200 ? reply : ended;
}

/** Returns the end of a sign-in: `tokens` only if all three exist. */
export function outcome({ status, body }) {
  const { AccessToken, IdToken, RefreshToken } = body.AuthenticationResult ?? {};
  if (AccessToken && IdToken && RefreshToken) return "tokens";
  if (body.ChallengeName !== undefined) return "asked";
  return `${status} ${body.__type}: ${body.message}`;
}
