//! Users made by an administrator, and their temporary passwords.

use serde_json::{Value, json};

use super::world::{Answer, POOL, World, sums};

async fn create(world: &World, more: Value) -> Answer {
    let mut body = json!({"UserPoolId": POOL, "Username": "ana"});
    body.as_object_mut().unwrap().extend(super::world::object(more));
    world.call("AdminCreateUser", body).await
}

fn by_mail() -> Value {
    json!({
        "DesiredDeliveryMediums": ["EMAIL"], "UserAttributes": [{"Name": "email", "Value": "ana@example.com"}],
    })
}

fn sent(world: &World) -> Vec<Value> {
    world.outbox()["messages"].as_array().unwrap().clone()
}

async fn sign_in(world: &World, password: &Value) -> Answer {
    world
        .initiate("USER_PASSWORD_AUTH", json!({"USERNAME": "ana", "PASSWORD": password}))
        .await
}

#[tokio::test]
async fn a_user_without_a_password_gets_one_that_fits_the_policy() {
    let policy = json!({"Policies": {"PasswordPolicy": {
        "MinimumLength": 13, "RequireSymbols": true, "RequireNumbers": true, "RequireUppercase": true,
    }}});
    let world = World::with(policy, json!({}), sums);
    let user = create(&world, by_mail()).await.ok();
    assert_eq!(user["User"]["UserStatus"], "FORCE_CHANGE_PASSWORD");
    let message = sent(&world)[0].clone();
    assert_eq!(
        (&message["medium"], &message["to"], &message["purpose"]),
        (&json!("EMAIL"), &json!("ana@example.com"), &json!("AdminCreateUser"))
    );
    let password = message["code"].as_str().unwrap();
    assert!(
        password.len() == 13 && password.bytes().any(|byte| byte.is_ascii_digit()),
        "{password}"
    );
    let asked = sign_in(&world, &message["code"]).await.ok();
    assert_eq!(asked["ChallengeName"], "NEW_PASSWORD_REQUIRED");
}

#[tokio::test]
async fn a_message_goes_where_it_is_wanted_and_nowhere_else() {
    for (more, count) in [
        (json!({"MessageAction": "SUPPRESS"}), 0),
        // An SMS is the default.
        (json!({"DesiredDeliveryMediums": []}), 0),
        (json!({"DesiredDeliveryMediums": ["SMS", "EMAIL"]}), 1),
    ] {
        let world = World::new();
        let mut body = by_mail();
        body.as_object_mut().unwrap().extend(super::world::object(more));
        create(&world, body).await.ok();
        assert_eq!(sent(&world).len(), count);
    }
}

#[tokio::test]
async fn resending_gives_another_password_and_more_time() {
    let world = World::new();
    let resend = || {
        let mut body = by_mail();
        body["MessageAction"] = json!("RESEND");
        create(&world, body)
    };
    assert_eq!(resend().await.error().0, "UserNotFoundException");
    create(&world, by_mail()).await.ok();
    let first = sent(&world)[0]["code"].clone();
    world.wait(7 * 24 * 60 * 60);
    let late = sign_in(&world, &first).await;
    assert!(late.error().1.starts_with("Temporary password has expired"), "{late:?}");
    resend().await.ok();
    let second = sent(&world)[0]["code"].clone();
    assert_eq!(sign_in(&world, &first).await.error(), super::world::INCORRECT);
    assert_eq!(
        sign_in(&world, &second).await.ok()["ChallengeName"],
        "NEW_PASSWORD_REQUIRED"
    );
    let lasting = json!({"UserPoolId": POOL, "Username": "ana", "Password": "Passw0rd!ana", "Permanent": true});
    world.call("AdminSetUserPassword", lasting).await.ok();
    let refused = resend().await;
    assert_eq!(refused.error().0, "UnsupportedUserStateException");
}
