//! The HTTP side: AWS JSON 1.1 at `POST /`, and the published keys.

mod access;
mod addressee;
mod attributes;
mod clients;
mod codes;
mod custom_attributes;
mod debug;
mod devices;
mod forgot_password;
mod groups;
mod initiate;
mod invitations;
mod list_users;
mod mfa;
mod migrate;
mod model;
mod new_account;
mod operations;
mod pagination;
mod passwords;
mod pools;
mod refresh;
mod reply;
mod request;
mod respond;
mod sign_out;
mod sign_up;
mod tags;
mod users;

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{Path, State as Shared};
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::response::Response;
use axum::routing::{any, get, post};
use listener::is_near;
use serde_json::{Map, Value, json};
use tower_http::cors::{AllowOrigin, CorsLayer};

use super::State;
use super::error::Error;
use operations::{OPERATIONS, run, unknown};
use request::Request;

/// The prefix of `X-Amz-Target`.
const TARGET: &str = "AWSCognitoIdentityProviderService.";

/// The paths of the OAuth 2.0 pages and endpoints of a pool's domain.
const OAUTH: [&str; 5] = [
    "/login",
    "/logout",
    "/oauth2/authorize",
    "/oauth2/token",
    "/oauth2/userInfo",
];

/// Returns the routes of the user pools.
pub(crate) fn router(state: Arc<State>) -> Router {
    let cors = cors();
    let mut router = Router::new()
        .route("/", post(call).options(preflight).layer(cors.clone()))
        .route("/{pool}/.well-known/jwks.json", get(jwks).layer(cors.clone()))
        .route(
            "/{pool}/.well-known/openid-configuration",
            get(openid_configuration).layer(cors),
        );
    for path in OAUTH {
        router = router.route(path, any(oauth));
    }
    if state.settings.debug_answers {
        router = router.route("/debug/answer", get(debug::debug_answer));
    }
    router.with_state(state)
}

/// Pages of this machine may read the responses. The listener rejects requests of other pages before.
fn cors() -> CorsLayer {
    const ALLOWED: [&str; 8] = [
        "content-type",
        "x-amz-target",
        "x-amz-user-agent",
        "cache-control",
        "amz-sdk-invocation-id",
        "amz-sdk-request",
        "authorization",
        "x-amz-date",
    ];
    const EXPOSED: [&str; 4] = ["x-amzn-requestid", "x-amzn-errortype", "x-amzn-errormessage", "date"];
    CorsLayer::new()
        .allow_origin(AllowOrigin::predicate(|origin, request| {
            is_near(origin, &request.headers)
        }))
        .allow_methods([Method::GET, Method::POST])
        .allow_headers(ALLOWED.map(header::HeaderName::from_static))
        .expose_headers(EXPOSED.map(header::HeaderName::from_static))
        .max_age(std::time::Duration::from_hours(1))
}

async fn oauth() -> Response {
    reply::plain(Err(Error::resource_not_found(
        "OAuth 2.0 pages are not supported by local",
    )))
}

async fn preflight() -> StatusCode {
    StatusCode::NO_CONTENT
}

async fn call(Shared(state): Shared<Arc<State>>, headers: HeaderMap, body: Body) -> Response {
    let operation = headers
        .get("x-amz-target")
        .and_then(|target| target.to_str().ok())
        .unwrap_or_default();
    let result = match reply::read(body).await {
        Ok(body) => perform(&state, operation, &body).await,
        Err(error) => Err(error),
    };
    if let Err(Error {
        message,
        why: Some(why),
        ..
    }) = &result
    {
        let operation = operation.strip_prefix(TARGET).unwrap_or("request");
        state
            .journal
            .warn(&format!("{}: {message} ({why})", operation.escape_debug()));
    }
    reply::write(&result)
}

/// Runs an operation. Requests of administrators are signed, but the signature is not checked: every client that
/// reaches this address is an administrator.
async fn perform(state: &State, target: &str, body: &[u8]) -> Result<Value, Error> {
    let operation = target.strip_prefix(TARGET).unwrap_or_default();
    if !OPERATIONS.contains(&operation) {
        return Err(unknown(target.strip_prefix(TARGET).unwrap_or(target)));
    }
    let body: Map<String, Value> = serde_json::from_slice(body)
        .map_err(|_| Error::new("SerializationException", "the request body must be a JSON object"))?;
    run(operation, state, &Request::read(operation, &body)?, &body).await
}

async fn jwks(Shared(state): Shared<Arc<State>>, Path(pool): Path<String>) -> Response {
    let keys = match state.directory.pool(&pool) {
        Ok(_) => state.keys.keys().await.map(|keys| keys.jwks()),
        Err(error) => Err(error),
    };
    reply::plain(keys)
}

async fn openid_configuration(Shared(state): Shared<Arc<State>>, Path(pool): Path<String>) -> Response {
    let issuer = state.issuer(&pool);
    reply::plain(state.directory.pool(&pool).map(|_| {
        json!({
            "issuer": issuer,
            "jwks_uri": format!("{issuer}/.well-known/jwks.json"),
            "id_token_signing_alg_values_supported": ["RS256"],
            "response_types_supported": ["code", "token"],
            "scopes_supported": ["openid", "email", "phone", "profile"],
            "subject_types_supported": ["public"],
        })
    }))
}

#[cfg(test)]
mod tests;
