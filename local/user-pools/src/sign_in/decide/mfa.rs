//! The second factor that a user must show after the password.

use std::time::Duration;

use subtle::ConstantTimeEq;

use super::Stage;
use crate::error::Error;
use crate::pools::Pool;
use crate::pools::mfa::{Factor, Mfa};
use crate::users::User;
use crate::users::mfa::{UserMfa, code_mismatch};

/// The second factor that a user must show.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Owed {
    /// One of several, which the user must choose.
    Choice(Vec<Factor>),
    /// This one.
    Factor(Factor),
    /// A new one: the user has no factor.
    SetUp,
}

/// Proof that a second factor was shown. Only this module creates it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Shown(());

/// Returns the factor that `user` must show after a right password. A remembered device, which is proved later, may
/// replace a factor. It does not replace the setup of a factor.
pub(super) fn owed(user: &User, stage: Stage<'_>) -> Result<Option<Owed>, Error> {
    let pool = stage.pool;
    if pool.mfa == Mfa::Off {
        return Ok(None);
    }
    let usable = usable(user, pool);
    let preferred = user.mfa.preferred.filter(|factor| usable.contains(factor));
    let device = stage.device.and_then(|key| user.device(key));
    let stands_for_factor = pool.devices.is_some_and(|devices| devices.stands_for_factor);
    if !usable.is_empty() && stands_for_factor && device.is_some_and(|device| device.remembered) {
        return Ok(None);
    }
    match (usable.as_slice(), preferred) {
        (_, Some(factor)) => Ok(Some(Owed::Factor(factor))),
        ([factor], None) => Ok(Some(Owed::Factor(*factor))),
        ([], None) if pool.mfa == Mfa::Optional => Ok(None),
        ([], None) if pool.factors.contains(&Factor::SoftwareToken) => Ok(Some(Owed::SetUp)),
        ([], None) => Err(Error::not_offered("The challenge MFA_SETUP").because(
            "the pool's `MfaConfiguration` is ON, the user has no second factor, and SOFTWARE_TOKEN_MFA, which could \
             be set up, is not among the pool's",
        )),
        (_, None) => Ok(Some(Owed::Choice(usable))),
    }
}

/// Returns the factors that the pool allows and the user has. If the user can choose, the user must also have enabled
/// them.
fn usable(user: &User, pool: &Pool) -> Vec<Factor> {
    let wanted = |factor: &Factor| pool.mfa == Mfa::On || user.mfa.enabled.contains(factor);
    let factors = pool.factors.iter().copied();
    factors.filter(|factor| has(user, *factor) && wanted(factor)).collect()
}

/// Whether the user can be asked for the factor.
pub(crate) fn has(user: &User, factor: Factor) -> bool {
    match factor.medium() {
        Some(medium) => user.attributes.contains_key(medium.attribute()),
        None => user.mfa.token.is_some(),
    }
}

/// Uses a code of the user's authenticator app.
pub(crate) fn show_token(mfa: &mut UserMfa, code: &str, now: Duration) -> Result<Shown, Error> {
    let token = mfa
        .token
        .as_mut()
        .ok_or_else(|| code_mismatch().because("the user no longer has an authenticator app"))?;
    token.spend(code, now).check().map(Shown)
}

/// Compares the answer with the code in constant time. For a nonexistent user, every answer is wrong.
pub(crate) fn show_code(sent: &str, given: &str, user_exists: bool) -> Result<Shown, Error> {
    if bool::from(sent.as_bytes().ct_eq(given.as_bytes())) && user_exists {
        return Ok(Shown(()));
    }
    Err(code_mismatch())
}

/// Counts the setup of an authenticator app, which needs a right code, as a second factor.
pub(crate) fn show_set_up(set_up: bool) -> Result<Shown, Error> {
    if set_up {
        return Ok(Shown(()));
    }
    Err(super::super::sessions::invalid().because("answer MFA_SETUP with the session that VerifySoftwareToken returns"))
}
