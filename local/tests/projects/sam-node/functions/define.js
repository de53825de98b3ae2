// CommonJS, async.
exports.handler = async (event) => {
    const last = event.request.session.at(-1);
    const passed = last?.challengeName === "CUSTOM_CHALLENGE" && last.challengeResult === true;
    event.response.issueTokens = passed;
    event.response.failAuthentication = !passed && event.request.session.length > 2;
    if (!passed) {
        event.response.challengeName = "CUSTOM_CHALLENGE";
    }
    return event;
};
