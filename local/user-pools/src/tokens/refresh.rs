//! Refresh tokens: opaque to clients, stored here.
//!
//! A change is first planned, then stored, then made.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::clients::Client;
use crate::error::Error;
use crate::random::Random;
use crate::storage::{Changes, Kind, StorageError};

/// The maximum number of tokens. Older ones stop working, so that memory is limited.
const MOST: usize = 100_000;

/// The data of a refresh token.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct Refresh {
    pub(crate) client: Arc<str>,
    /// The username, and the `sub` that distinguishes the user from a later one with the same username.
    pub(crate) user: Arc<str>,
    pub(crate) sub: Arc<str>,
    pub(crate) auth_time: Duration,
    pub(crate) origin: Uuid,
    /// The key of the device of the sign-in. A refresh needs this device, and it must be confirmed.
    pub(crate) device: Option<Arc<str>>,
    pub(crate) expires: Duration,
    /// The time at which the token becomes invalid because it was exchanged for another.
    #[serde(default)]
    pub(crate) rotated: Option<Duration>,
    /// Whether its sign-in was ended. The token is kept, because the client is told the reason.
    #[serde(default)]
    pub(crate) revoked: bool,
}

/// A token of a client, decoded.
type Token = [u8; 32];

/// The refresh tokens that were issued.
#[derive(Default)]
pub(crate) struct RefreshTokens {
    by_token: HashMap<Token, Refresh>,
    /// Oldest first.
    order: VecDeque<Token>,
    /// Ended sign-ins, until all their access tokens have expired.
    ended: HashMap<Uuid, Duration>,
}

/// A planned change of the tokens.
#[derive(Default)]
pub(crate) struct Change {
    added: Option<(Token, Refresh)>,
    changed: Vec<(Token, Refresh)>,
    removed: Vec<Token>,
    ended: HashMap<Uuid, Duration>,
    /// Sign-ins whose tokens have all expired.
    forgotten: Vec<Uuid>,
}

/// The longest validity of access tokens.
const LONGEST_ACCESS: Duration = Duration::from_hours(24);

impl RefreshTokens {
    /// Creates the store from the stored tokens and the ended sign-ins. Each of those has the time until which it is
    /// kept.
    pub(crate) fn new(kept: Vec<(String, Refresh)>, ended: impl IntoIterator<Item = (Uuid, Duration)>) -> Option<Self> {
        let mut kept: Vec<(Token, Refresh)> = kept
            .into_iter()
            .map(|(token, refresh)| Some((read(&token)?, refresh)))
            .collect::<Option<_>>()?;
        kept.sort_by_key(|(_, refresh)| refresh.auth_time);
        Some(Self {
            order: kept.iter().map(|(token, _)| *token).collect(),
            by_token: kept.into_iter().collect(),
            ended: ended.into_iter().collect(),
        })
    }

    /// Plans a new token for `refresh`, in place of expired and excess ones.
    pub(crate) fn adding(&self, refresh: Refresh, now: Duration, random: &Random) -> Result<(String, Change), Error> {
        let token = random.bytes()?;
        let spare = (self.order.len() + 1).saturating_sub(MOST);
        let is_over = |token: &Token| self.by_token.get(token).is_none_or(|refresh| refresh.expires <= now);
        let oldest = self.order.iter().enumerate();
        let removed = oldest.take_while(|(index, token)| *index < spare || is_over(token));
        let change = Change {
            removed: removed.map(|(_, token)| *token).collect(),
            added: Some((token, refresh)),
            ..Change::default()
        };
        Ok((write(&token), change))
    }

    /// Returns a new token. `token` stays valid for `grace`, and both expire no later than the first token.
    pub(crate) fn rotating(
        &self,
        token: &str,
        grace: Duration,
        now: Duration,
        random: &Random,
    ) -> Result<(String, Change), Error> {
        let gone = || Error::not_authorized("Invalid Refresh Token.");
        let token = read(token).ok_or_else(gone)?;
        let old = self.by_token.get(&token).ok_or_else(gone)?;
        let next = Refresh {
            rotated: None,
            ..old.clone()
        };
        let (written, mut change) = self.adding(next, now, random)?;
        // A retry does not extend the time.
        let until = old.rotated.unwrap_or(now + grace);
        let old = Refresh {
            rotated: Some(until),
            ..old.clone()
        };
        if !change.removed.contains(&token) {
            change.changed.push((token, old));
        }
        Ok((written, change))
    }

