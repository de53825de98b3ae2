//! Refresh tokens: opaque to clients, remembered here.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use uuid::Uuid;

use crate::cognito::clients::Client;
use crate::cognito::error::Error;
use crate::cognito::random;

/// How many tokens are remembered; older ones stop working, so that memory is bounded.
const MOST: usize = 100_000;

/// What a refresh token stands for.
#[derive(Clone, Debug)]
pub(crate) struct Refresh {
    pub(crate) client: Arc<str>,
    /// The user's name, and the `sub` that tells a user from a later one of the same name.
    pub(crate) user: Arc<str>,
    pub(crate) sub: Arc<str>,
    pub(crate) auth_time: Duration,
    pub(crate) origin: Uuid,
    /// The key of the device that the sign-in was with: a refresh needs it, and needs it to be confirmed.
    pub(crate) device: Option<Arc<str>>,
    pub(crate) expires: Duration,
}

/// The refresh tokens that have been handed out.
#[derive(Default)]
pub(crate) struct RefreshTokens {
    by_token: HashMap<[u8; 32], Refresh>,
    /// Oldest first.
    order: VecDeque<[u8; 32]>,
}

impl RefreshTokens {
    /// Makes a token for `refresh`.
    pub(crate) fn add(&mut self, refresh: Refresh, now: Duration) -> Result<String, Error> {
        let token = random::bytes()?;
        while let Some(oldest) = self.order.front() {
            let over = self.by_token.get(oldest).is_none_or(|refresh| refresh.expires <= now);
            if !over && self.order.len() < MOST {
                break;
            }
            self.by_token.remove(oldest);
            self.order.pop_front();
        }
        self.by_token.insert(token, refresh);
        self.order.push_back(token);
        Ok(URL_SAFE_NO_PAD.encode(token))
    }

    /// What `token` stands for, if it belongs to `client`.
    pub(crate) fn find(&self, token: &str, client: &Client, now: Duration) -> Result<Refresh, Error> {
        let invalid = || Error::not_authorized("Invalid Refresh Token.");
        let token = URL_SAFE_NO_PAD
            .decode(token)
            .ok()
            .and_then(|bytes| <[u8; 32]>::try_from(bytes).ok());
        let refresh = token.and_then(|token| self.by_token.get(&token)).ok_or_else(invalid)?;
        if *refresh.client != *client.id {
            return Err(invalid().because("the token belongs to another client"));
        }
        if refresh.expires <= now {
            return Err(Error::not_authorized("Refresh Token has expired"));
        }
        Ok(refresh.clone())
    }
}
