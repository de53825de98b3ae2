//! The second factors of a user.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::error::Error;
use crate::pools::mfa::Factor;
use crate::totp::Secret;

/// The second factors of a user.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub(crate) struct UserMfa {
    /// The authenticator app, after it has shown a right code.
    pub(crate) token: Option<Token>,
    /// A secret that the user has received but not confirmed yet.
    pub(crate) handed_out: Option<Secret>,
    /// The factors that the user has enabled.
    pub(crate) enabled: BTreeSet<Factor>,
    pub(crate) preferred: Option<Factor>,
}

/// An authenticator app.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct Token {
    secret: Secret,
    pub(crate) name: Option<String>,
    /// The last step whose code was used. Its code and earlier ones are not accepted again.
    used: u64,
}

/// The result of a code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Code {
    Right,
    Used,
    Wrong,
}

impl Token {
    /// Creates an app that has shown the code of step `used`.
    pub(crate) fn new(secret: Secret, name: Option<String>, used: u64) -> Self {
        Self { secret, name, used }
    }

    /// Returns the secret of the app.
    pub(crate) fn secret(&self) -> &Secret {
        &self.secret
    }

    /// Uses a code, which is not accepted again.
    pub(crate) fn spend(&mut self, code: &str, now: std::time::Duration) -> Code {
        match self.secret.step(code, now) {
            Some(step) if step > self.used => {
                self.used = step;
                Code::Right
            }
            Some(_) => Code::Used,
            None => Code::Wrong,
        }
    }
}

impl Code {
    /// Returns an error unless the code is right.
    pub(crate) fn check(self) -> Result<(), Error> {
        match self {
            Self::Right => Ok(()),
            Self::Used => Err(Error::new(
                "ExpiredCodeException",
                "Your software token has already been used once.",
            )),
            Self::Wrong => Err(code_mismatch()),
        }
    }
}

/// The error for a wrong code.
pub(crate) fn code_mismatch() -> Error {
    Error::new("CodeMismatchException", "Invalid code or auth state for the user.")
}
