/** The settings of a user pool and its app client that the page follows. */

import { describe } from "./cognito.js";

/** The rules of a pool that the page cannot ask for its settings: a pool on AWS describes itself to administrators only. */
const UNKNOWN = {
  flow: "CUSTOM_AUTH",
  passwordless: true,
  logins: [],
  signUp: false,
  recovery: true,
  renewal: true,
  attributes: [],
};
/** The flows that the page starts, by preference. All prove a password without sending it. */
const FLOWS = ["CUSTOM_AUTH", "USER_AUTH", "USER_SRP_AUTH"];

/** Returns the rules of the pool and the client of `target`, see `rules`. */
export async function rulesOf({ endpoint, userPoolId, clientId, isOnAws }) {
  if (isOnAws) return UNKNOWN;
  const described = await describe(endpoint, userPoolId, clientId).catch(() => null);
  return described === null ? UNKNOWN : rules(...described);
}

/**
 * Returns the rules:
 *
 * - `flow` of sign-ins, and whether it can start without a password (`passwordless`),
 * - `logins`: the attributes that replace the username,
 * - whether users create accounts (`signUp`), reset passwords (`recovery`) and renew tokens (`renewal`),
 * - `attributes` that a new user must give.
 */
export function rules(pool, client) {
  const logins = pool.UsernameAttributes ?? [];
  const recovery = pool.AccountRecoverySetting?.RecoveryMechanisms ?? [];
  const flow = flowOf(pool, client);
  return {
    flow,
    passwordless: flow === "CUSTOM_AUTH" || (flow === "USER_AUTH" && hasCodes(pool)),
    logins,
    signUp: String(pool.AdminCreateUserConfig?.AllowAdminCreateUserOnly ?? false) === "false",
    recovery: !recovery.some(({ Name }) => Name === "admin_only"),
    renewal: client.RefreshTokenRotation?.Feature === "ENABLED" || flowsOf(client).includes("REFRESH_TOKEN_AUTH"),
    attributes: asked(pool, client, logins),
  };
}

/** Returns the first flow that the client allows. A pool without functions has no custom challenges. */
function flowOf(pool, client) {
  const possible = FLOWS.filter((flow) => flow !== "CUSTOM_AUTH" || pool.LambdaConfig?.DefineAuthChallenge);
  return possible.find((flow) => flowsOf(client).includes(flow)) ?? FLOWS[0];
}

function hasCodes({ Policies }) {
  const factors = Policies?.SignInPolicy?.AllowedFirstAuthFactors ?? [];
  return factors.includes("EMAIL_OTP") || factors.includes("SMS_OTP");
}

/** Returns the flows that a client allows. A client without the new names allows these. */
function flowsOf({ ExplicitAuthFlows = [] }) {
  const named = ExplicitAuthFlows.filter((name) => name.startsWith("ALLOW_")).map((name) => name.slice("ALLOW_".length));
  return named.length > 0 ? named : ["CUSTOM_AUTH", "REFRESH_TOKEN_AUTH", "USER_SRP_AUTH"];
}

function asked(pool, client, logins) {
  const mayWrite = (name) => client.WriteAttributes?.includes(name) ?? true;
  const isLogin = (name) => logins.length === 1 && logins.includes(name);
  const schema = pool.SchemaAttributes ?? [];
  const required = schema.filter(({ Name, Required }) => Required && Name !== "sub").map(({ Name }) => Name);
  const verified = pool.AutoVerifiedAttributes ?? [];
  // Without such an address, Cognito cannot send the code that confirms the account.
  const known = [...logins, ...required].some((name) => verified.includes(name));
  const address = known ? [] : verified.filter(mayWrite).slice(0, 1);
  return [...required.filter((name) => mayWrite(name) && !isLogin(name)), ...address];
}
