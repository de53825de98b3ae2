//! Codes that were sent to a user outside of a sign-in.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq;

use crate::error::Error;
use crate::mail::Medium;

/// How many wrong codes end a right one.
const MOST_WRONG: u8 = 10;

/// What a code is for.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub(crate) enum Purpose {
    /// To show that an address is one's own.
    Attribute(Medium),
    /// To choose a password in place of a forgotten one.
    Password,
    /// To confirm a new account.
    SignUp,
}

impl Purpose {
    /// As the terminal shows it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Attribute(_) => "VerifyUserAttribute",
            Self::Password => "ForgotPassword",
            Self::SignUp => "SignUp",
        }
    }

    /// How long its codes are good.
    fn validity(self) -> Duration {
        match self {
            Self::Password => Duration::from_hours(1),
            Self::Attribute(_) | Self::SignUp => Duration::from_hours(24),
        }
    }
}

/// The codes that a user has not used yet: of each purpose the newest.
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
    /// Remembers a code that goes to an address.
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

    /// Forgets the code for `purpose`.
    pub(crate) fn remove(&mut self, purpose: Purpose) {
        self.0.remove(&purpose);
    }

    /// Uses up the code for `purpose`; says where it had been sent.
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

/// There is no code, or it is too old.
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
