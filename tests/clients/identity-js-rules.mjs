/** Rules for amazon-cognito-identity-js, in Node.js and in a browser. */

import { asks, assert, equal, refused } from "./rules.mjs";

/** Returns the rules. `sdk` is the library, and `world` has the exports of world.mjs. */
export function rules(sdk, world) {
  const { CLIENT, CLIENT_WITHOUT_PASSWORD, PASSWORD, POOL, POOL_WITHOUT_PASSWORD, SECURITY_ANSWERS, USER } = world;

  /** Creates a user with separate storage that is not signed in. */
  function visitor({ pool = POOL, client = CLIENT, name = USER, storage = memory() } = {}) {
    const userPool = new sdk.CognitoUserPool({
      UserPoolId: pool,
      ClientId: client,
      endpoint: world.ENDPOINT,
      Storage: storage,
    });
    return new sdk.CognitoUser({ Username: name, Pool: userPool, Storage: storage });
  }

  function details(password, name = USER) {
    return new sdk.AuthenticationDetails({ Username: name, Password: password });
  }

  /** Proves the password by SRP, then returns the first challenge. */
  function startWithPassword(user, password = PASSWORD) {
    user.setAuthenticationFlowType("CUSTOM_AUTH");
    return outcome((callbacks) => user.authenticateUser(details(password, user.getUsername()), callbacks));
  }

  function start(user) {
    user.setAuthenticationFlowType("CUSTOM_AUTH");
    return outcome((callbacks) => user.initiateAuth(details(), callbacks));
  }

  function answer(user, text, metadata) {
    return outcome((callbacks) => user.sendCustomChallengeAnswer(text, callbacks, metadata));
  }

  async function pass(user, asked) {
    asked = await answer(user, await world.captchaAnswer(user.Session));
    asks(asked.parameters, { challenge: "SECURITY_QUESTION" });
    return answer(user, SECURITY_ANSWERS[asked.parameters.questionId]);
  }

  /** Returns a user of a pool that tracks devices. The new device is confirmed but not remembered. */
  async function tracked() {
    const storage = memory();
    const at = { ...(await world.trackingPool()), storage };
    const user = visitor(at);
    const { confirm } = await pass(user, await startWithPassword(user));
    equal(confirm, true);
    return { user, again: () => visitor(at), storage };
  }

  /** Returns the user's devices, and whether each is remembered. */
  async function devices(user) {
    const { session: reply } = await outcome((callbacks) => user.listDevices(10, null, callbacks));
    const status = (device) => device.DeviceAttributes.find(({ Name }) => Name === "dev:device_remembered_status");
    return reply.Devices.map((device) => `${device.DeviceKey} ${status(device).Value}`).join();
  }

  return {
    async "password, captcha and question lead to tokens, with wrong answers in between"() {
      const user = visitor();
      let asked = await startWithPassword(user);
      asks(asked.parameters, { challenge: "CAPTCHA", step: "2", steps: "3", attemptsLeft: "3" });
      asked = await answer(user, "wrong");
      asks(asked.parameters, { challenge: "CAPTCHA", step: "2", attemptsLeft: "2" });
      asked = await answer(user, await world.captchaAnswer(user.Session));
      asks(asked.parameters, { challenge: "SECURITY_QUESTION", step: "3", attemptsLeft: "3" });
      asked = await answer(user, "wrong", { locale: "es" });
      asks(asked.parameters, { challenge: "SECURITY_QUESTION", step: "3", attemptsLeft: "2", locale: "es" });
      const { session } = await answer(user, SECURITY_ANSWERS[asked.parameters.questionId]);
      assert(session.isValid(), "the session is not valid");
      equal(session.getIdToken().payload["cognito:username"], USER);
      equal(session.getAccessToken().payload.client_id, CLIENT);

      const attributes = await promise((done) => user.getUserAttributes(done));
      equal(attributes.find((attribute) => attribute.getName() === "email").getValue(), "demo@example.com");
      const refreshed = await promise((done) => user.refreshSession(session.getRefreshToken(), done));
      const origin = (session) => session.getAccessToken().payload.origin_jti;
      equal(origin(refreshed), origin(session));
      await new Promise((resolve) => user.signOut(resolve));
      await refused(
        () => promise((done) => user.refreshSession(refreshed.getRefreshToken(), done)),
        "NotAuthorizedException",
      );
    },
    async "a wrong password is refused, and so is an unknown user"() {
      const incorrect = ["NotAuthorizedException", "Incorrect username or password."];
      await refused(() => startWithPassword(visitor(), "Passw0rd!wrong"), ...incorrect);
      await refused(() => startWithPassword(visitor({ name: "nobody" })), ...incorrect);
    },
    async "a third wrong captcha ends the sign-in"() {
      const user = visitor();
      await startWithPassword(user);
      await answer(user, "wrong");
      await answer(user, "wrong");
      await refused(() => answer(user, "wrong"), "NotAuthorizedException", "Incorrect username or password.");
    },
    async "a flow without a password starts without one, and a flow with one does not"() {
      const user = visitor({ pool: POOL_WITHOUT_PASSWORD, client: CLIENT_WITHOUT_PASSWORD });
      const asked = await start(user);
      asks(asked.parameters, { challenge: "CAPTCHA", step: "1", steps: "2", USERNAME: USER });
      const { session } = await pass(user, asked);
      equal(session.getAccessToken().payload.username, USER);
      await refused(() => start(visitor()), "NotAuthorizedException", "Incorrect username or password.");
    },
    async "a device that is remembered is proved at the next sign-in, and then forgotten"() {
      const { user, again, storage } = await tracked();
      const key = user.deviceKey;
      equal(await devices(user), `${key} not_remembered`);
      await outcome((callbacks) => user.setDeviceStatusRemembered(callbacks));
      equal(await devices(user), `${key} remembered`);

      for (const signIn of [bySrp, async (user) => pass(user, await startWithPassword(user))]) {
        const next = again();
        const { session, confirm } = await signIn(next);
        equal(next.deviceKey, key);
        equal(session.getAccessToken().payload.device_key, key);
        equal(confirm, undefined);
      }

      // The device's key without its secret is rejected, so the secret was checked.
      const secret = Object.keys(storage.items).find((name) => name.endsWith(".randomPasswordKey"));
      const kept = storage.getItem(secret);
      storage.setItem(secret, btoa("x".repeat(40)));
      await refused(() => bySrp(again()), "NotAuthorizedException", "Incorrect username or password.");
      storage.setItem(secret, kept);

      const last = again();
      await bySrp(last);
      await outcome((callbacks) => last.forgetDevice(callbacks));
      equal(await devices(last), "");
    },
    async "a device that was forgotten elsewhere is replaced"() {
      const { user, again } = await tracked();
      await user.client.promisifyRequest("ForgetDevice", {
        AccessToken: user.getSignInUserSession().getAccessToken().getJwtToken(),
        DeviceKey: user.deviceKey,
      });
      const next = again();
      const { confirm } = await bySrp(next);
      equal(confirm, true);
      assert(next.deviceKey !== user.deviceKey, "the device has its old key");
    },
  };

  function bySrp(user) {
    user.setAuthenticationFlowType("USER_SRP_AUTH");
    return outcome((callbacks) => user.authenticateUser(details(PASSWORD), callbacks));
  }
}

/** Returns the library's callback as a promise. */
function outcome(call) {
  return new Promise((resolve, reject) => {
    call({
      onSuccess: (session, confirm) => resolve({ session, confirm }),
      onFailure: reject,
      customChallenge: (parameters) => resolve({ parameters }),
    });
  });
}

function promise(call) {
  return new Promise((resolve, reject) => call((error, result) => (error ? reject(error) : resolve(result))));
}

/** Creates a storage for the library, so that two users of a rule do not share one. */
function memory() {
  const items = {};
  return {
    items,
    getItem: (key) => items[key] ?? null,
    setItem: (key, value) => (items[key] = value),
    removeItem: (key) => delete items[key],
    clear: () => Object.keys(items).forEach((key) => delete items[key]),
  };
}
