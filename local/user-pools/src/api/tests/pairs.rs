//! Every state of a sign-in with every challenge that may be answered: only the documented pairs issue tokens.

use serde_json::{Map, Value, json};

use super::world::{Answer, CLIENT, PASSWORD, POOL, World, claim, object, sums};
use crate::api::respond::ANSWERED;
use crate::challenges::OWN;
use crate::srp::Identity;
use crate::srp::client::Client;
use crate::totp::Secret;

/// The states, their challenges, and whether the right answer issues tokens.
const STATES: [(&str, &str, bool); 18] = [
    ("nothing has been started", "", false),
    ("a session is made up", "", false),
    ("custom challenge", "CUSTOM_CHALLENGE", true),
    ("password by SRP", "PASSWORD_VERIFIER", true),
    ("password by SRP before a custom challenge", "PASSWORD_VERIFIER", false),
    ("temporary password", "NEW_PASSWORD_REQUIRED", true),
    (
        "temporary password before a custom challenge",
        "NEW_PASSWORD_REQUIRED",
        true,
    ),
    ("authenticator app", "SOFTWARE_TOKEN_MFA", true),
    (
        "authenticator app before a custom challenge",
        "SOFTWARE_TOKEN_MFA",
        false,
    ),
    ("authenticator app to be set up", "MFA_SETUP", false),
    ("authenticator app to be set up, its secret known", "MFA_SETUP", false),
    ("authenticator app set up", "MFA_SETUP", true),
    ("text message", "SMS_MFA", true),
    ("e-mail", "EMAIL_OTP", true),
    ("text message before a custom challenge", "SMS_MFA", false),
    ("choice of a second factor", "SELECT_MFA_TYPE", false),
    ("choice of a first factor", "SELECT_CHALLENGE", true),
    ("device", "DEVICE_SRP_AUTH", false),
];

/// The last state, which follows the previous one.
const DEVICE_PROOF: (&str, &str, bool) = ("proof of a device", "DEVICE_PASSWORD_VERIFIER", true);

const TIME: &str = "Sat Sep 5 01:02:03 UTC 2026";

/// A sign-in in some state, and the right answers to all challenges.
struct Case {
    world: World,
    session: Value,
    responses: Map<String, Value>,
}

fn client() -> Client {
    Client::new([0x41; 32])
}

async fn call(world: &World, operation: &str, body: Value) -> Value {
    world.call(operation, body).await.ok()
}

async fn password(world: &World, device: Option<&str>) -> Value {
    let parameters = json!({"USERNAME": "demo", "PASSWORD": PASSWORD, "DEVICE_KEY": device});
    world.initiate("USER_PASSWORD_AUTH", parameters).await.ok()
}

async fn srp(world: &World, flow: &str) -> Value {
    let parameters = json!({"USERNAME": "demo", "CHALLENGE_NAME": "SRP_A", "SRP_A": client().srp_a()});
    world.initiate(flow, parameters).await.ok()
}

async fn prove(world: &World, asked: &Value) -> Value {
    let responses = claim(&client(), asked, PASSWORD);
    world
        .respond("PASSWORD_VERIFIER", responses, &asked["Session"])
        .await
        .ok()
}

/// Gives demo an authenticator app.
async fn app(world: &World) -> Secret {
    let token = password(world, None).await["AuthenticationResult"]["AccessToken"].clone();
    let secret = call(world, "AssociateSoftwareToken", json!({"AccessToken": token})).await;
    let secret = Secret::from_base32(secret["SecretCode"].as_str().unwrap()).unwrap();
    let code = secret.code(world.state.clock.now());
    call(
        world,
        "VerifySoftwareToken",
        json!({"AccessToken": token, "UserCode": code}),
    )
    .await;
    let on = json!({"Enabled": true, "PreferredMfa": true});
    let prefer = json!({"AccessToken": token, "SoftwareTokenMfaSettings": on});
    call(world, "SetUserMFAPreference", prefer).await;
    world.wait(30);
    secret
}

