//! The migration of users.

use std::sync::Arc;

use serde_json::{Value, json};
use tokio::task::JoinSet;

use super::world::{Answer, CLIENT, INCORRECT, Outcome, POOL, World};
use crate::lambda::Failure;

const TRIGGERS: [&str; 3] = ["UserMigration", "PreAuthentication", "PreTokenGeneration"];
const UNKNOWN: (&str, &str) = (
    "UserNotFoundException",
    "Exception migrating user in app client localclient000000000000000",
);

/// Creates a world in which another system knows ana, with the password `old`, which violates the policy here.
fn world(client: Value, answer: Value) -> World {
    World::with_triggers(&TRIGGERS, json!({}), client, move |function, event| {
        let password = &event["request"]["password"];
        match function {
            "UserMigration" if event["userName"] == "ana" && (password.is_null() || password == "old") => {
                Outcome::Response(answer.clone())
            }
            "UserMigration" => Outcome::Fail(Failure::Error("MARKER".into())),
            _ => super::world::agree(function, event),
        }
    })
}

fn answer() -> Value {
    let attributes = json!({"email": "ana@example.com", "email_verified": "true"});
    json!({"userAttributes": attributes, "finalUserStatus": "CONFIRMED", "messageAction": "SUPPRESS"})
}

async fn sign_in(world: &World, password: &str) -> Answer {
    let body = json!({
        "AuthFlow": "USER_PASSWORD_AUTH", "ClientId": CLIENT, "ClientMetadata": {"n": "1"},
        "AuthParameters": {"USERNAME": "ana", "PASSWORD": password},
    });
    world.call("InitiateAuth", body).await
}

async fn status(world: &World) -> Answer {
    let user = json!({"UserPoolId": POOL, "Username": "ana"});
    world.call("AdminGetUser", user).await
}

#[tokio::test]
async fn a_user_with_the_old_password_is_migrated_once() {
    let world = world(json!({}), answer());
    assert!(sign_in(&world, "old").await.ok()["AuthenticationResult"].is_object());
    assert_eq!(world.calls(), TRIGGERS);
    let event = &world.events("UserMigration")[0];
    assert_eq!(event["triggerSource"], "UserMigration_Authentication");
    assert_eq!(
        event["request"],
        json!({"password": "old", "validationData": {"n": "1"}, "userAttributes": null})
    );
    let fields = [
        "userAttributes",
        "forceAliasCreation",
        "enableSMSMFA",
        "finalUserStatus",
        "messageAction",
        "desiredDeliveryMediums",
    ];
    let response = event["response"].as_object().unwrap();
    assert!(response.keys().eq(fields) && response.values().all(Value::is_null));
    assert_eq!(status(&world).await.ok()["UserStatus"], "CONFIRMED");
    sign_in(&world, "old").await.ok();
    assert_eq!(world.events("UserMigration").len(), 1);
    assert_eq!(sign_in(&world, "wrong").await.error(), INCORRECT);
}

#[tokio::test]
async fn a_rejected_migration_hides_the_text_of_the_function() {
    for (client, error) in [
        (json!({}), INCORRECT),
        (json!({"PreventUserExistenceErrors": "LEGACY"}), UNKNOWN),
    ] {
        let world = world(client, answer());
        assert_eq!(sign_in(&world, "wrong").await.error(), error);
        assert_eq!(status(&world).await.error().0, "UserNotFoundException");
        assert_eq!(world.calls(), ["UserMigration"]);
        let told = |line: &String| line.contains("UserMigration failed with error MARKER.");
        assert!(world.log().iter().any(told), "{:?}", world.log());
    }
}

#[tokio::test]
async fn a_bad_response_migrates_no_user() {
    for (field, value, why) in [
        ("userAttributes", json!({}), "`response.userAttributes` is empty"),
        ("userAttributes", json!({"email": 1}), "should be a string"),
        ("userAttributes", json!({"unknown": "x"}), "could not be determined"),
        ("userAttributes", json!({"sub": "x"}), "sub"),
        (
            "finalUserStatus",
            json!("UNCONFIRMED"),
            "should be CONFIRMED or RESET_REQUIRED",
        ),
        ("forceAliasCreation", json!(true), "is not supported by local"),
        ("enableSMSMFA", json!(true), "is not supported by local"),
        ("more", json!(1), "`response.more` is not a field"),
    ] {
        let mut answer = answer();
        answer[field] = value;
        let world = world(json!({}), answer);
        assert_eq!(sign_in(&world, "old").await.error(), INCORRECT, "{why}");
        assert_eq!(status(&world).await.error().0, "UserNotFoundException");
        assert!(
            world.log().iter().any(|line| line.contains(why)),
            "{why}: {:?}",
            world.log()
        );
    }
}

