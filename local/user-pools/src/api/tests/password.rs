//! Passwords, proved by SRP or sent; and refreshed tokens.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use aws_lc_rs::hmac;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::world::{CLIENT, INCORRECT, PASSWORD, POOL, World, claim, sums};
use crate::srp::client::Client;

fn client() -> Client {
    Client::new([0x5a; 32])
}

async fn start(world: &World, username: &str, client: &Client) -> Value {
    let parameters = json!({"USERNAME": username, "CHALLENGE_NAME": "SRP_A", "SRP_A": client.srp_a()});
    world.initiate("CUSTOM_AUTH", parameters).await.ok()
}

#[tokio::test]
async fn password_and_sum_give_tokens() {
    let world = World::new();
    let client = client();
    let challenge = start(&world, "demo", &client).await;
    assert_eq!(challenge["ChallengeName"], "PASSWORD_VERIFIER");
    let mut keys: Vec<&str> = challenge["ChallengeParameters"]
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect();
    keys.sort_unstable();
    assert_eq!(keys, ["SALT", "SECRET_BLOCK", "SRP_B", "USERNAME", "USER_ID_FOR_SRP"]);
    let responses = claim(&client, &challenge, PASSWORD);
    let challenge = world
        .respond("PASSWORD_VERIFIER", responses, &challenge["Session"])
        .await
        .ok();
    assert_eq!(challenge["ChallengeName"], "CUSTOM_CHALLENGE");
    let reply = world.answer("demo", &challenge["Session"], "4").await.ok();
    assert!(reply["AuthenticationResult"].is_object());
    assert_eq!(world.calls(), ["Define", "Define", "Create", "Verify", "Define"]);
    let round = |name: &str, metadata: Value| json!({"challengeName": name, "challengeResult": true, "challengeMetadata": metadata});
    let (srp, password) = (round("SRP_A", Value::Null), round("PASSWORD_VERIFIER", Value::Null));
    let sessions: Vec<Value> = world
        .events("Define")
        .iter()
        .map(|event| event["request"]["session"].clone())
        .collect();
    let all = json!([srp, password, round("CUSTOM_CHALLENGE", json!("SUM"))]);
    assert_eq!(sessions, [json!([srp]), json!([srp, password]), all]);
}

#[tokio::test]
async fn the_secret_block_finds_the_sign_in_without_a_session() {
    let world = World::new();
    let client = client();
    let challenge = start(&world, "demo", &client).await;
    let responses = claim(&client, &challenge, PASSWORD);
    let reply = world
        .respond("PASSWORD_VERIFIER", responses.clone(), &Value::Null)
        .await
        .ok();
    assert_eq!(reply["ChallengeName"], "CUSTOM_CHALLENGE");
    let reply = world.respond("PASSWORD_VERIFIER", responses, &Value::Null).await;
    assert_eq!(reply.error().0, "NotAuthorizedException");
}

#[tokio::test]
async fn session_and_secret_block_have_to_be_of_one_challenge() {
    let world = World::new();
    let client = client();
    let (one, two) = (
        start(&world, "demo", &client).await,
        start(&world, "demo", &client).await,
    );
    let reply = world
        .respond("PASSWORD_VERIFIER", claim(&client, &one, PASSWORD), &two["Session"])
        .await;
    assert_eq!(
        reply.error(),
        ("NotAuthorizedException", "Invalid session for the user.")
    );
}

#[tokio::test]
async fn a_wrong_password_ends_the_sign_in_and_define_is_not_asked() {
    let world = World::new();
    let client = client();
    let challenge = start(&world, "demo", &client).await;
    let wrong = claim(&client, &challenge, "Passw0rd!");
    assert_eq!(
        world
            .respond("PASSWORD_VERIFIER", wrong, &challenge["Session"])
            .await
            .error(),
        INCORRECT
    );
    assert_eq!(world.calls(), ["Define"]);
    let right = claim(&client, &challenge, PASSWORD);
    let reply = world.respond("PASSWORD_VERIFIER", right, &challenge["Session"]).await;
    assert_eq!(reply.error().0, "NotAuthorizedException");
}

