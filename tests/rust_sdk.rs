//! Tests the AWS SDK for Rust with `local` and the real binaries: custom sign-ins, sign-ins by administrators, typed
//! errors. What needs no function runs on a pool in the process of the test.

use std::collections::HashMap;

use aws_cognito_srp::{SrpClient, User};
use aws_sdk_cognitoidentityprovider::Client;
use aws_sdk_cognitoidentityprovider::config::{BehaviorVersion, Config, Credentials, Region};
use aws_sdk_cognitoidentityprovider::error::ProvideErrorMetadata;
use aws_sdk_cognitoidentityprovider::operation::admin_respond_to_auth_challenge::AdminRespondToAuthChallengeOutput;
use aws_sdk_cognitoidentityprovider::operation::initiate_auth::InitiateAuthError;
use aws_sdk_cognitoidentityprovider::operation::respond_to_auth_challenge::{
    RespondToAuthChallengeError, RespondToAuthChallengeOutput,
};
use aws_sdk_cognitoidentityprovider::types::{AuthFlowType, ChallengeNameType, MessageActionType};
use loop_tests::local::{Client as Debug, Local};
use loop_tests::script::right_answer;
use serde_json::json;
use user_pools::Server;

const POOL: &str = "us-east-1_LocalPool";
const CLIENT: &str = "localclient000000000000000";
const USER: &str = "demo";
const PASSWORD: &str = "Passw0rd!demo";
const INCORRECT: Option<&str> = Some("Incorrect username or password.");

/// Returns the SDK, configured as for Cognito except for the address.
fn sdk(endpoint: &str) -> Client {
    let config = Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::from_static("us-east-1"))
        .credentials_provider(Credentials::new("local", "local", None, None, "test"))
        .http_client(aws_smithy_http_client::Builder::new().build_http())
        .endpoint_url(endpoint);
    Client::from_conf(config.build())
}

/// Returns the right answer to the challenge of `session`.
fn answer(local: &Local, parameters: Option<&HashMap<String, String>>, session: Option<&str>) -> String {
    let private = Debug::new(local).private_parameters(&json!({"Session": session.unwrap()}));
    right_answer(&json!(parameters.unwrap()), &private)
}

/// Starts a custom sign-in with the password.
async fn start(client: &Client, password: &str) -> Result<RespondToAuthChallengeOutput, RespondToAuthChallengeError> {
    let srp = SrpClient::new(User::new(POOL, USER, password), CLIENT, None);
    let started = client
        .initiate_auth()
        .client_id(CLIENT)
        .auth_flow(AuthFlowType::CustomAuth)
        .auth_parameters("USERNAME", USER)
        .auth_parameters("CHALLENGE_NAME", "SRP_A")
        .auth_parameters("SRP_A", srp.get_auth_parameters().a)
        .send()
        .await
        .unwrap();
    assert_eq!(started.challenge_name(), Some(&ChallengeNameType::PasswordVerifier));
    let given = |name: &str| started.challenge_parameters().unwrap()[name].as_str();
    let proof = srp
        .verify(
            given("SECRET_BLOCK"),
            given("USER_ID_FOR_SRP"),
            given("SALT"),
            given("SRP_B"),
        )
        .unwrap();
    client
        .respond_to_auth_challenge()
        .client_id(CLIENT)
        .challenge_name(ChallengeNameType::PasswordVerifier)
        .set_session(started.session().map(str::to_owned))
        .challenge_responses("USERNAME", given("USER_ID_FOR_SRP"))
        .challenge_responses("PASSWORD_CLAIM_SECRET_BLOCK", proof.password_claim_secret_block)
        .challenge_responses("PASSWORD_CLAIM_SIGNATURE", proof.password_claim_signature)
        .challenge_responses("TIMESTAMP", proof.timestamp)
        .send()
        .await
        .map_err(|error| error.into_service_error())
}