#[tokio::test]
async fn a_user_that_must_reset_the_password_is_migrated_and_not_signed_in() {
    let mut answer = answer();
    answer["finalUserStatus"] = json!("RESET_REQUIRED");
    let world = world(json!({}), answer);
    assert_eq!(sign_in(&world, "old").await.error().0, "PasswordResetRequiredException");
    assert_eq!(status(&world).await.ok()["UserStatus"], "RESET_REQUIRED");
}

#[tokio::test]
async fn guesses_at_passwords_of_elsewhere_have_to_wait_too() {
    let world = world(json!({}), answer());
    for _ in 0..5 {
        assert_eq!(sign_in(&world, "wrong").await.error(), INCORRECT);
    }
    let reply = sign_in(&world, "old").await;
    assert_eq!(reply.error(), ("NotAuthorizedException", "Password attempts exceeded"));
    assert_eq!(world.events("UserMigration").len(), 5);
    world.wait(1);
    sign_in(&world, "old").await.ok();
}

#[tokio::test]
async fn guesses_at_old_passwords_are_counted_while_others_are_checked() {
    let world = Arc::new(world(json!({}), answer()));
    let mut all = JoinSet::new();
    for _ in 0..20 {
        let world = Arc::clone(&world);
        all.spawn(async move { sign_in(&world, "wrong").await.error().1.to_owned() });
    }
    let told = all.join_all().await;
    assert_eq!(told.iter().filter(|told| *told == INCORRECT.1).count(), 5, "{told:?}");
    assert_eq!(world.events("UserMigration").len(), 5);
}

#[tokio::test]
async fn a_user_unknown_elsewhere_is_counted_once() {
    let nobody = |_: &str, _: &Value| Outcome::Response(json!({}));
    let world = World::with_triggers(&["UserMigration"], json!({}), json!({}), nobody);
    for _ in 0..5 {
        assert_eq!(sign_in(&world, "wrong").await.error(), INCORRECT);
    }
    assert_eq!(sign_in(&world, "wrong").await.error().1, "Password attempts exceeded");
}

#[tokio::test]
async fn a_sign_in_without_a_password_migrates_no_user() {
    let world = world(json!({}), answer());
    world
        .initiate("USER_SRP_AUTH", json!({"USERNAME": "ana", "SRP_A": "2"}))
        .await
        .ok();
    world.start("ana").await;
    assert!(world.events("UserMigration").is_empty());
}

#[tokio::test]
async fn a_user_that_forgot_the_old_password_gets_a_code_and_chooses_one() {
    let world = world(json!({}), answer());
    let forgot = |name: &str| {
        let body = json!({"ClientId": CLIENT, "Username": name, "ClientMetadata": {"n": "2"}});
        world.call("ForgotPassword", body)
    };
    let reply = forgot("ana").await.ok();
    assert_eq!(reply["CodeDeliveryDetails"]["Destination"], "a***@e***");
    let event = &world.events("UserMigration")[0];
    assert_eq!(event["triggerSource"], "UserMigration_ForgotPassword");
    assert_eq!(
        event["request"],
        json!({"password": null, "validationData": null, "userAttributes": null, "clientMetadata": {"n": "2"}})
    );
    let outbox = world.outbox();
    let code = outbox["messages"][0]["code"].clone();
    let confirm = json!({"ClientId": CLIENT, "Username": "ana", "ConfirmationCode": code, "Password": "Cho5en!pw"});
    world.call("ConfirmForgotPassword", confirm).await.ok();
    sign_in(&world, "Cho5en!pw").await.ok();
    let pretended = forgot("nobody").await.ok();
    assert_eq!(pretended["CodeDeliveryDetails"]["DeliveryMedium"], "EMAIL");
    assert_eq!(world.outbox()["messages"].as_array().unwrap().len(), 1);
}
