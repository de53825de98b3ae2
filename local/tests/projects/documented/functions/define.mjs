// Counts the entries of the session: the password, a picture, a question.
const STEPS = [
    ["SRP_A", "PASSWORD_VERIFIER"],
    ["PASSWORD_VERIFIER", "CUSTOM_CHALLENGE"],
    ["CUSTOM_CHALLENGE", "CUSTOM_CHALLENGE"],
];

const handler = async (event) => {
    const { session } = event.request;
    const last = session[session.length - 1];
    const step = STEPS[session.length - 1];
    if (last && last.challengeResult && step && last.challengeName === step[0]) {
        event.response.issueTokens = false;
        event.response.failAuthentication = false;
        event.response.challengeName = step[1];
    } else {
        const finished = session.length === 4 && last.challengeResult;
        event.response.issueTokens = finished;
        event.response.failAuthentication = !finished;
    }
    return event;
};

export { handler };
