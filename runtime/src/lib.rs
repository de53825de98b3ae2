//! Runs a function of `cognito-challenge` on AWS Lambda.
//!
//! A function reads its [`Environment`], makes what it needs from a [`Registry`] of challenge types, starts the log with
//! [`start`], and answers events with [`run`]. Each invocation is one line of the [`log`], with its [`metrics`].

mod environment;
mod invocation;
pub mod log;
pub mod metrics;
mod panics;
mod registry;

use std::cell::Cell;
use std::fmt::Display;
use std::process::ExitCode;
use std::str::FromStr;
use std::time::Duration;

use cognito_challenge::telemetry::Telemetry;
use lambda_runtime::{Diagnostic, LambdaEvent, service_fn};
use serde::{Deserialize, Deserializer};
use serde_json::Value;
use serde_json::value::RawValue;
use tracing::level_filters::LevelFilter;
use tracing::{Instrument, Span, debug, error, error_span, warn};
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use invocation::{Origin, Pseudonyms};
use log::{Log, Schema};

pub use environment::{ConfigError, Environment};
pub use invocation::pseudonym;
pub use panics::caught;
pub use registry::{Configure, Configured, Registry};

/// The message of every error of a function. Cognito shows it to the client, so it reveals nothing.
pub const NEUTRAL_ERROR: &str = "internal error";

/// What the log and requests to other services call the version of a function: what `CHALLENGE_VERSION` was when it was
/// built, such as `0.1.0+4f2c9a1b07de-dirty`, else the version of this crate.
pub const VERSION: &str = match option_env!("CHALLENGE_VERSION") {
    Some(version) => version,
    None => env!("CARGO_PKG_VERSION"),
};

/// How long a challenge type may prepare itself. A function starts even if the type is not ready.
const PREPARING: Duration = Duration::from_secs(2);

/// Starts the log for a function that was `configured`, with the `telemetry` of its challenge types.
///
/// # Errors
///
/// The exit code of the process if the function cannot start. The reason is on standard error.
pub fn start<F>(
    environment: &Environment,
    configured: Result<F, ConfigError>,
    telemetry: impl FnOnce(&F) -> Vec<&'static Telemetry>,
) -> Result<F, ExitCode> {
    let started = configured.and_then(|function| {
        start_log(environment, &telemetry(&function))?;
        Ok(function)
    });
    started.map_err(|error| refuse(&error))
}

/// Lets a challenge type prepare itself, for two seconds at most. A type that panics or is late is used all the same.
pub async fn prepare(preparing: impl Future<Output = ()>) {
    if tokio::time::timeout(PREPARING, caught(preparing)).await.is_err() {
        warn!("a challenge type was not prepared in time");
    }
}

/// Sends the log to standard output from now on, and of panics their places only, at the level of `AWS_LAMBDA_LOG_LEVEL` or `RUST_LOG` (default `info`).
///
/// The challenge types' crates log what their `telemetry` declares. Other crates log warnings and errors only, whatever
/// the level: at `trace` some would print events.
///
/// # Errors
///
/// Telemetry that declares a field or a metric twice, or one that every line has.
fn start_log(environment: &Environment, telemetry: &[&'static Telemetry]) -> Result<(), ConfigError> {
    let schema = Schema::new(telemetry).map_err(ConfigError::Types)?;
    let level = environment
        .get("AWS_LAMBDA_LOG_LEVEL")
        .or_else(|| environment.get("RUST_LOG"));
    let level = level
        .and_then(|level| LevelFilter::from_str(level).ok())
        .unwrap_or(LevelFilter::INFO);
    let targets = targets(&schema, level);
    let log = Log {
        function: environment
            .get("AWS_LAMBDA_FUNCTION_NAME")
            .unwrap_or_default()
            .to_owned(),
        level,
        schema,
        out: std::io::stdout,
    };
    // A second subscriber in one process is refused; the first goes on.
    let _ = tracing_subscriber::registry().with(targets).with(log).try_init();
    panics::log_places_only();
    Ok(())
}

/// The crates that are heard, and from which level on.
fn targets(schema: &Schema, level: LevelFilter) -> Targets {
    // Events below the level belong to the invocation's line all the same, which is written if it is severe.
    let own = level.max(LevelFilter::INFO);
    Targets::new()
        .with_default(LevelFilter::WARN)
        // Repeats each error without its reason.
        .with_target("lambda_runtime", LevelFilter::OFF)
        .with_targets(schema.crates().map(|krate| (krate, own)))
}

/// Answers events with `function` until Lambda ends the process. A process that Lambda did not start ends at once, with
/// the reason on standard error.
///
/// Each invocation is a line of the log. An error of `function` is logged in full and returned to Cognito as
/// [`NEUTRAL_ERROR`]; of a panic, the log has the place only.
pub async fn run<F, R, E>(environment: &Environment, function: F) -> ExitCode
where
    F: Fn(Value) -> R,
    R: Future<Output = Result<Value, E>>,
    E: Display,
{
    if let Err(error) = environment.is_lambdas() {
        return refuse(&error);
    }
    debug!("started");
    let pseudonyms = environment.get("CHALLENGE_SECRET").and_then(Pseudonyms::parse);
    let cold = Cell::new(true);
    let service = service_fn(|event: LambdaEvent<Payload>| {
        let span = invocation(&event, pseudonyms.as_ref(), cold.take());
        let answer = answer(&function, event.payload).instrument(span.clone());
        async move {
            let answered = answer.await;
            // Writes the line before the answer goes out: after it, Lambda may freeze the process.
            drop(span);
            answered
        }
    });
    match lambda_runtime::run(service).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => refuse(&error),
    }
}

