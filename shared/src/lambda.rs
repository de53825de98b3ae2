//! How a function runs on Lambda: its configuration, its log, its errors.

use std::collections::HashMap;
use std::ffi::OsString;
use std::fmt::Display;
use std::process::ExitCode;
use std::str::FromStr;

use lambda_runtime::{Diagnostic, LambdaEvent, service_fn};
use serde_json::Value;
use tracing::error;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

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
        let value = self.get(name).ok_or(ConfigError::Missing { name })?;
        parse(value).map_err(|error| ConfigError::Invalid {
            name,
            error: error.to_string(),
        })
    }
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
}

/// Sends the log of this workspace's crates to standard output, at the level of `AWS_LAMBDA_LOG_LEVEL` or
/// `RUST_LOG` (default `info`), as JSON if `AWS_LAMBDA_LOG_FORMAT` is `JSON`.
///
/// Other crates log warnings and errors only, whatever the level: at `trace` some would print events.
pub fn start_log(environment: &Environment) {
    let level = environment
        .get("AWS_LAMBDA_LOG_LEVEL")
        .or_else(|| environment.get("RUST_LOG"));
    let level = level
        .and_then(|level| LevelFilter::from_str(level).ok())
        .unwrap_or(LevelFilter::INFO);
    let targets = Targets::new().with_default(LevelFilter::WARN).with_targets(
        [
            "shared",
            "define_auth_challenge",
            "create_auth_challenge",
            "verify_auth_challenge",
        ]
        .map(|own| (own, level)),
    );
    let lines = tracing_subscriber::fmt::layer().with_target(false).without_time();
    let log = tracing_subscriber::registry().with(targets);
    // A second subscriber in one process is refused; the first goes on.
    let _ = match environment.get("AWS_LAMBDA_LOG_FORMAT") {
        Some(format) if format.eq_ignore_ascii_case("json") => log.with(lines.json().flatten_event(true)).try_init(),
        _ => log.with(lines.with_ansi(false)).try_init(),
    };
}

/// Answers events with `function` until Lambda ends the process; a function that could not be configured ends it
/// at once, with the reason on standard error.
///
/// An error of `function` goes to the log in full and to Cognito as [`NEUTRAL_ERROR`].
pub async fn run<F, R, E>(function: Result<F, ConfigError>) -> ExitCode
where
    F: Fn(Value) -> R,
    R: Future<Output = Result<Value, E>>,
    E: Display,
{
    let function = match function {
        Ok(function) => function,
        Err(error) => return refuse(&error),
    };
    let service = service_fn(|event: LambdaEvent<Value>| {
        let answer = function(event.payload);
        async move {
            answer.await.map_err(|error| {
                error!(%error, "could not answer the event");
                Diagnostic {
                    error_type: "Error".into(),
                    error_message: NEUTRAL_ERROR.into(),
                }
            })
        }
    });
    match lambda_runtime::run(service).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => refuse(&error),
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
}
