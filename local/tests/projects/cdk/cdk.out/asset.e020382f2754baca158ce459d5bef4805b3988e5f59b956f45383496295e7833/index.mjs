export const handler = async (event) => ({
    ...event,
    response: {
        publicChallengeParameters: { question: "2 + 2?" },
        privateChallengeParameters: { answer: process.env.ANSWER },
    },
});
