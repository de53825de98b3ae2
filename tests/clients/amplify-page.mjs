/** Rules for AWS Amplify in a browser, to be bundled. Each rule has its own browser profile. */

import { Amplify } from "aws-amplify";
import * as auth from "aws-amplify/auth";

import { asks, assert, equal, refused } from "./rules.mjs";
import * as snippet from "./snippets/amplify.mjs";

const INCORRECT = ["NotAuthorizedException", "Incorrect username or password."];

globalThis.rules = (world) => {
  const { CLIENT, CLIENT_WITHOUT_PASSWORD, ENDPOINT, PASSWORD, POOL, POOL_WITHOUT_PASSWORD, SECURITY_ANSWERS, USER } =
    world;

  function configure(userPoolId, userPoolClientId) {
    Amplify.configure({ Auth: { Cognito: { userPoolId, userPoolClientId, userPoolEndpoint: ENDPOINT } } });
  }

  function startWithPassword({ username = USER, password = PASSWORD, pool = POOL, client = CLIENT } = {}) {
    configure(pool, client);
    return auth.signIn({ username, password, options: { authFlowType: "CUSTOM_WITH_SRP" } });
  }

  function startWithoutPassword({ pool = POOL_WITHOUT_PASSWORD, client = CLIENT_WITHOUT_PASSWORD } = {}) {
    configure(pool, client);
    return auth.signIn({ username: USER, options: { authFlowType: "CUSTOM_WITHOUT_SRP" } });
  }

  function answer(challengeResponse, clientMetadata) {
    return auth.confirmSignIn({ challengeResponse, options: { clientMetadata } });
  }

  async function pass() {
    const asked = await answer(await world.captchaAnswer());
    assertAsks(asked, { challenge: "SECURITY_QUESTION" });
    return answer(SECURITY_ANSWERS[asked.nextStep.additionalInfo.questionId]);
  }

  return {
    async "CUSTOM_WITH_SRP leads through captcha and question to tokens, with wrong answers in between"() {
      assertAsks(await startWithPassword(), { challenge: "CAPTCHA", step: "2", steps: "3", attemptsLeft: "3" });
      assertAsks(await answer("wrong"), { challenge: "CAPTCHA", step: "2", attemptsLeft: "2" });
      let asked = await answer(await world.captchaAnswer());
      assertAsks(asked, { challenge: "SECURITY_QUESTION", step: "3", attemptsLeft: "3" });
      asked = await answer("wrong", { locale: "es" });
      assertAsks(asked, { challenge: "SECURITY_QUESTION", attemptsLeft: "2", locale: "es" });
      const done = await answer(SECURITY_ANSWERS[asked.nextStep.additionalInfo.questionId]);
      equal(done.isSignedIn, true);
      equal(done.nextStep.signInStep, "DONE");

      const user = await auth.getCurrentUser();
      equal(user.username, USER);
      const { tokens, userSub } = await auth.fetchAuthSession();
      equal(tokens.idToken.payload.sub, userSub);
      equal(tokens.idToken.payload.email_verified, true);
      equal(tokens.accessToken.payload.client_id, CLIENT);
      equal((await auth.fetchUserAttributes()).email, "demo@example.com");
    },
    async "the code in the documentation signs in"() {
      snippet.configure({ userPoolId: POOL, userPoolClientId: CLIENT, userPoolEndpoint: ENDPOINT });
      const tokens = await snippet.signInWithChallenges(USER, PASSWORD, ({ challenge, questionId }) =>
        challenge === "CAPTCHA" ? world.captchaAnswer() : SECURITY_ANSWERS[questionId],
      );
      equal(tokens.accessToken.payload.client_id, CLIENT);
    },
    async "CUSTOM_WITHOUT_SRP leads there where the flow has no password"() {
      assertAsks(await startWithoutPassword(), { challenge: "CAPTCHA", step: "1", steps: "2" });
      equal((await pass()).isSignedIn, true);
      equal((await auth.getCurrentUser()).username, USER);
    },
    async "CUSTOM_WITHOUT_SRP is refused where the flow has a password"() {
      await refused(() => startWithoutPassword({ pool: POOL, client: CLIENT }), ...INCORRECT);
    },
    async "a wrong password, an unknown user and a third wrong captcha are refused"() {
      await refused(() => startWithPassword({ password: "Passw0rd!wrong" }), ...INCORRECT);
      await refused(() => startWithPassword({ username: "nobody" }), ...INCORRECT);
      await startWithPassword();
      await answer("wrong");
      await answer("wrong");
      await refused(() => answer("wrong"), ...INCORRECT);
      await refused(() => auth.getCurrentUser(), "UserUnAuthenticatedException");
    },
    async "a refresh gives new tokens of the same sign-in"() {
      await startWithoutPassword();
      await pass();
      const first = (await auth.fetchAuthSession()).tokens;
      const second = (await auth.fetchAuthSession({ forceRefresh: true })).tokens;
      assert(second.accessToken.toString() !== first.accessToken.toString(), "the access token is the old one");
      equal(second.accessToken.payload.origin_jti, first.accessToken.payload.origin_jti);
      equal(second.idToken.payload.auth_time, first.idToken.payload.auth_time);
    },
    async "who signs out is signed out, here or everywhere"() {
      await startWithoutPassword();
      await pass();
      const { tokens } = await auth.fetchAuthSession();
      await auth.signOut();
      await refused(() => auth.getCurrentUser(), "UserUnAuthenticatedException");
      const AccessToken = tokens.accessToken.toString();
      await refused(() => world.admin("GetUser", { AccessToken }), "Error");

      await startWithoutPassword();
      await pass();
      const here = (await auth.fetchAuthSession()).tokens.accessToken.toString();
      await auth.signOut({ global: true });
      await refused(() => world.admin("GetUser", { AccessToken: here }), "Error");
      equal((await auth.fetchAuthSession()).tokens, undefined);
    },
    async "a device that is remembered is proved at the next sign-in, and then forgotten"() {
      const { pool, client } = await world.trackingPool();
      const signIn = async () => {
        await startWithPassword({ pool, client });
        equal((await pass()).isSignedIn, true);
        return (await auth.fetchAuthSession()).tokens.accessToken.payload.device_key;
      };
      const key = await signIn();
      await auth.rememberDevice();
      equal((await auth.fetchDevices()).map(({ id }) => id).join(), key);
      await auth.signOut();
      equal(await signIn(), key);
      await auth.forgetDevice();
      equal((await auth.fetchDevices()).length, 0);
      await auth.signOut();
      assert((await signIn()) !== key, "the device has its old key");
    },
  };
};

/** Checks that the sign-in waits for a custom challenge with these parameters. */
function assertAsks(asked, parameters) {
  equal(asked.isSignedIn, false);
  equal(asked.nextStep.signInStep, "CONFIRM_SIGN_IN_WITH_CUSTOM_CHALLENGE");
  asks(asked.nextStep.additionalInfo, parameters);
}
