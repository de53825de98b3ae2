//! ID, access and refresh tokens.

pub(crate) mod claims;
pub(crate) mod keys;
pub(crate) mod refresh;

use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::clients::Client;
use super::error::Error;
use super::random::Random;
use super::users::User;
use claims::Content;
use keys::Keys;
use refresh::Refresh;

/// The scope of the access tokens of sign-ins.
pub(crate) const SCOPE: &str = "aws.cognito.signin.user.admin";

/// The owner of tokens, and the time of the sign-in.
pub(crate) struct Holder<'a> {
    pub(crate) client: &'a Client,
    pub(crate) user: &'a User,
    /// `https://cognito-idp.REGION.amazonaws.com/POOL`, or the value that replaces it.
    pub(crate) issuer: &'a str,
    pub(crate) auth_time: Duration,
    /// The first sign-in of these tokens.
    pub(crate) origin: Uuid,
    /// The source of the tokens' own identifiers.
    pub(crate) random: &'a Random,
    /// The key of the device of the sign-in.
    pub(crate) device: Option<&'a str>,
    /// The rest of the content.
    pub(crate) content: Content,
}

impl<'a> Holder<'a> {
    /// Creates a holder that has signed in just now.
    pub(crate) fn new(
        client: &'a Client,
        user: &'a User,
        issuer: &'a str,
        now: Duration,
        random: &'a Random,
    ) -> Result<Self, Error> {
        Ok(Self {
            device: None,
            content: Content::default(),
            client,
            user,
            issuer,
            auth_time: now,
            origin: random.uuid()?,
            random,
        })
    }

    /// Returns the data of a refresh token for this sign-in.
    pub(crate) fn refresh(&self, now: Duration) -> Refresh {
        Refresh {
            client: Arc::from(self.client.id.as_str()),
            user: Arc::from(self.user.name.as_str()),
            sub: Arc::from(self.user.sub.as_str()),
            auth_time: self.auth_time,
            origin: self.origin,
            device: self.device.map(Arc::from),
            expires: now + self.client.refresh_validity,
            rotated: None,
            revoked: false,
        }
    }

    /// Returns the claims of a new access and a new ID token.
    pub(crate) fn claims(&self, now: Duration) -> Result<(AccessClaims, Map<String, Value>), Error> {
        let event = self.random.uuid()?;
        Ok((self.access_claims(event, now)?, self.id_claims(event, now)?))
    }

    fn access_claims(&self, event: Uuid, now: Duration) -> Result<AccessClaims, Error> {
        let mut more = Map::new();
        self.content.complete_access(&mut more);
        Ok(AccessClaims {
            sub: self.user.sub.clone(),
            iss: self.issuer.to_owned(),
            client_id: self.client.id.clone(),
            origin_jti: self.origin,
            event_id: event,
            token_use: "access".to_owned(),
            scope: self.content.scope(&[SCOPE]),
            auth_time: self.auth_time.as_secs(),
            exp: (now + self.client.access_validity).as_secs(),
            iat: now.as_secs(),
            jti: self.random.uuid()?,
            username: self.user.name.clone(),
            device_key: self.device.map(str::to_owned),
            more,
        })
    }

    fn id_claims(&self, event: Uuid, now: Duration) -> Result<Map<String, Value>, Error> {
        let mut claims = Map::from_iter([
            ("sub".to_owned(), json!(self.user.sub)),
            ("iss".to_owned(), json!(self.issuer)),
            ("cognito:username".to_owned(), json!(self.user.name)),
            ("origin_jti".to_owned(), json!(self.origin)),
            ("aud".to_owned(), json!(self.client.id)),
            ("event_id".to_owned(), json!(event)),
            ("token_use".to_owned(), json!("id")),
            ("auth_time".to_owned(), json!(self.auth_time.as_secs())),
            ("exp".to_owned(), json!((now + self.client.id_validity).as_secs())),
            ("iat".to_owned(), json!(now.as_secs())),
            ("jti".to_owned(), json!(self.random.uuid()?)),
        ]);
        let readable = self
            .user
            .attributes
            .iter()
            .filter(|(name, _)| self.client.may_read(name));
        claims.extend(readable.map(|(name, value)| (name.clone(), attribute_claim(name, value))));
        self.content.complete_id(&mut claims);
        Ok(claims)
    }
}

/// Attributes are strings, and custom ones always. Some standard ones have other types in tokens.
fn attribute_claim(name: &str, value: &str) -> Value {
    match name {
        "address" => json!({"formatted": value}),
        "email_verified" | "phone_number_verified" => Value::Bool(value == "true"),
        _ => value.into(),
    }
}

/// The content of an access token.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct AccessClaims {
    pub(crate) sub: String,
    iss: String,
    pub(crate) client_id: String,
    pub(crate) origin_jti: Uuid,
    event_id: Uuid,
    token_use: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    scope: String,
    auth_time: u64,
    exp: u64,
    iat: u64,
    jti: Uuid,
    pub(crate) username: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) device_key: Option<String>,
    /// Groups, and the claims that `PreTokenGeneration` has added.
    #[serde(flatten)]
    more: Map<String, Value>,
}

impl AccessClaims {
    /// Reads an access token of this server: signature, kind, scope and age. `issuer` returns the issuer of a pool.
    pub(crate) fn read(
        token: &str,
        keys: &Keys,
        issuer_of: impl FnOnce(&Self) -> Option<String>,
        now: Duration,
    ) -> Result<Self, Error> {
        let invalid = || Error::not_authorized("Invalid Access Token");
        let claims: Self = keys.access.verify(token).ok_or_else(invalid)?;
        if claims.token_use != "access" || issuer_of(&claims).as_deref() != Some(claims.iss.as_str()) {
            return Err(invalid());
        }
        if claims.exp <= now.as_secs() {
            return Err(Error::not_authorized("Access Token has expired"));
        }
        if !claims.scope.split(' ').any(|scope| scope == SCOPE) {
            return Err(Error::not_authorized("Access Token does not have required scopes"));
        }
        Ok(claims)
    }
}

#[cfg(test)]
pub(crate) mod tests;
