// Sets the parameters of a custom challenge, and does not change the response of any other.
const QUESTIONS = { 2: { picture: "pictures/1.png", answer: "4" }, 3: { question: "The mascot?", answer: "Peccy" } };

exports.handler = async (event) => {
    if (event.request.challengeName !== "CUSTOM_CHALLENGE") {
        return event;
    }
    const { answer, ...shown } = QUESTIONS[event.request.session.length];
    event.response.publicChallengeParameters = shown;
    event.response.privateChallengeParameters = { answer };
    return event;
};
