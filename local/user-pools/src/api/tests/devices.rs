//! Devices: confirmed once, then proved at sign-ins, in place of a second factor if the pool allows it.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::world::{Answer, CLIENT, INCORRECT, Outcome, PASSWORD, POOL, World, claim, sums};
use crate::srp::Identity;
use crate::srp::client::Client;
use crate::totp::Secret;

const SECRET: &str = "the secret of a device";
const UNKNOWN: (&str, &str) = ("ResourceNotFoundException", "Device does not exist.");
const INVALID: (&str, &str) = ("NotAuthorizedException", "Invalid session for the user.");
const TIME: &str = "Sat Sep 5 01:02:03 UTC 2026";

fn world(tracking: &Value) -> World {
    World::with(json!({"DeviceConfiguration": tracking}), json!({}), sums)
}

fn tracking(stands_for_factor: bool, on_prompt: bool) -> Value {
    json!({
        "ChallengeRequiredOnNewDevice": stands_for_factor, "DeviceOnlyRememberedOnUserPrompt": on_prompt,
    })
}

fn client() -> Client {
    Client::new([3; 32])
}

struct Device {
    key: String,
    group: String,
    access: Value,
    refresh: Value,
}

impl Device {
    /// Returns the device of a finished sign-in.
    fn of(reply: &Value) -> Self {
        let result = &reply["AuthenticationResult"];
        let text = |key: &str| result["NewDeviceMetadata"][key].as_str().unwrap().to_owned();
        Self {
            key: text("DeviceKey"),
            group: text("DeviceGroupKey"),
            access: result["AccessToken"].clone(),
            refresh: result["RefreshToken"].clone(),
        }
    }

    fn identity(&self) -> Identity<'_> {
        Identity {
            pool: &self.group,
            user: &self.key,
        }
    }

    async fn confirm(&self, world: &World) -> Answer {
        let (verifier, salt) = Client::device_verifier(self.identity(), SECRET, &[0xfe; 16]);
        let secret = json!({"PasswordVerifier": verifier, "Salt": salt});
        let body = json!({
            "AccessToken": self.access, "DeviceKey": self.key, "DeviceName": "laptop",
            "DeviceSecretVerifierConfig": secret,
        });
        world.call("ConfirmDevice", body).await
    }

    async fn start(&self, world: &World) -> Value {
        let parameters = json!({"USERNAME": "demo", "PASSWORD": PASSWORD, "DEVICE_KEY": self.key});
        world.initiate("USER_PASSWORD_AUTH", parameters).await.ok()
    }

    async fn srp(&self, world: &World, session: &Value) -> Answer {
        let responses = json!({"USERNAME": "demo", "DEVICE_KEY": self.key, "SRP_A": client().srp_a()});
        world.respond("DEVICE_SRP_AUTH", responses, session).await
    }

    fn proof(&self, asked: &Value, secret: &str) -> Value {
        let text = |key: &str| asked["ChallengeParameters"][key].as_str().unwrap().to_owned();
        let key = client().key(self.identity(), secret, &text("SALT"), &text("SRP_B"));
        let block = text("SECRET_BLOCK");
        json!({
            "USERNAME": "demo", "DEVICE_KEY": self.key, "TIMESTAMP": TIME, "PASSWORD_CLAIM_SECRET_BLOCK": block,
            "PASSWORD_CLAIM_SIGNATURE": Client::sign(&key, self.identity(), &block, TIME),
        })
    }

    /// Answers both challenges, after the first was asked.
    async fn prove(&self, world: &World, asked: &Value, secret: &str) -> Answer {
        assert_eq!(asked["ChallengeName"], "DEVICE_SRP_AUTH", "{asked}");
        assert!(asked.get("AuthenticationResult").is_none());
        let asked = self.srp(world, &asked["Session"]).await.ok();
        assert_eq!(asked["ChallengeName"], "DEVICE_PASSWORD_VERIFIER");
        assert_eq!(asked["ChallengeParameters"]["DEVICE_KEY"], self.key.as_str());
        assert_eq!(asked["ChallengeParameters"]["USERNAME"], "demo");
        let responses = self.proof(&asked, secret);
        world
            .respond("DEVICE_PASSWORD_VERIFIER", responses, &asked["Session"])
            .await
    }
}

