//! The state machine of a sign-in: from the response of a trigger, or the check of a password, to the next step.
//!
//! It calls no function, reads no clock and keeps no data.

pub(crate) mod first_factor;
pub(crate) mod mfa;

use crate::challenges::{CUSTOM_CHALLENGE, PASSWORD_VERIFIER, Round, SRP_A, is_own};
use crate::error::Error;
use crate::pools::Pool;
use crate::triggers::response::custom_challenge::{Created, Defined};
use crate::users::{Status, User};
use mfa::Owed;

/// Proof that a sign-in may end with tokens. Only this module creates it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Granted(());

/// The next step after the define function.
#[must_use]
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Next {
    /// The create function creates a challenge.
    AskCustom,
    /// The client proves the password.
    AskPassword,
    /// The sign-in is complete.
    IssueTokens(Granted),
    /// The sign-in has failed.
    Refuse(Error),
}

/// The state of a sign-in that Cognito drives.
#[derive(Clone, Copy)]
pub(crate) struct Stage<'a> {
    pub(crate) pool: &'a Pool,
    /// Whether the functions decide afterwards.
    pub(crate) custom: bool,
    /// The key of the device that must be proved before tokens are issued.
    pub(crate) device: Option<&'a str>,
}

/// The next step after a password, or after another challenge of Cognito itself.
#[must_use]
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum AfterPassword {
    /// The device must be proved.
    Device,
    /// The define function decides.
    Define,
    /// The sign-in is complete.
    IssueTokens(Granted),
    /// The user must choose a password, because the right one was temporary.
    NewPassword,
    /// The sign-in has failed.
    Refuse(Error),
    /// The user must show a second factor.
    SecondFactor(Owed),
}

/// Whether a user may start to sign in.
pub(crate) fn may_start(user: &User) -> Result<(), Error> {
    may_go_on(user)?;
    match user.status {
        Status::Confirmed | Status::ForceChangePassword => Ok(()),
        Status::ResetRequired => Err(reset_required()),
        Status::Unconfirmed => Err(Error::new("UserNotConfirmedException", "User is not confirmed.")),
    }
}

fn reset_required() -> Error {
    Error::new("PasswordResetRequiredException", "Password reset required for the user")
}

/// Whether a user may continue a sign-in, or use its tokens.
pub(crate) fn may_go_on(user: &User) -> Result<(), Error> {
    if user.disabled {
        return Err(Error::not_authorized("User is disabled."));
    }
    Ok(())
}

/// Decides after the define function.
pub(crate) fn after_define(defined: &Defined, history: &[Round], user_exists: bool) -> Next {
    let refuse = |why: &'static str| Next::Refuse(Error::incorrect().because(why));
    match defined {
        Defined {
            issue_tokens: true,
            fail_authentication: true,
            ..
        } => refuse(
            "`response.issueTokens` and `response.failAuthentication` are both true: what Cognito does then is not \
             known, so the sign-in fails",
        ),
        Defined {
            fail_authentication: true,
            ..
        } => Next::Refuse(Error::incorrect()),
        Defined { issue_tokens: true, .. } if !user_exists => {
            refuse("`response.issueTokens` is true for a nonexistent user, that cannot have tokens")
        }
        Defined { issue_tokens: true, .. } => Next::IssueTokens(Granted(())),
        Defined { challenge_name, .. } => after_challenge_name(challenge_name.as_deref().unwrap_or_default(), history),
    }
}

fn after_challenge_name(name: &str, history: &[Round]) -> Next {
    let unreadable = |why: String| Next::Refuse(Error::unrecognizable(why));
    match (name, history) {
        (CUSTOM_CHALLENGE, _) => Next::AskCustom,
        (PASSWORD_VERIFIER, [Round { challenge: SRP_A, .. }]) => Next::AskPassword,
        (PASSWORD_VERIFIER | SRP_A, _) => unreadable(format!(
            "`response.challengeName` is `{name}`, which may only follow the start of a password proof (`SRP_A`) once: \
             what Cognito does here is not known, so the sign-in fails"
        )),
        _ if is_own(name) => Next::Refuse(
            Error::not_offered(&format!("The challenge {name}, chosen by the define function,"))
                .because("what Cognito does then is not known, so the sign-in fails"),
        ),
        _ => unreadable(
            "`response.challengeName` is not a challenge of Cognito, and both `response.issueTokens` and \
             `response.failAuthentication` are false: what Cognito does then is not known, so the sign-in fails"
                .to_owned(),
        ),
    }
}

