//! Reads the environment variables that configure a function.

use std::collections::HashMap;
use std::ffi::OsString;
use std::fmt::Display;

/// The environment variables of a function. It has no `Debug`, because it holds secrets.
///
/// ```
/// use cognito_challenge_runtime::Environment;
///
/// fn host(url: &str) -> Result<String, &'static str> {
///     url.strip_prefix("https://").map(str::to_owned).ok_or("write an address such as `https://pager.example.com`")
/// }
///
/// let environment = Environment::new([("PAGER_URL", "pager.example.com")]);
/// let error = environment.required("PAGER_URL", host).unwrap_err();
/// assert_eq!(error.to_string(), "variable `PAGER_URL`: write an address such as `https://pager.example.com`");
/// ```
pub struct Environment(HashMap<String, String>);

impl Environment {
    /// Returns the environment of this process.
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the edge, where the environment is read"
    )]
    pub fn of_process() -> Self {
        Self::new(std::env::vars_os())
    }

    /// Creates an environment from variables. It omits variables that are not Unicode.
    pub fn new<T: Into<OsString>>(variables: impl IntoIterator<Item = (T, T)>) -> Self {
        let text = |(name, value): (T, T)| Some((name.into().into_string().ok()?, value.into().into_string().ok()?));
        Self(variables.into_iter().filter_map(text).collect())
    }

    /// Returns the variable `name` if it is set and not empty.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// Parses the variable `name` with `parse`.
    ///
    /// # Errors
    ///
    /// Returns an error if the variable is missing, or if `parse` rejects it.
    pub fn required<T, E: Display>(
        &self,
        name: &'static str,
        parse: impl FnOnce(&str) -> Result<T, E>,
    ) -> Result<T, ConfigError> {
        self.optional(name, parse)?.ok_or(ConfigError::Missing { name })
    }

    /// Parses the variable `name` with `parse`, if it is set.
    ///
    /// # Errors
    ///
    /// Returns an error if `parse` rejects the variable.
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

    /// Checks that Lambda's variables exist. `lambda_runtime` panics without them.
    pub(crate) fn is_lambdas(&self) -> Result<(), ConfigError> {
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

/// Replaces characters in `text` that could end the line.
fn one_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { '?' } else { c }).collect()
}

/// The reason why a function cannot start. The message describes the correct value and quotes no secret.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// A variable has an invalid value.
    #[error("variable `{name}`: {error}")]
    Invalid {
        /// The name of the variable.
        name: &'static str,
        /// A description of the correct value.
        error: String,
    },
    /// A variable is not set.
    #[error("variable `{name}` is missing: template.yaml sets it")]
    Missing {
        /// The name of the variable.
        name: &'static str,
    },
    /// A variable is not set that only Lambda sets.
    #[error("variable `{name}` is missing: Lambda sets it; on your own machine, start the function with `local`")]
    NotOnLambda {
        /// The name of the variable.
        name: &'static str,
    },
    /// The list of challenge types is invalid. Fix it in the code that creates the list.
    #[error("challenge types: {0}")]
    Types(String),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_variable_counts_as_missing() {
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
    fn a_process_outside_lambda_reports_the_missing_variable() {
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