#[tokio::test]
async fn tokens_after_the_proof_of_a_device_say_so_to_the_function_before_them() {
    let pool = json!({"DeviceConfiguration": tracking(false, false)});
    let triggers = ["PostAuthentication", "PreTokenGeneration"];
    let world = World::with_triggers(&triggers, pool, json!({}), super::world::agree);
    let device = confirmed(&world).await;
    let asked = device.start(&world).await;
    let asked = device.srp(&world, &asked["Session"]).await.ok();
    let body = json!({
        "ClientId": CLIENT, "ChallengeName": "DEVICE_PASSWORD_VERIFIER", "Session": asked["Session"],
        "ChallengeResponses": device.proof(&asked, SECRET), "ClientMetadata": {"n": "1"},
    });
    world.call("RespondToAuthChallenge", body).await.ok();
    let sent = world.events("PreTokenGeneration")[1]["request"]["clientMetadata"].clone();
    assert_eq!(sent, json!({"n": "1"}));
    let sources: Vec<Value> = world
        .events("PreTokenGeneration")
        .iter()
        .map(|event| event["triggerSource"].clone())
        .collect();
    assert_eq!(
        sources,
        ["TokenGeneration_Authentication", "TokenGeneration_AuthenticateDevice"]
    );
    let new: Vec<Value> = world
        .events("PostAuthentication")
        .iter()
        .map(|event| event["request"]["newDeviceUsed"].clone())
        .collect();
    assert_eq!(new, [true, false]);
}

async fn password(world: &World) -> Value {
    let parameters = json!({"USERNAME": "demo", "PASSWORD": PASSWORD});
    world.initiate("USER_PASSWORD_AUTH", parameters).await.ok()
}

async fn confirmed(world: &World) -> Device {
    let device = Device::of(&password(world).await);
    device.confirm(world).await.ok();
    device
}

async fn srp_start(world: &World, flow: &str, device: Option<&Device>) -> (Client, Value) {
    let client = Client::new([8; 32]);
    let parameters = json!({
        "USERNAME": "demo", "CHALLENGE_NAME": "SRP_A", "SRP_A": client.srp_a(),
        "DEVICE_KEY": device.map(|device| device.key.clone()),
    });
    let asked = world.initiate(flow, parameters).await.ok();
    (client, asked)
}

#[tokio::test]
async fn a_sign_in_with_a_password_gives_the_key_of_a_new_device_where_the_pool_tracks_them() {
    let untracked = World::new();
    assert!(
        password(&untracked).await["AuthenticationResult"]
            .get("NewDeviceMetadata")
            .is_none()
    );
    let world = world(&tracking(false, false));
    let device = Device::of(&password(&world).await);
    assert!(device.key.starts_with("us-east-1_") && uuid::Uuid::parse_str(&device.key[10..]).is_ok());
    assert!(device.group.starts_with('-') && device.group.len() == 9);
    for flow in ["USER_SRP_AUTH", "CUSTOM_AUTH"] {
        let (client, asked) = srp_start(&world, flow, None).await;
        let mut reply = world
            .respond("PASSWORD_VERIFIER", claim(&client, &asked, PASSWORD), &asked["Session"])
            .await
            .ok();
        if flow == "CUSTOM_AUTH" {
            reply = world.answer("demo", &reply["Session"], "4").await.ok();
        }
        assert_ne!(Device::of(&reply).key, device.key);
    }
    let asked = world.start("demo").await;
    let reply = world.answer("demo", &asked["Session"], "4").await.ok();
    assert!(reply["AuthenticationResult"].get("NewDeviceMetadata").is_none());
}

#[tokio::test]
async fn tokens_that_define_issues_at_once_come_with_no_device() {
    let at_once = |function: &str, event: &Value| match function {
        "Define" => Outcome::Response(json!({"issueTokens": true, "failAuthentication": false})),
        _ => sums(function, event),
    };
    let tracked = json!({"DeviceConfiguration": tracking(false, false)});
    let world = World::with(tracked, json!({}), at_once);
    let reply = world.start("demo").await;
    assert!(reply["AuthenticationResult"]["AccessToken"].is_string());
    assert!(reply["AuthenticationResult"].get("NewDeviceMetadata").is_none());
    let warning = "tokens are issued although no challenge has been answered";
    assert!(
        world.log().iter().any(|line| line.contains(warning)),
        "{:?}",
        world.log()
    );
}

