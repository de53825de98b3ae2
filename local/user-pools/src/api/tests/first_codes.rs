//! Sign-ins that start with a code by e-mail or text message.

use serde_json::{Value, json};

use super::world::{Answer, CLIENT, PASSWORD, POOL, World, sums};

const MISMATCH: (&str, &str) = ("CodeMismatchException", "Invalid code or auth state for the user.");

fn world(mfa: &str, factors: &[&str]) -> World {
    let pool = json!({
        "Policies": {"SignInPolicy": {"AllowedFirstAuthFactors": factors}},
        "MfaConfiguration": mfa, "EnabledMfas": ["SOFTWARE_TOKEN_MFA", "EMAIL_OTP"],
    });
    World::with(pool, json!({"ExplicitAuthFlows": ["ALLOW_USER_AUTH"]}), sums)
}

async fn start(world: &World, user: &str, preferred: Value) -> Value {
    let parameters = json!({"USERNAME": user, "PREFERRED_CHALLENGE": preferred});
    world.initiate("USER_AUTH", parameters).await.ok()
}

async fn answer(world: &World, user: &str, asked: &Value, code: &Value) -> Answer {
    let responses = json!({"USERNAME": user, "EMAIL_OTP_CODE": code});
    world.respond("EMAIL_OTP", responses, &asked["Session"]).await
}

fn code(world: &World) -> Value {
    world.outbox()["messages"][0]["code"].clone()
}

#[tokio::test]
async fn a_code_that_was_sent_signs_in() {
    let world = world("OFF", &["PASSWORD", "EMAIL_OTP", "SMS_OTP"]);
    let asked = start(&world, "demo", json!("EMAIL_OTP")).await;
    assert_eq!(asked["ChallengeName"], "EMAIL_OTP");
    assert_eq!(
        asked["ChallengeParameters"],
        json!({"CODE_DELIVERY_DELIVERY_MEDIUM": "EMAIL", "CODE_DELIVERY_DESTINATION": "d***@e***"})
    );
    assert_eq!(answer(&world, "demo", &asked, &json!("nope")).await.error(), MISMATCH);
    let tokens = answer(&world, "demo", &asked, &code(&world)).await.ok();
    let result = &tokens["AuthenticationResult"];
    assert!(result["RefreshToken"].is_string() && result.get("NewDeviceMetadata").is_none());
}

#[tokio::test]
async fn a_code_can_be_chosen() {
    let world = world("OFF", &["PASSWORD", "EMAIL_OTP", "SMS_OTP"]);
    let asked = start(&world, "demo", Value::Null).await;
    // The user has no phone number, so no code can be sent to it.
    assert_eq!(
        asked["AvailableChallenges"],
        json!(["PASSWORD", "PASSWORD_SRP", "EMAIL_OTP"])
    );
    let choose = |answer: &str| {
        let responses = json!({"USERNAME": "demo", "ANSWER": answer});
        let (world, session) = (&world, asked["Session"].clone());
        async move { world.respond("SELECT_CHALLENGE", responses, &session).await }
    };
    assert_eq!(choose("SMS_OTP").await.error().0, "InvalidParameterException");
    let asked = choose("EMAIL_OTP").await.ok();
    assert_eq!(asked["ChallengeName"], "EMAIL_OTP");
    answer(&world, "demo", &asked, &code(&world)).await.ok();
}

#[tokio::test]
async fn a_factor_that_is_not_offered_gives_the_choice() {
    for (world, preferred) in [
        (world("OFF", &["PASSWORD", "EMAIL_OTP"]), "SMS_OTP"),
        (world("OFF", &["PASSWORD"]), "EMAIL_OTP"),
        (world("ON", &["PASSWORD", "EMAIL_OTP"]), "EMAIL_OTP"),
    ] {
        let asked = start(&world, "demo", json!(preferred)).await;
        assert_eq!(asked["ChallengeName"], "SELECT_CHALLENGE");
        assert_eq!(world.outbox()["messages"], json!([]));
    }
}

#[tokio::test]
async fn a_nonexistent_user_is_asked_the_same_and_no_code_is_right() {
    let world = world("OFF", &["PASSWORD", "EMAIL_OTP", "SMS_OTP"]);
    for (medium, key) in [("EMAIL_OTP", "EMAIL_OTP_CODE"), ("SMS_OTP", "SMS_OTP_CODE")] {
        let asked = start(&world, "missing", json!(medium)).await;
        assert_eq!(asked["ChallengeName"], medium);
        let again = start(&world, "missing", json!(medium)).await;
        assert_eq!(asked["ChallengeParameters"], again["ChallengeParameters"]);
        let waiting = {
            let sessions = world.state.sessions();
            let ticket = sessions
                .read(
                    asked["Session"].as_str().unwrap(),
                    crate::sign_in::sessions::Form::Session,
                )
                .unwrap();
            match &sessions.peek(ticket, world.state.clock.now()).unwrap().pending {
                crate::sign_in::pending::Pending::FirstCode { code, .. } => code.clone(),
                _ => panic!("another challenge"),
            }
        };
        let responses = json!({"USERNAME": "missing", key: waiting});
        let reply = world.respond(medium, responses, &asked["Session"]).await;
        assert_eq!(reply.error(), MISMATCH);
    }
    assert_eq!(world.outbox()["messages"], json!([]));
}

#[tokio::test]
async fn only_a_pool_that_sends_codes_has_users_without_a_password() {
    let attributes = json!([{"Name": "email", "Value": "ana@example.com"}]);
    let sign_up = json!({"ClientId": CLIENT, "Username": "ana", "UserAttributes": attributes});
    let plain = world("OFF", &["PASSWORD"]);
    let refused = plain.call("SignUp", sign_up.clone()).await;
    assert_eq!(refused.error().1, "Missing required parameter Password");
    let world = world("OFF", &["PASSWORD", "EMAIL_OTP"]);
    world.call("SignUp", sign_up).await.ok();
    let verified = json!([{"Name": "email", "Value": "bea@example.com"}, {"Name": "email_verified", "Value": "true"}]);
    let made = json!({"UserPoolId": POOL, "Username": "bea", "UserAttributes": verified});
    let user = world.call("AdminCreateUser", made).await.ok();
    assert_eq!(user["User"]["UserStatus"], "CONFIRMED");
    let asked = start(&world, "bea", Value::Null).await;
    assert_eq!(asked["AvailableChallenges"], json!(["EMAIL_OTP"]));
    let parameters = json!({"USERNAME": "bea", "PREFERRED_CHALLENGE": "PASSWORD", "PASSWORD": PASSWORD});
    let reply = world.initiate("USER_AUTH", parameters).await;
    assert_eq!(reply.error(), super::world::INCORRECT);
}
