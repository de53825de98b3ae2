// An ES module that exports an object of handlers. It shows the failures of functions.
import { setTimeout as wait } from "node:timers/promises";

export const triggers = {
    async verify(event) {
        const { challengeAnswer, privateChallengeParameters } = event.request;
        switch (challengeAnswer) {
            case "exit":
                process.exit(0);
                break;
            case "hang":
                await wait(1_000_000);
                break;
            case "throw":
                throw new TypeError("no luck");
            default:
                event.response.answerCorrect = challengeAnswer === privateChallengeParameters.answer;
        }
        return event;
    },
};
