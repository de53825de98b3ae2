//! How a function runs on Lambda: its configuration, its log, its errors.

mod invocation;
pub mod log;
pub mod metrics;
mod panics;

use std::cell::Cell;
use std::collections::HashMap;
use std::ffi::OsString;
use std::fmt::Display;
use std::process::ExitCode;
use std::str::FromStr;

use lambda_runtime::{Diagnostic, LambdaEvent, service_fn};
use serde::{Deserialize, Deserializer};
use serde_json::Value;
use serde_json::value::RawValue;
use tracing::level_filters::LevelFilter;
use tracing::{Instrument, Span, debug, error, error_span};
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use invocation::{Origin, Pseudonyms};
use log::Log;

/// What the client is told where a function fails. Cognito shows it, so it says nothing.
pub const NEUTRAL_ERROR: &str = "internal error";

/// The environment of a function, by variable name. It has no `Debug`, because it holds secrets.
pub struct Environment(HashMap<String, String>);

impl Environment {
    /// Takes variables, such as `std::env::vars_os()`; what is not Unicode is left out.
    pub fn new<T: Into<OsString>>(variables: impl IntoIterator<Item = (T, T)>) -> Self {
        let text = |(name, value): (T, T)| Some((name.into().into_string().ok()?, value.into().into_string().ok()?));
        Self(variables.into_iter().filter_map(text).collect())
    }

    /// The variable `name`, if it is set and not empty.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// The variable `name`, read by `parse`.
    ///
    /// # Errors
    ///
    /// A variable that is missing, or that `parse` refuses.
    pub fn required<T, E: Display>(
        &self,
        name: &'static str,
        parse: impl FnOnce(&str) -> Result<T, E>,
    ) -> Result<T, ConfigError> {
        self.optional(name, parse)?.ok_or(ConfigError::Missing { name })
    }

    /// The variable `name`, read by `parse`, if it is there.
    ///
    /// # Errors
    ///
    /// A variable that `parse` refuses.
    pub fn optional<T, E: Display>(
        &self,
        name: &'static str,
        parse: impl FnOnce(&str) -> Result<T, E>,
    ) -> Result<Option<T>, ConfigError> {
        let parsed = self.get(name).map(parse).transpose();
        parsed.map_err(|error| ConfigError::Invalid {
            name,
            error: one_line(&error.to_string()),
        })
    }

    /// Whether everything is there that Lambda sets and `lambda_runtime` panics without.
    fn is_lambdas(&self) -> Result<(), ConfigError> {
        let missing = |name| ConfigError::NotOnLambda { name };
        for name in [
            "AWS_LAMBDA_FUNCTION_NAME",
            "AWS_LAMBDA_FUNCTION_VERSION",
            "AWS_LAMBDA_RUNTIME_API",
        ] {
            self.get(name).ok_or_else(|| missing(name))?;
        }
        let name = "AWS_LAMBDA_FUNCTION_MEMORY_SIZE";
        let memory = self.get(name).ok_or_else(|| missing(name))?;
        match memory.parse::<i32>() {
            Ok(_) => Ok(()),
            Err(_) => Err(ConfigError::Invalid {
                name,
                error: "write a number of megabytes, such as `128`".into(),
            }),
        }
    }
}

/// `text` without characters that could end the line.
fn one_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { '?' } else { c }).collect()
}

/// Why a function cannot start.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// A variable says something that cannot be.
    #[error("variable `{name}`: {error}")]
    Invalid {
        /// The variable.
        name: &'static str,
        /// What would have been right.
        error: String,
    },
    /// A variable is not there.
    #[error("variable `{name}` is missing: template.yaml sets it")]
    Missing {
        /// The variable.
        name: &'static str,
    },
    /// A variable is not there that no configuration sets.
    #[error("variable `{name}` is missing: Lambda sets it; on your own machine, start the function with `local`")]
    NotOnLambda {
        /// The variable.
        name: &'static str,
    },
}

