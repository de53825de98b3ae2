// Signs in with amazon-cognito-identity-js in Node.js: custom challenges and tracked devices.
//
// Needs what world.mjs needs.
import { rules } from "./identity-js-rules.mjs";
import { assert, tryAll } from "./rules.mjs";
import { constants, require, services, snippet, version } from "./world.mjs";

const sdk = require("amazon-cognito-identity-js");

console.log(`${version("amazon-cognito-identity-js")}, Node.js ${process.versions.node}`);
await tryAll("identity-js", {
  ...rules(sdk, { ...constants, ...services }),
  async "the code in the documentation signs in"() {
    const { signIn, userOf } = await snippet("identity-js");
    const { CLIENT, ENDPOINT, PASSWORD, POOL, SECURITY_ANSWERS, USER } = constants;
    const user = userOf({ poolId: POOL, clientId: CLIENT, username: USER, endpoint: ENDPOINT });
    const session = await signIn(user, PASSWORD, ({ challenge, questionId }) =>
      challenge === "CAPTCHA" ? services.captchaAnswer(user.Session) : SECURITY_ANSWERS[questionId],
    );
    assert(session.isValid(), "the session is not valid");
  },
});
