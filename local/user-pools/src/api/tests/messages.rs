//! Messages with the text of a pool's own function.

use serde_json::{Value, json};

use super::world::{CLIENT, Outcome, PASSWORD, POOL, World, agree};

/// Makes a pool. Its function for messages answers `response`.
fn world(response: Value) -> World {
    let pool = json!({"AutoVerifiedAttributes": ["email"], "MfaConfiguration": "OPTIONAL", "EnabledMfas": ["SMS_MFA"]});
    World::with_triggers(&["CustomMessage"], pool, json!({}), move |function, event| {
        if function == "CustomMessage" {
            return Outcome::Response(response.clone());
        }
        agree(function, event)
    })
}

fn own_words() -> Value {
    json!({
        "smsMessage": "{####} for {username}", "emailMessage": "<b>{####}</b> is {username}'s", "emailSubject": "Hello",
    })
}

async fn sign_up(world: &World) -> super::world::Answer {
    let body = json!({
        "ClientId": CLIENT, "Username": "ana", "Password": PASSWORD, "ClientMetadata": {"m": "1"},
        "UserAttributes": [{"Name": "email", "Value": "ana@example.com"}],
    });
    world.call("SignUp", body).await
}

#[tokio::test]
async fn the_function_writes_the_message_and_the_code_is_filled_in() {
    let world = world(own_words());
    sign_up(&world).await.ok();
    let event = world.events("CustomMessage")[0].clone();
    assert_eq!(event["triggerSource"], "CustomMessage_SignUp");
    assert_eq!(
        event["request"],
        json!({
            "userAttributes": event["request"]["userAttributes"], "codeParameter": "{####}",
            "linkParameter": "{##Click Here##}", "usernameParameter": null, "clientMetadata": {"m": "1"},
        })
    );
    assert_eq!(
        event["response"],
        json!({"smsMessage": null, "emailMessage": null, "emailSubject": null})
    );
    let sent = world.outbox()["messages"][0].clone();
    let code = sent["code"].as_str().unwrap();
    assert_eq!(
        sent["text"],
        json!({"subject": "Hello", "body": format!("<b>{code}</b> is ana's")})
    );
}

#[tokio::test]
async fn every_occasion_has_its_name() {
    let world = world(own_words());
    let user = json!({"ClientId": CLIENT, "Username": "demo"});
    let mut sources = Vec::new();
    sign_up(&world).await.ok();
    let ana = json!({"ClientId": CLIENT, "Username": "ana"});
    world.call("ResendConfirmationCode", ana).await.ok();
    world.call("ForgotPassword", user).await.ok();
    let password = json!({"USERNAME": "demo", "PASSWORD": PASSWORD});
    let tokens = world.initiate("USER_PASSWORD_AUTH", password.clone()).await.ok();
    let token = &tokens["AuthenticationResult"]["AccessToken"];
    let verify = json!({"AccessToken": token, "AttributeName": "email"});
    world.call("GetUserAttributeVerificationCode", verify).await.ok();
    let attributes =
        json!([{"Name": "email", "Value": "other@example.com"}, {"Name": "phone_number", "Value": "+34600123456"}]);
    let update = json!({"AccessToken": token, "UserAttributes": attributes});
    world.call("UpdateUserAttributes", update).await.ok();
    let prefer = json!({"AccessToken": token, "SMSMfaSettings": {"Enabled": true, "PreferredMfa": true}});
    world.call("SetUserMFAPreference", prefer).await.ok();
    let asked = world.initiate("USER_PASSWORD_AUTH", password).await.ok();
    assert_eq!(asked["ChallengeName"], "SMS_MFA");
    let new = json!({
        "UserPoolId": POOL, "Username": "bea", "DesiredDeliveryMediums": ["EMAIL"],
        "UserAttributes": [{"Name": "email", "Value": "bea@example.com"}],
    });
    world.call("AdminCreateUser", new).await.ok();
    sources.extend(
        world
            .events("CustomMessage")
            .into_iter()
            .map(|event| event["triggerSource"].clone()),
    );
    assert_eq!(
        sources,
        [
            "CustomMessage_SignUp",
            "CustomMessage_ResendCode",
            "CustomMessage_ForgotPassword",
            "CustomMessage_VerifyUserAttribute",
            "CustomMessage_UpdateUserAttribute",
            "CustomMessage_Authentication",
            "CustomMessage_AdminCreateUser",
        ]
    );
}

#[tokio::test]
async fn a_message_without_its_code_is_refused() {
    for (response, message) in [
        (json!({"emailMessage": "no code"}), "Unrecognizable lambda output"),
        (json!({"emailMessage": 1}), "Unrecognizable lambda output"),
        (
            json!({"emailMessage": format!("{{####}}{}", "x".repeat(20_000))}),
            "Unrecognizable lambda output",
        ),
        (json!({"text": "{####}"}), "Unrecognizable lambda output"),
    ] {
        let world = world(response);
        assert_eq!(
            sign_up(&world).await.error(),
            ("InvalidLambdaResponseException", message)
        );
        assert_eq!(world.outbox()["messages"], json!([]));
    }
    let world = world(json!({"smsMessage": "for another medium", "emailMessage": ""}));
    sign_up(&world).await.ok();
    assert_eq!(world.outbox()["messages"][0].get("text"), None);
}

#[tokio::test]
async fn what_a_sender_of_the_pool_would_send_is_refused_by_name() {
    let function = json!({"LambdaVersion": "V1_0", "LambdaArn": "arn:aws:lambda:us-east-1:1:function:Sender"});
    let pool = json!({
        "AutoVerifiedAttributes": ["email"],
        "LambdaConfig": {"CustomEmailSender": function, "KMSKeyID": "arn:aws:kms:us-east-1:1:key/k"},
    });
    let world = World::with(pool, json!({}), super::world::sums);
    assert!(
        world.log()[0].contains("`LambdaConfig.CustomEmailSender`"),
        "{:?}",
        world.log()
    );
    assert_eq!(
        sign_up(&world).await.error(),
        (
            "InvalidParameterException",
            "CustomEmailSender is not supported by local"
        )
    );
    assert!(world.log().last().unwrap().contains("AWS KMS"));
    let body = json!({"UserPoolId": POOL});
    let described = world.call("DescribeUserPool", body).await.ok();
    let sender = &described["UserPool"]["LambdaConfig"]["CustomEmailSender"];
    assert!(sender["LambdaArn"].as_str().unwrap().ends_with(":function:Sender"));
}