#[tokio::test]
async fn a_nonexistent_user_gets_a_password_challenge_without_a_right_answer() {
    let world = World::new();
    let client = client();
    for flow in ["CUSTOM_AUTH", "USER_SRP_AUTH"] {
        let start = |name: &'static str| {
            let parameters = json!({"USERNAME": name, "CHALLENGE_NAME": "SRP_A", "SRP_A": client.srp_a()});
            world.initiate(flow, parameters)
        };
        let (real, fake, again) = (
            start("demo").await.ok(),
            start("nono").await.ok(),
            start("nono").await.ok(),
        );
        let parameter = |reply: &Value, key: &str| reply["ChallengeParameters"][key].as_str().unwrap().to_owned();
        assert_eq!(parameter(&fake, "SALT"), parameter(&again, "SALT"));
        assert_ne!(parameter(&fake, "SRP_B"), parameter(&again, "SRP_B"));
        assert_eq!(
            parameter(&real, "SECRET_BLOCK").len(),
            parameter(&fake, "SECRET_BLOCK").len()
        );
        assert_eq!(parameter(&fake, "USER_ID_FOR_SRP"), "nono");
        let keys = |reply: &Value| reply.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
        assert_eq!(keys(&real), keys(&fake));
        let reply = world
            .respond("PASSWORD_VERIFIER", claim(&client, &fake, PASSWORD), &fake["Session"])
            .await;
        assert_eq!(reply.error(), INCORRECT);
    }
}

#[tokio::test]
async fn srp_alone_gives_tokens_and_has_no_session() {
    let world = World::new();
    let client = client();
    let challenge = world
        .initiate("USER_SRP_AUTH", json!({"USERNAME": "demo", "SRP_A": client.srp_a()}))
        .await
        .ok();
    assert!(challenge.get("Session").is_none());
    let reply = world
        .respond("PASSWORD_VERIFIER", claim(&client, &challenge, PASSWORD), &Value::Null)
        .await
        .ok();
    assert!(reply["AuthenticationResult"]["IdToken"].is_string());
    assert!(world.calls().is_empty());
}

#[tokio::test]
async fn the_time_of_a_proof_has_one_spelling() {
    let world = World::new();
    let client = client();
    let challenge = start(&world, "demo", &client).await;
    let mut responses = claim(&client, &challenge, PASSWORD);
    responses["TIMESTAMP"] = json!("Sat Sep 05 01:02:03 UTC 2026");
    assert_eq!(
        world
            .respond("PASSWORD_VERIFIER", responses, &challenge["Session"])
            .await
            .error(),
        INCORRECT
    );
    assert!(world.log().iter().any(|line| line.contains("`TIMESTAMP`")));
}

#[tokio::test]
async fn a_password_as_it_is_gives_tokens_where_the_client_allows_it() {
    let world = World::new();
    let good = json!({"USERNAME": "demo", "PASSWORD": PASSWORD});
    let reply = world.initiate("USER_PASSWORD_AUTH", good.clone()).await.ok();
    assert!(reply["AuthenticationResult"]["AccessToken"].is_string());
    for (name, password) in [("demo", "wrong"), ("demo", ""), ("nobody", PASSWORD)] {
        let parameters = json!({"USERNAME": name, "PASSWORD": password});
        assert_eq!(
            world.initiate("USER_PASSWORD_AUTH", parameters).await.error(),
            INCORRECT
        );
    }
    for flow in ["ADMIN_USER_PASSWORD_AUTH", "ADMIN_NO_SRP_AUTH"] {
        let admin = json!({"UserPoolId": POOL, "ClientId": CLIENT, "AuthFlow": flow, "AuthParameters": good});
        assert!(world.call("AdminInitiateAuth", admin).await.ok()["AuthenticationResult"].is_object());
        assert_eq!(
            world.initiate(flow, good.clone()).await.error().1,
            "Initiate Auth method not supported."
        );
    }
    let custom = World::with(json!({}), json!({"ExplicitAuthFlows": ["ALLOW_CUSTOM_AUTH"]}), sums);
    for flow in ["USER_PASSWORD_AUTH", "USER_SRP_AUTH", "REFRESH_TOKEN_AUTH"] {
        let text = format!("{flow} flow not enabled for this client");
        let reply = custom.initiate(flow, good.clone()).await;
        assert_eq!(reply.error(), ("InvalidParameterException", text.as_str()));
    }
}

