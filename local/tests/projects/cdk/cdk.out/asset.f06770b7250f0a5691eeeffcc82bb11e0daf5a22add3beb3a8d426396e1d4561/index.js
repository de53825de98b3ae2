exports.handler = async (event) => {
    const { session } = event.request;
    const passed = session.some((round) => round.challengeResult);
    event.response = { challengeName: "CUSTOM_CHALLENGE", issueTokens: passed, failAuthentication: session.length > 2 };
    return event;
};
