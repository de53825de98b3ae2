/** Rules for AWS Amplify in a browser with codes and links that the functions send, to be bundled. */

import { equal, refused } from "./rules.mjs";
import * as snippet from "./snippets/amplify.mjs";

globalThis.rules = ({ CLIENT, ENDPOINT, PASSWORD, POOL, USER, newestAnswer }) => {
  /** Returns the tokens and the names of the challenges. `answer` takes the parameters of a challenge. */
  async function challenges(answer) {
    const asked = [];
    snippet.configure({ userPoolId: POOL, userPoolClientId: CLIENT, userPoolEndpoint: ENDPOINT });
    const tokens = await snippet.signInWithChallenges(USER, PASSWORD, (parameters) => {
      asked.push(parameters.challenge);
      return answer(parameters);
    });
    return { asked: asked.join(), tokens };
  }

  return {
    // Before the other, because a right answer resets the count of wrong ones.
    async "a third wrong code ends the sign-in"() {
      await refused(() => challenges(() => "wrong"), "NotAuthorizedException", "Incorrect username or password.");
    },
    async "the code in the documentation signs in with a code by mail, one by text message and a link"() {
      const { asked, tokens } = await challenges(newestAnswer);
      equal(asked, "EMAIL_CODE,SMS_CODE,MAGIC_LINK");
      equal(tokens.accessToken.payload.client_id, CLIENT);
    },
  };
};
