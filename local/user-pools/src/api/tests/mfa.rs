//! Second factors: an authenticator app is set up, asked for, and its codes are checked.

use std::time::Duration;

use serde_json::{Value, json};

use super::world::{Answer, CLIENT, INCORRECT, PASSWORD, POOL, World, claim, sums};
use crate::srp::client::Client;
use crate::totp::Secret;

const INVALID: (&str, &str) = ("NotAuthorizedException", "Invalid session for the user.");
const MISMATCH: (&str, &str) = ("CodeMismatchException", "Invalid code or auth state for the user.");

fn world(mfa: &str) -> World {
    let pool = json!({"MfaConfiguration": mfa, "EnabledMfas": ["SOFTWARE_TOKEN_MFA"]});
    World::with(pool, json!({}), sums)
}

impl World {
    fn now(&self) -> Duration {
        self.state.clock.now()
    }
}

async fn password(world: &World) -> Value {
    let parameters = json!({"USERNAME": "demo", "PASSWORD": PASSWORD});
    world.initiate("USER_PASSWORD_AUTH", parameters).await.ok()
}

async fn srp(world: &World, flow: &str) -> Value {
    let client = Client::new([9; 32]);
    let parameters = json!({"USERNAME": "demo", "CHALLENGE_NAME": "SRP_A", "SRP_A": client.srp_a()});
    let asked = world.initiate(flow, parameters).await.ok();
    let responses = claim(&client, &asked, PASSWORD);
    world
        .respond("PASSWORD_VERIFIER", responses, &asked["Session"])
        .await
        .ok()
}

/// Gives demo an app in a pool with optional second factors.
async fn with_app(world: &World) -> Secret {
    let token = password(world).await["AuthenticationResult"]["AccessToken"].clone();
    let reply = world
        .call("AssociateSoftwareToken", json!({"AccessToken": token}))
        .await
        .ok();
    let secret = Secret::from_base32(reply["SecretCode"].as_str().unwrap()).unwrap();
    assert!(reply.get("Session").is_none());
    let verify = |code: String| {
        let body = json!({"AccessToken": token, "UserCode": code, "FriendlyDeviceName": "phone"});
        world.call("VerifySoftwareToken", body)
    };
    let wrong = verify(wrong(&secret, world.now())).await;
    assert_eq!(wrong.error(), ("EnableSoftwareTokenMFAException", "Code mismatch"));
    assert_eq!(
        verify(secret.code(world.now())).await.ok(),
        json!({"Status": "SUCCESS"})
    );
    let prefer = json!({"AccessToken": token, "SoftwareTokenMfaSettings": {"Enabled": true, "PreferredMfa": true}});
    world.call("SetUserMFAPreference", prefer).await.ok();
    world.wait(30);
    secret
}

fn wrong(secret: &Secret, now: Duration) -> String {
    let right: Vec<String> = [-30, 0, 30]
        .map(|drift| secret.code(Duration::from_secs(now.as_secs().saturating_add_signed(drift))))
        .into();
    (0..9)
        .map(|n| format!("{n:06}"))
        .find(|code| !right.contains(code))
        .unwrap()
}

async fn show(world: &World, asked: &Value, code: &str) -> Answer {
    let responses = json!({"USERNAME": "demo", "SOFTWARE_TOKEN_MFA_CODE": code});
    world.respond("SOFTWARE_TOKEN_MFA", responses, &asked["Session"]).await
}

