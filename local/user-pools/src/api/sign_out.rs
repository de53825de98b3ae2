//! The operations that renew and revoke tokens.

use serde_json::{Map, Value, json};
use subtle::ConstantTimeEq;

use super::access::Owner;
use super::initiate::{RefreshRequest, refresh};
use super::request::Request;
use crate::State;
use crate::clients::Client;
use crate::error::Error;

/// Like the flow `REFRESH_TOKEN_AUTH`, but a client with a secret sends the secret itself.
pub(super) async fn get_tokens_from_refresh_token(state: &State, request: &Request<'_>) -> Result<Value, Error> {
    let client = request.required("ClientId")?;
    let token = request.required("RefreshToken")?;
    let device = request.text("DeviceKey")?;
    let secret = request.text("ClientSecret")?;
    let metadata = request.client_metadata()?;
    let (pool, client) = state.directory.client(client)?;
    // If a client rotates its tokens, it does not need the flow.
    if client.rotation.is_none() {
        client.flows.check(crate::clients::Flow::RefreshToken, false)?;
    }
    check_secret(&client, secret)?;
    let shown = RefreshRequest {
        token,
        device,
        client_metadata: &metadata,
    };
    let mut reply = refresh(state, &pool, &client, shown, |_| Ok(())).await?;
    let result = reply.get_mut("AuthenticationResult").map(Value::take);
    Ok(Map::from_iter(result.map(|result| ("AuthenticationResult".to_owned(), result))).into())
}

/// Ends a sign-in: its refresh token and the tokens that came from it.
pub(super) fn revoke_token(state: &State, request: &Request<'_>) -> Result<Value, Error> {
    let client = request.required("ClientId")?;
    let token = request.required("Token")?;
    let secret = request.text("ClientSecret")?;
    // In the model, the error about a client has another name here than in all other operations.
    let unauthorized = |error: Error| Error {
        name: "UnauthorizedException",
        ..error
    };
    let (_, client) = state.directory.client(client).map_err(unauthorized)?;
    check_secret(&client, secret).map_err(unauthorized)?;
    if token.contains('.') {
        return Err(Error::new("UnsupportedTokenTypeException", "Unsupported token type."));
    }
    state.directory.revoke_token(token, &client, state.clock.now())?;
    Ok(json!({}))
}

fn check_secret(client: &Client, given: Option<&str>) -> Result<(), Error> {
    let right = match (&client.secret, given) {
        (None, _) => true,
        (Some(secret), Some(given)) => secret.as_bytes().ct_eq(given.as_bytes()).into(),
        (Some(_), None) => false,
    };
    if right {
        return Ok(());
    }
    let id = &client.id;
    Err(Error::not_authorized(format!(
        "Unable to verify secret for client {id}"
    )))
}

pub(super) async fn global_sign_out(state: &State, request: &Request<'_>) -> Result<Value, Error> {
    let owner = Owner::of(state, request).await?;
    state.directory.revoke_user(&owner.user, state.clock.now())?;
    Ok(json!({}))
}

pub(super) fn admin_user_global_sign_out(state: &State, request: &Request<'_>) -> Result<Value, Error> {
    let pool = request.required("UserPoolId")?;
    let login = request.required("Username")?;
    let pool = state.directory.pool(pool)?;
    let user = state.directory.user(&pool, login).ok_or_else(Error::user_not_found)?;
    state.directory.revoke_user(&user, state.clock.now())?;
    Ok(json!({}))
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