#[tokio::test]
async fn a_password_alone_gives_no_tokens_if_more_is_required() {
    let world = World::new();
    let user = json!({"UserPoolId": POOL, "Username": "temp", "TemporaryPassword": PASSWORD});
    world.call("AdminCreateUser", user).await.ok();
    let client = client();
    let reply = world
        .initiate("USER_PASSWORD_AUTH", json!({"USERNAME": "temp", "PASSWORD": PASSWORD}))
        .await
        .ok();
    assert_eq!(reply["ChallengeName"], "NEW_PASSWORD_REQUIRED");
    assert!(reply.get("AuthenticationResult").is_none());
    let challenge = start(&world, "temp", &client).await;
    let reply = world
        .respond(
            "PASSWORD_VERIFIER",
            claim(&client, &challenge, PASSWORD),
            &challenge["Session"],
        )
        .await
        .ok();
    assert_eq!(reply["ChallengeName"], "NEW_PASSWORD_REQUIRED");
    assert!(reply.get("AuthenticationResult").is_none());
    let mfa = World::with(json!({"MfaConfiguration": "ON"}), json!({}), sums);
    let reply = mfa
        .initiate("USER_PASSWORD_AUTH", json!({"USERNAME": "demo", "PASSWORD": PASSWORD}))
        .await;
    assert!(reply.error().1.contains("MFA_SETUP"));
    for challenge in [
        "NEW_PASSWORD_REQUIRED",
        "SMS_MFA",
        "SOFTWARE_TOKEN_MFA",
        "SELECT_CHALLENGE",
    ] {
        let answer = json!({"USERNAME": "demo", "NEW_PASSWORD": PASSWORD, "ANSWER": "PASSWORD", "PASSWORD": PASSWORD});
        let reply = world.respond(challenge, answer, &json!("A".repeat(40))).await;
        let (name, message) = reply.error();
        assert!(
            message.contains(challenge)
                || (name, message) == ("NotAuthorizedException", "Invalid session for the user."),
            "{reply:?}"
        );
    }
}

fn secret_hash(world: &World, login: &str) -> String {
    let (_, client) = world.state.directory.client(CLIENT).unwrap();
    let key = hmac::Key::new(hmac::HMAC_SHA256, client.secret.as_ref().unwrap().as_bytes());
    STANDARD.encode(hmac::sign(&key, format!("{login}{CLIENT}").as_bytes()))
}

#[tokio::test]
async fn a_client_with_a_secret_has_to_prove_it_in_every_request() {
    let world = World::with(
        json!({"UsernameAttributes": ["email"]}),
        json!({"GenerateSecret": true}),
        sums,
    );
    let login = "demo@example.com";
    let missing = format!("Client {CLIENT} is configured with secret but SECRET_HASH was not received");
    let wrong = format!("Unable to verify secret hash for client {CLIENT}");
    let start = |hash: Value| world.initiate("CUSTOM_AUTH", json!({"USERNAME": login, "SECRET_HASH": hash}));
    assert_eq!(
        start(Value::Null).await.error(),
        ("NotAuthorizedException", missing.as_str())
    );
    assert_eq!(
        start(json!("AAAA")).await.error(),
        ("NotAuthorizedException", wrong.as_str())
    );
    let challenge = start(json!(secret_hash(&world, login))).await.ok();
    let name = challenge["ChallengeParameters"]["USERNAME"].as_str().unwrap();
    let answer = |username: &str, hash: String| {
        let responses = json!({"USERNAME": username, "ANSWER": "4", "SECRET_HASH": hash});
        world.respond("CUSTOM_CHALLENGE", responses, &challenge["Session"])
    };
    // The hash covers the username in the same request.
    assert_eq!(answer(name, secret_hash(&world, login)).await.error().1, wrong);
    let reply = answer(name, secret_hash(&world, name)).await.ok();
    let token = &reply["AuthenticationResult"]["RefreshToken"];
    let refresh = |hash: String| {
        world.initiate(
            "REFRESH_TOKEN_AUTH",
            json!({"REFRESH_TOKEN": token, "SECRET_HASH": hash}),
        )
    };
    assert_eq!(refresh(secret_hash(&world, login)).await.error().1, wrong);
    refresh(secret_hash(&world, name)).await.ok();
}