#[tokio::test]
async fn an_app_is_asked_for_after_every_password() {
    let world = world("OPTIONAL");
    let secret = with_app(&world).await;
    let admin = json!({
        "UserPoolId": POOL, "ClientId": CLIENT, "AuthFlow": "ADMIN_USER_PASSWORD_AUTH",
        "AuthParameters": {"USERNAME": "demo", "PASSWORD": PASSWORD},
    });
    for asked in [
        password(&world).await,
        world.call("AdminInitiateAuth", admin).await.ok(),
        srp(&world, "USER_SRP_AUTH").await,
    ] {
        assert_eq!(asked["ChallengeName"], "SOFTWARE_TOKEN_MFA");
        assert_eq!(
            asked["ChallengeParameters"],
            json!({"FRIENDLY_DEVICE_NAME": "phone", "USER_ID_FOR_SRP": "demo"})
        );
        assert!(asked.get("AuthenticationResult").is_none());
        let reply = show(&world, &asked, &secret.code(world.now())).await.ok();
        assert!(reply["AuthenticationResult"]["AccessToken"].is_string());
        world.wait(30);
    }
    let parameters = json!({"USERNAME": "demo", "PASSWORD": "wrong"});
    assert_eq!(
        world.initiate("USER_PASSWORD_AUTH", parameters).await.error(),
        INCORRECT
    );
}

#[tokio::test]
async fn a_wrong_code_leaves_the_session_usable_but_not_for_ever() {
    let world = world("OPTIONAL");
    let secret = with_app(&world).await;
    let asked = password(&world).await;
    let code = secret.code(world.now());
    for wrong in ["", "1", "abcdef", &format!("{code}0"), &wrong(&secret, world.now())] {
        assert_eq!(show(&world, &asked, wrong).await.error(), MISMATCH);
    }
    show(&world, &asked, &code).await.ok();
    world.wait(30);
    let asked = password(&world).await;
    for _ in 0..10 {
        let wrong = wrong(&secret, world.now());
        assert_eq!(show(&world, &asked, &wrong).await.error(), MISMATCH);
    }
    let reply = show(&world, &asked, &secret.code(world.now())).await;
    assert_eq!(
        reply.error().1,
        "Invalid session for the user, session can only be used once."
    );
}

#[tokio::test]
async fn wrong_codes_count_across_sign_ins_and_a_right_password_does_not_forgive_them() {
    let exceeded = ("NotAuthorizedException", "Code attempts exceeded");
    let world = world("OPTIONAL");
    let secret = with_app(&world).await;
    for _ in 0..10 {
        let asked = password(&world).await;
        let wrong = wrong(&secret, world.now());
        assert_eq!(show(&world, &asked, &wrong).await.error(), MISMATCH);
    }
    let asked = password(&world).await;
    let code = secret.code(world.now());
    assert_eq!(show(&world, &asked, &code).await.error(), exceeded);
    world.wait(1);
    let asked = password(&world).await;
    let wrong = wrong(&secret, world.now());
    assert_eq!(show(&world, &asked, &wrong).await.error(), MISMATCH);
    world.wait(1);
    assert_eq!(show(&world, &asked, &secret.code(world.now())).await.error(), exceeded);
    assert!(world.log().iter().any(|line| line.contains("across sign-ins")));
    world.wait(1);
    show(&world, &asked, &secret.code(world.now())).await.ok();
    world.wait(30);
    show(&world, &password(&world).await, &secret.code(world.now()))
        .await
        .ok();
}

#[tokio::test]
async fn wrong_codes_that_were_sent_count_across_sign_ins_too() {
    let world = with_codes(&["EmailMfaSettings"]).await;
    let answer = |asked: Value, code: String| {
        let responses = json!({"USERNAME": "demo", "EMAIL_OTP_CODE": code});
        let world = &world;
        async move { world.respond("EMAIL_OTP", responses, &asked["Session"]).await }
    };
    for _ in 0..10 {
        let asked = password(&world).await;
        assert_eq!(answer(asked, "wrong".to_owned()).await.error(), MISMATCH);
    }
    let asked = password(&world).await;
    let code = sent(&world)["code"].as_str().unwrap().to_owned();
    let reply = answer(asked.clone(), code.clone()).await;
    assert_eq!(reply.error().1, "Code attempts exceeded");
    world.wait(1);
    answer(asked, code).await.ok();
}