/// Sets up demo so that the sign-in asks for a code that was sent, or for the choice between such codes.
async fn codes(world: &World, state: &str, responses: &mut Map<String, Value>) -> Value {
    let number = json!([{"Name": "phone_number", "Value": "+34600123456"}]);
    let user = json!({"UserPoolId": POOL, "Username": "demo", "UserAttributes": number});
    call(world, "AdminUpdateUserAttributes", user.clone()).await;
    let (sms, email) = (state != "e-mail", !state.starts_with("text"));
    let mut wanted = object(user);
    if sms {
        wanted.insert("SMSMfaSettings".to_owned(), json!({"Enabled": true}));
    }
    if email {
        wanted.insert("EmailMfaSettings".to_owned(), json!({"Enabled": true}));
    }
    call(world, "AdminSetUserMFAPreference", wanted.into()).await;
    let asked = if state.ends_with("custom challenge") {
        let asked = srp(world, "CUSTOM_AUTH").await;
        prove(world, &asked).await
    } else {
        password(world, None).await
    };
    responses.insert("ANSWER".to_owned(), "SMS_MFA".into());
    let outbox = world.outbox();
    let code = outbox["messages"][0]["code"].clone();
    responses.insert("SMS_MFA_CODE".to_owned(), code.clone());
    responses.insert("EMAIL_OTP_CODE".to_owned(), code);
    asked
}

impl Case {
    async fn new(state: &str) -> Self {
        let mfa = if state.contains("set up") { "ON" } else { "OPTIONAL" };
        let pool = json!({
            "MfaConfiguration": mfa, "EnabledMfas": ["SOFTWARE_TOKEN_MFA", "SMS_MFA", "EMAIL_OTP"],
            "DeviceConfiguration": {"ChallengeRequiredOnNewDevice": true},
        });
        let flows = json!([
            "ALLOW_CUSTOM_AUTH",
            "ALLOW_REFRESH_TOKEN_AUTH",
            "ALLOW_USER_SRP_AUTH",
            "ALLOW_USER_PASSWORD_AUTH",
            "ALLOW_USER_AUTH",
        ]);
        let world = World::with(pool, json!({"ExplicitAuthFlows": flows}), sums);
        if state.contains("set up") {
            // A user with an address could be asked for a code.
            let none = json!([{"Name": "email", "Value": ""}]);
            let body = json!({"UserPoolId": POOL, "Username": "demo", "UserAttributes": none});
            call(&world, "AdminUpdateUserAttributes", body).await;
        }
        let other = json!({"UserPoolId": POOL, "Username": "other", "TemporaryPassword": PASSWORD});
        call(&world, "AdminCreateUser", other).await;
        if state.starts_with("temporary") {
            let temporary = json!({"UserPoolId": POOL, "Username": "demo", "Password": PASSWORD});
            call(&world, "AdminSetUserPassword", temporary).await;
        }
        let mut responses = object(json!({
            "USERNAME": "demo", "ANSWER": "4", "NEW_PASSWORD": "An0ther!pw", "SRP_A": client().srp_a(),
            "TIMESTAMP": TIME, "PASSWORD_CLAIM_SECRET_BLOCK": "AAAA", "PASSWORD_CLAIM_SIGNATURE": "AAAA",
            "SOFTWARE_TOKEN_MFA_CODE": "000000", "SMS_MFA_CODE": "000000", "EMAIL_OTP_CODE": "000000",
            "PASSWORD": PASSWORD, "CREDENTIAL": "{}",
        }));
        let asked = match state {
            "nothing has been started" => json!({}),
            "a session is made up" => json!({"Session": "A".repeat(75)}),
            "custom challenge" => world.start("demo").await,
            "password by SRP" => srp(&world, "USER_SRP_AUTH").await,
            "password by SRP before a custom challenge" => srp(&world, "CUSTOM_AUTH").await,
            "temporary password" | "authenticator app to be set up" => password(&world, None).await,
            "temporary password before a custom challenge" => {
                let asked = srp(&world, "CUSTOM_AUTH").await;
                prove(&world, &asked).await
            }
            "authenticator app" | "authenticator app before a custom challenge" => {
                let secret = app(&world).await;
                let code = secret.code(world.state.clock.now());
                responses.insert("SOFTWARE_TOKEN_MFA_CODE".to_owned(), code.into());
                if state == "authenticator app" {
                    password(&world, None).await
                } else {
                    let asked = srp(&world, "CUSTOM_AUTH").await;
                    prove(&world, &asked).await
                }
            }
            "authenticator app to be set up, its secret known" | "authenticator app set up" => {
                let asked = password(&world, None).await;
                let body = json!({"Session": asked["Session"]});
                let reply = call(&world, "AssociateSoftwareToken", body).await;
                let secret = Secret::from_base32(reply["SecretCode"].as_str().unwrap()).unwrap();
                let code = secret.code(world.state.clock.now());
                responses.insert("SOFTWARE_TOKEN_MFA_CODE".to_owned(), code.clone().into());
                if state == "authenticator app set up" {
                    let body = json!({"Session": reply["Session"], "UserCode": code});
                    call(&world, "VerifySoftwareToken", body).await
                } else {
                    reply
                }
            }
            "text message" | "e-mail" | "text message before a custom challenge" | "choice of a second factor" => {
                codes(&world, state, &mut responses).await
            }
            "choice of a first factor" => {
                responses.insert("ANSWER".to_owned(), "PASSWORD".into());
                world.initiate("USER_AUTH", json!({"USERNAME": "demo"})).await.ok()
            }
            "device" | "proof of a device" => return Self::device(world, responses, state).await,
            _ => panic!("{state}"),
        };
        if asked["ChallengeName"] == "PASSWORD_VERIFIER" {
            responses.extend(object(claim(&client(), &asked, PASSWORD)));
        }
        Self {
            session: asked["Session"].clone(),
            world,
            responses,
        }
    }

