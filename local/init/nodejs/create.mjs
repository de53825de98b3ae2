// Creates the question. The client receives the public parameters, and verify receives the private ones.
import { randomInt } from "node:crypto";

export const handler = async (event) => {
    const [one, other] = [randomInt(1, 10), randomInt(1, 10)];
    event.response.publicChallengeParameters = { question: `${one} + ${other}` };
    event.response.privateChallengeParameters = { answer: String(one + other) };
    event.response.challengeMetadata = "SUM";
    return event;
};