/// Sends the log to standard output, at the level of `AWS_LAMBDA_LOG_LEVEL` or `RUST_LOG` (default `info`).
///
/// Other crates log warnings and errors only, whatever the level: at `trace` some would print events.
pub fn start_log(environment: &Environment) {
    let level = environment
        .get("AWS_LAMBDA_LOG_LEVEL")
        .or_else(|| environment.get("RUST_LOG"));
    let level = level
        .and_then(|level| LevelFilter::from_str(level).ok())
        .unwrap_or(LevelFilter::INFO);
    // What is said below the level belongs to the invocation's line all the same, which is written if it is severe.
    let own = level.max(LevelFilter::INFO);
    let targets = Targets::new()
        .with_default(LevelFilter::WARN)
        // Says of every error again, without its reason, that there was one.
        .with_target("lambda_runtime", LevelFilter::OFF)
        .with_targets(log::OWN.map(|krate| (krate, own)));
    let log = Log {
        function: environment
            .get("AWS_LAMBDA_FUNCTION_NAME")
            .unwrap_or_default()
            .to_owned(),
        level,
        out: std::io::stdout,
    };
    // A second subscriber in one process is refused; the first goes on.
    let _ = tracing_subscriber::registry().with(targets).with(log).try_init();
}

/// Answers events with `function` until Lambda ends the process; a function that could not be configured, or that
/// Lambda did not start, ends it at once, with the reason on standard error.
///
/// Each invocation is a line of the log. An error of `function` goes there in full, and to Cognito as
/// [`NEUTRAL_ERROR`]; of a panic the log has the place.
pub async fn run<F, R, E>(environment: &Environment, function: Result<F, ConfigError>) -> ExitCode
where
    F: Fn(Value) -> R,
    R: Future<Output = Result<Value, E>>,
    E: Display,
{
    let function = match function.and_then(|function| environment.is_lambdas().map(|()| function)) {
        Ok(function) => function,
        Err(error) => return refuse(&error),
    };
    debug!("started version {}", env!("CARGO_PKG_VERSION"));
    panics::log_places_only();
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

fn refuse(error: &dyn Display) -> ExitCode {
    eprintln!("{error}");
    ExitCode::FAILURE
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_variable_is_a_missing_one() {
        let environment = Environment::new([("A", "")]);
        for name in ["A", "B"] {
            let error = environment.required(name, |_| Ok::<_, ConfigError>(())).unwrap_err();
            assert_eq!(
                error.to_string(),
                format!("variable `{name}` is missing: template.yaml sets it")
            );
        }
    }

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

    /// What a future gives that waits for nothing.
    fn now<T>(future: impl Future<Output = T>) -> T {
        let mut context = std::task::Context::from_waker(std::task::Waker::noop());
        match std::pin::pin!(future).poll(&mut context) {
            std::task::Poll::Ready(answer) => answer,
            std::task::Poll::Pending => panic!("it waits"),
        }
    }

    #[test]
    fn a_program_that_lambda_did_not_start_says_so() {
        let lambda = [
            ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "128"),
            ("AWS_LAMBDA_FUNCTION_NAME", "define"),
            ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST"),
            ("AWS_LAMBDA_RUNTIME_API", "127.0.0.1:9001"),
        ];
        assert_eq!(Environment::new(lambda).is_lambdas(), Ok(()));
        for (missing, _) in lambda {
            let others = lambda.into_iter().filter(|(name, _)| *name != missing);
            let error = Environment::new(others).is_lambdas().unwrap_err().to_string();
            assert_eq!(
                error,
                format!(
                    "variable `{missing}` is missing: Lambda sets it; on your own machine, start the function with `local`"
                )
            );
        }
    }

    #[test]
    fn a_reason_is_one_line() {
        let environment = Environment::new([("A", "x")]);
        let error = environment.required("A", |_| Err::<(), _>("a\nb")).unwrap_err();
        assert_eq!(error.to_string(), "variable `A`: a?b");
    }
}
