//! The refresh of tokens.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::request::Request;
use crate::State;
use crate::clients::{Client, Flow};
use crate::error::Error;
use crate::pools::Pool;
use crate::sign_in::act::authentication_result;
use crate::sign_in::decide::{self, Device};
use crate::tokens::Holder;
use crate::triggers::source::TokenSource;

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
        client.flows.check(Flow::RefreshToken, false)?;
    }
    client.check_secret(secret)?;
    let shown = RefreshRequest {
        token,
        device,
        client_metadata: &metadata,
    };
    let mut reply = refresh(state, &pool, &client, shown, |_| Ok(())).await?;
    let result = reply.get_mut("AuthenticationResult").map(Value::take);
    Ok(Map::from_iter(result.map(|result| ("AuthenticationResult".to_owned(), result))).into())
}

/// The parameters of a refresh.
#[derive(Clone, Copy)]
pub(super) struct RefreshRequest<'a> {
    pub(super) token: &'a str,
    pub(super) device: Option<&'a str>,
    /// For `PreTokenGeneration`.
    pub(super) client_metadata: &'a BTreeMap<String, String>,
}

/// Issues new ID and access tokens, with the time and the origin of the old sign-in. `check_secret` receives the
/// username.
pub(super) async fn refresh(
    state: &State,
    pool: &Pool,
    client: &Client,
    shown: RefreshRequest<'_>,
    check_secret: impl FnOnce(&str) -> Result<(), Error>,
) -> Result<Value, Error> {
    let found = || {
        let now = state.clock.now();
        let found = state.directory.refresh_token(shown.token, client, now)?;
        let user = state.directory.user(pool, &found.user);
        let device = Device {
            signed_in: found.device.as_deref(),
            shown: shown.device,
        };
        let granted = decide::after_refresh(&found.sub, user.as_deref(), device);
        Ok::<_, Error>((found, user, granted))
    };
    let (refresh, user, granted) = found()?;
    check_secret(&refresh.user)?;
    granted?;
    let gone = || Error::not_authorized("Invalid Refresh Token.");
    let user = user.ok_or_else(gone)?;
    let caller = state.invoker_of(state.context(pool, &client.id, &user, shown.client_metadata));
    let content = state.content(&caller, &user, TokenSource::Refresh).await?;
    // The current state: the token may have been revoked while functions ran.
    let (found, user, granted) = found()?;
    let (user, granted, now) = (user.ok_or_else(gone)?, granted?, state.clock.now());
    let issuer = state.issuer(&pool.id);
    let holder = Holder {
        client,
        user: &user,
        issuer: &issuer,
        auth_time: found.auth_time,
        origin: found.origin,
        random: &state.random,
        device: found.device.as_deref(),
        content,
    };
    let keys = state.keys.keys().await?;
    let next = state
        .directory
        .rotate_refresh_token(shown.token, client, now, &state.random)?;
    let result = authentication_result(granted, &holder, &keys, next, now)?;
    Ok(json!({"ChallengeParameters": {}, "AuthenticationResult": result}))
}
