//! Decides the next challenge: the password by SRP, then the question, at most three times.

use lambda_runtime::{Error, LambdaEvent, run, service_fn};
use serde_json::{Value, json};

const ATTEMPTS: usize = 3;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    run(service_fn(handler)).await
}

async fn handler(event: LambdaEvent<Value>) -> Result<Value, Error> {
    let mut event = event.payload;
    let request = &event["request"];
    let session = request["session"].as_array().map_or(&[][..], Vec::as_slice);
    event["response"] = next(session, request["userNotFound"] == true);
    Ok(event)
}

/// The client chooses the start, so the whole session must match the decisions of this function.
fn next(session: &[Value], user_not_found: bool) -> Value {
    let [start, rest @ ..] = session else {
        return deny();
    };
    if start["challengeName"] != "SRP_A" {
        return deny();
    }
    let [password, answers @ ..] = rest else {
        return ask("PASSWORD_VERIFIER");
    };
    if password["challengeName"] != "PASSWORD_VERIFIER" || password["challengeResult"] != true {
        return deny();
    }
    if answers
        .iter()
        .any(|answer| answer["challengeName"] != "CUSTOM_CHALLENGE")
    {
        return deny();
    }
    match answers
        .iter()
        .position(|answer| answer["challengeResult"] == true)
    {
        Some(right) if right + 1 == answers.len() && !user_not_found => issue_tokens(),
        Some(_) => deny(),
        None if answers.len() < ATTEMPTS => ask("CUSTOM_CHALLENGE"),
        None => deny(),
    }
}

fn ask(name: &str) -> Value {
    json!({"challengeName": name, "issueTokens": false, "failAuthentication": false})
}

fn issue_tokens() -> Value {
    json!({"challengeName": null, "issueTokens": true, "failAuthentication": false})
}

fn deny() -> Value {
    json!({"challengeName": null, "issueTokens": false, "failAuthentication": true})
}