#[tokio::test]
async fn a_code_works_once() {
    let world = world("OPTIONAL");
    let secret = with_app(&world).await;
    let code = secret.code(world.now());
    let (one, two) = (password(&world).await, password(&world).await);
    show(&world, &one, &code).await.ok();
    let used = (
        "ExpiredCodeException",
        "Your software token has already been used once.",
    );
    assert_eq!(show(&world, &two, &code).await.error(), used);
    // The code of the previous step is older than the used one.
    let older = secret.code(world.now().saturating_sub(Duration::from_secs(30)));
    assert_eq!(show(&world, &two, &older).await.error(), used);
    world.wait(30);
    show(&world, &two, &secret.code(world.now())).await.ok();
    // A drift of one step is allowed, two are not.
    let asked = password(&world).await;
    let early = |seconds| secret.code(world.now() + Duration::from_secs(seconds));
    assert_eq!(show(&world, &asked, &early(60)).await.error(), MISMATCH);
    show(&world, &asked, &early(30)).await.ok();
}

#[tokio::test]
async fn the_session_is_bound_to_its_user_and_challenge() {
    let world = world("OPTIONAL");
    let secret = with_app(&world).await;
    let asked = password(&world).await;
    let code = secret.code(world.now());
    let responses = json!({"USERNAME": "demo", "SOFTWARE_TOKEN_MFA_CODE": code});
    for session in [json!("A".repeat(75)), world.start("demo").await["Session"].clone()] {
        let reply = world.respond("SOFTWARE_TOKEN_MFA", responses.clone(), &session).await;
        assert_eq!(reply.error(), INVALID);
    }
    let reply = world.respond("SOFTWARE_TOKEN_MFA", responses, &Value::Null).await;
    assert_eq!(reply.error().1, "Missing required parameter Session");
    let other = json!({"USERNAME": "nobody", "SOFTWARE_TOKEN_MFA_CODE": code});
    let reply = world.respond("SOFTWARE_TOKEN_MFA", other, &asked["Session"]).await;
    assert_eq!(reply.error(), INVALID);
    for challenge in ["MFA_SETUP", "SELECT_MFA_TYPE", "NEW_PASSWORD_REQUIRED"] {
        let responses = json!({"USERNAME": "demo", "ANSWER": "SOFTWARE_TOKEN_MFA", "NEW_PASSWORD": PASSWORD});
        let reply = world.respond(challenge, responses, &asked["Session"]).await;
        assert_eq!(reply.error(), INVALID, "{challenge}");
    }
    // An attacker that knows only the password cannot set up an app this way.
    let reply = world
        .call("AssociateSoftwareToken", json!({"Session": asked["Session"]}))
        .await;
    assert_eq!(reply.error(), INVALID);
    let body = json!({"UserPoolId": POOL, "Username": "demo"});
    world.call("AdminDeleteUser", body).await.ok();
    assert_eq!(show(&world, &asked, &code).await.error(), INVALID);
}

#[tokio::test]
async fn a_pool_that_insists_has_an_app_set_up_first() {
    let world = world("ON");
    let asked = password(&world).await;
    assert_eq!(asked["ChallengeName"], "MFA_SETUP");
    assert_eq!(
        asked["ChallengeParameters"]["MFAS_CAN_SETUP"],
        r#"["SOFTWARE_TOKEN_MFA"]"#
    );
    let finish = |session: &Value| {
        let session = session.clone();
        let world = &world;
        async move { world.respond("MFA_SETUP", json!({"USERNAME": "demo"}), &session).await }
    };
    assert_eq!(finish(&asked["Session"]).await.error(), INVALID);
    let verify = |session: &Value, code: String| {
        world.call("VerifySoftwareToken", json!({"Session": session, "UserCode": code}))
    };
    let reply = verify(&asked["Session"], "000000".into()).await;
    assert_eq!(reply.error().0, "InvalidParameterException");
    let asked = password(&world).await;
    let associated = world
        .call("AssociateSoftwareToken", json!({"Session": asked["Session"]}))
        .await
        .ok();
    let secret = Secret::from_base32(associated["SecretCode"].as_str().unwrap()).unwrap();
    let session = &associated["Session"];
    assert_eq!(finish(session).await.error(), INVALID);
    let reply = verify(session, wrong(&secret, world.now())).await;
    assert_eq!(reply.error().0, "EnableSoftwareTokenMFAException");
    let verified = verify(session, secret.code(world.now())).await.ok();
    assert_eq!(verified["Status"], "SUCCESS");
    let reply = finish(&verified["Session"]).await.ok();
    assert!(reply["AuthenticationResult"]["AccessToken"].is_string());
    let token = &reply["AuthenticationResult"]["AccessToken"];
    let user = world.call("GetUser", json!({"AccessToken": token})).await.ok();
    assert_eq!(user["PreferredMfaSetting"], "SOFTWARE_TOKEN_MFA");
    assert_eq!(user["UserMFASettingList"], json!(["SOFTWARE_TOKEN_MFA"]));
    assert_eq!(password(&world).await["ChallengeName"], "SOFTWARE_TOKEN_MFA");
}