#[tokio::test]
async fn a_confirmed_device_is_proved_at_every_sign_in_that_names_it() {
    let world = world(&tracking(false, false));
    let device = confirmed(&world).await;
    let asked = device.start(&world).await;
    let reply = device.prove(&world, &asked, SECRET).await.ok();
    assert!(reply["AuthenticationResult"]["AccessToken"].is_string());
    assert!(reply["AuthenticationResult"].get("NewDeviceMetadata").is_none());
    for flow in ["USER_SRP_AUTH", "CUSTOM_AUTH"] {
        // The key is in the first request or in the answer.
        for first in [true, false] {
            let (client, asked) = srp_start(&world, flow, first.then_some(&device)).await;
            let mut responses = claim(&client, &asked, PASSWORD);
            responses["DEVICE_KEY"] = json!(device.key);
            let mut asked = world
                .respond("PASSWORD_VERIFIER", responses, &asked["Session"])
                .await
                .ok();
            if flow == "CUSTOM_AUTH" {
                assert_eq!(asked["ChallengeName"], "CUSTOM_CHALLENGE");
                asked = world.answer("demo", &asked["Session"], "4").await.ok();
            }
            let reply = device.prove(&world, &asked, SECRET).await.ok();
            assert!(reply["AuthenticationResult"]["AccessToken"].is_string());
        }
    }
    let asked = device.start(&world).await;
    assert_eq!(device.prove(&world, &asked, "another").await.error(), INCORRECT);
    let asked = device.start(&world).await;
    let wrong = json!({"USERNAME": "demo", "PASSWORD": "wrong", "DEVICE_KEY": device.key});
    assert_eq!(world.initiate("USER_PASSWORD_AUTH", wrong).await.error(), INCORRECT);
    // The password does not prove the device, and the device does not prove the password.
    let reply = world
        .respond(
            "PASSWORD_VERIFIER",
            device.proof(&device.srp(&world, &asked["Session"]).await.ok(), SECRET),
            &Value::Null,
        )
        .await;
    assert_eq!(reply.error(), INVALID);
}

#[tokio::test]
async fn clients_that_send_no_session_are_found_by_user_and_device() {
    let world = world(&tracking(false, false));
    let device = confirmed(&world).await;
    assert_eq!(device.srp(&world, &Value::Null).await.error(), INVALID);
    device.start(&world).await;
    let asked = device.srp(&world, &Value::Null).await.ok();
    let proof = device.proof(&asked, SECRET);
    let finish = || world.respond("DEVICE_PASSWORD_VERIFIER", proof.clone(), &Value::Null);
    assert!(finish().await.ok()["AuthenticationResult"].is_object());
    assert_eq!(finish().await.error().0, "NotAuthorizedException");
    assert_eq!(device.srp(&world, &Value::Null).await.error(), INVALID);
    device.start(&world).await;
    world.wait(180);
    assert_eq!(device.srp(&world, &Value::Null).await.error(), INVALID);
}

#[tokio::test]
async fn a_device_that_is_not_the_users_does_not_exist() {
    let world = world(&tracking(false, false));
    let unconfirmed = Device::of(&password(&world).await);
    let device = confirmed(&world).await;
    let other = json!({"UserPoolId": POOL, "Username": "other", "TemporaryPassword": PASSWORD});
    world.call("AdminCreateUser", other).await.ok();
    for (name, key) in [
        ("demo", unconfirmed.key.as_str()),
        ("demo", "us-east-1_0"),
        ("other", &device.key),
        ("nobody", &device.key),
    ] {
        let parameters = json!({"USERNAME": name, "PASSWORD": PASSWORD, "DEVICE_KEY": key});
        assert_eq!(world.initiate("USER_PASSWORD_AUTH", parameters).await.error(), UNKNOWN);
    }
    // A client that gets this error sends the answer again without the key.
    let (client, asked) = srp_start(&world, "USER_SRP_AUTH", None).await;
    let mut responses = claim(&client, &asked, PASSWORD);
    responses["DEVICE_KEY"] = json!(unconfirmed.key);
    let answer = |responses: &Value| world.respond("PASSWORD_VERIFIER", responses.clone(), &Value::Null);
    assert_eq!(answer(&responses).await.error(), UNKNOWN);
    responses["DEVICE_KEY"] = Value::Null;
    assert!(answer(&responses).await.ok()["AuthenticationResult"].is_object());
}

