//! The errors of requests: a part for the client and a part for the terminal.

use std::borrow::Cow;
use std::fmt;

use crate::storage::StorageError;

/// An error with Cognito's text, and a reason that Cognito does not reveal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error {
    /// The name of the exception, as in `__type`.
    pub name: &'static str,
    /// The text for the client.
    pub message: Cow<'static, str>,
    /// The reason, which only the terminal shows.
    pub why: Option<Cow<'static, str>>,
}

impl Error {
    /// Creates an exception called `name` with the text `message`.
    pub fn new(name: &'static str, message: impl Into<Cow<'static, str>>) -> Self {
        Self {
            name,
            message: message.into(),
            why: None,
        }
    }

    /// Adds a reason for the terminal.
    #[must_use]
    pub fn because(mut self, why: impl Into<Cow<'static, str>>) -> Self {
        self.why = Some(why.into());
        self
    }

    /// Creates a `NotAuthorizedException` with the text `message`.
    pub fn not_authorized(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new("NotAuthorizedException", message)
    }

    /// The error that ends every failed sign-in.
    pub fn incorrect() -> Self {
        Self::not_authorized("Incorrect username or password.")
    }

    /// Creates an `InvalidParameterException` with the text `message`.
    pub fn invalid_parameter(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new("InvalidParameterException", message)
    }

    /// A required key is missing.
    pub fn missing(key: &str) -> Self {
        Self::invalid_parameter(format!("Missing required parameter {key}"))
    }

    /// Creates a `ResourceNotFoundException` with the text `message`.
    pub fn resource_not_found(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new("ResourceNotFoundException", message)
    }

    /// The user does not exist, and the client may know it.
    pub fn user_not_found() -> Self {
        Self::new("UserNotFoundException", "User does not exist.")
    }

    /// A part of Cognito that is not supported. It is an error, so that it never counts as passed.
    pub fn not_offered(what: &str) -> Self {
        Self::invalid_parameter(format!("{what} is not supported by local"))
    }

    /// The response of a function that Cognito cannot read.
    pub(crate) fn unrecognizable(why: String) -> Self {
        Self::new("InvalidLambdaResponseException", "Unrecognizable lambda output").because(why)
    }

    /// An internal failure.
    pub fn internal(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new("InternalErrorException", message)
    }

    /// Returns the HTTP status of this error.
    pub fn status(&self) -> u16 {
        match self.name {
            "InternalErrorException" => 500,
            "RequestEntityTooLarge" => 413,
            _ => 400,
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.name, self.message)
    }
}

impl std::error::Error for Error {}

impl From<StorageError> for Error {
    fn from(error: StorageError) -> Self {
        Self::internal("the change could not be stored").because(error.to_string())
    }
}
