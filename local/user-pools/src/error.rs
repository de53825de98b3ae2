//! What a client is told when a request fails, and what only the terminal is told.

use std::borrow::Cow;
use std::fmt;

use crate::storage::StorageError;

/// A refusal in Cognito's words, with the reason that Cognito would keep to itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error {
    /// The exception's name, as in `__type`.
    pub name: &'static str,
    /// What the client reads.
    pub message: Cow<'static, str>,
    /// What the terminal shows in addition.
    pub why: Option<Cow<'static, str>>,
}

impl Error {
    /// An exception called `name` that says `message`.
    pub fn new(name: &'static str, message: impl Into<Cow<'static, str>>) -> Self {
        Self {
            name,
            message: message.into(),
            why: None,
        }
    }

    /// The same error, with its reason for the terminal.
    #[must_use]
    pub fn because(mut self, why: impl Into<Cow<'static, str>>) -> Self {
        self.why = Some(why.into());
        self
    }

    /// `NotAuthorizedException` that says `message`.
    pub fn not_authorized(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new("NotAuthorizedException", message)
    }

    /// What every failed sign-in ends with.
    pub fn incorrect() -> Self {
        Self::not_authorized("Incorrect username or password.")
    }

    /// `InvalidParameterException` that says `message`.
    pub fn invalid_parameter(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new("InvalidParameterException", message)
    }

    /// A key that has to be there is not.
    pub fn missing(key: &str) -> Self {
        Self::invalid_parameter(format!("Missing required parameter {key}"))
    }

    /// `ResourceNotFoundException` that says `message`.
    pub fn resource_not_found(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new("ResourceNotFoundException", message)
    }

    /// No such user, said openly.
    pub fn user_not_found() -> Self {
        Self::new("UserNotFoundException", "User does not exist.")
    }

    /// A part of Cognito that is not there yet: refused, so that it never counts as passed.
    pub fn not_offered(what: &str) -> Self {
        Self::invalid_parameter(format!("{what} is not offered by local"))
    }

    /// The machine let us down.
    pub fn internal(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new("InternalErrorException", message)
    }

    /// The HTTP status of this error.
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
        Self::internal("the change could not be kept").because(error.to_string())
    }
}
