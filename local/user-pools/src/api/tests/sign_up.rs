//! New accounts, and the functions before a sign-up and after a confirmation.

use serde_json::{Value, json};

use super::world::{Answer, CLIENT, Outcome, PASSWORD, POOL, World, agree};
use crate::lambda::Failure;

const BOTH: [&str; 2] = ["PreSignUp", "PostConfirmation"];

fn world(answer: &'static str) -> World {
    let answer: Value = serde_json::from_str(answer).unwrap();
    let pool = json!({"AutoVerifiedAttributes": ["email"]});
    World::with_triggers(&BOTH, pool, json!({}), move |function, event| match function {
        "PreSignUp" if !answer.is_null() => Outcome::Response(answer.clone()),
        _ => agree(function, event),
    })
}

fn failing(function: &'static str) -> World {
    let pool = json!({"AutoVerifiedAttributes": ["email"]});
    World::with_triggers(&BOTH, pool, json!({}), move |name, event| {
        if name == function {
            return Outcome::Fail(Failure::Error("no".into()));
        }
        agree(name, event)
    })
}

async fn sign_up(world: &World, attributes: Value) -> Answer {
    let body = json!({
        "ClientId": CLIENT, "Username": "ana", "Password": PASSWORD, "UserAttributes": attributes,
        "ValidationData": [{"Name": "v", "Value": "1"}], "ClientMetadata": {"m": "2"},
    });
    world.call("SignUp", body).await
}

fn email() -> Value {
    json!([{"Name": "email", "Value": "ana@example.com"}])
}

async fn user(world: &World) -> Answer {
    let body = json!({"UserPoolId": POOL, "Username": "ana"});
    world.call("AdminGetUser", body).await
}

fn codes(world: &World) -> Vec<Value> {
    let outbox = world.outbox();
    outbox["messages"].as_array().unwrap().clone()
}

#[tokio::test]
async fn a_new_account_is_shown_to_the_function_before_it_is_created() {
    let world = world("null");
    let reply = sign_up(&world, email()).await.ok();
    assert_eq!(reply["UserConfirmed"], false);
    assert_eq!(world.calls(), ["PreSignUp"]);
    let event = world.events("PreSignUp")[0].clone();
    assert_eq!(event["triggerSource"], "PreSignUp_SignUp");
    assert_eq!(
        (&event["userName"], &event["callerContext"]["clientId"]),
        (&json!("ana"), &json!(CLIENT))
    );
    assert_eq!(
        event["request"],
        json!({
            "userAttributes": {"email": "ana@example.com"}, "validationData": {"v": "1"},
            "clientMetadata": {"m": "2"},
        })
    );
    assert_eq!(
        event["response"],
        json!({"autoConfirmUser": false, "autoVerifyEmail": false, "autoVerifyPhone": false})
    );
    assert_eq!(codes(&world).len(), 1);
}

#[tokio::test]
async fn a_refused_sign_up_makes_no_account() {
    let world = failing("PreSignUp");
    assert_eq!(
        sign_up(&world, email()).await.error(),
        ("UserLambdaValidationException", "PreSignUp failed with error no.")
    );
    assert_eq!(user(&world).await.error().0, "UserNotFoundException");
    assert!(codes(&world).is_empty());
}

