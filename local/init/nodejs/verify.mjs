// Checks the answer. A wrong answer is not an error.
export const handler = async (event) => {
    const { challengeAnswer, privateChallengeParameters } = event.request;
    const expected = privateChallengeParameters?.answer;
    event.response.answerCorrect = Boolean(expected) && challengeAnswer?.trim() === expected;
    return event;
};
