// CommonJS, with a callback, which responds twice: the second response is ignored.
exports.handler = (event, context, callback) => {
    console.log("what a function prints is no answer");
    event.response.publicChallengeParameters = { question: "The mascot?" };
    event.response.privateChallengeParameters = { answer: process.env.ANSWER };
    setTimeout(() => {
        callback(null, event);
        callback(new Error("too late"));
    }, 1);
};
