//! Lets users set the answers to their security questions: the function behind an Amazon API Gateway HTTP API.
//!
//! With an access token of a recent sign-in, a user changes the answers. A user without answers cannot sign in. Such a
//! user sets the first answers with a link that was mailed, or that an administrator handed out. An answer leaves the
//! function only as a hash.

mod answers;
mod caller;
mod function;
mod mails;
mod marks;
mod problem;
mod request;
mod users;

use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use cognito_challenge_runtime::{self as runtime, Environment};
use rand::rngs::StdRng;
use tokio::time::{Instant, sleep_until};

pub use function::{EventError, Function};

/// The earliest time at which a request for a link is answered. By then, the calls to AWS that only some usernames need
/// are done.
const LINKS_ANSWERED: Duration = Duration::from_millis(500);

/// Runs the function until Lambda ends the process.
///
/// Reads `CHALLENGE_SECRET`, `USER_POOL_ID`, `ENROLMENT_CLIENTS`, `ATTEMPTS_TABLE`, `DEFAULT_LOCALE`, and for mails
/// `MAIL_FROM`, `ENROLMENT_URL`, `ENROLMENT_NOTICES`, `MAIL_TEMPLATE`, `MESSAGES_PER_HOUR` and `PRODUCT_NAME`.
#[expect(
    clippy::disallowed_methods,
    reason = "this is the edge, where the clock and the random generator are read"
)]
pub async fn run() -> ExitCode {
    let environment = Environment::of_process();
    let configured = Function::configure(&environment).map(Arc::new);
    let function = match runtime::start(&environment, configured, |function| function.telemetry()) {
        Ok(function) => function,
        Err(code) => return code,
    };
    let handle = move |event| {
        let function = Arc::clone(&function);
        async move {
            let started = Instant::now();
            let mut rng = rand::make_rng::<StdRng>();
            let asks_for_a_link = Function::asks_for_a_link(&event);
            let answer = function.handle(event, SystemTime::now(), &mut rng).await;
            if asks_for_a_link {
                sleep_until(started + LINKS_ANSWERED).await;
            }
            answer
        }
    };
    runtime::run(&environment, handle).await
}
