//! The operations on users' second factors.

use std::sync::Arc;

use serde_json::{Value, json};

use super::access::Owner;
use super::request::Request;
use crate::State;
use crate::challenges::MFA_SETUP;
use crate::error::Error;
use crate::pools::Pool;
use crate::pools::mfa::Factor;
use crate::sign_in::act::{MOST_WRONG, wrong_set_up_code};
use crate::sign_in::decide::mfa::has;
use crate::sign_in::pending::{Pending, SetUp, Waiting};
use crate::sign_in::sessions::{self, Form, Sessions, Ticket};
use crate::totp::Secret;
use crate::users::User;
use crate::users::mfa::Token;

/// Issues a secret for an authenticator app: to a user with an access token, or during `MFA_SETUP`.
pub(super) async fn associate_software_token(state: &State, request: &Request<'_>) -> Result<Value, Error> {
    let session = request.text("Session")?;
    let token = request.text("AccessToken")?;
    let secret = Secret::generate(&state.random)?;
    let code = secret.base32();
    match (token, session) {
        (Some(token), None) => {
            let owner = Owner::of_token(state, token).await?;
            allow_token(&owner.pool)?;
            owner.update(state, |user| {
                user.mfa.handed_out = Some(secret);
                Ok(())
            })?;
            Ok(json!({"SecretCode": code}))
        }
        (None, Some(session)) => {
            let (_, waiting, custom, _) = take_set_up(state, session)?;
            let progress = SetUp::HandedOut { secret, wrong: 0 };
            let session = remember(state, waiting, progress, custom)?;
            Ok(json!({"SecretCode": code, "Session": session}))
        }
        _ => Err(Error::invalid_parameter(
            "Exactly one of AccessToken and Session is required",
        )),
    }
}

/// Checks the first code of an authenticator app.
pub(super) async fn verify_software_token(state: &State, request: &Request<'_>) -> Result<Value, Error> {
    let session = request.text("Session")?;
    let token = request.text("AccessToken")?;
    let code = request.required("UserCode")?;
    let name = request.text("FriendlyDeviceName")?;
    match (token, session) {
        (Some(token), None) => {
            let owner = Owner::of_token(state, token).await?;
            allow_token(&owner.pool)?;
            let now = state.clock.now();
            owner.update(state, |user| {
                let secret = user.mfa.handed_out.as_ref().ok_or_else(not_associated)?;
                let step = secret.step(code, now).ok_or_else(wrong_set_up_code)?;
                user.mfa.token = Some(Token::new(secret.clone(), name.map(str::to_owned), step));
                user.mfa.handed_out = None;
                Ok(())
            })?;
            Ok(json!({"Status": "SUCCESS"}))
        }
        (None, Some(session)) => {
            let (ticket, mut waiting, custom, progress) = take_set_up(state, session)?;
            let SetUp::HandedOut { secret, wrong } = progress else {
                return Err(not_associated());
            };
            match state.set_up_token(&waiting.sign_in, &secret, code, name) {
                Ok(_) => {
                    let session = remember(state, waiting, SetUp::Done, custom)?;
                    Ok(json!({"Status": "SUCCESS", "Session": session}))
                }
                Err(error) => {
                    let wrong = wrong + 1;
                    if wrong < MOST_WRONG {
                        let progress = SetUp::HandedOut { secret, wrong };
                        waiting.pending = Pending::SetUp { progress, custom };
                        let now = state.clock.now();
                        state.sessions().insert(ticket, waiting, now);
                    }
                    Err(error)
                }
            }
        }
        _ => Err(Error::invalid_parameter(
            "Exactly one of AccessToken and Session is required",
        )),
    }
}

fn not_associated() -> Error {
    Error::invalid_parameter("Call AssociateSoftwareToken before VerifySoftwareToken")
}

fn allow_token(pool: &Pool) -> Result<(), Error> {
    if pool.factors.contains(&Factor::SoftwareToken) {
        return Ok(());
    }
    Err(Error::new(
        "SoftwareTokenMFANotFoundException",
        "Software Token MFA has not been enabled by the userPool",
    ))
}

