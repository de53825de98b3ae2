//! The operations that set a password without a code.

use serde_json::{Value, json};

use super::access::Owner;
use super::request::Request;
use super::users::target;
use crate::State;
use crate::error::Error;
use crate::srp::Identity;
use crate::users::new::verifier;
use crate::users::{Status, User};

pub(super) fn admin_set_user_password(state: &State, request: &Request<'_>) -> Result<Value, Error> {
    let password = request.required("Password")?;
    let (pool, login) = target(state, request)?;
    let permanent = request.fields.flag("Permanent")?.unwrap_or(false);
    let name = state
        .directory
        .user(&pool, login)
        .ok_or_else(Error::user_not_found)?
        .name
        .clone();
    let verifier = verifier(&state.random, &pool, &name, password)?;
    let now = state.clock.now();
    state.directory.update_user(&pool, &name, |user| {
        user.password = Some(verifier);
        user.password_set = now;
        user.status = if permanent {
            Status::Confirmed
        } else {
            Status::ForceChangePassword
        };
        user.modified = now;
        Ok(())
    })?;
    Ok(json!({}))
}

/// Changes a password. Wrong old passwords count like those of sign-ins.
pub(super) async fn change_password(state: &State, request: &Request<'_>) -> Result<Value, Error> {
    let previous = request.text("PreviousPassword")?;
    let proposed = request.required("ProposedPassword")?;
    let owner = Owner::of(state, request).await?;
    let (pool, user) = (&owner.pool, &owner.user);
    let previous = previous.ok_or_else(|| Error::missing("PreviousPassword"))?;
    let identity = Identity {
        pool: &pool.id,
        user: &user.name,
    };
    let right = |user: &User| {
        user.password
            .as_ref()
            .is_some_and(|known| known.matches(identity, previous))
    };
    if !state.guard(pool, &user.name, || right(user))? {
        return Err(Error::incorrect());
    }
    let verifier = verifier(&state.random, pool, &user.name, proposed)?;
    let now = state.clock.now();
    owner.update(state, |changed| {
        if changed.password != user.password {
            return Err(Error::incorrect().because("the password has been changed in the meantime"));
        }
        changed.password = Some(verifier);
        changed.password_set = now;
        changed.modified = now;
        Ok(())
    })?;
    Ok(json!({}))
}
