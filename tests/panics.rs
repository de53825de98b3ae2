//! A function that panics with its event as the message. A test checks that the message is not shown.

use std::process::ExitCode;

use cognito_challenge_runtime::{self as runtime, Environment};
use serde_json::Value;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let environment = Environment::of_process();
    runtime::start(&environment, Ok(()), |()| Vec::new()).unwrap();
    let panics = |event: Value| async move {
        assert!(event.is_null(), "{event}");
        Ok::<_, String>(event)
    };
    runtime::run(&environment, panics).await
}