#[tokio::test]
async fn an_account_can_be_confirmed_and_its_address_verified_without_a_code() {
    let world = world(r#"{"autoConfirmUser": true, "autoVerifyEmail": true, "autoVerifyPhone": false}"#);
    let reply = sign_up(&world, email()).await.ok();
    assert_eq!(reply["UserConfirmed"], true);
    assert!(reply.get("CodeDeliveryDetails").is_none() && codes(&world).is_empty());
    let user = user(&world).await.ok();
    assert_eq!(user["UserStatus"], "CONFIRMED");
    let verified = json!({"Name": "email_verified", "Value": "true"});
    assert!(user["UserAttributes"].as_array().unwrap().contains(&verified));
    assert_eq!(world.calls(), BOTH);
    let event = &world.events("PostConfirmation")[0];
    assert_eq!(event["triggerSource"], "PostConfirmation_ConfirmSignUp");
    assert_eq!(event["request"]["clientMetadata"], json!({"m": "2"}));
    assert_eq!(event["request"]["userAttributes"]["cognito:user_status"], "CONFIRMED");
    assert_eq!(event["response"], json!({}));
}

#[tokio::test]
async fn confirming_verifies_nothing_and_verifying_confirms_nothing() {
    for (answer, confirmed, verified) in [
        (r#"{"autoConfirmUser": true}"#, true, false),
        (r#"{"autoVerifyEmail": true}"#, false, true),
    ] {
        let world = world(answer);
        let reply = sign_up(&world, email()).await.ok();
        assert_eq!(reply["UserConfirmed"], confirmed);
        let attributes = user(&world).await.ok()["UserAttributes"].to_string();
        assert_eq!(attributes.contains("email_verified"), verified, "{attributes}");
    }
}

#[tokio::test]
async fn a_bad_answer_makes_no_account() {
    for (answer, why) in [
        (
            r#"{"autoConfirmUser": "true"}"#,
            "`response.autoConfirmUser` is a string, should be true or false",
        ),
        (r#"{"autoVerifyPhone": true}"#, "PreSignUp verifies `phone_number`"),
        (r#"{"confirm": true}"#, "`response.confirm` is not a field"),
    ] {
        let world = world(answer);
        assert_eq!(
            sign_up(&world, email()).await.error(),
            ("InvalidLambdaResponseException", "Unrecognizable lambda output")
        );
        assert_eq!(user(&world).await.error().0, "UserNotFoundException");
        assert!(world.log().iter().any(|line| line.contains(why)), "{:?}", world.log());
    }
}

#[tokio::test]
async fn an_administrators_account_is_shown_too_and_nothing_is_verified_for_it() {
    let world = world(r#"{"autoConfirmUser": true, "autoVerifyEmail": true}"#);
    let body = json!({
        "UserPoolId": POOL, "Username": "ana", "UserAttributes": email(), "ClientMetadata": {"m": "3"},
    });
    let made = world.call("AdminCreateUser", body).await.ok();
    assert_eq!(made["User"]["UserStatus"], "FORCE_CHANGE_PASSWORD");
    assert!(!made.to_string().contains("email_verified"));
    let event = &world.events("PreSignUp")[0];
    assert_eq!(event["triggerSource"], "PreSignUp_AdminCreateUser");
    assert_eq!(event["callerContext"]["clientId"], "CLIENT_ID_NOT_APPLICABLE");
    assert_eq!(
        event["request"],
        json!({
            "userAttributes": {"email": "ana@example.com"}, "validationData": null, "clientMetadata": {"m": "3"},
        })
    );
    assert_eq!(world.calls(), ["PreSignUp"]);
}

#[tokio::test]
async fn every_confirmation_is_told_with_its_metadata() {
    for (operation, source) in [
        ("ConfirmSignUp", "PostConfirmation_ConfirmSignUp"),
        ("AdminConfirmSignUp", "PostConfirmation_ConfirmSignUp"),
        ("ConfirmForgotPassword", "PostConfirmation_ConfirmForgotPassword"),
    ] {
        let world = world("null");
        let mut name = "ana";
        if operation == "ConfirmForgotPassword" {
            name = "demo";
            let body = json!({"ClientId": CLIENT, "Username": name});
            world.call("ForgotPassword", body).await.ok();
        } else {
            sign_up(&world, email()).await.ok();
        }
        let code = codes(&world)[0]["code"].clone();
        let body = json!({
            "ClientId": CLIENT, "UserPoolId": POOL, "Username": name, "ConfirmationCode": code,
            "Password": PASSWORD, "ClientMetadata": {"m": "4"},
        });
        world.call(operation, body).await.ok();
        let events = world.events("PostConfirmation");
        assert_eq!(events.len(), 1, "{operation}");
        assert_eq!(
            (&events[0]["triggerSource"], &events[0]["userName"]),
            (&json!(source), &json!(name))
        );
        assert_eq!(events[0]["request"]["clientMetadata"], json!({"m": "4"}));
    }
}

#[tokio::test]
async fn an_account_stays_confirmed_if_the_function_afterwards_fails() {
    let world = failing("PostConfirmation");
    sign_up(&world, email()).await.ok();
    let code = codes(&world)[0]["code"].clone();
    let body = json!({"ClientId": CLIENT, "Username": "ana", "ConfirmationCode": code});
    assert_eq!(
        world.call("ConfirmSignUp", body).await.error(),
        (
            "UserLambdaValidationException",
            "PostConfirmation failed with error no."
        )
    );
    assert_eq!(user(&world).await.ok()["UserStatus"], "CONFIRMED");
}
