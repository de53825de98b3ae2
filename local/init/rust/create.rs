//! Creates the question. The client receives the public parameters, and verify receives the private ones.

use lambda_runtime::{Error, LambdaEvent, run, service_fn};
use serde_json::{Value, json};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    run(service_fn(handler)).await
}

async fn handler(event: LambdaEvent<Value>) -> Result<Value, Error> {
    let mut event = event.payload;
    let (one, other) = (rand::random_range(1..10), rand::random_range(1..10));
    let (question, answer) = (format!("{one} + {other}"), (one + other).to_string());
    event["response"]["publicChallengeParameters"] = json!({"question": question});
    event["response"]["privateChallengeParameters"] = json!({"answer": answer});
    event["response"]["challengeMetadata"] = "SUM".into();
    Ok(event)
}