async fn respond(
    client: &Client,
    asked: &RespondToAuthChallengeOutput,
    answer: &str,
) -> Result<RespondToAuthChallengeOutput, RespondToAuthChallengeError> {
    assert_eq!(asked.challenge_name(), Some(&ChallengeNameType::CustomChallenge));
    client
        .respond_to_auth_challenge()
        .client_id(CLIENT)
        .challenge_name(ChallengeNameType::CustomChallenge)
        .set_session(asked.session().map(str::to_owned))
        .challenge_responses("USERNAME", USER)
        .challenge_responses("ANSWER", answer)
        .client_metadata("locale", "es")
        .send()
        .await
        .map_err(|error| error.into_service_error())
}

#[tokio::test]
async fn a_custom_sign_in_with_some_wrong_answers_gets_tokens() {
    let local = Local::start(&["--flow", "PASSWORD,CAPTCHA:3,SECURITY_QUESTION:3"]);
    let client = sdk(&local.endpoint);
    let mut asked = start(&client, PASSWORD).await.unwrap();
    for (challenge, step) in [("CAPTCHA", "2"), ("SECURITY_QUESTION", "3")] {
        asked = respond(&client, &asked, "wrong").await.unwrap();
        let parameters = asked.challenge_parameters();
        let expected = [("challenge", challenge), ("step", step), ("attemptsLeft", "2")];
        for (name, value) in expected {
            assert_eq!(parameters.unwrap()[name], value);
        }
        let right = answer(&local, parameters, asked.session());
        asked = respond(&client, &asked, &right).await.unwrap();
    }
    let tokens = asked.authentication_result().unwrap();
    assert_eq!((tokens.token_type(), tokens.expires_in()), (Some("Bearer"), 3600));
    let user = client.get_user().access_token(tokens.access_token().unwrap());
    assert_eq!(user.send().await.unwrap().username(), USER);
    let refreshed = client
        .initiate_auth()
        .client_id(CLIENT)
        .auth_flow(AuthFlowType::RefreshTokenAuth)
        .auth_parameters("REFRESH_TOKEN", tokens.refresh_token().unwrap());
    assert!(refreshed.send().await.unwrap().authentication_result().is_some());
}

#[tokio::test]
async fn an_administrator_signs_a_user_in() {
    let local = Local::start(&["--flow", "CAPTCHA:1,SECURITY_QUESTION:1"]);
    let client = sdk(&local.endpoint);
    let start = client
        .admin_initiate_auth()
        .user_pool_id(POOL)
        .client_id(CLIENT)
        .auth_flow(AuthFlowType::CustomAuth)
        .auth_parameters("USERNAME", USER);
    let asked = start.send().await.unwrap();
    let right = answer(&local, asked.challenge_parameters(), asked.session());
    let respond = async |session: Option<&str>, answer: String| -> AdminRespondToAuthChallengeOutput {
        let respond = client
            .admin_respond_to_auth_challenge()
            .user_pool_id(POOL)
            .client_id(CLIENT)
            .challenge_name(ChallengeNameType::CustomChallenge)
            .set_session(session.map(str::to_owned))
            .challenge_responses("USERNAME", USER)
            .challenge_responses("ANSWER", answer);
        respond.send().await.unwrap()
    };
    let asked = respond(asked.session(), right).await;
    let right = answer(&local, asked.challenge_parameters(), asked.session());
    let done = respond(asked.session(), right).await;
    assert!(done.authentication_result().unwrap().id_token().is_some());
}

