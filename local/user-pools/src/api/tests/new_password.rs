//! `NEW_PASSWORD_REQUIRED`: the user replaces a temporary password, and only then gets tokens.

use serde_json::{Value, json};

use super::world::{CLIENT, INCORRECT, POOL, World, claim, sums};
use crate::srp::client::Client;

const TEMPORARY: &str = "Temp0rary!";
const LASTING: &str = "L4sting!pw";
const INVALID: (&str, &str) = ("NotAuthorizedException", "Invalid session for the user.");

async fn world(pool: Value, client: Value) -> World {
    let world = World::with(pool, client, sums);
    make(&world, "jane").await;
    world
}

async fn make(world: &World, name: &str) {
    let email = json!([{"Name": "email", "Value": format!("{name}@example.com")}]);
    let user = json!({"UserPoolId": POOL, "Username": name, "TemporaryPassword": TEMPORARY, "UserAttributes": email});
    world.call("AdminCreateUser", user).await.ok();
}

async fn sign_in(world: &World, password: &str) -> super::world::Answer {
    let parameters = json!({"USERNAME": "jane", "PASSWORD": password});
    world.initiate("USER_PASSWORD_AUTH", parameters).await
}

fn answer(password: &str) -> Value {
    json!({"USERNAME": "jane", "NEW_PASSWORD": password})
}

async fn status(world: &World) -> Value {
    let user = json!({"UserPoolId": POOL, "Username": "jane"});
    world.call("AdminGetUser", user).await.ok()["UserStatus"].clone()
}

/// Returns the challenge, reached by each flow that proves a password.
async fn ask(world: &World, way: &str) -> Value {
    let client = Client::new([7; 32]);
    let start = |flow, extra: Value| {
        let mut parameters = json!({"USERNAME": "jane", "SRP_A": client.srp_a(), "PASSWORD": TEMPORARY});
        parameters.as_object_mut().unwrap().extend(super::world::object(extra));
        let body = json!({"UserPoolId": POOL, "ClientId": CLIENT, "AuthFlow": flow, "AuthParameters": parameters});
        let operation = if flow == "ADMIN_USER_PASSWORD_AUTH" {
            "AdminInitiateAuth"
        } else {
            "InitiateAuth"
        };
        world.call(operation, body)
    };
    let reply = match way {
        "CUSTOM_AUTH" => start("CUSTOM_AUTH", json!({"CHALLENGE_NAME": "SRP_A"})).await.ok(),
        flow => start(flow, json!({})).await.ok(),
    };
    if reply["ChallengeName"] != "PASSWORD_VERIFIER" {
        return reply;
    }
    let responses = claim(&client, &reply, TEMPORARY);
    world
        .respond("PASSWORD_VERIFIER", responses, &reply["Session"])
        .await
        .ok()
}

