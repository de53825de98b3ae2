//! Codes that were sent to a user outside of a sign-in.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq;

use crate::error::Error;
use crate::mail::Medium;

/// The number of wrong codes that invalidate a code.
const MOST_WRONG: u8 = 10;

/// The purpose of a code.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub(crate) enum Purpose {
    /// Verifies an address.
    Attribute(Medium),
    /// Allows the user to choose a password in place of a forgotten one.
    Password,
    /// Confirms a new account.
    SignUp,
}

impl Purpose {
    /// The name in the terminal.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Attribute(_) => "VerifyUserAttribute",
            Self::Password => "ForgotPassword",
            Self::SignUp => "SignUp",
        }
    }

    /// The validity of its codes.
    fn validity(self) -> Duration {
        match self {
            Self::Password => Duration::from_hours(1),
            Self::Attribute(_) | Self::SignUp => Duration::from_hours(24),
        }
    }
}

/// The unused codes of a user: the newest of each purpose.
#[derive(Clone, Default, Deserialize, Serialize)]
#[serde(from = "Vec<(Purpose, Sent)>", into = "Vec<(Purpose, Sent)>")]
pub(crate) struct Codes(BTreeMap<Purpose, Sent>);

#[derive(Clone, Deserialize, Serialize)]
struct Sent {
    code: String,
    medium: Medium,
    address: String,
    expires: Duration,
    wrong: u8,
}

impl Codes {
    /// Stores a code that is sent to an address.
    pub(crate) fn add(&mut self, purpose: Purpose, code: String, (medium, address): (Medium, String), now: Duration) {
        let sent = Sent {
            code,
            medium,
            address,
            expires: now + purpose.validity(),
            wrong: 0,
        };
        self.0.insert(purpose, sent);
    }

    /// Removes the code for `purpose`.
    pub(crate) fn remove(&mut self, purpose: Purpose) {
        self.0.remove(&purpose);
    }

    /// Uses the code for `purpose`. Returns its destination.
    pub(crate) fn spend(&mut self, purpose: Purpose, given: &str, now: Duration) -> Result<(Medium, String), Error> {
        let sent = self.0.get_mut(&purpose).filter(|sent| sent.expires > now);
        let sent = sent.ok_or_else(expired)?;
        if !bool::from(sent.code.as_bytes().ct_eq(given.as_bytes())) {
            sent.wrong += 1;
            if sent.wrong >= MOST_WRONG {
                self.0.remove(&purpose);
            }
            return Err(mismatch());
        }
        let sent = self.0.remove(&purpose).ok_or_else(expired)?;
        Ok((sent.medium, sent.address))
    }
}

impl From<Vec<(Purpose, Sent)>> for Codes {
    fn from(sent: Vec<(Purpose, Sent)>) -> Self {
        Self(sent.into_iter().collect())
    }
}

impl From<Codes> for Vec<(Purpose, Sent)> {
    fn from(codes: Codes) -> Self {
        codes.0.into_iter().collect()
    }
}

impl std::fmt::Debug for Codes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Codes(..)")
    }
}

/// The code does not exist or has expired.
pub(crate) fn expired() -> Error {
    Error::new(
        "ExpiredCodeException",
        "Invalid code provided, please request a code again.",
    )
}

/// The code is wrong.
pub(crate) fn mismatch() -> Error {
    Error::new(
        "CodeMismatchException",
        "Invalid verification code provided, please try again.",
    )
}