    /// Plans the end of the sign-ins that `wanted` accepts.
    pub(crate) fn ending(&self, now: Duration, wanted: impl Fn(&Refresh) -> bool) -> Change {
        let picked = self
            .by_token
            .iter()
            .filter(|(_, refresh)| !refresh.revoked && wanted(refresh));
        let old = self.ended.iter().filter(|(_, until)| **until <= now);
        let mut change = Change {
            forgotten: old.map(|(origin, _)| *origin).collect(),
            ..Change::default()
        };
        for (token, refresh) in picked {
            let revoked = Refresh {
                revoked: true,
                ..refresh.clone()
            };
            change.changed.push((*token, revoked));
            change.ended.insert(refresh.origin, now + LONGEST_ACCESS);
        }
        change
    }

    /// Plans the end of the sign-ins whose client `wanted` accepts, and the removal of their tokens.
    pub(crate) fn ending_clients(&self, now: Duration, wanted: impl Fn(&str) -> bool) -> Change {
        let tokens = self.by_token.iter().filter(|(_, refresh)| wanted(&refresh.client));
        Change {
            changed: Vec::new(),
            removed: tokens.map(|(token, _)| *token).collect(),
            ..self.ending(now, |refresh| wanted(&refresh.client))
        }
    }

    /// Makes a change that was planned with this state.
    pub(crate) fn make(&mut self, change: Change) {
        for token in &change.removed {
            self.by_token.remove(token);
        }
        for origin in &change.forgotten {
            self.ended.remove(origin);
        }
        self.ended.extend(change.ended);
        // In most cases, the oldest tokens are removed.
        while self
            .order
            .front()
            .is_some_and(|oldest| !self.by_token.contains_key(oldest))
        {
            self.order.pop_front();
        }
        if self.order.len() != self.by_token.len() {
            self.order.retain(|token| self.by_token.contains_key(token));
        }
        self.by_token.extend(change.changed);
        if let Some((token, refresh)) = change.added {
            self.order.push_back(token);
            self.by_token.insert(token, refresh);
        }
    }

    /// Whether the sign-in was ended.
    pub(crate) fn is_ended(&self, origin: Uuid) -> bool {
        self.ended.contains_key(&origin)
    }

    /// Returns the data of `token`, if it belongs to `client`.
    pub(crate) fn find(&self, token: &str, client: &Client, now: Duration) -> Result<Refresh, Error> {
        let invalid = || Error::not_authorized("Invalid Refresh Token.");
        let refresh = read(token).and_then(|token| self.by_token.get(&token));
        let refresh = refresh.ok_or_else(invalid)?;
        if *refresh.client != *client.id {
            return Err(invalid().because("the token belongs to another client"));
        }
        if refresh.revoked {
            return Err(Error::not_authorized("Refresh Token has been revoked"));
        }
        if refresh.expires <= now {
            return Err(Error::not_authorized("Refresh Token has expired"));
        }
        if refresh.rotated.is_some_and(|until| until <= now) {
            return Err(Error::new(
                "RefreshTokenReuseException",
                "Refresh Token has been rotated and cannot be used again.",
            ));
        }
        Ok(refresh.clone())
    }
}

impl Change {
    /// Adds the change to those that are stored.
    pub(crate) fn keep(&self, changes: &mut Changes) -> Result<(), StorageError> {
        for token in &self.removed {
            changes.remove(Kind::RefreshToken, &write(token));
        }
        for origin in &self.forgotten {
            changes.remove(Kind::Ended, &origin.to_string());
        }
        for (origin, until) in &self.ended {
            changes.put(Kind::Ended, &origin.to_string(), until)?;
        }
        for (token, refresh) in self.changed.iter().chain(&self.added) {
            changes.put(Kind::RefreshToken, &write(token), refresh)?;
        }
        Ok(())
    }
}

fn read(token: &str) -> Option<Token> {
    Token::try_from(URL_SAFE_NO_PAD.decode(token).ok()?).ok()
}

fn write(token: &Token) -> String {
    URL_SAFE_NO_PAD.encode(token)
}