#[tokio::test]
async fn an_app_set_up_meanwhile_is_not_replaced_by_someone_with_the_password() {
    let world = world("ON");
    let mut sessions = Vec::new();
    for _ in 0..2 {
        let session = password(&world).await["Session"].clone();
        let body = json!({"Session": session});
        sessions.push(world.call("AssociateSoftwareToken", body).await.ok());
    }
    let mut replies = Vec::new();
    for associated in &sessions {
        let secret = Secret::from_base32(associated["SecretCode"].as_str().unwrap()).unwrap();
        let body = json!({"Session": associated["Session"], "UserCode": secret.code(world.now())});
        replies.push(world.call("VerifySoftwareToken", body).await);
    }
    assert_eq!(replies.pop().unwrap().error(), INVALID);
    assert_eq!(replies.pop().unwrap().status, 200);
}

#[tokio::test]
async fn a_new_password_does_not_stand_for_the_second_factor() {
    let world = world("OPTIONAL");
    let secret = with_app(&world).await;
    let temporary = json!({"UserPoolId": POOL, "Username": "demo", "Password": "Temp0rary!", "Permanent": false});
    world.call("AdminSetUserPassword", temporary).await.ok();
    let parameters = json!({"USERNAME": "demo", "PASSWORD": "Temp0rary!"});
    let asked = world.initiate("USER_PASSWORD_AUTH", parameters).await.ok();
    let responses = json!({"USERNAME": "demo", "NEW_PASSWORD": PASSWORD});
    let asked = world
        .respond("NEW_PASSWORD_REQUIRED", responses, &asked["Session"])
        .await
        .ok();
    assert_eq!(asked["ChallengeName"], "SOFTWARE_TOKEN_MFA");
    let reply = show(&world, &asked, &secret.code(world.now())).await.ok();
    assert!(reply["AuthenticationResult"].is_object());
}

#[tokio::test]
async fn inside_a_custom_sign_in_define_is_asked_after_the_code() {
    let world = world("OPTIONAL");
    let secret = with_app(&world).await;
    let asked = srp(&world, "CUSTOM_AUTH").await;
    assert_eq!(asked["ChallengeName"], "SOFTWARE_TOKEN_MFA");
    let asked = show(&world, &asked, &secret.code(world.now())).await.ok();
    assert_eq!(asked["ChallengeName"], "CUSTOM_CHALLENGE");
    let names: Vec<Value> = world.events("Define").last().unwrap()["request"]["session"]
        .as_array()
        .unwrap()
        .iter()
        .map(|round| round["challengeName"].clone())
        .collect();
    assert_eq!(names, ["SRP_A", "PASSWORD_VERIFIER", "SOFTWARE_TOKEN_MFA"]);
    assert!(
        world
            .log()
            .iter()
            .any(|line| line.contains("SOFTWARE_TOKEN_MFA inside"))
    );
    let reply = world.answer("demo", &asked["Session"], "4").await.ok();
    assert!(reply["AuthenticationResult"].is_object());
    // A sign-in without a password has no second factor.
    assert_eq!(world.start("demo").await["ChallengeName"], "CUSTOM_CHALLENGE");
}

