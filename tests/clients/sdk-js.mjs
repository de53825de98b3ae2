// Signs in with the AWS SDK for JavaScript v3: through custom challenges, and with a code of an authenticator app as
// AWS's example does, in a pool that is created for it.
//
// Needs what world.mjs needs.
import { createHmac } from "node:crypto";

import { asks, assert, equal, refused, tryAll } from "./rules.mjs";
import { ENDPOINT, constants, require, services, snippet, version } from "./world.mjs";

const library = "@aws-sdk/client-cognito-identity-provider";
const sdk = require(library);

const client = new sdk.CognitoIdentityProviderClient({
  endpoint: ENDPOINT,
  region: "us-east-1",
  credentials: { accessKeyId: "local", secretAccessKey: "local" },
  maxAttempts: 1,
});
const send = (Command, input) => client.send(new Command(input));
const username = "jane";
const password = "Passw0rd!jane";

// AWS's example, except that the client has an endpoint here.
const respondToAuthChallenge = ({ clientId, username, session, userPoolId, code }) => {
  const command = new sdk.RespondToAuthChallengeCommand({
    ChallengeName: sdk.ChallengeNameType.SOFTWARE_TOKEN_MFA,
    ChallengeResponses: { SOFTWARE_TOKEN_MFA_CODE: code, USERNAME: username },
    ClientId: clientId,
    UserPoolId: userPoolId,
    Session: session,
  });
  return client.send(command);
};

const rules = {
  async "custom challenges are asked in the language that comes with the answer before"() {
    const ClientId = constants.CLIENT_WITHOUT_PASSWORD;
    const AuthParameters = { USERNAME: constants.USER };
    let asked = await send(sdk.InitiateAuthCommand, { ClientId, AuthFlow: "CUSTOM_AUTH", AuthParameters });
    const answer = (ANSWER, locale) =>
      send(sdk.RespondToAuthChallengeCommand, {
        ClientId,
        ChallengeName: asked.ChallengeName,
        ChallengeResponses: { USERNAME: constants.USER, ANSWER },
        ClientMetadata: locale && { locale },
        Session: asked.Session,
      });
    asked = await answer(await services.captchaAnswer(asked.Session), "es");
    asks(asked.ChallengeParameters, { challenge: "SECURITY_QUESTION", locale: "es" });
    assert(asked.ChallengeParameters.securityQuestion.startsWith("¿"), "the question is not in Spanish");
    asked = await answer("wrong", "en");
    asks(asked.ChallengeParameters, { challenge: "SECURITY_QUESTION", locale: "en", attemptsLeft: "2" });
    const done = await answer(constants.SECURITY_ANSWERS[asked.ChallengeParameters.questionId]);
    equal(done.AuthenticationResult.TokenType, "Bearer");
  },
  async "the code in the documentation signs in"() {
    const { signIn } = await snippet("sdk-js");
    let session;
    const recording = {
      async send(command) {
        const reply = await client.send(command);
        session = reply.Session;
        return reply;
      },
    };
    const tokens = await signIn(recording, constants.CLIENT_WITHOUT_PASSWORD, constants.USER, ({ challenge, questionId }) =>
      challenge === "CAPTCHA" ? services.captchaAnswer(session) : constants.SECURITY_ANSWERS[questionId],
    );
    equal(tokens.TokenType, "Bearer");
  },
  async "an authenticator app is set up in the middle of a sign-in and asked for at the next"() {
    const user = await make();
    const first = await user.setUp();
    assert(first.AuthenticationResult.AccessToken, "no access token");
    const asked = await user.signIn();
    equal(asked.ChallengeName, "SOFTWARE_TOKEN_MFA");
    // The code of the next step: the current one was used, and a drift of one step is allowed.
    const reply = await respondToAuthChallenge(user.answer(asked, code(user.secret, 1)));
    equal(reply.AuthenticationResult.TokenType, "Bearer");
    equal(reply.ChallengeName, undefined);
  },
  async "a wrong code is refused and may be followed by the right one"() {
    const user = await make();
    await user.setUp();
    const asked = await user.signIn();
    const wrong = ["000000", "111111", "222222", "333333"].find(
      (text) => ![-2, -1, 0, 1, 2].some((drift) => code(user.secret, drift) === text),
    );
    await refused(() => respondToAuthChallenge(user.answer(asked, wrong)), "CodeMismatchException");
    await respondToAuthChallenge(user.answer(asked, code(user.secret, 1)));
  },
  async "a code works once"() {
    const user = await make();
    await user.setUp();
    const next = code(user.secret, 1);
    await respondToAuthChallenge(user.answer(await user.signIn(), next));
    const again = user.answer(await user.signIn(), next);
    await refused(() => respondToAuthChallenge(again), "ExpiredCodeException");
  },
  async "an invented session gives no tokens"() {
    const user = await make();
    await user.setUp();
    const asked = { Session: "A".repeat(75) };
    const answer = user.answer(asked, code(user.secret, 1));
    await refused(() => respondToAuthChallenge(answer), "NotAuthorizedException");
    for (const ChallengeName of ["MFA_SETUP", "NEW_PASSWORD_REQUIRED", "SELECT_MFA_TYPE"]) {
      const ChallengeResponses = { USERNAME: username, NEW_PASSWORD: password, ANSWER: "SOFTWARE_TOKEN_MFA" };
      const input = { ClientId: user.clientId, ChallengeName, ChallengeResponses, Session: asked.Session };
      await refused(() => send(sdk.RespondToAuthChallengeCommand, input), "NotAuthorizedException");
    }
  },
};

