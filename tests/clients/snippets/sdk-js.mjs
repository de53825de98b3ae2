import { InitiateAuthCommand, RespondToAuthChallengeCommand } from "@aws-sdk/client-cognito-identity-provider";

/** The tokens. `answer` takes the parameters of a challenge and returns the answer of the person. */
export async function signIn(client, clientId, username, answer) {
  let reply = await client.send(
    new InitiateAuthCommand({
      ClientId: clientId,
      AuthFlow: "CUSTOM_AUTH",
      AuthParameters: { USERNAME: username },
    }),
  );
  while (!reply.AuthenticationResult) {
    if (reply.ChallengeName !== "CUSTOM_CHALLENGE") throw new Error(`unexpected challenge ${reply.ChallengeName}`);
    reply = await client.send(
      new RespondToAuthChallengeCommand({
        ClientId: clientId,
        ChallengeName: reply.ChallengeName,
        ChallengeResponses: { USERNAME: username, ANSWER: await answer(reply.ChallengeParameters) },
        ClientMetadata: { locale: "en" },
        Session: reply.Session,
      }),
    );
  }
  return reply.AuthenticationResult;
}
