//! The operations, with each name in only one place.

use serde_json::{Map, Value};

use super::request::Request;
use super::{
    attributes, clients, custom_attributes, devices, forgot_password, groups, initiate, invitations, list_users, mfa,
    passwords, pools, refresh, respond, sign_out, sign_up, tags, users,
};
use crate::State;
use crate::error::Error;

/// Parts of the API that are not supported: a word in the names of their operations, and their subject.
const OUTSIDE: [(&str, &str); 10] = [
    ("Branding", "managed login pages"),
    ("Domain", "domains of OAuth 2.0 pages"),
    ("IdentityProvider", "identity providers"),
    ("ImportJob", "imports of users"),
    ("LogDelivery", "the export of logs"),
    ("ProviderForUser", "identity providers"),
    ("ResourceServer", "resource servers"),
    ("RiskConfiguration", "threat protection"),
    ("UICustomization", "OAuth 2.0 pages"),
    ("WebAuthn", "passkeys"),
];

/// Makes the list of names, and the function that finds an operation by its name.
macro_rules! operations {
    (($state:ident, $request:ident, $body:ident) { $($name:literal => $run:expr,)+ }) => {
        /// The supported operations.
        pub(super) const OPERATIONS: &[&str] = &[$($name),+];

        /// Runs the operation called `name`.
        pub(super) async fn run(
            name: &str,
            $state: &State,
            $request: &Request<'_>,
            $body: &Map<String, Value>,
        ) -> Result<Value, Error> {
            match name {
                $($name => $run,)+
                _ => Err(unknown(name)),
            }
        }
    };
}

#[rustfmt::skip]
operations! { (state, request, body) {
    "AddCustomAttributes" => custom_attributes::add_custom_attributes(state, request),
    "AdminAddUserToGroup" => groups::set_member(state, request, true),
    "AdminConfirmSignUp" => users::admin_confirm_sign_up(state, request).await,
    "AdminCreateUser" => invitations::admin_create_user(state, request).await,
    "AdminDeleteUser" => users::admin_delete_user(state, request),
    "AdminDeleteUserAttributes" => attributes::admin_delete_user_attributes(state, request),
    "AdminDisableUser" => users::set_enabled(state, request, false),
    "AdminEnableUser" => users::set_enabled(state, request, true),
    "AdminForgetDevice" => devices::forget_device(state, request, true).await,
    "AdminGetDevice" => devices::get_device(state, request, true).await,
    "AdminGetUser" => users::admin_get_user(state, request),
    "AdminInitiateAuth" => initiate::initiate_auth(state, request, true).await,
    "AdminListDevices" => devices::list_devices(state, request, true).await,
    "AdminListGroupsForUser" => groups::admin_list_groups_for_user(state, request),
    "AdminRemoveUserFromGroup" => groups::set_member(state, request, false),
    "AdminResetUserPassword" => forgot_password::admin_reset_user_password(state, request).await,
    "AdminRespondToAuthChallenge" => respond::respond(state, request, true).await,
    "AdminSetUserMFAPreference" => mfa::admin_set_user_mfa_preference(state, request),
    "AdminSetUserPassword" => passwords::admin_set_user_password(state, request),
    "AdminUpdateDeviceStatus" => devices::update_device_status(state, request, true).await,
    "AdminUpdateUserAttributes" => attributes::admin_update_user_attributes(state, request).await,
    "AdminUserGlobalSignOut" => sign_out::admin_user_global_sign_out(state, request),
    "AssociateSoftwareToken" => mfa::associate_software_token(state, request).await,
    "ChangePassword" => passwords::change_password(state, request).await,
    "ConfirmDevice" => devices::confirm_device(state, request).await,
    "ConfirmForgotPassword" => forgot_password::confirm_forgot_password(state, request).await,
    "ConfirmSignUp" => sign_up::confirm_sign_up(state, request).await,
    "CreateGroup" => groups::create_group(state, request),
    "CreateUserPool" => pools::create_user_pool(state, request, body),
    "CreateUserPoolClient" => clients::create_user_pool_client(state, request, body),
    "DeleteGroup" => groups::delete_group(state, request),
    "DeleteUser" => users::delete_user(state, request).await,
    "DeleteUserAttributes" => attributes::delete_user_attributes(state, request).await,
    "DeleteUserPool" => pools::delete_user_pool(state, request),
    "DeleteUserPoolClient" => clients::delete_user_pool_client(state, request),
    "DescribeUserPool" => pools::describe_user_pool(state, request),
    "DescribeUserPoolClient" => clients::describe_user_pool_client(state, request),
    "ForgetDevice" => devices::forget_device(state, request, false).await,
    "ForgotPassword" => forgot_password::forgot_password(state, request).await,
    "GetDevice" => devices::get_device(state, request, false).await,
    "GetGroup" => groups::get_group(state, request),
    "GetTokensFromRefreshToken" => refresh::get_tokens_from_refresh_token(state, request).await,
    "GetUser" => users::get_user(state, request).await,
    "GetUserAttributeVerificationCode" => attributes::get_user_attribute_verification_code(state, request).await,
    "GetUserPoolMfaConfig" => pools::mfa::get_user_pool_mfa_config(state, request),
    "GlobalSignOut" => sign_out::global_sign_out(state, request).await,
    "InitiateAuth" => initiate::initiate_auth(state, request, false).await,
    "ListDevices" => devices::list_devices(state, request, false).await,
    "ListGroups" => groups::list_groups(state, request),
    "ListTagsForResource" => tags::list_tags_for_resource(state, request),
    "ListUserPoolClients" => clients::list_user_pool_clients(state, request),
    "ListUserPools" => pools::list_user_pools(state, request),
    "ListUsers" => list_users::list_users(state, request),
    "ListUsersInGroup" => groups::list_users_in_group(state, request),
    "ResendConfirmationCode" => sign_up::resend_confirmation_code(state, request).await,
    "RespondToAuthChallenge" => respond::respond(state, request, false).await,
    "RevokeToken" => sign_out::revoke_token(state, request),
    "SetUserMFAPreference" => mfa::set_user_mfa_preference(state, request).await,
    "SetUserPoolMfaConfig" => pools::mfa::set_user_pool_mfa_config(state, request),
    "SignUp" => sign_up::sign_up(state, request).await,
    "TagResource" => tags::tag_resource(state, request),
    "UntagResource" => tags::untag_resource(state, request),
    "UpdateDeviceStatus" => devices::update_device_status(state, request, false).await,
    "UpdateGroup" => groups::update_group(state, request),
    "UpdateUserAttributes" => attributes::update_user_attributes(state, request).await,
    "UpdateUserPool" => pools::update_user_pool(state, request, body),
    "UpdateUserPoolClient" => clients::update_user_pool_client(state, request, body),
    "VerifySoftwareToken" => mfa::verify_software_token(state, request).await,
    "VerifyUserAttribute" => attributes::verify_user_attribute(state, request).await,
} }

/// The error for a client that asks for another operation.
pub(super) fn unknown(name: &str) -> Error {
    let named: String = name.chars().take(128).collect();
    let named = named.escape_debug();
    let outside = OUTSIDE.iter().find(|(word, _)| name.contains(word));
    let message = match outside {
        Some((_, what)) => format!("operation `{named}` is not supported by local, which has no {what}"),
        None => format!(
            "operation `{named}` is not supported by local (known: {})",
            OPERATIONS.join(", ")
        ),
    };
    Error::new("UnknownOperationException", message)
}
