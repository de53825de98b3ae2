// Verifies the tokens of a sign-in with aws-jwt-verify, against the keys that the server publishes.
//
// Needs what world.mjs needs. `CognitoJwtVerifier` accepts only Amazon's issuer, so it is tested with a `local
// --issuer https://cognito-idp.us-east-1.amazonaws.com`. `JwtVerifier` is tested with other issuers.
import { assert, equal, refused, tryAll } from "./rules.mjs";
import { ENDPOINT, constants, require, services, version } from "./world.mjs";

const { CognitoJwtVerifier, JwtVerifier } = require("aws-jwt-verify");
const { SimpleJwksCache } = require("aws-jwt-verify/jwk");

const pool = constants.POOL_WITHOUT_PASSWORD;
const ours = constants.CLIENT_WITHOUT_PASSWORD;
const published = `${ENDPOINT}/${pool}/.well-known`;
const { issuer, jwks_uri: jwksUri } = await getJson(`${published}/openid-configuration`);
const amazons = issuer.startsWith("https://cognito-idp.");
const verifiers = amazons ? await forAmazonsIssuer() : forAnyIssuer();
const tokens = await signIn();

const rules = {
  async "an id token is good for its client"() {
    const claims = await verifiers.id(ours).verify(tokens.IdToken);
    equal(claims["cognito:username"], constants.USER);
    equal(claims.iss, issuer);
  },
  async "an access token is good for its client"() {
    const claims = await verifiers.access(ours).verify(tokens.AccessToken);
    equal(claims.username, constants.USER);
    equal(claims.scope, "aws.cognito.signin.user.admin");
  },
  async "a token that was tampered with is refused"() {
    for (const [verifier, token] of [
      [verifiers.id(ours), tokens.IdToken],
      [verifiers.access(ours), tokens.AccessToken],
    ]) {
      const [header, payload, signature] = token.split(".");
      const claims = JSON.parse(Buffer.from(payload, "base64url"));
      const other = Buffer.from(JSON.stringify({ ...claims, sub: "another" })).toString("base64url");
      await refused(() => verifier.verify([header, other, signature].join(".")), "Error", "Invalid signature");
      const none = Buffer.from(JSON.stringify({ alg: "none" })).toString("base64url");
      await assertRefused(() => verifier.verify([none, payload, ""].join(".")));
    }
  },
  async "a token of another client is refused"() {
    await assertRefused(() => verifiers.id("another").verify(tokens.IdToken));
    await assertRefused(() => verifiers.access("another").verify(tokens.AccessToken));
  },
  async "no token stands for one of another use"() {
    await assertRefused(() => verifiers.id(ours).verify(tokens.AccessToken));
    await assertRefused(() => verifiers.access(ours).verify(tokens.IdToken));
    await assertRefused(() => verifiers.access(ours).verify(tokens.RefreshToken));
  },
};

/** The library fetches keys only by HTTPS, so this function fetches them. */
function forAnyIssuer() {
  const fetcher = { fetch: async (uri) => (await fetch(uri)).arrayBuffer() };
  const cache = { jwksCache: new SimpleJwksCache({ fetcher }) };
  const only = (client) => ({ payload }) => {
    assert(payload.token_use === "access" && payload.client_id === client, "not an access token of this client");
  };
  return {
    id: (audience) => JwtVerifier.create({ issuer, audience, jwksUri }, cache),
    access: (client) => JwtVerifier.create({ issuer, audience: null, jwksUri, customJwtCheck: only(client) }, cache),
  };
}

async function forAmazonsIssuer() {
  const keys = await getJson(`${published}/jwks.json`);
  const create = (tokenUse) => (clientId) => {
    const verifier = CognitoJwtVerifier.create({ userPoolId: pool, tokenUse, clientId });
    verifier.cacheJwks(keys);
    return verifier;
  };
  return { id: create("id"), access: create("access") };
}

async function signIn() {
  const login = { ClientId: ours, AuthFlow: "CUSTOM_AUTH", AuthParameters: { USERNAME: constants.USER } };
  let asked = await services.admin("InitiateAuth", login);
  const answer = (ANSWER) =>
    services.admin("RespondToAuthChallenge", {
      ClientId: ours,
      ChallengeName: "CUSTOM_CHALLENGE",
      ChallengeResponses: { USERNAME: constants.USER, ANSWER },
      Session: asked.Session,
    });
  asked = await answer(await services.captchaAnswer(asked.Session));
  const done = await answer(constants.SECURITY_ANSWERS[asked.ChallengeParameters.questionId]);
  return done.AuthenticationResult;
}

async function getJson(address) {
  const response = await fetch(address);
  equal(response.status, 200);
  return response.json();
}

async function assertRefused(call) {
  const refusal = await call().then(
    () => null,
    (error) => error,
  );
  assert(refusal, "expected a refusal, got claims");
}

const verifier = amazons ? "CognitoJwtVerifier" : "JwtVerifier";
console.log(`${version("aws-jwt-verify")} (${verifier}), Node.js ${process.versions.node}`);
await tryAll(verifier, rules);
