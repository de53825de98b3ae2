//! The HTTP side: AWS JSON 1.1 at `POST /`, and the published keys.

mod access;
mod account;
mod attributes;
mod codes;
mod custom_attributes;
mod debug;
mod delivery;
mod devices;
mod groups;
mod initiate;
mod list_users;
mod mfa;
mod migrate;
mod new_account;
mod page;
mod pool_changes;
mod pool_mfa;
mod pools;
mod reply;
mod request;
mod respond;
mod sign_out;
mod sign_up;
mod users;

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{Path, State as Shared};
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::response::Response;
use axum::routing::{get, post};
use listener::is_near;
use serde_json::{Map, Value, json};
use tower_http::cors::{AllowOrigin, CorsLayer};

use super::State;
use super::error::Error;
use super::fields::Fields;
use request::Request;

/// The prefix of `X-Amz-Target`.
const TARGET: &str = "AWSCognitoIdentityProviderService.";

/// The supported operations.
const OPERATIONS: [&str; 63] = [
    "AddCustomAttributes",
    "AdminAddUserToGroup",
    "AdminConfirmSignUp",
    "AdminCreateUser",
    "AdminDeleteUser",
    "AdminDisableUser",
    "AdminEnableUser",
    "AdminForgetDevice",
    "AdminGetDevice",
    "AdminGetUser",
    "AdminInitiateAuth",
    "AdminListDevices",
    "AdminListGroupsForUser",
    "AdminRemoveUserFromGroup",
    "AdminResetUserPassword",
    "AdminRespondToAuthChallenge",
    "AdminSetUserMFAPreference",
    "AdminSetUserPassword",
    "AdminUpdateDeviceStatus",
    "AdminUpdateUserAttributes",
    "AdminUserGlobalSignOut",
    "AssociateSoftwareToken",
    "ChangePassword",
    "ConfirmDevice",
    "ConfirmForgotPassword",
    "ConfirmSignUp",
    "CreateGroup",
    "CreateUserPool",
    "CreateUserPoolClient",
    "DeleteGroup",
    "DeleteUserPool",
    "DeleteUserPoolClient",
    "DescribeUserPool",
    "DescribeUserPoolClient",
    "ForgetDevice",
    "ForgotPassword",
    "GetDevice",
    "GetGroup",
    "GetTokensFromRefreshToken",
    "GetUser",
    "GetUserAttributeVerificationCode",
    "GetUserPoolMfaConfig",
    "GlobalSignOut",
    "InitiateAuth",
    "ListDevices",
    "ListGroups",
    "ListUserPoolClients",
    "ListUserPools",
    "ListUsers",
    "ListUsersInGroup",
    "ResendConfirmationCode",
    "RespondToAuthChallenge",
    "RevokeToken",
    "SetUserMFAPreference",
    "SetUserPoolMfaConfig",
    "SignUp",
    "UpdateDeviceStatus",
    "UpdateGroup",
    "UpdateUserAttributes",
    "UpdateUserPool",
    "UpdateUserPoolClient",
    "VerifySoftwareToken",
    "VerifyUserAttribute",
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
        return Err(unknown(target));
    }
    let body: Map<String, Value> = serde_json::from_slice(body)
        .map_err(|_| Error::new("SerializationException", "the request body must be a JSON object"))?;
    let request = Request::new(Fields::new("", &body));
    match operation {
        "AddCustomAttributes" => custom_attributes::add_custom_attributes(state, request),
        "AdminConfirmSignUp" => users::admin_confirm_sign_up(state, request).await,
        "AdminCreateUser" => users::admin_create_user(state, request).await,
        "AdminDeleteUser" => users::admin_delete_user(state, request),
        "AdminForgetDevice" => devices::forget_device(state, request, true).await,
        "AdminGetDevice" => devices::get_device(state, request, true).await,
        "AdminGetUser" => users::admin_get_user(state, request),
        "AdminInitiateAuth" => initiate::initiate_auth(state, request, true).await,
        "AdminListDevices" => devices::list_devices(state, request, true).await,
        "AdminRespondToAuthChallenge" => respond::respond(state, request, true).await,
        "AdminSetUserMFAPreference" => mfa::admin_set_user_mfa_preference(state, request),
        "AdminSetUserPassword" => users::admin_set_user_password(state, request),
        "AdminUpdateDeviceStatus" => devices::update_device_status(state, request, true).await,
        "AdminUpdateUserAttributes" => attributes::admin_update_user_attributes(state, request),
        "AssociateSoftwareToken" => mfa::associate_software_token(state, request).await,
        "ConfirmDevice" => devices::confirm_device(state, request).await,
        "CreateUserPool" => pools::create_user_pool(state, request, &body),
        "CreateUserPoolClient" => pools::create_user_pool_client(state, request, &body),
        "DescribeUserPool" => pools::describe_user_pool(state, request),
        "DescribeUserPoolClient" => pools::describe_user_pool_client(state, request),
        "ForgetDevice" => devices::forget_device(state, request, false).await,
        "GetDevice" => devices::get_device(state, request, false).await,
        "GetUser" => users::get_user(state, request).await,
        "GetUserPoolMfaConfig" => pool_mfa::get_user_pool_mfa_config(state, request),
        "InitiateAuth" => initiate::initiate_auth(state, request, false).await,
        "ListDevices" => devices::list_devices(state, request, false).await,
        "ListUsers" => list_users::list_users(state, request),
        "RespondToAuthChallenge" => respond::respond(state, request, false).await,
        "SetUserMFAPreference" => mfa::set_user_mfa_preference(state, request).await,
        "SetUserPoolMfaConfig" => pool_mfa::set_user_pool_mfa_config(state, request),
        "SignUp" => sign_up::sign_up(state, request).await,
        "UpdateDeviceStatus" => devices::update_device_status(state, request, false).await,
        "VerifySoftwareToken" => mfa::verify_software_token(state, request).await,
        "GetTokensFromRefreshToken" => sign_out::get_tokens_from_refresh_token(state, request).await,
        "RevokeToken" => sign_out::revoke_token(state, request),
        "GlobalSignOut" => sign_out::global_sign_out(state, request).await,
        "AdminUserGlobalSignOut" => sign_out::admin_user_global_sign_out(state, request),
        "AdminEnableUser" => sign_out::set_enabled(state, request, true),
        "AdminDisableUser" => sign_out::set_enabled(state, request, false),
        "ChangePassword" => account::change_password(state, request).await,
        "UpdateUserAttributes" => attributes::update_user_attributes(state, request).await,
        "UpdateUserPool" => pool_changes::update_user_pool(state, request, &body),
        "UpdateUserPoolClient" => pool_changes::update_user_pool_client(state, request, &body),
        "DeleteUserPool" => pool_changes::delete_user_pool(state, request),
        "DeleteUserPoolClient" => pool_changes::delete_user_pool_client(state, request),
        "ListUserPools" => pool_changes::list_user_pools(state, request),
        "ListUserPoolClients" => pool_changes::list_user_pool_clients(state, request),
        "ForgotPassword" => codes::forgot_password(state, request).await,
        "ConfirmForgotPassword" => codes::confirm_forgot_password(state, request).await,
        "AdminResetUserPassword" => codes::admin_reset_user_password(state, request),
        "ConfirmSignUp" => codes::confirm_sign_up(state, request).await,
        "ResendConfirmationCode" => codes::resend_confirmation_code(state, request),
        "GetUserAttributeVerificationCode" => attributes::get_user_attribute_verification_code(state, request).await,
        "VerifyUserAttribute" => attributes::verify_user_attribute(state, request).await,
        "AdminAddUserToGroup" => groups::set_member(state, request, true),
        "AdminRemoveUserFromGroup" => groups::set_member(state, request, false),
        "AdminListGroupsForUser" => groups::admin_list_groups_for_user(state, request),
        "CreateGroup" => groups::create_group(state, request),
        "DeleteGroup" => groups::delete_group(state, request),
        "GetGroup" => groups::get_group(state, request),
        "ListGroups" => groups::list_groups(state, request),
        "ListUsersInGroup" => groups::list_users_in_group(state, request),
        "UpdateGroup" => groups::update_group(state, request),
        _ => Err(unknown(target)),
    }
}

fn unknown(target: &str) -> Error {
    let named: String = target
        .strip_prefix(TARGET)
        .unwrap_or(target)
        .chars()
        .take(128)
        .collect();
    let message = format!(
        "operation `{}` is not supported by local (known: {})",
        named.escape_debug(),
        OPERATIONS.join(", ")
    );
    Error::new("UnknownOperationException", message)
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
