// Decides the next challenge: the password by SRP, then the question, at most three times.
const ATTEMPTS = 3;
const DENY = { challengeName: null, issueTokens: false, failAuthentication: true };
const ISSUE_TOKENS = { challengeName: null, issueTokens: true, failAuthentication: false };

export const handler = async (event) => {
    const { session, userNotFound } = event.request;
    event.response = next(session ?? [], userNotFound === true);
    return event;
};

// The client chooses the start, so the whole session must match the decisions of this function.
function next([start, password, ...answers], userNotFound) {
    if (start?.challengeName !== "SRP_A") return DENY;
    if (password === undefined) return ask("PASSWORD_VERIFIER");
    if (password.challengeName !== "PASSWORD_VERIFIER" || password.challengeResult !== true) return DENY;
    if (answers.some(({ challengeName }) => challengeName !== "CUSTOM_CHALLENGE")) return DENY;
    const right = answers.findIndex(({ challengeResult }) => challengeResult === true);
    if (right >= 0) return right === answers.length - 1 && !userNotFound ? ISSUE_TOKENS : DENY;
    return answers.length < ATTEMPTS ? ask("CUSTOM_CHALLENGE") : DENY;
}

function ask(challengeName) {
    return { challengeName, issueTokens: false, failAuthentication: false };
}
