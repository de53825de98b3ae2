//! The operations that set a password with a code.

use std::sync::Arc;

use serde_json::{Value, json};

use super::addressee::{Addressee, pretended};
use super::request::Request;
use super::users::target;
use crate::State;
use crate::error::Error;
use crate::mail::Medium;
use crate::sending::Sender;
use crate::sign_in::decide::may_go_on;
use crate::triggers::source::{Confirmation, MessageSource};
use crate::users::addresses::verified;
use crate::users::codes::{Purpose, expired, mismatch};
use crate::users::new::verifier;
use crate::users::{Status, User};

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

pub(super) async fn forgot_password(state: &State, request: &Request<'_>) -> Result<Value, Error> {
    let (addressee, login) = Addressee::known_or_not(state, request)?;
    let metadata = request.client_metadata()?;
    let user = match &addressee.user {
        Some(user) => Some(Arc::clone(user)),
        None => addressee.bring_in(state, login, &metadata).await?,
    };
    let Some(user) = &user else {
        addressee.may_pretend()?;
        return Ok(pretended(login));
    };
    let medium = match may_reset(user) {
        Ok(medium) => medium,
        Err(_) if addressee.client.hides_users => return Ok(pretended(login)),
        Err(error) => return Err(error),
    };
    let kind = (Purpose::Password, MessageSource::ForgotPassword);
    let sender = addressee.sender(&metadata);
    let details = state
        .send_code_for((&addressee.pool, user), kind, medium, sender)
        .await?;
    Ok(json!({"CodeDeliveryDetails": details}))
}

pub(super) async fn confirm_forgot_password(state: &State, request: &Request<'_>) -> Result<Value, Error> {
    let code = request.required("ConfirmationCode")?;
    let password = request.required("Password")?;
    let (addressee, _) = Addressee::of(state, request)?;
    addressee.pool.password_policy.check(password)?;
    let user = addressee.user.as_ref().ok_or_else(mismatch)?;
    let verifier = verifier(&state.random, &addressee.pool, &user.name, password)?;
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
        .take_code(&addressee.pool, user, (Purpose::Password, code), change)
        .map_err(|error| addressee.hide(error))?;
    addressee
        .confirmed(state, &user, Confirmation::ForgotPassword, &metadata)
        .await?;
    Ok(json!({}))
}

pub(super) async fn admin_reset_user_password(state: &State, request: &Request<'_>) -> Result<Value, Error> {
    let (pool, login) = target(state, request)?;
    let metadata = request.client_metadata()?;
    let user = state.directory.user(&pool, login).ok_or_else(Error::user_not_found)?;
    let medium = may_reset(&user)?;
    let kind = (Purpose::Password, MessageSource::ForgotPassword);
    let sender = Sender {
        client: None,
        metadata: &metadata,
    };
    state.send_code_for((&pool, &user), kind, medium, sender).await?;
    let now = state.clock.now();
    state.directory.update_user(&pool, &user.name, |user| {
        user.status = Status::ResetRequired;
        user.modified = now;
        Ok(())
    })?;
    Ok(json!({}))
}
