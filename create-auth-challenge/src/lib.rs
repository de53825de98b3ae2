//! Creates the next challenge of a sign-in: the `CreateAuthChallenge` trigger of an Amazon Cognito user pool.
//!
//! A function with your own challenge type has this `main`:
//!
//! ```no_run
//! # use cognito_challenge::issue::Issuer;
//! # use cognito_challenge_runtime::{ConfigError, Environment};
//! # mod pager_code {
//! #     use super::*;
//! #     pub const NAME: &str = "PAGER_CODE";
//! #     pub fn issuer(_: &Environment) -> Result<Box<dyn Issuer>, ConfigError> { unimplemented!() }
//! # }
//! use std::process::ExitCode;
//!
//! use create_auth_challenge::Issuers;
//!
//! #[tokio::main(flavor = "current_thread")]
//! async fn main() -> ExitCode {
//!     create_auth_challenge::run(Issuers::standard().with(pager_code::NAME, pager_code::issuer)).await
//! }
//! ```

mod function;
mod issuers;
mod made;

use std::process::ExitCode;
use std::sync::Arc;
use std::time::SystemTime;

use cognito_challenge_runtime::{self as runtime, Environment};
use rand::rngs::StdRng;

/// Messages with codes and links, and the services that deliver them.
pub use cognito_challenge_messages as messages;
pub use function::{CreateError, Function};
pub use issuers::{Issuers, captcha, codes, email_code, magic_link, proof_of_work, security_question, sms_code};

/// Runs the function with the challenge types of `issuers` until Lambda ends the process.
///
/// It reads `AUTH_FLOW`, `CHALLENGE_SECRET`, `DEFAULT_LOCALE` and the variables of the flow's types. If the
/// configuration is invalid, or `issuers` lacks a type of the flow, the process ends at once with a message on standard
/// error.
#[expect(
    clippy::disallowed_methods,
    reason = "this is the edge, where the clock and the random generator are read"
)]
pub async fn run(issuers: Issuers) -> ExitCode {
    let environment = Environment::of_process();
    let configured = Function::configure(&environment, &issuers).map(Arc::new);
    let function = match runtime::start(&environment, configured, |function| function.telemetry()) {
        Ok(function) => function,
        Err(code) => return code,
    };
    function.prepare().await;
    let handle = move |event| {
        let function = Arc::clone(&function);
        async move {
            let mut rng = rand::make_rng::<StdRng>();
            function.handle(event, SystemTime::now(), &mut rng).await
        }
    };
    runtime::run(&environment, handle).await
}
