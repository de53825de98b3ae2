//! The operations that send a code to a user and take it back: forgotten passwords and new accounts.

mod caller;

use std::sync::Arc;

use serde_json::{Value, json};

use super::attributes::{verifies, verify};
use super::request::{NAME, PASSWORD, POOL_ID, Request, USERNAME};
use super::users::verifier;
use crate::cognito::State;
use crate::cognito::error::Error;
use crate::cognito::outbox::{self, Medium, Message};
use crate::cognito::pools::Pool;
use crate::cognito::sign_in::may_go_on;
use crate::cognito::triggers::source::Confirmation;
use crate::cognito::users::codes::{Purpose, expired, mismatch};
use crate::cognito::users::{Status, User};
use caller::Caller;

impl State {
    /// Sends a code; says to whom, as far as anybody may know.
    pub(super) fn send_code_for(
        &self,
        pool: &Pool,
        user: &User,
        purpose: Purpose,
        medium: Medium,
    ) -> Result<Value, Error> {
        let (now, code) = (self.clock.now(), outbox::code()?);
        let mut address = None;
        self.store.update_user(pool, &user.name, |known| {
            let found = known.attributes.get(medium.attribute()).cloned();
            let found = found
                .filter(|_| known.sub == user.sub)
                .ok_or_else(Error::user_not_found)?;
            known.codes.add(purpose, code.clone(), (medium, found.clone()), now);
            address = Some(found);
            Ok(())
        })?;
        let address = address.ok_or_else(Error::user_not_found)?;
        let details = details(medium, &medium.masked(&address));
        self.send(Message {
            medium,
            address,
            user: user.name.clone(),
            purpose: purpose.name(),
            code,
        });
        Ok(details)
    }

    /// Takes a code back and changes the user. A wrong one counts, so it is remembered as well.
    pub(super) fn take_code(
        &self,
        pool: &Pool,
        user: &User,
        (purpose, code): (Purpose, &str),
        change: impl FnOnce(&mut User, Medium, &str) -> Result<(), Error>,
    ) -> Result<Arc<User>, Error> {
        let now = self.clock.now();
        let mut taken = Ok(());
        let user = self.store.update_user(pool, &user.name, |known| {
            if known.sub != user.sub {
                return Err(Error::user_not_found());
            }
            match known.codes.spend(purpose, code, now) {
                Ok((medium, address)) => {
                    known.modified = now;
                    change(known, medium, &address)
                }
                Err(error) => {
                    taken = Err(error);
                    Ok(())
                }
            }
        })?;
        taken.map(|()| user)
    }
}

/// Where a code went, as far as anybody may know.
pub(super) fn details(medium: Medium, destination: &str) -> Value {
    json!({
        "AttributeName": medium.attribute(),
        "DeliveryMedium": medium.name(),
        "Destination": destination,
    })
}

/// What somebody is told whose account is hidden, or does not exist.
fn pretended(login: &str) -> Value {
    let masked = if login.contains('@') {
        Medium::Email.masked(login)
    } else {
        let first: String = login.chars().take(1).collect();
        format!("{first}***@e***")
    };
    json!({"CodeDeliveryDetails": details(Medium::Email, &masked)})
}

/// Where a forgotten password's code may go: to an address that is known to be the user's.
fn verified(user: &User) -> Option<Medium> {
    let value = |name: &str| user.attributes.get(name).map(String::as_str);
    let verified = |medium: &Medium| {
        let name = medium.attribute();
        value(name).is_some() && value(&format!("{name}_verified")) == Some("true")
    };
    [Medium::Sms, Medium::Email].into_iter().find(verified)
}

fn no_address() -> Error {
    Error::invalid_parameter(
        "Cannot reset password for the user as there is no registered/verified email or phone_number",
    )
}

fn may_reset(user: &User) -> Result<Medium, Error> {
    may_go_on(user)?;
    match user.status {
        Status::Confirmed | Status::ResetRequired => verified(user).ok_or_else(no_address),
        Status::ForceChangePassword => Err(Error::not_authorized(
            "User password cannot be reset in the current state.",
        )),
        Status::Unconfirmed => Err(no_address()),
    }
}

