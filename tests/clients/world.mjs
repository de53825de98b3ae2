/**
 * The server and the libraries of the scripts in JavaScript, and operations of the server besides
 * sign-ins.
 *
 * Needs ENDPOINT (a running `local --debug-answers`) and SCRATCH (the folder whose node/ holds the libraries).
 */

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";

/** The folder of the libraries. */
export const libraries = path.join(process.env.SCRATCH, "node", "node_modules");

/** Loads a library. */
export const require = createRequire(libraries);

/** Returns a library's name and version. */
export function version(library) {
  const { version } = JSON.parse(readFileSync(path.join(libraries, library, "package.json"), "utf8"));
  return `${library} ${version}`;
}

/** Returns the exports of a file in snippets/. */
export async function snippet(name) {
  const outfile = path.join(process.env.SCRATCH, `snippet-${name}.cjs`);
  await require("esbuild").build({
    entryPoints: [path.join(import.meta.dirname, "snippets", `${name}.mjs`)],
    bundle: true,
    format: "cjs",
    logLevel: "warning",
    nodePaths: [libraries],
    outfile,
    platform: "node",
  });
  return require(outfile);
}

export const { ENDPOINT } = process.env;
const POOL = "us-east-1_LocalPool";

/** The constants of every rule, also in a browser. */
export const constants = {
  ENDPOINT,
  POOL,
  CLIENT: "localclient000000000000000",
  POOL_WITHOUT_PASSWORD: "us-east-1_NoPassword",
  CLIENT_WITHOUT_PASSWORD: "localclientnopassword00000",
  USER: "demo",
  PASSWORD: "Passw0rd!demo",
  SECURITY_ANSWERS: { "first-pet": "Peccy", "birth-city": "Seattle", "first-teacher": "Ms Ada" },
};

/** The requests that a rule may make to the server. Browsers call them by name, so arguments and results are JSON. */
export const services = {
  /** Calls an operation, unsigned, because `local` does not check signatures. */
  async admin(operation, fields) {
    const headers = {
      "Content-Type": "application/x-amz-json-1.1",
      "X-Amz-Target": `AWSCognitoIdentityProviderService.${operation}`,
    };
    const response = await fetch(ENDPOINT, { method: "POST", headers, body: JSON.stringify(fields) });
    const reply = await response.json();
    if (!response.ok) throw new Error(`${operation}: ${reply.__type}: ${reply.message}`);
    return reply;
  },

  /** Returns the right answer to the open CAPTCHA of a session. */
  async captchaAnswer(session) {
    const response = await fetch(`${ENDPOINT}/debug/answer?${new URLSearchParams({ session })}`);
    if (!response.ok) throw new Error("expected `/debug/answer` to know the session");
    return (await response.json()).privateChallengeParameters.answer;
  },

  /** Creates a pool that tracks devices, with the template's functions and a user like the demo user. */
  async trackingPool() {
    const { admin } = services;
    const { UserPool: template } = await admin("DescribeUserPool", { UserPoolId: POOL });
    const { UserPool } = await admin("CreateUserPool", {
      PoolName: "devices",
      DeviceConfiguration: { ChallengeRequiredOnNewDevice: false, DeviceOnlyRememberedOnUserPrompt: true },
      // Without the function that rejects tokens for a tracked device.
      LambdaConfig: { ...template.LambdaConfig, PreTokenGeneration: undefined },
      Schema: [{ Name: "security_questions", AttributeDataType: "String", Mutable: true }],
    });
    const { UserPoolClient } = await admin("CreateUserPoolClient", {
      UserPoolId: UserPool.Id,
      ClientName: "devices",
      ExplicitAuthFlows: ["ALLOW_CUSTOM_AUTH", "ALLOW_USER_SRP_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"],
    });
    const demo = await admin("AdminGetUser", { UserPoolId: POOL, Username: constants.USER });
    const UserAttributes = demo.UserAttributes.filter(({ Name }) => Name === "custom:security_questions");
    const login = { UserPoolId: UserPool.Id, Username: constants.USER };
    await admin("AdminCreateUser", { ...login, UserAttributes, MessageAction: "SUPPRESS" });
    await admin("AdminSetUserPassword", { ...login, Password: constants.PASSWORD, Permanent: true });
    return { pool: UserPool.Id, client: UserPoolClient.ClientId };
  },
};
