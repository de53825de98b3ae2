//! The factors that a user may start `USER_AUTH` with.

use super::mfa::{Shown, owed};
use super::{AfterPassword, Stage, after_everything};
use crate::challenges::{EMAIL_OTP, PASSWORD, PASSWORD_SRP, SMS_OTP};
use crate::error::Error;
use crate::mail::Medium;
use crate::pools::Pool;
use crate::users::addresses::is_verified;
use crate::users::{Status, User};

/// A way to start a sign-in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FirstFactor {
    /// A code in a message.
    Code(Medium),
    Password,
    PasswordSrp,
}

impl FirstFactor {
    const ALL: [Self; 4] = [
        Self::Password,
        Self::PasswordSrp,
        Self::Code(Medium::Email),
        Self::Code(Medium::Sms),
    ];

    /// Returns the name in `AvailableChallenges`.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Code(Medium::Email) => EMAIL_OTP,
            Self::Code(Medium::Sms) => SMS_OTP,
            Self::Password => PASSWORD,
            Self::PasswordSrp => PASSWORD_SRP,
        }
    }

    /// Returns the factor called `name`.
    pub(crate) fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|factor| factor.name() == name)
    }
}

/// Returns the factors of a user or, for a nonexistent one, of the pool.
pub(crate) fn offered(pool: &Pool, user: Option<&User>) -> Vec<FirstFactor> {
    let offered = |factor: &FirstFactor| match factor {
        FirstFactor::Password | FirstFactor::PasswordSrp => {
            pool.passwords && user.is_none_or(|user| user.password.is_some())
        }
        FirstFactor::Code(medium) => {
            pool.first_codes.contains(medium) && user.is_none_or(|user| may_use_code(pool, user, *medium))
        }
    };
    FirstFactor::ALL.into_iter().filter(offered).collect()
}

/// Whether a code alone is enough. It is not if the user needs a second factor, or must still choose a password.
fn may_use_code(pool: &Pool, user: &User, medium: Medium) -> bool {
    let stage = Stage {
        pool,
        custom: false,
        device: None,
    };
    user.status == Status::Confirmed && is_verified(user, medium) && matches!(owed(user, stage), Ok(None))
}

/// Continues after a code for signing in was checked.
pub(crate) fn after_code(_shown: Shown, user: Option<&User>, stage: Stage<'_>) -> AfterPassword {
    match user {
        Some(user) if user.status == Status::Confirmed => after_everything(stage),
        _ => AfterPassword::Refuse(Error::incorrect()),
    }
}
