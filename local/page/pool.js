/** The settings of a user pool and its app client that the page follows. */

import { describe } from "./cognito.js";

/** The rules of a pool that the page cannot ask for its settings: a pool on AWS describes itself to administrators only. */
const UNKNOWN = { logins: [], signUp: false, recovery: true, renewal: true, attributes: [] };

/** Returns the rules of the pool and the client of `target`, see `rules`. */
export async function rulesOf({ endpoint, userPoolId, clientId, isOnAws }) {
  if (isOnAws) return UNKNOWN;
  const described = await describe(endpoint, userPoolId, clientId).catch(() => null);
  return described === null ? UNKNOWN : rules(...described);
}

/**
 * Returns `{ logins, signUp, recovery, renewal, attributes }`: the attributes that replace the username, whether users
 * create accounts, reset passwords and renew tokens, and the attributes that a new user must give.
 */
export function rules(pool, client) {
  const logins = pool.UsernameAttributes ?? [];
  const recovery = pool.AccountRecoverySetting?.RecoveryMechanisms ?? [];
  return {
    logins,
    signUp: String(pool.AdminCreateUserConfig?.AllowAdminCreateUserOnly ?? false) === "false",
    recovery: !recovery.some(({ Name }) => Name === "admin_only"),
    renewal: client.RefreshTokenRotation?.Feature === "ENABLED" || flowsOf(client).includes("REFRESH_TOKEN_AUTH"),
    attributes: asked(pool, client, logins),
  };
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
