//! Checks the answer. A wrong answer is not an error.

use lambda_runtime::{Error, LambdaEvent, run, service_fn};
use serde_json::Value;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    run(service_fn(handler)).await
}

async fn handler(event: LambdaEvent<Value>) -> Result<Value, Error> {
    let mut event = event.payload;
    let request = &event["request"];
    let expected = request["privateChallengeParameters"]["answer"]
        .as_str()
        .filter(|expected| !expected.is_empty());
    let given = request["challengeAnswer"].as_str().map(str::trim);
    let correct = expected.is_some() && given == expected;
    event["response"]["answerCorrect"] = correct.into();
    Ok(event)
}
