//! The `VerifyAuthChallengeResponse` function.

use std::env;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::SystemTime;

use shared::lambda::{self, Environment};
use verify_auth_challenge::Judge;

#[tokio::main(flavor = "current_thread")]
#[expect(
    clippy::disallowed_methods,
    reason = "this is the edge, where the environment and the clock are read"
)]
async fn main() -> ExitCode {
    let environment = Environment::new(env::vars_os());
    lambda::start_log(&environment);
    let judge = Judge::configure(&environment).map(Arc::new);
    if let Ok(judge) = &judge {
        judge.prepare().await;
    }
    let function = judge.map(|judge| {
        move |event| {
            let judge = Arc::clone(&judge);
            async move { judge.handle(event, SystemTime::now()).await }
        }
    });
    lambda::run(&environment, function).await
}
