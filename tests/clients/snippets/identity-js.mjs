import { AuthenticationDetails, CognitoUser, CognitoUserPool } from "amazon-cognito-identity-js";

/** The user that signs in. `endpoint` is the address of `local`: omit it on AWS. */
export function userOf({ poolId, clientId, username, endpoint }) {
  const pool = new CognitoUserPool({ UserPoolId: poolId, ClientId: clientId, endpoint });
  const user = new CognitoUser({ Username: username, Pool: pool });
  user.setAuthenticationFlowType("CUSTOM_AUTH");
  return user;
}

/** The session with the tokens. `answer` takes the parameters of a challenge and returns the answer of the person. */
export function signIn(user, password, answer) {
  return new Promise((resolve, reject) => {
    const callbacks = {
      onSuccess: resolve,
      onFailure: reject,
      customChallenge(asked) {
        Promise.resolve(answer(asked))
          .then((text) => user.sendCustomChallengeAnswer(text, callbacks, { locale: "en" }))
          .catch(reject);
      },
    };
    const details = new AuthenticationDetails({ Username: user.getUsername(), Password: password });
    user.authenticateUser(details, callbacks);
  });
}
