import { Amplify } from "aws-amplify";
import { confirmSignIn, fetchAuthSession, signIn } from "aws-amplify/auth";

/** `userPoolEndpoint` is the address of `local`: omit it on AWS. */
export function configure({ userPoolId, userPoolClientId, userPoolEndpoint }) {
  Amplify.configure({ Auth: { Cognito: { userPoolId, userPoolClientId, userPoolEndpoint } } });
}

/** The tokens. `answer` takes the parameters of a challenge and returns the answer of the person. */
export async function signInWithChallenges(username, password, answer) {
  let { isSignedIn, nextStep } = await signIn({ username, password, options: { authFlowType: "CUSTOM_WITH_SRP" } });
  while (!isSignedIn) {
    if (nextStep.signInStep !== "CONFIRM_SIGN_IN_WITH_CUSTOM_CHALLENGE") {
      throw new Error(`unexpected step ${nextStep.signInStep}`);
    }
    const challengeResponse = await answer(nextStep.additionalInfo);
    ({ isSignedIn, nextStep } = await confirmSignIn({
      challengeResponse,
      options: { clientMetadata: { locale: "en" } },
    }));
  }
  return (await fetchAuthSession()).tokens;
}
