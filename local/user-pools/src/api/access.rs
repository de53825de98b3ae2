//! Requests with an access token.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::request::Request;
use crate::State;
use crate::clients::Client;
use crate::error::Error;
use crate::pools::Pool;
use crate::sending::Sender;
use crate::sign_in::decide::may_go_on;
use crate::tokens::AccessClaims;
use crate::users::User;

/// The user of an access token, and the client that received it.
pub(super) struct Owner {
    pub(super) pool: Arc<Pool>,
    pub(super) client: Arc<Client>,
    pub(super) user: Arc<User>,
    pub(super) claims: AccessClaims,
}

impl Owner {
    /// Returns the owner of the token in `AccessToken`.
    pub(super) async fn of(state: &State, request: &Request<'_>) -> Result<Self, Error> {
        let token = request.required("AccessToken")?;
        Self::of_token(state, token).await
    }

    /// Returns the owner of `token` if its signature, kind, scope and age are valid and the user still exists.
    pub(super) async fn of_token(state: &State, token: &str) -> Result<Self, Error> {
        let keys = state.keys.keys().await?;
        let client = |claims: &AccessClaims| state.directory.client(&claims.client_id).ok();
        let issuer = |claims: &AccessClaims| client(claims).map(|(pool, _)| state.issuer(&pool.id));
        let claims = AccessClaims::read(token, &keys, issuer, state.clock.now())?;
        if state.directory.is_revoked(claims.origin_jti) {
            return Err(Error::not_authorized("Access Token has been revoked"));
        }
        let (pool, client) = client(&claims).ok_or_else(|| Error::not_authorized("Invalid Access Token"))?;
        let user = state
            .directory
            .user(&pool, &claims.username)
            .filter(|user| user.sub == claims.sub)
            .ok_or_else(Error::user_not_found)?;
        may_go_on(&user)?;
        Ok(Self {
            pool,
            client,
            user,
            claims,
        })
    }

    /// Returns the owner as the sender of a message.
    pub(super) fn sender<'a>(&'a self, metadata: &'a BTreeMap<String, String>) -> Sender<'a> {
        Sender {
            client: Some(&self.client.id),
            metadata,
        }
    }

    /// Changes the owner.
    pub(super) fn update(
        &self,
        state: &State,
        change: impl FnOnce(&mut User) -> Result<(), Error>,
    ) -> Result<Arc<User>, Error> {
        state.directory.update_user(&self.pool, &self.user.name, |user| {
            if user.sub != self.user.sub {
                return Err(Error::user_not_found());
            }
            change(user)
        })
    }
}
