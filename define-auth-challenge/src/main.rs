//! The `DefineAuthChallenge` function.

use std::env;
use std::process::ExitCode;

use define_auth_challenge::{configure, handle};
use shared::lambda::{self, Environment};

#[tokio::main(flavor = "current_thread")]
#[expect(
    clippy::disallowed_methods,
    reason = "this is the edge, where the environment is read"
)]
async fn main() -> ExitCode {
    let environment = Environment::new(env::vars_os());
    lambda::start_log(&environment);
    let function = configure(&environment).map(|flow| move |event| std::future::ready(handle(event, &flow)));
    lambda::run(&environment, function).await
}