#[tokio::test]
async fn one_device_is_not_exchanged_for_another_within_a_sign_in() {
    let world = world(&tracking(true, false));
    let (one, two) = (confirmed(&world).await, confirmed(&world).await);
    let asked = one.start(&world).await;
    assert_eq!(two.srp(&world, &asked["Session"]).await.error(), UNKNOWN);
    let asked = one.srp(&world, &asked["Session"]).await.ok();
    let mut proof = two.proof(&asked, SECRET);
    let answer = |proof: &Value| world.respond("DEVICE_PASSWORD_VERIFIER", proof.clone(), &asked["Session"]);
    assert_eq!(answer(&proof).await.error(), UNKNOWN);
    proof["DEVICE_KEY"] = json!(one.key);
    assert_eq!(answer(&proof).await.error(), INCORRECT);
    // The device is forgotten during its proof.
    let asked = one.start(&world).await;
    let asked = one.srp(&world, &asked["Session"]).await.ok();
    let forget = json!({"AccessToken": two.access, "DeviceKey": one.key});
    world.call("ForgetDevice", forget).await.ok();
    let reply = world
        .respond("DEVICE_PASSWORD_VERIFIER", one.proof(&asked, SECRET), &asked["Session"])
        .await;
    assert_eq!(reply.error(), UNKNOWN);
}

#[tokio::test]
async fn a_remembered_device_stands_for_the_second_factor_where_the_pool_says_so() {
    for (stands, on_prompt, expected) in [
        (true, false, "DEVICE_SRP_AUTH"),
        (true, true, "SOFTWARE_TOKEN_MFA"),
        (false, false, "SOFTWARE_TOKEN_MFA"),
    ] {
        let pool = json!({
            "DeviceConfiguration": tracking(stands, on_prompt), "MfaConfiguration": "OPTIONAL",
            "EnabledMfas": ["SOFTWARE_TOKEN_MFA"],
        });
        let world = World::with(pool, json!({}), sums);
        let device = Device::of(&password(&world).await);
        let necessary = device.confirm(&world).await.ok();
        assert_eq!(necessary, json!({"UserConfirmationNecessary": on_prompt}));
        let token = json!({"AccessToken": device.access});
        let secret = world.call("AssociateSoftwareToken", token).await.ok()["SecretCode"].clone();
        let secret = Secret::from_base32(secret.as_str().unwrap()).unwrap();
        let code = || secret.code(world.state.clock.now());
        let verify = json!({"AccessToken": device.access, "UserCode": code()});
        world.call("VerifySoftwareToken", verify).await.ok();
        let on = json!({"Enabled": true, "PreferredMfa": true});
        let prefer = json!({"AccessToken": device.access, "SoftwareTokenMfaSettings": on});
        world.call("SetUserMFAPreference", prefer).await.ok();
        assert_eq!(password(&world).await["ChallengeName"], "SOFTWARE_TOKEN_MFA");
        let mut asked = device.start(&world).await;
        assert_eq!(asked["ChallengeName"], expected);
        if expected == "SOFTWARE_TOKEN_MFA" {
            world.wait(30);
            let responses = json!({"USERNAME": "demo", "SOFTWARE_TOKEN_MFA_CODE": code()});
            asked = world
                .respond("SOFTWARE_TOKEN_MFA", responses, &asked["Session"])
                .await
                .ok();
        }
        device.prove(&world, &asked, SECRET).await.ok();
        let remember = json!({
            "AccessToken": device.access, "DeviceKey": device.key, "DeviceRememberedStatus": "remembered",
        });
        world.call("UpdateDeviceStatus", remember).await.ok();
        let direct = device.start(&world).await["ChallengeName"] == "DEVICE_SRP_AUTH";
        assert_eq!(direct, stands);
    }
}