/// What `function` answers, or an error that says nothing.
async fn answer<F, R, E>(function: &F, event: Payload) -> Result<Value, Diagnostic>
where
    F: Fn(Value) -> R,
    R: Future<Output = Result<Value, E>>,
    E: Display,
{
    let answered = match event.0 {
        None => Err("the event is not JSON, or nested too deeply".to_owned()),
        // The call belongs to what may panic: define and verify do their work in it.
        Some(event) => match panics::caught(async move { function(event).await }).await {
            None => return Err(neutral()),
            Some(answered) => answered.map_err(|error| error.to_string()),
        },
    };
    answered.map_err(|error| {
        error!(decision = "error", "{error}");
        neutral()
    })
}

fn neutral() -> Diagnostic {
    Diagnostic {
        error_type: "Error".into(),
        error_message: NEUTRAL_ERROR.into(),
    }
}

/// The span that gathers what the log says of an invocation. Always there: an error is a line at any level.
fn invocation(event: &LambdaEvent<Payload>, pseudonyms: Option<&Pseudonyms>, cold: bool) -> Span {
    let origin = event.payload.0.as_ref().map(|event| Origin::of(event, pseudonyms));
    let Origin {
        trigger,
        pool,
        client,
        user,
    } = origin.unwrap_or_default();
    error_span!(
        log::INVOCATION,
        requestId = event.context.request_id,
        trigger,
        userPool = pool,
        client,
        user,
        coldStart = cold
    )
}

/// An event, or nothing where the bytes are not JSON.
///
/// Reading it never fails: `lambda_runtime` would send the parser's own words to the client.
struct Payload(Option<Value>);

impl<'de> Deserialize<'de> for Payload {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // As text first: `lambda_runtime` keeps account of where in the event its deserializer is, which takes longer
        // than to go over the text twice.
        let text = <&RawValue>::deserialize(deserializer).ok();
        Ok(Self(text.and_then(|text| serde_json::from_str(text.get()).ok())))
    }
}

/// Ends a function that cannot start, with `error` on standard error.
fn refuse(error: &dyn Display) -> ExitCode {
    eprintln!("{error}");
    ExitCode::FAILURE
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_json_is_read_as_nothing_rather_than_refused() {
        let read = |bytes: &[u8]| {
            Payload::deserialize(&mut serde_json::Deserializer::from_slice(bytes))
                .unwrap()
                .0
        };
        assert_eq!(read(b"{\"a\": [null]}"), Some(serde_json::json!({"a": [null]})));
        let deep = [b'['; 10_000];
        for bytes in [
            b"".as_slice(),
            b"hello",
            b"{\"a\": \"hunter2",
            b"\"\xff\"",
            b"\"\\ud800\"",
            &deep,
        ] {
            assert_eq!(read(bytes), None, "{bytes:?}");
        }
    }

    #[test]
    fn a_function_that_fails_or_panics_tells_the_client_the_same_nothing() {
        async fn later(event: Value) -> Result<Value, String> {
            assert!(event.is_null(), "hunter2");
            Err("hunter2".into())
        }
        let at_once = |event: Value| {
            assert!(event.is_null(), "hunter2");
            std::future::ready(Err::<Value, _>("hunter2"))
        };
        for event in [Value::Null, Value::Bool(true)] {
            let answers = [
                now(answer(&later, Payload(Some(event.clone())))),
                now(answer(&at_once, Payload(Some(event)))),
                now(answer(&later, Payload(None))),
            ];
            for answer in answers {
                let told = answer.unwrap_err();
                assert_eq!(
                    (told.error_type.as_str(), told.error_message.as_str()),
                    ("Error", NEUTRAL_ERROR)
                );
            }
        }
    }

    #[test]
    fn what_a_function_answers_is_returned_as_it_is() {
        let event = serde_json::json!({"b": 1, "a": [null]});
        let echo = |event: Value| std::future::ready(Ok::<_, String>(event));
        let answered = now(answer(&echo, Payload(Some(event.clone())))).ok();
        assert_eq!(answered.unwrap().to_string(), event.to_string());
    }

    /// What a future gives that waits for nothing.
    fn now<T>(future: impl Future<Output = T>) -> T {
        let mut context = std::task::Context::from_waker(std::task::Waker::noop());
        match std::pin::pin!(future).poll(&mut context) {
            std::task::Poll::Ready(answer) => answer,
            std::task::Poll::Pending => panic!("it waits"),
        }
    }
}