// Creates a user without a second factor in a pool that requires one.
async function make() {
  const { UserPool } = await send(sdk.CreateUserPoolCommand, { PoolName: "mfa" });
  const userPoolId = UserPool.Id;
  await send(sdk.SetUserPoolMfaConfigCommand, {
    UserPoolId: userPoolId,
    MfaConfiguration: "ON",
    SoftwareTokenMfaConfiguration: { Enabled: true },
  });
  const { UserPoolClient } = await send(sdk.CreateUserPoolClientCommand, {
    UserPoolId: userPoolId,
    ClientName: "mfa",
    ExplicitAuthFlows: ["ALLOW_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"],
  });
  const clientId = UserPoolClient.ClientId;
  const login = { UserPoolId: userPoolId, Username: username };
  await send(sdk.AdminCreateUserCommand, { ...login, MessageAction: "SUPPRESS" });
  await send(sdk.AdminSetUserPasswordCommand, { ...login, Password: password, Permanent: true });
  const user = { clientId };
  user.signIn = () =>
    send(sdk.InitiateAuthCommand, {
      ClientId: clientId,
      AuthFlow: "USER_PASSWORD_AUTH",
      AuthParameters: { USERNAME: username, PASSWORD: password },
    });
  user.setUp = async () => {
    const asked = await user.signIn();
    equal(asked.ChallengeName, "MFA_SETUP");
    const associated = await send(sdk.AssociateSoftwareTokenCommand, { Session: asked.Session });
    user.secret = associated.SecretCode;
    const verified = await send(sdk.VerifySoftwareTokenCommand, {
      Session: associated.Session,
      UserCode: code(user.secret, 0),
    });
    equal(verified.Status, "SUCCESS");
    return send(sdk.RespondToAuthChallengeCommand, {
      ClientId: clientId,
      ChallengeName: "MFA_SETUP",
      ChallengeResponses: { USERNAME: username },
      Session: verified.Session,
    });
  };
  user.answer = (asked, code) => ({ clientId, username, session: asked.Session, userPoolId, code });
  return user;
}

// Returns the code of an authenticator app (RFC 6238), `steps` from now.
function code(secret, drift) {
  const bits = [...secret]
    .map((letter) => "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".indexOf(letter).toString(2).padStart(5, "0"))
    .join("");
  const key = Buffer.from(bits.match(/.{8}/g).map((byte) => parseInt(byte, 2)));
  const step = Buffer.alloc(8);
  step.writeBigUInt64BE(BigInt(Math.floor(Date.now() / 30_000) + drift));
  const mac = createHmac("sha1", key).update(step).digest();
  const word = mac.readUInt32BE(mac[19] & 15) & 0x7fffffff;
  return String(word % 1_000_000).padStart(6, "0");
}

console.log(`${version(library)}, Node.js ${process.versions.node}`);
await tryAll("AWS SDK for JavaScript", rules);