#[tokio::test]
async fn a_refresh_keeps_the_sign_in_and_gives_no_new_refresh_token() {
    let world = World::new();
    let claims = |token: &Value| -> Value {
        crate::tokens::tests::KEYS
            .access
            .verify(token.as_str().unwrap())
            .unwrap()
    };
    let reply = world
        .initiate("USER_PASSWORD_AUTH", json!({"USERNAME": "demo", "PASSWORD": PASSWORD}))
        .await
        .ok();
    let first = &reply["AuthenticationResult"];
    world.wait(1000);
    for flow in ["REFRESH_TOKEN_AUTH", "REFRESH_TOKEN"] {
        let reply = world
            .initiate(
                flow,
                json!({"REFRESH_TOKEN": first["RefreshToken"], "DEVICE_KEY": null}),
            )
            .await
            .ok();
        let second = &reply["AuthenticationResult"];
        assert!(second.get("RefreshToken").is_none());
        let (old, new) = (claims(&first["AccessToken"]), claims(&second["AccessToken"]));
        assert_eq!(
            (&old["auth_time"], &old["origin_jti"]),
            (&new["auth_time"], &new["origin_jti"])
        );
        assert_eq!(new["iat"].as_u64(), old["iat"].as_u64().map(|iat| iat + 1000));
    }
}

#[tokio::test]
async fn a_refresh_token_is_bound_to_its_client_user_and_time() {
    let world = World::new();
    let sign_in = || world.initiate("USER_PASSWORD_AUTH", json!({"USERNAME": "demo", "PASSWORD": PASSWORD}));
    let token = sign_in().await.ok()["AuthenticationResult"]["RefreshToken"].clone();
    let other = world
        .call(
            "CreateUserPoolClient",
            json!({"UserPoolId": POOL, "ClientName": "other"}),
        )
        .await
        .ok();
    let refresh = |client: Value, token: Value| {
        let parameters = json!({"REFRESH_TOKEN": token});
        world.call(
            "InitiateAuth",
            json!({"ClientId": client, "AuthFlow": "REFRESH_TOKEN_AUTH", "AuthParameters": parameters}),
        )
    };
    let invalid = ("NotAuthorizedException", "Invalid Refresh Token.");
    assert_eq!(
        refresh(other["UserPoolClient"]["ClientId"].clone(), token.clone())
            .await
            .error(),
        invalid
    );
    assert_eq!(refresh(json!(CLIENT), json!("garbage")).await.error(), invalid);
    refresh(json!(CLIENT), token.clone()).await.ok();
    world.wait(30 * 24 * 60 * 60);
    assert_eq!(
        refresh(json!(CLIENT), token).await.error().1,
        "Refresh Token has expired"
    );
    let token = sign_in().await.ok()["AuthenticationResult"]["RefreshToken"].clone();
    world
        .call("AdminDeleteUser", json!({"UserPoolId": POOL, "Username": "demo"}))
        .await
        .ok();
    assert_eq!(refresh(json!(CLIENT), token.clone()).await.error(), invalid);
    let namesake = json!({"UserPoolId": POOL, "Username": "demo", "TemporaryPassword": PASSWORD});
    world.call("AdminCreateUser", namesake).await.ok();
    assert_eq!(refresh(json!(CLIENT), token).await.error(), invalid);
}

#[tokio::test]
async fn five_wrong_passwords_lock_out_existing_and_nonexistent_users() {
    for name in ["demo", "nobody"] {
        let world = World::new();
        let password = |password: &'static str| {
            let parameters = json!({"USERNAME": name, "PASSWORD": password});
            world.initiate("USER_PASSWORD_AUTH", parameters)
        };
        let exceeded = ("NotAuthorizedException", "Password attempts exceeded");
        for _ in 0..4 {
            assert_eq!(password("wrong").await.error(), INCORRECT);
        }
        // Proofs of the password count too.
        let client = client();
        let challenge = start(&world, name, &client).await;
        let responses = claim(&client, &challenge, "wrong");
        let reply = world
            .respond("PASSWORD_VERIFIER", responses, &challenge["Session"])
            .await;
        assert_eq!(reply.error(), INCORRECT);
        for guess in ["wrong", PASSWORD] {
            assert_eq!(password(guess).await.error(), exceeded, "{name}");
        }
        world.wait(1);
        assert_eq!(password("wrong").await.error(), INCORRECT);
        world.wait(1);
        assert_eq!(password(PASSWORD).await.error(), exceeded);
        world.wait(1);
        if name == "demo" {
            password(PASSWORD).await.ok();
            for _ in 0..5 {
                assert_eq!(password("wrong").await.error(), INCORRECT);
            }
        } else {
            assert_eq!(password(PASSWORD).await.error(), INCORRECT);
        }
    }
}