/// Returns the session of a sign-in that waits for `MFA_SETUP`. Other sessions are errors: otherwise, the password
/// would be enough to set up an app.
fn take_set_up(state: &State, session: &str) -> Result<(Ticket, Waiting, bool, SetUp), Error> {
    let now = state.clock.now();
    let mut sessions = state.sessions();
    let ticket = sessions.read(session, Form::Session)?;
    let mut waiting = sessions.take(ticket, now, |waiting: &Waiting| {
        if waiting.pending.challenge_name() == MFA_SETUP {
            Ok(())
        } else {
            Err(sessions::invalid().because("the session does not wait for MFA_SETUP"))
        }
    })?;
    let asked = SetUp::Asked;
    match std::mem::replace(
        &mut waiting.pending,
        Pending::SetUp {
            progress: asked,
            custom: false,
        },
    ) {
        Pending::SetUp { progress, custom } => Ok((ticket, waiting, custom, progress)),
        _ => Err(sessions::invalid()),
    }
}

fn remember(state: &State, mut waiting: Waiting, progress: SetUp, custom: bool) -> Result<String, Error> {
    let now = state.clock.now();
    let ticket = Sessions::<Waiting>::ticket(&state.random, waiting.sign_in.client.session_validity, now)?;
    waiting.pending = Pending::SetUp { progress, custom };
    let mut sessions = state.sessions();
    sessions.insert(ticket, waiting, now);
    Ok(sessions.write(ticket, Form::Session))
}

pub(super) async fn set_user_mfa_preference(state: &State, request: &Request<'_>) -> Result<Value, Error> {
    let owner = Owner::of(state, request).await?;
    let preferences = Preference::read_all(request)?;
    owner.update(state, |user| set(&preferences, &owner.pool, user))?;
    Ok(json!({}))
}

pub(super) fn admin_set_user_mfa_preference(state: &State, request: &Request<'_>) -> Result<Value, Error> {
    let pool = request.required("UserPoolId")?;
    let login = request.required("Username")?;
    let preferences = Preference::read_all(request)?;
    let pool: Arc<Pool> = state.directory.pool(pool)?;
    state
        .directory
        .update_user(&pool, login, |user| set(&preferences, &pool, user))?;
    Ok(json!({}))
}

/// A user's preference for one factor.
struct Preference {
    factor: Factor,
    enabled: bool,
    preferred: bool,
}

impl Preference {
    fn read_all(request: &Request<'_>) -> Result<Vec<Self>, Error> {
        let mut preferences = Vec::new();
        for factor in Factor::ALL {
            let settings = request.fields.fields(factor.setting())?;
            if settings.is_empty() {
                continue;
            }
            let preference = Self {
                factor,
                enabled: settings.flag("Enabled")?.unwrap_or(false),
                preferred: settings.flag("PreferredMfa")?.unwrap_or(false),
            };
            if preference.preferred && !preference.enabled {
                return Err(Error::invalid_parameter(format!(
                    "{} cannot be the preferred factor without being enabled",
                    factor.name()
                )));
            }
            preferences.push(preference);
        }
        if preferences.iter().filter(|preference| preference.preferred).count() > 1 {
            return Err(Error::invalid_parameter("Only one factor can be the preferred one"));
        }
        Ok(preferences)
    }
}

/// INVARIANT: a preferred factor is enabled, and the user has each enabled factor.
fn set(preferences: &[Preference], pool: &Pool, user: &mut User) -> Result<(), Error> {
    for preference in preferences {
        let factor = preference.factor;
        if !preference.enabled {
            user.mfa.enabled.remove(&factor);
            user.mfa.preferred = user.mfa.preferred.filter(|preferred| *preferred != factor);
            continue;
        }
        if !has(user, factor) {
            return Err(Error::invalid_parameter(match factor {
                Factor::SoftwareToken => "User has not verified software token mfa".to_owned(),
                Factor::Email | Factor::Sms => {
                    format!("User does not have delivery config set to turn on {}", factor.name())
                }
            }));
        }
        if !pool.factors.contains(&factor) {
            return Err(Error::invalid_parameter(format!(
                "{} is not enabled for the user pool",
                factor.name()
            )));
        }
        user.mfa.enabled.insert(factor);
        if preference.preferred {
            user.mfa.preferred = Some(factor);
        } else {
            user.mfa.preferred = user.mfa.preferred.filter(|preferred| *preferred != factor);
        }
    }
    Ok(())
}