#[tokio::test]
async fn preferences_are_for_what_the_user_and_the_pool_have() {
    let world = world("OPTIONAL");
    let set = |settings: Value| {
        let mut body = json!({"UserPoolId": POOL, "Username": "demo"});
        body.as_object_mut().unwrap().extend(super::world::object(settings));
        world.call("AdminSetUserMFAPreference", body)
    };
    let on = json!({"Enabled": true, "PreferredMfa": true});
    let app = set(json!({"SoftwareTokenMfaSettings": on})).await;
    assert_eq!(app.error().1, "User has not verified software token mfa");
    for settings in [
        json!({"SMSMfaSettings": on}),
        json!({"EmailMfaSettings": on}),
        json!({"SoftwareTokenMfaSettings": {"Enabled": false, "PreferredMfa": true}}),
        json!({"SoftwareTokenMfaSettings": on, "SMSMfaSettings": on}),
    ] {
        assert_eq!(set(settings).await.error().0, "InvalidParameterException");
    }
    with_app(&world).await;
    assert_eq!(password(&world).await["ChallengeName"], "SOFTWARE_TOKEN_MFA");
    set(json!({"SoftwareTokenMfaSettings": {"Enabled": false}})).await.ok();
    assert!(password(&world).await["AuthenticationResult"].is_object());
}

#[tokio::test]
async fn the_pools_second_factors_can_be_changed() {
    let world = World::new();
    let config = |body: Value| world.call("SetUserPoolMfaConfig", body);
    let none = config(json!({"UserPoolId": POOL, "MfaConfiguration": "ON"})).await;
    assert_eq!(none.error().0, "InvalidParameterException");
    let token = password(&world).await["AuthenticationResult"]["AccessToken"].clone();
    let reply = world
        .call("AssociateSoftwareToken", json!({"AccessToken": token}))
        .await;
    assert_eq!(reply.error().0, "SoftwareTokenMFANotFoundException");
    let on = json!({
        "UserPoolId": POOL, "MfaConfiguration": "ON", "SoftwareTokenMfaConfiguration": {"Enabled": true},
    });
    let expected = json!({"SoftwareTokenMfaConfiguration": {"Enabled": true}, "MfaConfiguration": "ON"});
    assert_eq!(config(on).await.ok(), expected);
    let get = || world.call("GetUserPoolMfaConfig", json!({"UserPoolId": POOL}));
    assert_eq!(get().await.ok(), expected);
    assert_eq!(password(&world).await["ChallengeName"], "MFA_SETUP");
    config(json!({"UserPoolId": POOL, "MfaConfiguration": "OFF"}))
        .await
        .ok();
    assert!(password(&world).await["AuthenticationResult"].is_object());
    let wrong = config(json!({"UserPoolId": POOL, "MfaConfiguration": "MAYBE"})).await;
    assert_eq!(wrong.error().0, "InvalidParameterException");
}

/// Creates a world whose user has a phone number and an e-mail address, and wants codes on those in `on`.
async fn with_codes(on: &[&str]) -> World {
    let pool = json!({"MfaConfiguration": "OPTIONAL", "EnabledMfas": ["SMS_MFA", "EMAIL_OTP", "SOFTWARE_TOKEN_MFA"]});
    let world = World::with(pool, json!({}), sums);
    let number = json!([{"Name": "phone_number", "Value": "+34600123456"}]);
    let mut body = json!({"UserPoolId": POOL, "Username": "demo", "UserAttributes": number});
    world.call("AdminUpdateUserAttributes", body.clone()).await.ok();
    for setting in on {
        body[*setting] = json!({"Enabled": true});
    }
    world.call("AdminSetUserMFAPreference", body).await.ok();
    world
}

fn sent(world: &World) -> Value {
    let outbox = world.outbox();
    outbox["messages"][0].clone()
}