#[tokio::test]
async fn a_client_may_choose_how_to_sign_in() {
    let world = World::with(json!({}), json!({"ExplicitAuthFlows": ["ALLOW_USER_AUTH"]}), sums);
    let start = |name: &str| world.initiate("USER_AUTH", json!({"USERNAME": name}));
    let (real, fake) = (start("demo").await.ok(), start("nobody").await.ok());
    for asked in [&real, &fake] {
        assert_eq!(asked["ChallengeName"], "SELECT_CHALLENGE");
        assert_eq!(asked["AvailableChallenges"], json!(["PASSWORD", "PASSWORD_SRP"]));
        assert_eq!(asked["ChallengeParameters"], json!({}));
    }
    let choose = |asked: &Value, name: &str, more: Value| {
        let mut responses = json!({"USERNAME": name, "PASSWORD": PASSWORD, "SRP_A": client().srp_a()});
        responses.as_object_mut().unwrap().extend(super::world::object(more));
        let (world, session) = (&world, asked["Session"].clone());
        async move { world.respond("SELECT_CHALLENGE", responses, &session).await }
    };
    for answer in ["WEB_AUTHN", "EMAIL_OTP", "SMS_OTP", "NONSENSE", ""] {
        let reply = choose(&real, "demo", json!({"ANSWER": answer})).await;
        assert_eq!(reply.error().0, "InvalidParameterException");
    }
    let reply = choose(&fake, "nobody", json!({"ANSWER": "PASSWORD"})).await;
    assert_eq!(reply.error(), INCORRECT);
    assert!(choose(&real, "demo", json!({"ANSWER": "PASSWORD"})).await.ok()["AuthenticationResult"].is_object());
    let asked = start("demo").await.ok();
    let wrong = choose(&asked, "demo", json!({"ANSWER": "PASSWORD", "PASSWORD": "wrong"})).await;
    assert_eq!(wrong.error(), INCORRECT);
    let prefer = |challenge: &str| {
        let client = client();
        let parameters = json!({
            "USERNAME": "demo", "PREFERRED_CHALLENGE": challenge, "PASSWORD": PASSWORD, "SRP_A": client.srp_a(),
        });
        world.initiate("USER_AUTH", parameters)
    };
    assert!(prefer("PASSWORD").await.ok()["AuthenticationResult"].is_object());
    let asked = start("demo").await.ok();
    for asked in [
        prefer("PASSWORD_SRP").await.ok(),
        choose(&asked, "demo", json!({"ANSWER": "PASSWORD_SRP"})).await.ok(),
    ] {
        let reply = world
            .respond("PASSWORD_VERIFIER", claim(&client(), &asked, PASSWORD), &Value::Null)
            .await;
        assert!(reply.ok()["AuthenticationResult"].is_object());
    }
    assert!(prefer("WEB_AUTHN").await.error().1.contains("not supported"));
}

#[test]
fn guesses_at_the_same_time_are_counted_like_one_after_the_other() {
    let world = World::new();
    let pool = world.state.directory.pool(POOL).unwrap();
    let judged = AtomicU32::new(0);
    let wrong = || {
        judged.fetch_add(1, Ordering::Relaxed);
        std::thread::sleep(Duration::from_millis(20));
        false
    };
    std::thread::scope(|scope| {
        for _ in 0..20 {
            scope.spawn(|| world.state.guard(&pool, "demo", wrong));
        }
    });
    assert_eq!(judged.load(Ordering::Relaxed), 5);
}

#[test]
fn right_passwords_at_the_same_time_are_all_right() {
    let world = World::new();
    let pool = world.state.directory.pool(POOL).unwrap();
    let right = || {
        std::thread::sleep(Duration::from_millis(5));
        true
    };
    std::thread::scope(|scope| {
        let all: Vec<_> = (0..20)
            .map(|_| scope.spawn(|| world.state.guard(&pool, "demo", right)))
            .collect();
        for one in all {
            assert_eq!(one.join().unwrap(), Ok(true));
        }
    });
}