/// Decides after the create function: a challenge must have private parameters.
pub(crate) fn after_create(created: &Created) -> Result<(), Error> {
    if created.private.is_empty() {
        return Err(Error::incorrect().because(
            "`response.privateChallengeParameters` is empty: Cognito needs at least one entry and says only that the \
             password is wrong",
        ));
    }
    Ok(())
}

/// Decides after a password or its proof was checked. `user` is `None` for a nonexistent user.
pub(crate) fn after_password(correct: bool, user: Option<&User>, stage: Stage<'_>) -> AfterPassword {
    match user {
        Some(user) if correct => match user.status {
            Status::Unconfirmed => {
                AfterPassword::Refuse(Error::new("UserNotConfirmedException", "User is not confirmed."))
            }
            Status::ForceChangePassword => AfterPassword::NewPassword,
            Status::ResetRequired => AfterPassword::Refuse(reset_required()),
            Status::Confirmed => after_lasting_password(user, stage),
        },
        _ => AfterPassword::Refuse(Error::incorrect()),
    }
}

/// Decides after a user has chosen a password in place of a temporary one. The functions are not called from here on.
pub(crate) fn after_new_password(user: &User, stage: Stage<'_>) -> AfterPassword {
    let stage = Stage { custom: false, ..stage };
    match user.status {
        Status::Confirmed => after_lasting_password(user, stage),
        Status::ForceChangePassword | Status::ResetRequired | Status::Unconfirmed => {
            AfterPassword::Refuse(Error::incorrect())
        }
    }
}

fn after_lasting_password(user: &User, stage: Stage<'_>) -> AfterPassword {
    match mfa::owed(user, stage) {
        Ok(Some(owed)) => AfterPassword::SecondFactor(owed),
        Ok(None) => after_everything(stage),
        Err(error) => AfterPassword::Refuse(error),
    }
}

/// Decides after a second factor was checked.
pub(crate) fn after_second_factor(_shown: mfa::Shown, stage: Stage<'_>) -> AfterPassword {
    after_everything(stage)
}

fn after_everything(stage: Stage<'_>) -> AfterPassword {
    if stage.custom {
        AfterPassword::Define
    } else {
        before_tokens(Granted(()), stage.device)
    }
}

/// Decides what precedes tokens: the proof of the device that the client names.
pub(crate) fn before_tokens(granted: Granted, device: Option<&str>) -> AfterPassword {
    match device {
        None => AfterPassword::IssueTokens(granted),
        Some(_) => AfterPassword::Device,
    }
}

/// Decides after the proof of a device was checked.
pub(crate) fn after_device(correct: bool) -> Result<Granted, Error> {
    if correct {
        Ok(Granted(()))
    } else {
        Err(Error::incorrect())
    }
}

/// The devices of a refresh, by key.
#[derive(Clone, Copy, Default)]
pub(crate) struct Device<'a> {
    /// The device of the sign-in that is refreshed.
    pub(crate) signed_in: Option<&'a str>,
    /// The device in the request.
    pub(crate) shown: Option<&'a str>,
}

/// Decides after a refresh token was found: its user must be the one that signed in.
pub(crate) fn after_refresh(sub: &str, user: Option<&User>, needs: Device<'_>) -> Result<Granted, Error> {
    match user {
        Some(user) if user.sub == sub => {
            if let Some(key) = needs.signed_in
                && (needs.shown != Some(key) || user.device(key).is_none())
            {
                return Err(Error::not_authorized("Invalid Refresh Token.")
                    .because("DEVICE_KEY must be the confirmed device of the sign-in"));
            }
            may_start(user).map(|()| Granted(()))
        }
        _ => Err(Error::not_authorized("Invalid Refresh Token.").because("the user no longer exists")),
    }
}

#[cfg(test)]
mod tests;
