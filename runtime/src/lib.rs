//! Runs a function of `cognito-challenge` on AWS Lambda.
//!
//! A function reads its [`Environment`], creates its challenge types from a [`Registry`], starts the log with
//! [`start`], and answers events with [`run`]. Each invocation writes one line to the [`log`], with its [`metrics`].
//!
//! A challenge type needs only [`Environment`] and [`ConfigError`]: its configuration reads variables, and returns the
//! type or an error.

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

/// The message of every error that a function returns. Cognito shows it to the client, so it reveals nothing.
pub const NEUTRAL_ERROR: &str = "internal error";

/// The version of a function in the log and in requests to other services.
///
/// It is the value of `CHALLENGE_VERSION` during the build, such as `0.1.0+4f2c9a1b07de-dirty`, else the version of
/// this crate.
pub const VERSION: &str = match option_env!("CHALLENGE_VERSION") {
    Some(version) => version,
    None => env!("CARGO_PKG_VERSION"),
};

/// The time limit for the preparation of a challenge type. A function starts even if the preparation is not finished.
const PREPARING: Duration = Duration::from_secs(2);

/// Starts the log for a function whose configuration is `configured`, with the `telemetry` of its challenge types.
///
/// # Errors
///
/// Returns the exit code of the process if the function cannot start. The reason is on standard error.
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

/// Runs the preparation of a challenge type for at most two seconds. The type is used even if it panics or is late.
pub async fn prepare(preparing: impl Future<Output = ()>) {
    if tokio::time::timeout(PREPARING, caught(preparing)).await.is_err() {
        warn!("a challenge type did not finish its preparation in time");
    }
}

/// Writes the log to standard output, at the level of `AWS_LAMBDA_LOG_LEVEL` or `RUST_LOG` (default `info`). Of panics,
/// it logs only the location.
///
/// The challenge types' crates log what their `telemetry` declares. Other crates log only warnings and errors at any
/// level, because some would log events at `trace`.
///
/// # Errors
///
/// Returns an error if the telemetry declares a field or a metric twice, or one that every line has.
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
    // A second subscriber in one process is rejected, and the first one stays active.
    let _ = tracing_subscriber::registry().with(targets).with(log).try_init();
    panics::log_places_only();
    Ok(())
}

/// Returns the crates whose events are logged, and the lowest level of each.
fn targets(schema: &Schema, level: LevelFilter) -> Targets {
    // Events below the level are collected too, because the invocation's line contains them if it is a warning or an
    // error.
    let own = level.max(LevelFilter::INFO);
    Targets::new()
        .with_default(LevelFilter::WARN)
        // `lambda_runtime` repeats each error without its reason.
        .with_target("lambda_runtime", LevelFilter::OFF)
        .with_targets(schema.crates().map(|krate| (krate, own)))
}

/// Answers events with `function` until Lambda ends the process. If Lambda did not start the process, it ends at once
/// with the reason on standard error.
///
/// Each invocation writes one line to the log. If `function` fails, the log has the error, and Cognito receives
/// [`NEUTRAL_ERROR`]. If it panics, the log has only the location.
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
            // Writes the line before the response is sent, because Lambda may freeze the process after the response.
            drop(span);
            answered
        }
    });
    match lambda_runtime::run(service).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => refuse(&error),
    }
}

/// Returns the response of `function`, or an error that reveals nothing.
async fn answer<F, R, E>(function: &F, event: Payload) -> Result<Value, Diagnostic>
where
    F: Fn(Value) -> R,
    R: Future<Output = Result<Value, E>>,
    E: Display,
{
    let answered = match event.0 {
        None => Err("the event is not JSON, or it is nested too deeply".to_owned()),
        // The call is inside the guarded future, because define and verify do their work in it.
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

/// Returns the span that collects the log of an invocation. It has the level `error`, so that it exists at every log
/// level.
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

/// An event, or `None` if the bytes are not JSON.
///
/// Deserialization never fails, because `lambda_runtime` would send the parser's error to the client.
struct Payload(Option<Value>);

impl<'de> Deserialize<'de> for Payload {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // Reads the text first. `lambda_runtime` tracks the path within the event during deserialization, which takes
        // longer than a second pass over the text.
        let text = <&RawValue>::deserialize(deserializer).ok();
        Ok(Self(text.and_then(|text| serde_json::from_str(text.get()).ok())))
    }
}

/// Writes `error` to standard error and returns the exit code of a function that cannot start.
fn refuse(error: &dyn Display) -> ExitCode {
    eprintln!("{error}");
    ExitCode::FAILURE
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_that_are_not_json_are_read_as_none() {
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
    fn the_client_gets_the_same_neutral_error_after_an_error_and_a_panic() {
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
    fn the_response_of_a_function_is_returned_unchanged() {
        let event = serde_json::json!({"b": 1, "a": [null]});
        let echo = |event: Value| std::future::ready(Ok::<_, String>(event));
        let answered = now(answer(&echo, Payload(Some(event.clone())))).ok();
        assert_eq!(answered.unwrap().to_string(), event.to_string());
    }

    /// Returns the output of a future that does not wait.
    fn now<T>(future: impl Future<Output = T>) -> T {
        let mut context = std::task::Context::from_waker(std::task::Waker::noop());
        match std::pin::pin!(future).poll(&mut context) {
            std::task::Poll::Ready(answer) => answer,
            std::task::Poll::Pending => panic!("the future waits"),
        }
    }
}
