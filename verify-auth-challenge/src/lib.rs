//! Checks the answer to a challenge: the `VerifyAuthChallengeResponse` trigger of an Amazon Cognito user pool.
//!
//! An answer is right or wrong, whatever the client sends, and never an error. Wrong answers can be counted across
//! sign-ins, in a table.
//!
//! A function with your own challenge type has this `main`:
//!
//! ```no_run
//! # use cognito_challenge::verify::Verifier;
//! # use cognito_challenge_runtime::{ConfigError, Environment};
//! # mod pager_code {
//! #     use super::*;
//! #     pub const NAME: &str = "PAGER_CODE";
//! #     pub fn verifier(_: &Environment) -> Result<Box<dyn Verifier>, ConfigError> { unimplemented!() }
//! # }
//! use std::process::ExitCode;
//!
//! use verify_auth_challenge::Verifiers;
//!
//! #[tokio::main(flavor = "current_thread")]
//! async fn main() -> ExitCode {
//!     verify_auth_challenge::run(Verifiers::standard().with(pager_code::NAME, pager_code::verifier)).await
//! }
//! ```

mod function;
pub mod lockout;
mod siteverify;
mod unavailable;
mod verifiers;

use std::process::ExitCode;
use std::sync::Arc;
use std::time::SystemTime;

use cognito_challenge_runtime::{self as runtime, Environment};

pub use cognito_challenge::verify::MAX_ANSWER_CHARS;
pub use function::Function;
pub use unavailable::IfUnavailable;
pub use verifiers::Verifiers;

/// Runs the function with the challenge types of `verifiers` until Lambda ends the process.
///
/// It reads `AUTH_FLOW`, `CHALLENGE_SECRET`, `AUTH_SESSION_MINUTES`, `CANNOT_JUDGE`, `ATTEMPTS_TABLE`,
/// `ATTEMPTS_UNREACHABLE` and the variables of the flow's types. If the configuration is invalid, or `verifiers` lacks
/// a type of the flow, the process ends at once with a message on standard error.
#[expect(clippy::disallowed_methods, reason = "this is the edge, where the clock is read")]
pub async fn run(verifiers: Verifiers) -> ExitCode {
    let environment = Environment::of_process();
    let configured = Function::configure(&environment, &verifiers).map(Arc::new);
    let function = match runtime::start(&environment, configured, |function| function.telemetry()) {
        Ok(function) => function,
        Err(code) => return code,
    };
    function.prepare().await;
    let handle = move |event| {
        let function = Arc::clone(&function);
        async move { function.handle(event, SystemTime::now()).await }
    };
    runtime::run(&environment, handle).await
}