pub(super) async fn forgot_password(state: &State, mut request: Request<'_>) -> Result<Value, Error> {
    let (caller, login) = Caller::known_or_not(state, &mut request)?;
    let metadata = request.client_metadata()?;
    let user = match &caller.user {
        Some(user) => Some(Arc::clone(user)),
        None => caller.bring_in(state, login, &metadata).await?,
    };
    let Some(user) = &user else {
        caller.may_pretend()?;
        return Ok(pretended(login));
    };
    let medium = match may_reset(user) {
        Ok(medium) => medium,
        Err(_) if caller.client.hides_users => return Ok(pretended(login)),
        Err(error) => return Err(error),
    };
    let details = state.send_code_for(&caller.pool, user, Purpose::Password, medium)?;
    Ok(json!({"CodeDeliveryDetails": details}))
}

pub(super) async fn confirm_forgot_password(state: &State, mut request: Request<'_>) -> Result<Value, Error> {
    let code = request.required("ConfirmationCode", &NAME)?;
    let password = request.required("Password", &PASSWORD)?;
    let (caller, _) = Caller::of(state, &mut request)?;
    caller.pool.password_policy.check(password)?;
    let user = caller.user.as_ref().ok_or_else(mismatch)?;
    let verifier = verifier(&caller.pool, &user.name, password)?;
    let now = state.clock.now();
    let change = |user: &mut User, medium: Medium, address: &str| {
        may_reset(user)?;
        if user.attributes.get(medium.attribute()).map(String::as_str) != Some(address) {
            return Err(expired().because("the address has been changed since the code was sent"));
        }
        user.password = Some(verifier);
        user.password_set = now;
        user.status = Status::Confirmed;
        Ok(())
    };
    let metadata = request.client_metadata()?;
    let user = state
        .take_code(&caller.pool, user, (Purpose::Password, code), change)
        .map_err(|error| caller.hide(error))?;
    caller
        .confirmed(state, &user, Confirmation::ForgotPassword, &metadata)
        .await?;
    Ok(json!({}))
}

pub(super) fn admin_reset_user_password(state: &State, mut request: Request<'_>) -> Result<Value, Error> {
    let pool = request.required("UserPoolId", &POOL_ID)?;
    let login = request.required("Username", &USERNAME)?;
    request.check()?;
    let pool = state.store.pool(pool)?;
    let user = state.store.user(&pool, login).ok_or_else(Error::user_not_found)?;
    let medium = may_reset(&user)?;
    state.send_code_for(&pool, &user, Purpose::Password, medium)?;
    let now = state.clock.now();
    state.store.update_user(&pool, &user.name, |user| {
        user.status = Status::ResetRequired;
        user.modified = now;
        Ok(())
    })?;
    Ok(json!({}))
}

/// Where a new account's code goes: to what the pool verifies of its own accord.
pub(super) fn auto_verified(pool: &Pool, user: &User) -> Option<Medium> {
    let wanted = |medium: &Medium| verifies(pool, *medium) && user.attributes.contains_key(medium.attribute());
    [Medium::Sms, Medium::Email].into_iter().find(wanted)
}

pub(super) fn resend_confirmation_code(state: &State, mut request: Request<'_>) -> Result<Value, Error> {
    let (caller, login) = Caller::of(state, &mut request)?;
    let Some(user) = &caller.user else {
        return Ok(pretended(login));
    };
    if user.status != Status::Unconfirmed {
        return Err(Error::invalid_parameter("User is already confirmed."));
    }
    let medium = auto_verified(&caller.pool, user)
        .ok_or_else(|| Error::invalid_parameter("Cannot resend codes. Auto verification not turned on."))?;
    let details = state.send_code_for(&caller.pool, user, Purpose::SignUp, medium)?;
    Ok(json!({"CodeDeliveryDetails": details}))
}

pub(super) async fn confirm_sign_up(state: &State, mut request: Request<'_>) -> Result<Value, Error> {
    let code = request.required("ConfirmationCode", &NAME)?;
    let (caller, _) = Caller::of(state, &mut request)?;
    let user = caller.user.as_ref().ok_or_else(mismatch)?;
    if user.status != Status::Unconfirmed {
        let status = user.status.name();
        return Err(Error::not_authorized(format!(
            "User cannot be confirmed. Current status is {status}"
        )));
    }
    let change = |user: &mut User, medium: Medium, address: &str| {
        if user.status == Status::Unconfirmed {
            user.status = Status::Confirmed;
        }
        verify(user, medium, address);
        Ok(())
    };
    let metadata = request.client_metadata()?;
    let user = state
        .take_code(&caller.pool, user, (Purpose::SignUp, code), change)
        .map_err(|error| caller.hide(error))?;
    caller.confirmed(state, &user, Confirmation::SignUp, &metadata).await?;
    Ok(json!({}))
}
