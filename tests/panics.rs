//! A function that panics and says what it was given, for the test that nobody hears it.

use std::env;
use std::process::ExitCode;

use serde_json::Value;
use shared::lambda::{self, Environment};

#[expect(
    clippy::disallowed_methods,
    reason = "this is the edge, where the environment is read"
)]
fn main() -> ExitCode {
    let environment = Environment::new(env::vars_os());
    lambda::start_log(&environment);
    let panics = |event: Value| async move {
        assert!(event.is_null(), "{event}");
        Ok::<_, String>(event)
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.unwrap().block_on(lambda::run(&environment, Ok(panics)))
}
