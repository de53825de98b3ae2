//! JWT authorizers: the checks that API Gateway makes on a token, with the published keys of the user pool.
//!
//! It checks neither `token_use` nor whether the token was revoked.

use std::time::Duration;

use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::Response;
use jsonwebtoken::jwk::JwkSet;
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use sam_template::JwtAuthorizer;
use serde_json::{Map, Value, json};
use user_pools::UserPools;

use super::reply::message;

/// The reason why a request does not reach its function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Denial {
    /// The token is not valid, with the reason.
    Invalid(&'static str),
    /// The token is missing.
    Missing,
    /// The token has no scope of the route.
    Scope,
}

impl Denial {
    /// Returns the response of API Gateway. Not all of its texts for the reasons are known.
    pub(super) fn response(self, authorizer: &JwtAuthorizer) -> Response {
        let scope = authorizer.scopes.join(" ");
        let (status, text, challenge) = match self {
            Self::Missing => (StatusCode::UNAUTHORIZED, "Unauthorized", "Bearer".to_owned()),
            Self::Invalid(why) => (
                StatusCode::UNAUTHORIZED,
                "Unauthorized",
                format!("Bearer scope=\"{scope}\" error=\"invalid_token\" error_description=\"{why}\""),
            ),
            Self::Scope => (
                StatusCode::FORBIDDEN,
                "Forbidden",
                format!(
                    "Bearer scope=\"{scope}\" error=\"insufficient_scope\" \
                     error_description=\"the token does not have a scope of the route\""
                ),
            ),
        };
        let mut response = message(status, text);
        if let Ok(challenge) = HeaderValue::try_from(challenge) {
            response.headers_mut().insert(header::WWW_AUTHENTICATE, challenge);
        }
        response
    }
}

/// Checks the token in `headers` at `now`, which is since 1970. Returns the authorizer's part of the event.
pub(super) async fn authorize(
    authorizer: &JwtAuthorizer,
    headers: &HeaderMap,
    user_pools: &UserPools,
    now: Duration,
) -> Result<Value, Denial> {
    let token = token(headers, &authorizer.header)?;
    let jwks = user_pools.jwks().await.ok();
    let jwks = jwks.and_then(|jwks| serde_json::from_value(jwks).ok());
    let jwks: JwkSet = jwks.ok_or(Denial::Invalid("the keys of the issuer cannot be read"))?;
    let claims = claims(&token, &jwks)?;
    let scopes = check(
        &claims,
        authorizer,
        &user_pools.issuer(&authorizer.user_pool),
        now.as_secs(),
    )?;
    let claims: Map<_, _> = claims
        .iter()
        .map(|(name, value)| (name.clone(), text(value).into()))
        .collect();
    Ok(json!({ "claims": claims, "scopes": scopes }))
}

/// Returns the value of the header, without the prefix `Bearer`.
fn token(headers: &HeaderMap, name: &str) -> Result<String, Denial> {
    let values: Vec<_> = headers.get_all(name).iter().collect();
    let value = match values.as_slice() {
        [] => return Err(Denial::Missing),
        [value] => value.to_str().map_err(|_| Denial::Invalid("the token is malformed"))?,
        _ => return Err(Denial::Invalid("there is more than one token")),
    };
    let value = value.trim();
    let token = match value.split_once(' ') {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => token.trim(),
        _ => value,
    };
    if token.is_empty() {
        Err(Denial::Missing)
    } else {
        Ok(token.to_owned())
    }
}

/// Returns the claims of a token that a key of `jwks` has signed.
fn claims(token: &str, jwks: &JwkSet) -> Result<Map<String, Value>, Denial> {
    let header = jsonwebtoken::decode_header(token).map_err(|_| Denial::Invalid("the token is malformed"))?;
    let key = header.kid.and_then(|kid| jwks.find(&kid));
    let key = key.and_then(|key| DecodingKey::from_jwk(key).ok());
    let key = key.ok_or(Denial::Invalid("no key of the issuer has the kid of the token"))?;
    // INVARIANT: the algorithm is that of the keys, independent of the token.
    let mut validation = Validation::new(Algorithm::RS256);
    validation.required_spec_claims.clear();
    validation.validate_aud = false;
    // The time is an argument, which jsonwebtoken cannot use.
    validation.validate_exp = false;
    let token = jsonwebtoken::decode(token, &key, &validation);
    token
        .map(|token| token.claims)
        .map_err(|_| Denial::Invalid("the signature of the token is not valid"))
}

/// Checks the claims at `now`, in seconds. Returns the route's scopes that the token has, or `None` if the route has no
/// scopes.
fn check(
    claims: &Map<String, Value>,
    authorizer: &JwtAuthorizer,
    issuer: &str,
    now: u64,
) -> Result<Option<Vec<String>>, Denial> {
    if claims.get("iss").and_then(Value::as_str) != Some(issuer) {
        return Err(Denial::Invalid("the token does not have a valid issuer"));
    }
    let audience = claims.get("aud").or_else(|| claims.get("client_id"));
    if !words(audience).any(|name| authorizer.audience.iter().any(|known| known == name)) {
        return Err(Denial::Invalid("the token does not have a valid audience"));
    }
    // Times of tokens are below 2^53.
    #[expect(clippy::cast_precision_loss, reason = "seconds since 1970 are far below 2^53")]
    let now = now as f64;
    if !claims.get("exp").and_then(Value::as_f64).is_some_and(|end| end > now) {
        return Err(Denial::Invalid("the token has expired"));
    }
    for begin in ["nbf", "iat"] {
        let begin = claims.get(begin);
        if begin.is_some_and(|begin| !begin.as_f64().is_some_and(|begin| begin <= now)) {
            return Err(Denial::Invalid("the token is not valid yet"));
        }
    }
    if authorizer.scopes.is_empty() {
        return Ok(None);
    }
    let own: Vec<_> = words(claims.get("scope"))
        .chain(words(claims.get("scp")))
        .flat_map(str::split_whitespace)
        .collect();
    let scopes = authorizer.scopes.iter().filter(|scope| own.contains(&scope.as_str()));
    let scopes: Vec<_> = scopes.cloned().collect();
    if scopes.is_empty() {
        Err(Denial::Scope)
    } else {
        Ok(Some(scopes))
    }
}

/// Returns the texts of a claim that is a text or a list.
fn words(claim: Option<&Value>) -> impl Iterator<Item = &str> {
    let items = claim.map(|claim| claim.as_array().map_or(std::slice::from_ref(claim), Vec::as_slice));
    items.unwrap_or_default().iter().filter_map(Value::as_str)
}

/// Formats a claim for the event, which contains only text.
fn text(claim: &Value) -> String {
    match claim {
        Value::String(text) => text.clone(),
        Value::Array(items) => format!("[{}]", items.iter().map(text).collect::<Vec<_>>().join(" ")),
        other => other.to_string(),
    }
}
