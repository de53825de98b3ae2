//! The operations on users: those of administrators, and `GetUser`.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::access::Owner;
use super::request::Request;
use crate::State;
use crate::error::Error;
use crate::pools::Pool;
use crate::triggers::source::Confirmation;
use crate::users::{Status, User};

/// Returns the pool and the username of an administrator's request.
pub(super) fn target<'a>(state: &State, request: &Request<'a>) -> Result<(Arc<Pool>, &'a str), Error> {
    let pool = request.required("UserPoolId")?;
    let username = request.required("Username")?;
    Ok((state.directory.pool(pool)?, username))
}

pub(super) fn admin_get_user(state: &State, request: &Request<'_>) -> Result<Value, Error> {
    let (pool, login) = target(state, request)?;
    let user = state.directory.user(&pool, login).ok_or_else(Error::user_not_found)?;
    Ok(describe(&user, "UserAttributes"))
}

/// Enables or disables a user. Disabling ends all sign-ins of the user.
pub(super) fn set_enabled(state: &State, request: &Request<'_>, enabled: bool) -> Result<Value, Error> {
    let pool = request.required("UserPoolId")?;
    let login = request.required("Username")?;
    let pool = state.directory.pool(pool)?;
    let now = state.clock.now();
    let user = state.directory.update_user(&pool, login, |user| {
        user.disabled = !enabled;
        user.modified = now;
        Ok(())
    })?;
    if !enabled {
        state.directory.revoke_user(&user, now)?;
    }
    Ok(json!({}))
}

pub(super) fn admin_delete_user(state: &State, request: &Request<'_>) -> Result<Value, Error> {
    let (pool, login) = target(state, request)?;
    state.directory.remove_user(&pool, login)?;
    Ok(json!({}))
}

/// Removes the user that an access token belongs to.
pub(super) async fn delete_user(state: &State, request: &Request<'_>) -> Result<Value, Error> {
    let owner = Owner::of(state, request).await?;
    let now = state.clock.now();
    state.directory.remove_user(&owner.pool, &owner.user.name)?;
    state.directory.revoke_user(&owner.user, now)?;
    Ok(json!({}))
}

pub(super) async fn admin_confirm_sign_up(state: &State, request: &Request<'_>) -> Result<Value, Error> {
    let (pool, login) = target(state, request)?;
    let metadata = request.client_metadata()?;
    let now = state.clock.now();
    let user = state.directory.update_user(&pool, login, |user| {
        if user.status != Status::Unconfirmed {
            let status = user.status.name();
            return Err(Error::not_authorized(format!(
                "User cannot be confirmed. Current status is {status}"
            )));
        }
        user.status = Status::Confirmed;
        user.modified = now;
        Ok(())
    })?;
    state
        .post_confirmation(&pool, None, &user, Confirmation::SignUp, &metadata)
        .await?;
    Ok(json!({}))
}

/// Returns the user of an access token, with the attributes that its client may read.
pub(super) async fn get_user(state: &State, request: &Request<'_>) -> Result<Value, Error> {
    let Owner { client, user, .. } = Owner::of(state, request).await?;
    let readable = attributes(&user, |name| client.may_read(name));
    let mut described = Map::new();
    described.insert("Username".to_owned(), user.name.as_str().into());
    described.insert("UserAttributes".to_owned(), readable);
    describe_mfa(&user, &mut described);
    Ok(described.into())
}

/// Describes a user for administrators. The key of the attributes differs between operations.
pub(super) fn describe(user: &User, attributes_key: &str) -> Value {
    let mut described = Map::new();
    described.insert("Username".to_owned(), user.name.as_str().into());
    described.insert(attributes_key.to_owned(), attributes(user, |_| true));
    described.insert("UserCreateDate".to_owned(), user.created.as_secs_f64().into());
    described.insert("UserLastModifiedDate".to_owned(), user.modified.as_secs_f64().into());
    described.insert("Enabled".to_owned(), (!user.disabled).into());
    described.insert("UserStatus".to_owned(), user.status.name().into());
    describe_mfa(user, &mut described);
    Value::Object(described)
}

/// Adds the second factors that the user wants, if any.
fn describe_mfa(user: &User, described: &mut Map<String, Value>) {
    if let Some(factor) = user.mfa.preferred {
        described.insert("PreferredMfaSetting".to_owned(), factor.name().into());
    }
    let enabled: Vec<&str> = user.mfa.enabled.iter().map(|factor| factor.name()).collect();
    if !enabled.is_empty() {
        described.insert("UserMFASettingList".to_owned(), json!(enabled));
    }
}

fn attributes(user: &User, readable: impl Fn(&str) -> bool) -> Value {
    let sub = std::iter::once(("sub", user.sub.as_str()));
    let others = user
        .attributes
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()));
    sub.chain(others.filter(|(name, _)| readable(name)))
        .map(|(name, value)| json!({"Name": name, "Value": value}))
        .collect()
}
