//! The operations that end sign-ins.

use serde_json::{Value, json};

use super::access::Owner;
use super::request::Request;
use crate::State;
use crate::error::Error;

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
    client.check_secret(secret).map_err(unauthorized)?;
    if token.contains('.') {
        return Err(Error::new("UnsupportedTokenTypeException", "Unsupported token type."));
    }
    state.directory.revoke_token(token, &client, state.clock.now())?;
    Ok(json!({}))
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
