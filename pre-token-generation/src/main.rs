//! The `PreTokenGeneration` function.

use std::env;
use std::process::ExitCode;

use pre_token_generation::handle;
use shared::lambda::{self, Environment};

#[tokio::main(flavor = "current_thread")]
#[expect(
    clippy::disallowed_methods,
    reason = "this is the edge, where the environment is read"
)]
async fn main() -> ExitCode {
    let environment = Environment::new(env::vars_os());
    lambda::start_log(&environment);
    lambda::run(&environment, Ok(|event| std::future::ready(handle(event)))).await
}
