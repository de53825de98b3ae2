// Signs in with a code of an authenticator app by the AWS SDK for JavaScript v3, as AWS's own example does.
//
// Needs ENDPOINT (a running `local`) and SCRATCH (the folder whose node/ holds the SDK). The pool is made for the test.
import { createHmac } from "node:crypto";
import { createRequire } from "node:module";
import { join } from "node:path";

const require = createRequire(join(process.env.SCRATCH, "node/"));
const sdk = require("@aws-sdk/client-cognito-identity-provider");
const { version } = require("@aws-sdk/client-cognito-identity-provider/package.json");

const client = new sdk.CognitoIdentityProviderClient({
  endpoint: process.env.ENDPOINT,
  region: "us-east-1",
  credentials: { accessKeyId: "local", secretAccessKey: "local" },
  maxAttempts: 1,
});
const send = (Command, input) => client.send(new Command(input));
const username = "jane";
const password = "Passw0rd!jane";

// AWS's example, but for the client, which has an endpoint here.
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
  async "an authenticator app is set up in the middle of a sign-in and asked for at the next"() {
    const user = await make();
    const first = await user.setUp();
    assert(first.AuthenticationResult.AccessToken, "no access token");
    const asked = await user.signIn();
    equal(asked.ChallengeName, "SOFTWARE_TOKEN_MFA");
    // The next step's code: the present one has been used, and one step of drift is allowed.
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
    await refused(() => respondToAuthChallenge(user.answer(asked, wrong)), sdk.CodeMismatchException);
    await respondToAuthChallenge(user.answer(asked, code(user.secret, 1)));
  },
  async "a code works once"() {
    const user = await make();
    await user.setUp();
    const next = code(user.secret, 1);
    await respondToAuthChallenge(user.answer(await user.signIn(), next));
    const again = user.answer(await user.signIn(), next);
    await refused(() => respondToAuthChallenge(again), sdk.ExpiredCodeException);
  },
  async "an invented session gives no tokens"() {
    const user = await make();
    await user.setUp();
    const asked = { Session: "A".repeat(75) };
    const answer = user.answer(asked, code(user.secret, 1));
    await refused(() => respondToAuthChallenge(answer), sdk.NotAuthorizedException);
    for (const ChallengeName of ["MFA_SETUP", "NEW_PASSWORD_REQUIRED", "SELECT_MFA_TYPE"]) {
      const ChallengeResponses = { USERNAME: username, NEW_PASSWORD: password, ANSWER: "SOFTWARE_TOKEN_MFA" };
      const input = { ClientId: user.clientId, ChallengeName, ChallengeResponses, Session: asked.Session };
      await refused(() => send(sdk.RespondToAuthChallengeCommand, input), sdk.NotAuthorizedException);
    }
  },
};

// A user of a pool that insists on a second factor, who has none yet.
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

// What an authenticator app shows (RFC 6238), so many steps from now.
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

async function refused(call, exception) {
  let reply;
  try {
    reply = await call();
  } catch (error) {
    assert(error instanceof exception, `expected ${exception.name}, got ${error.name}: ${error.message}`);
    return;
  }
  throw new Error(`expected ${exception.name}, got an answer with ${Object.keys(reply)}`);
}

function equal(found, expected) {
  assert(found === expected, `expected \`${expected}\`, got \`${found}\``);
}

function assert(holds, message) {
  if (!holds) throw new Error(message);
}

console.log(`AWS SDK for JavaScript ${version}, Node.js ${process.versions.node}`);
for (const [sentence, check] of Object.entries(rules)) {
  try {
    await check();
    console.log(`ok AWS SDK for JavaScript: ${sentence}`);
  } catch (error) {
    process.exitCode = 1;
    console.log(`not ok AWS SDK for JavaScript: ${sentence}: ${error.message.replaceAll("\n", " ")}`);
  }
}