#[tokio::test]
async fn an_administrator_creates_a_user_who_chooses_a_password() {
    let server = Server::builder().start().unwrap();
    let (client, pool, id) = (sdk(server.endpoint()), server.pool_id(), server.client_id());
    let user = client
        .admin_create_user()
        .user_pool_id(pool)
        .username("jane")
        .temporary_password("Temp0rary!pw1")
        .message_action(MessageActionType::Suppress);
    user.clone().send().await.unwrap();
    let again = user.send().await.unwrap_err().into_service_error();
    assert!(again.is_username_exists_exception(), "{again:?}");

    let start = client
        .admin_initiate_auth()
        .user_pool_id(pool)
        .client_id(id)
        .auth_flow(AuthFlowType::AdminUserPasswordAuth)
        .auth_parameters("USERNAME", "jane")
        .auth_parameters("PASSWORD", "Temp0rary!pw1");
    let asked = start.send().await.unwrap();
    assert_eq!(asked.challenge_name(), Some(&ChallengeNameType::NewPasswordRequired));
    let choose = |password: &str| {
        client
            .admin_respond_to_auth_challenge()
            .user_pool_id(pool)
            .client_id(id)
            .challenge_name(ChallengeNameType::NewPasswordRequired)
            .set_session(asked.session().map(str::to_owned))
            .challenge_responses("USERNAME", "jane")
            .challenge_responses("NEW_PASSWORD", password)
            .send()
    };
    let weak = choose("password").await.unwrap_err().into_service_error();
    assert!(weak.is_invalid_password_exception(), "{weak:?}");
    assert!(
        weak.message()
            .unwrap()
            .starts_with("Password did not conform with policy")
    );
    assert!(choose("L4sting!pw123").await.unwrap().authentication_result().is_some());
    let user = client.admin_get_user().user_pool_id(pool).username("jane");
    assert_eq!(user.send().await.unwrap().user_status().unwrap().as_str(), "CONFIRMED");
    let nonexistent = client.admin_get_user().user_pool_id(pool).username("nonexistent");
    let nonexistent = nonexistent.send().await.unwrap_err().into_service_error();
    assert!(nonexistent.is_user_not_found_exception() && nonexistent.message() == Some("User does not exist."));
}

#[tokio::test]
async fn errors_have_their_types_and_texts() {
    let local = Local::start(&["--flow", "PASSWORD,CAPTCHA:1"]);
    let client = sdk(&local.endpoint);
    let wrong = start(&client, "Passw0rd!wrong").await.unwrap_err();
    assert!(
        wrong.is_not_authorized_exception() && wrong.message() == INCORRECT,
        "{wrong:?}"
    );
    let asked = start(&client, PASSWORD).await.unwrap();
    let wrong = respond(&client, &asked, "wrong").await.unwrap_err();
    assert!(
        wrong.is_not_authorized_exception() && wrong.message() == INCORRECT,
        "{wrong:?}"
    );
    let again = respond(&client, &asked, "wrong").await.unwrap_err();
    let once = Some("Invalid session for the user, session can only be used once.");
    assert!(
        again.is_not_authorized_exception() && again.message() == once,
        "{again:?}"
    );

    let initiate = async |client_id: &str, flow: AuthFlowType, name: Option<&str>| -> InitiateAuthError {
        let parameters = name.map(|name| HashMap::from([("USERNAME".to_owned(), name.to_owned())]));
        let start = client
            .initiate_auth()
            .client_id(client_id)
            .auth_flow(flow)
            .set_auth_parameters(parameters);
        start.send().await.unwrap_err().into_service_error()
    };
    let unknown = initiate("nonexistent", AuthFlowType::CustomAuth, Some(USER)).await;
    let text = Some("User pool client nonexistent does not exist.");
    assert!(
        unknown.is_resource_not_found_exception() && unknown.message() == text,
        "{unknown:?}"
    );
    let missing = initiate(CLIENT, AuthFlowType::CustomAuth, None).await;
    let text = Some("Missing required parameter USERNAME");
    assert!(
        missing.is_invalid_parameter_exception() && missing.message() == text,
        "{missing:?}"
    );
    let closed = initiate(CLIENT, AuthFlowType::UserPasswordAuth, Some(USER)).await;
    let text = Some("USER_PASSWORD_AUTH flow not enabled for this client");
    assert!(
        closed.is_invalid_parameter_exception() && closed.message() == text,
        "{closed:?}"
    );
}