    async fn device(world: World, mut responses: Map<String, Value>, state: &str) -> Self {
        let result = password(&world, None).await["AuthenticationResult"].clone();
        let text = |key: &str| result["NewDeviceMetadata"][key].as_str().unwrap().to_owned();
        let (key, group) = (text("DeviceKey"), text("DeviceGroupKey"));
        let identity = Identity {
            pool: &group,
            user: &key,
        };
        let (verifier, salt) = Client::device_verifier(identity, "secret", &[1; 16]);
        let secret = json!({"PasswordVerifier": verifier, "Salt": salt});
        let token = &result["AccessToken"];
        let body = json!({"AccessToken": token, "DeviceKey": key, "DeviceSecretVerifierConfig": secret});
        call(&world, "ConfirmDevice", body).await;
        responses.insert("DEVICE_KEY".to_owned(), key.as_str().into());
        let mut asked = password(&world, Some(&key)).await;
        if state == "proof of a device" {
            let answer = json!({"USERNAME": "demo", "DEVICE_KEY": key, "SRP_A": client().srp_a()});
            asked = world.respond("DEVICE_SRP_AUTH", answer, &asked["Session"]).await.ok();
            let text = |key: &str| asked["ChallengeParameters"][key].as_str().unwrap().to_owned();
            let shared = client().key(identity, "secret", &text("SALT"), &text("SRP_B"));
            let block = text("SECRET_BLOCK");
            let signature = Client::sign(&shared, identity, &block, TIME);
            responses.insert("PASSWORD_CLAIM_SIGNATURE".to_owned(), signature.into());
            responses.insert("PASSWORD_CLAIM_SECRET_BLOCK".to_owned(), block.into());
        }
        Self {
            session: asked["Session"].clone(),
            world,
            responses,
        }
    }