#[tokio::test]
async fn every_password_flow_asks_for_a_lasting_password_and_then_gives_tokens() {
    for way in [
        "USER_PASSWORD_AUTH",
        "ADMIN_USER_PASSWORD_AUTH",
        "USER_SRP_AUTH",
        "CUSTOM_AUTH",
    ] {
        let world = world(json!({}), json!({})).await;
        let asked = ask(&world, way).await;
        assert_eq!(asked["ChallengeName"], "NEW_PASSWORD_REQUIRED", "{way}");
        assert!(asked.get("AuthenticationResult").is_none());
        let parameters = &asked["ChallengeParameters"];
        assert_eq!(parameters["USER_ID_FOR_SRP"], "jane");
        assert_eq!(parameters["userAttributes"], r#"{"email":"jane@example.com"}"#);
        assert_eq!(parameters["requiredAttributes"], "[]");
        let reply = world
            .respond("NEW_PASSWORD_REQUIRED", answer(LASTING), &asked["Session"])
            .await
            .ok();
        assert!(reply["AuthenticationResult"]["IdToken"].is_string(), "{way}");
        assert_eq!(reply["ChallengeParameters"], json!({}));
        assert!(reply.get("Session").is_none() && reply.get("ChallengeName").is_none());
        assert_eq!(status(&world).await, "CONFIRMED");
        assert_eq!(sign_in(&world, TEMPORARY).await.error(), INCORRECT);
        assert!(sign_in(&world, LASTING).await.ok()["AuthenticationResult"].is_object());
        let warned = world
            .log()
            .iter()
            .any(|line| line.contains("skips the custom challenges"));
        assert_eq!(warned, way == "CUSTOM_AUTH");
    }
}

#[tokio::test]
async fn a_custom_sign_in_without_a_password_leaves_the_temporary_one() {
    let world = world(json!({}), json!({})).await;
    let asked = world.start("jane").await;
    assert_eq!(asked["ChallengeName"], "CUSTOM_CHALLENGE");
    let reply = world.answer("jane", &asked["Session"], "4").await.ok();
    assert!(reply["AuthenticationResult"].is_object());
    assert_eq!(status(&world).await, "FORCE_CHANGE_PASSWORD");
}

#[tokio::test]
async fn a_wrong_temporary_password_leads_nowhere() {
    let world = world(json!({}), json!({})).await;
    assert_eq!(sign_in(&world, "Temp0rary?").await.error(), INCORRECT);
}

#[tokio::test]
async fn a_password_that_does_not_conform_can_be_tried_again() {
    let world = world(json!({}), json!({})).await;
    let asked = ask(&world, "USER_PASSWORD_AUTH").await;
    let long = "Aa1!".repeat(65);
    for (password, name) in [
        ("short", "InvalidPasswordException"),
        ("nouppercase1!", "InvalidPasswordException"),
        ("", "InvalidParameterException"),
        ("With Blank1!", "InvalidParameterException"),
        (long.as_str(), "InvalidParameterException"),
    ] {
        let reply = world
            .respond("NEW_PASSWORD_REQUIRED", answer(password), &asked["Session"])
            .await;
        assert_eq!(reply.error().0, name, "{password}");
    }
    assert_eq!(status(&world).await, "FORCE_CHANGE_PASSWORD");
    let again = || world.respond("NEW_PASSWORD_REQUIRED", answer(LASTING), &asked["Session"]);
    again().await.ok();
    assert_eq!(
        again().await.error().1,
        "Invalid session for the user, session can only be used once."
    );
}

#[tokio::test]
async fn the_session_is_required_and_bound_to_user_client_challenge_and_time() {
    let world = world(json!({}), json!({})).await;
    make(&world, "other").await;
    let asked = ask(&world, "USER_PASSWORD_AUTH").await;
    let session = &asked["Session"];
    let custom = world.start("jane").await;
    let mut forged = session.as_str().unwrap().to_owned();
    let last = if forged.pop() == Some('A') { 'E' } else { 'A' };
    forged.push(last);
    let other = json!({"USERNAME": "other", "NEW_PASSWORD": LASTING});
    let respond = async |responses: Value, session: Value| {
        let reply = world.respond("NEW_PASSWORD_REQUIRED", responses, &session).await;
        let (name, message) = reply.error();
        (name.to_owned(), message.to_owned())
    };
    assert_eq!(
        respond(answer(LASTING), Value::Null).await,
        (
            "InvalidParameterException".into(),
            "Missing required parameter Session".into()
        )
    );
    assert_eq!(
        respond(json!({"USERNAME": "jane"}), session.clone()).await.1,
        "Missing required parameter NEW_PASSWORD"
    );
    for (responses, session) in [
        (answer(LASTING), json!("A".repeat(75))),
        (answer(LASTING), json!(forged)),
        (answer(LASTING), custom["Session"].clone()),
        (other, session.clone()),
    ] {
        let (name, message) = respond(responses, session).await;
        assert_eq!((name.as_str(), message.as_str()), INVALID);
    }
    let client = json!({"UserPoolId": POOL, "ClientName": "c"});
    let client = world.call("CreateUserPoolClient", client).await.ok();
    let body = json!({
        "ClientId": client["UserPoolClient"]["ClientId"], "ChallengeName": "NEW_PASSWORD_REQUIRED",
        "ChallengeResponses": answer(LASTING), "Session": session,
    });
    assert_eq!(world.call("RespondToAuthChallenge", body).await.error(), INVALID);
    world.wait(180);
    assert_eq!(
        respond(answer(LASTING), session.clone()).await.1,
        "Invalid session for the user, session is expired."
    );
    assert_eq!(status(&world).await, "FORCE_CHANGE_PASSWORD");
}

#[tokio::test]
async fn a_user_deleted_or_changed_meanwhile_gets_no_tokens() {
    for operation in ["AdminDeleteUser", "AdminSetUserPassword"] {
        let world = world(json!({}), json!({})).await;
        let asked = ask(&world, "USER_PASSWORD_AUTH").await;
        let body = json!({"UserPoolId": POOL, "Username": "jane", "Password": LASTING, "Permanent": true});
        world.call(operation, body).await.ok();
        let reply = world
            .respond("NEW_PASSWORD_REQUIRED", answer("An0ther!pw"), &asked["Session"])
            .await;
        assert_eq!(reply.error(), INVALID, "{operation}");
    }
}

#[tokio::test]
async fn attributes_come_along_as_far_as_the_client_may_write_them() {
    let schema = json!({"Schema": [
        {"Name": "email", "Required": true, "Mutable": true}, {"Name": "secret", "Mutable": true},
    ]});
    let world = world(
        schema,
        json!({"ReadAttributes": ["email", "name"], "WriteAttributes": ["email", "name"]}),
    )
    .await;
    let remove = json!({"UserPoolId": POOL, "Username": "jane", "UserAttributes": [
        {"Name": "email", "Value": ""}, {"Name": "custom:secret", "Value": "x"},
    ]});
    world.call("AdminUpdateUserAttributes", remove).await.ok();
    let asked = ask(&world, "USER_PASSWORD_AUTH").await;
    assert_eq!(asked["ChallengeParameters"]["userAttributes"], "{}");
    assert_eq!(
        asked["ChallengeParameters"]["requiredAttributes"],
        r#"["userAttributes.email"]"#
    );
    let with = |name: &str, value: &str| {
        let mut answer = answer(LASTING);
        answer[format!("userAttributes.{name}")] = json!(value);
        answer
    };
    for (responses, name) in [
        (answer(LASTING), "InvalidParameterException"),
        (with("email", ""), "InvalidParameterException"),
        (with("custom:secret", "y"), "NotAuthorizedException"),
        (with("email_verified", "true"), "NotAuthorizedException"),
        (with("nonsense", "true"), "NotAuthorizedException"),
    ] {
        let reply = world
            .respond("NEW_PASSWORD_REQUIRED", responses.clone(), &asked["Session"])
            .await;
        assert_eq!(reply.error().0, name, "{responses}");
    }
    world
        .respond(
            "NEW_PASSWORD_REQUIRED",
            with("email", "j@example.com"),
            &asked["Session"],
        )
        .await
        .ok();
    // A user that has a required attribute cannot change it in the challenge.
    let body = json!({"UserPoolId": POOL, "Username": "jane", "Password": TEMPORARY, "Permanent": false});
    world.call("AdminSetUserPassword", body).await.ok();
    let asked = ask(&world, "USER_PASSWORD_AUTH").await;
    let reply = world
        .respond(
            "NEW_PASSWORD_REQUIRED",
            with("email", "k@example.com"),
            &asked["Session"],
        )
        .await;
    assert_eq!(
        reply.error(),
        ("NotAuthorizedException", "Cannot modify an already provided email")
    );
}

#[tokio::test]
async fn a_temporary_password_is_good_for_as_many_days_as_the_pool_says() {
    const DAY: u64 = 24 * 60 * 60;
    let expired = (
        "NotAuthorizedException",
        "Temporary password has expired and must be reset by an administrator.",
    );
    let days = |days: u64| json!({"Policies": {"PasswordPolicy": {"TemporaryPasswordValidityDays": days}}});
    for (pool, days) in [(days(2), 2), (days(0), 7), (json!({}), 7)] {
        let world = world(pool, json!({})).await;
        let described = world.call("DescribeUserPool", json!({"UserPoolId": POOL})).await.ok();
        let policy = &described["UserPool"]["Policies"]["PasswordPolicy"];
        assert_eq!(policy["TemporaryPasswordValidityDays"], days);
        world.wait(days * DAY - 1);
        for way in ["USER_PASSWORD_AUTH", "CUSTOM_AUTH"] {
            assert_eq!(ask(&world, way).await["ChallengeName"], "NEW_PASSWORD_REQUIRED");
        }
        world.wait(1);
        assert_eq!(sign_in(&world, TEMPORARY).await.error(), expired);
        assert_eq!(sign_in(&world, LASTING).await.error(), INCORRECT);
        let reset = |permanent: bool| {
            let body = json!({"UserPoolId": POOL, "Username": "jane", "Password": TEMPORARY, "Permanent": permanent});
            world.call("AdminSetUserPassword", body)
        };
        reset(false).await.ok();
        let reply = sign_in(&world, TEMPORARY).await.ok();
        assert_eq!(reply["ChallengeName"], "NEW_PASSWORD_REQUIRED");
        reset(true).await.ok();
        world.wait(400 * DAY);
        sign_in(&world, TEMPORARY).await.ok();
    }
}
