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
    /// Sign-ins that were ended, until no access token of theirs can be good any more.
    ended: HashMap<Uuid, Duration>,
}

/// How long access tokens are good at most.
const LONGEST_ACCESS: Duration = Duration::from_hours(24);

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

    /// Whether the sign-in was ended.
    pub(crate) fn is_ended(&self, origin: Uuid) -> bool {
        self.ended.contains_key(&origin)
    }

    /// Ends the sign-ins that `wanted` picks.
    pub(crate) fn end(&mut self, now: Duration, wanted: impl Fn(&Refresh) -> bool) {
        self.ended.retain(|_, until| *until > now);
        let Self { by_token, ended, .. } = self;
        by_token.retain(|_, refresh| {
            let picked = wanted(refresh);
            if picked {
                ended.insert(refresh.origin, now + LONGEST_ACCESS);
            }
            !picked
        });
        self.order.retain(|token| self.by_token.contains_key(token));
    }

    /// Ends the sign-ins through the client called `id`.
    pub(crate) fn end_client(&mut self, id: &str, now: Duration) {
        self.end(now, |refresh| *refresh.client == *id);
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
