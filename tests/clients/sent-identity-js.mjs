/** Rules for amazon-cognito-identity-js, in Node.js, with codes and links that the functions send. */

import { newestAnswer, outbox } from "./outbox.mjs";
import { assert, equal, tryAll } from "./rules.mjs";
import { constants, snippet, version } from "./world.mjs";

const { CLIENT, ENDPOINT, PASSWORD, POOL, USER } = constants;
const { signIn, userOf } = await snippet("identity-js");

/** Signs in, and returns the tokens and the names of the challenges. `answer` takes the parameters of a challenge. */
async function challenges(answer) {
  const asked = [];
  const user = userOf({ poolId: POOL, clientId: CLIENT, username: USER, endpoint: ENDPOINT });
  const session = await signIn(user, PASSWORD, (parameters) => {
    asked.push(parameters.challenge);
    return answer(parameters);
  });
  return { asked: asked.join(), session };
}

console.log(`${version("amazon-cognito-identity-js")}, Node.js ${process.versions.node}`);
await tryAll("identity-js", {
  async "the code in the documentation signs in with a code by mail, one by text message and a link"() {
    const before = (await outbox()).length;
    const { asked, session } = await challenges(newestAnswer);
    equal(asked, "EMAIL_CODE,SMS_CODE,MAGIC_LINK");
    assert(session.isValid(), "the session is not valid");
    equal((await outbox()).length, before + 3);
  },
  async "a wrong code is asked for again, and sends nothing"() {
    const before = (await outbox()).length;
    let wrong = false;
    const { asked } = await challenges(async () => {
      const right = await newestAnswer();
      wrong = !wrong;
      return wrong ? `${right}0` : right;
    });
    equal(asked, "EMAIL_CODE,EMAIL_CODE,SMS_CODE,SMS_CODE,MAGIC_LINK,MAGIC_LINK");
    equal((await outbox()).length, before + 3);
  },
});