#[tokio::test]
async fn a_device_is_confirmed_with_the_token_that_came_with_it_and_once() {
    let world = world(&tracking(false, false));
    let (one, two) = (Device::of(&password(&world).await), Device::of(&password(&world).await));
    let stolen = Device {
        access: two.access.clone(),
        ..Device::of(&json!({"AuthenticationResult": {
            "NewDeviceMetadata": {"DeviceKey": one.key, "DeviceGroupKey": one.group},
        }}))
    };
    assert_eq!(
        stolen.confirm(&world).await.error(),
        ("InvalidParameterException", "Invalid device key given.")
    );
    one.confirm(&world).await.ok();
    assert_eq!(one.confirm(&world).await.error().0, "DeviceKeyExistsException");
    for (verifier, salt) in [
        ("", "AQ=="),
        ("AQ==", "AQ=="),
        ("AA==", "AQ=="),
        ("Ag==", ""),
        ("Ag==", "AA=="),
        ("%", "AQ=="),
        (&*STANDARD.encode([0xff; 384]), "AQ=="),
        (&*STANDARD.encode([1; 400]), "AQ=="),
        ("Ag==", &*STANDARD.encode([1; 33])),
    ] {
        let secret = json!({"PasswordVerifier": verifier, "Salt": salt});
        let body = json!({"AccessToken": two.access, "DeviceKey": two.key, "DeviceSecretVerifierConfig": secret});
        let reply = world.call("ConfirmDevice", body).await;
        assert_eq!(reply.error().0, "InvalidParameterException", "{verifier} {salt}");
    }
}

#[tokio::test]
async fn devices_are_listed_shown_and_forgotten_by_users_and_administrators() {
    let world = world(&tracking(false, false));
    let (one, two) = (confirmed(&world).await, confirmed(&world).await);
    let user = json!({"AccessToken": two.access});
    let admin = json!({"UserPoolId": POOL, "Username": "demo"});
    let call = |admin_too: bool, operation: &str, more: Value| {
        let (mut body, operation) = if admin_too {
            (admin.clone(), format!("Admin{operation}"))
        } else {
            (user.clone(), operation.to_owned())
        };
        body.as_object_mut().unwrap().extend(super::world::object(more));
        let world = &world;
        async move { world.call(&operation, body).await }
    };
    for admin in [false, true] {
        let page = call(admin, "ListDevices", json!({"Limit": 1})).await.ok();
        assert_eq!(page["Devices"][0]["DeviceKey"], one.key.as_str());
        let token = page["PaginationToken"].clone();
        let page = call(admin, "ListDevices", json!({"Limit": 1, "PaginationToken": token}))
            .await
            .ok();
        assert_eq!(page["Devices"][0]["DeviceKey"], two.key.as_str());
        assert!(page.get("PaginationToken").is_none());
        let status = if admin { "remembered" } else { "not_remembered" };
        let change = json!({"DeviceKey": one.key, "DeviceRememberedStatus": status});
        call(admin, "UpdateDeviceStatus", change).await.ok();
        let shown = call(admin, "GetDevice", json!({"DeviceKey": one.key})).await.ok();
        let attributes = shown["Device"]["DeviceAttributes"].as_array().unwrap();
        for expected in [
            json!({"Name": "device_name", "Value": "laptop"}),
            json!({"Name": "dev:device_remembered_status", "Value": status}),
        ] {
            assert!(attributes.contains(&expected), "{attributes:?}");
        }
        for operation in ["GetDevice", "ForgetDevice"] {
            let reply = call(admin, operation, json!({"DeviceKey": "us-east-1_0"})).await;
            assert_eq!(reply.error(), UNKNOWN);
        }
    }
    call(true, "ForgetDevice", json!({"DeviceKey": one.key})).await.ok();
    call(false, "ForgetDevice", json!({"DeviceKey": two.key})).await.ok();
    assert_eq!(call(false, "ListDevices", json!({})).await.ok()["Devices"], json!([]));
}

#[tokio::test]
async fn a_refresh_needs_the_device_of_the_sign_in() {
    let world = world(&tracking(false, false));
    let device = Device::of(&password(&world).await);
    let refresh = |key: Value| {
        let parameters = json!({"REFRESH_TOKEN": device.refresh, "DEVICE_KEY": key});
        world.call(
            "InitiateAuth",
            json!({"ClientId": CLIENT, "AuthFlow": "REFRESH_TOKEN_AUTH", "AuthParameters": parameters}),
        )
    };
    let invalid = ("NotAuthorizedException", "Invalid Refresh Token.");
    assert_eq!(refresh(json!(device.key)).await.error(), invalid);
    device.confirm(&world).await.ok();
    assert_eq!(refresh(Value::Null).await.error(), invalid);
    assert_eq!(refresh(json!("us-east-1_0")).await.error(), invalid);
    refresh(json!(device.key)).await.ok();
    let forget = json!({"AccessToken": device.access, "DeviceKey": device.key});
    world.call("ForgetDevice", forget).await.ok();
    assert_eq!(refresh(json!(device.key)).await.error(), invalid);
}