    async fn answer(&self, challenge: &str) -> Answer {
        let responses = self.responses.clone().into();
        self.world.respond(challenge, responses, &self.session).await
    }
}

fn gives_tokens(reply: &Answer) -> bool {
    assert!([200, 400].contains(&reply.status), "{reply:?}");
    let tokens = reply.body.get("AuthenticationResult").is_some();
    assert!(!tokens || reply.body.get("ChallengeName").is_none());
    assert!(tokens || !reply.body.to_string().contains("AccessToken"));
    tokens
}

fn states() -> impl Iterator<Item = (&'static str, &'static str, bool)> {
    STATES.into_iter().chain([DEVICE_PROOF])
}

#[tokio::test]
async fn only_the_documented_pairs_of_state_and_challenge_give_tokens() {
    let mut challenges: Vec<&str> = OWN.into_iter().chain(ANSWERED).chain(["SRP_A", "NONSENSE"]).collect();
    challenges.sort_unstable();
    challenges.dedup();
    for (state, right, tokens) in states() {
        let case = Case::new(state).await;
        for challenge in challenges.iter().filter(|challenge| **challenge != right) {
            let reply = case.answer(challenge).await;
            assert!(
                !gives_tokens(&reply) && reply.status == 400,
                "{state}, {challenge}: {reply:?}"
            );
        }
        // The wrong answers have changed nothing: the right answer still works.
        let reply = case.answer(right).await;
        assert_eq!(gives_tokens(&reply), tokens, "{state}: {reply:?}");
        let goes_on = !right.is_empty() && !state.contains("to be set up");
        assert_eq!(reply.status == 200, goes_on, "{state}: {reply:?}");
    }
}

#[tokio::test]
async fn the_right_answer_gives_tokens_to_its_user_and_client_in_time_and_once() {
    for (state, right, _) in states().filter(|(_, _, tokens)| *tokens) {
        for fault in [
            "another user",
            "nobody",
            "another client",
            "too late",
            "altered session",
            "no user",
            "deleted user",
            "unknown secret hash",
            "once more",
        ] {
            let mut case = Case::new(state).await;
            let mut client = json!(CLIENT);
            match fault {
                "another user" => drop(case.responses.insert("USERNAME".to_owned(), "other".into())),
                "nobody" => drop(case.responses.insert("USERNAME".to_owned(), "nobody".into())),
                "no user" => drop(case.responses.remove("USERNAME")),
                "unknown secret hash" => drop(case.responses.insert("SECRET_HASH".to_owned(), "AAAA".into())),
                "another client" => {
                    let body = json!({"UserPoolId": POOL, "ClientName": "c"});
                    client =
                        call(&case.world, "CreateUserPoolClient", body).await["UserPoolClient"]["ClientId"].clone();
                }
                "too late" => case.world.wait(180),
                "deleted user" => {
                    let body = json!({"UserPoolId": POOL, "Username": "demo"});
                    call(&case.world, "AdminDeleteUser", body).await;
                }
                "altered session" => {
                    // A sign-in that only its secret block identifies has no session to alter.
                    let place = match &mut case.session {
                        Value::String(session) => session,
                        _ => match &mut case.responses["PASSWORD_CLAIM_SECRET_BLOCK"] {
                            Value::String(block) => block,
                            other => panic!("{other}"),
                        },
                    };
                    let other = if place.starts_with('A') { "B" } else { "A" };
                    place.replace_range(0..1, other);
                }
                _ => drop(case.answer(right).await.ok()),
            }
            let body = json!({
                "ClientId": client, "ChallengeName": right, "ChallengeResponses": case.responses,
                "Session": case.session,
            });
            let reply = case.world.call("RespondToAuthChallenge", body).await;
            assert!(
                !gives_tokens(&reply) && reply.status == 400,
                "{state}, {fault}: {reply:?}"
            );
        }
    }
}