#[tokio::test]
async fn a_code_goes_to_the_outbox_and_comes_back() {
    for (setting, challenge, medium, to, masked) in [
        ("SMSMfaSettings", "SMS_MFA", "SMS", "+34600123456", "+*******3456"),
        (
            "EmailMfaSettings",
            "EMAIL_OTP",
            "EMAIL",
            "demo@example.com",
            "d***@e***",
        ),
    ] {
        let world = with_codes(&[setting]).await;
        let asked = password(&world).await;
        assert_eq!(asked["ChallengeName"], challenge);
        assert_eq!(
            asked["ChallengeParameters"],
            json!({
                "CODE_DELIVERY_DELIVERY_MEDIUM": medium, "CODE_DELIVERY_DESTINATION": masked,
                "USER_ID_FOR_SRP": "demo",
            })
        );
        let message = sent(&world);
        let code = message["code"].as_str().unwrap();
        assert_eq!(
            message,
            json!({"medium": medium, "to": to, "sentAt": message["sentAt"], "username": "demo",
                "purpose": challenge, "code": code})
        );
        assert!(world.log().iter().any(|line| line.contains(code)));
        let answer = |code: &str| {
            let responses = json!({"USERNAME": "demo", format!("{challenge}_CODE"): code});
            let (world, session) = (&world, asked["Session"].clone());
            async move { world.respond(challenge, responses, &session).await }
        };
        let other = if code == "000000" { "000001" } else { "000000" };
        for wrong in ["", "1", other, &format!("{code}0")] {
            assert_eq!(answer(wrong).await.error(), MISMATCH);
        }
        assert!(answer(code).await.ok()["AuthenticationResult"].is_object());
        assert_eq!(
            answer(code).await.error().1,
            "Invalid session for the user, session can only be used once."
        );
        // Every sign-in has its own code.
        let asked = password(&world).await;
        let fresh = sent(&world)["code"].as_str().unwrap().to_owned();
        if fresh != code {
            let responses = json!({"USERNAME": "demo", "SMS_MFA_CODE": code, "EMAIL_OTP_CODE": code});
            let reply = world.respond(challenge, responses, &asked["Session"]).await;
            assert_eq!(reply.error(), MISMATCH);
        }
        for _ in 0..10 {
            let wrong = if fresh == "000000" { "000001" } else { "000000" };
            let responses = json!({"USERNAME": "demo", "SMS_MFA_CODE": wrong, "EMAIL_OTP_CODE": wrong});
            assert_eq!(world.respond(challenge, responses, &asked["Session"]).await.status, 400);
        }
        let responses = json!({"USERNAME": "demo", "SMS_MFA_CODE": fresh, "EMAIL_OTP_CODE": fresh});
        let reply = world.respond(challenge, responses, &asked["Session"]).await;
        assert_eq!(reply.error().0, "NotAuthorizedException");
    }
}

#[tokio::test]
async fn a_user_with_several_factors_and_no_preference_chooses() {
    let world = with_codes(&["SMSMfaSettings", "EmailMfaSettings"]).await;
    let asked = password(&world).await;
    assert_eq!(asked["ChallengeName"], "SELECT_MFA_TYPE");
    assert_eq!(
        asked["ChallengeParameters"]["MFAS_CAN_CHOOSE"],
        r#"["EMAIL_OTP","SMS_MFA"]"#
    );
    let choose = |answer: &str| {
        let responses = json!({"USERNAME": "demo", "ANSWER": answer});
        world.respond("SELECT_MFA_TYPE", responses, &asked["Session"])
    };
    for wrong in ["SOFTWARE_TOKEN_MFA", "", "NONSENSE"] {
        assert_eq!(choose(wrong).await.error().0, "InvalidParameterException");
    }
    let asked = choose("SMS_MFA").await.ok();
    assert_eq!(asked["ChallengeName"], "SMS_MFA");
    assert!(asked["ChallengeParameters"].get("USER_ID_FOR_SRP").is_none());
    let responses = json!({"USERNAME": "demo", "SMS_MFA_CODE": sent(&world)["code"]});
    let reply = world.respond("SMS_MFA", responses, &asked["Session"]).await.ok();
    assert!(reply["AuthenticationResult"].is_object());
    let prefer = json!({
        "UserPoolId": POOL, "Username": "demo", "SMSMfaSettings": {"Enabled": true, "PreferredMfa": true},
    });
    world.call("AdminSetUserMFAPreference", prefer).await.ok();
    assert_eq!(password(&world).await["ChallengeName"], "SMS_MFA");
}
