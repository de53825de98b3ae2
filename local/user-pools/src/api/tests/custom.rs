//! Custom challenges, their sessions, and nonexistent users.

use serde_json::{Value, json};

use super::world::{CLIENT, INCORRECT, POOL, World, sums};

const REUSED: (&str, &str) = (
    "NotAuthorizedException",
    "Invalid session for the user, session can only be used once.",
);
const EXPIRED: (&str, &str) = (
    "NotAuthorizedException",
    "Invalid session for the user, session is expired.",
);
const INVALID: (&str, &str) = ("NotAuthorizedException", "Invalid session for the user.");

#[tokio::test]
async fn the_right_answer_gives_tokens() {
    let world = World::new();
    let challenge = world.start("demo").await;
    assert_eq!(challenge["ChallengeName"], "CUSTOM_CHALLENGE");
    assert_eq!(
        challenge["ChallengeParameters"],
        json!({"question": "2 + 2", "locale": "en", "USERNAME": "demo"})
    );
    let reply = world.answer("demo", &challenge["Session"], "4").await.ok();
    assert_eq!(reply["ChallengeParameters"], json!({}));
    assert!(reply.get("ChallengeName").is_none() && reply.get("Session").is_none());
    let result = &reply["AuthenticationResult"];
    for token in ["AccessToken", "IdToken", "RefreshToken"] {
        assert!(result[token].is_string(), "{token}");
    }
    assert_eq!(world.calls(), ["Define", "Create", "Verify", "Define"]);
    assert_eq!(
        world.log(),
        [
            "Define [] ask CUSTOM_CHALLENGE",
            "Create [] asked SUM",
            "Verify [] right",
            "Define [SUM ✓] issue tokens"
        ]
    );
}

#[tokio::test]
async fn a_wrong_answer_is_a_new_challenge_with_a_new_session_and_no_user_name() {
    let world = World::new();
    let first = world.start("demo").await;
    let second = world.answer("demo", &first["Session"], "5").await.ok();
    assert_eq!(
        second["ChallengeParameters"],
        json!({"question": "2 + 2", "locale": "en"})
    );
    assert_ne!(second["Session"], first["Session"]);
    let third = world.answer("demo", &second["Session"], "").await.ok();
    assert_eq!(world.answer("demo", &third["Session"], "6").await.error(), INCORRECT);
    let sessions: Vec<Value> = world
        .events("Define")
        .iter()
        .map(|event| event["request"]["session"].clone())
        .collect();
    let wrong = json!({"challengeName": "CUSTOM_CHALLENGE", "challengeResult": false, "challengeMetadata": "SUM"});
    assert_eq!(
        sessions,
        [
            json!([]),
            json!([wrong]),
            json!([wrong, wrong]),
            json!([wrong, wrong, wrong])
        ]
    );
    let creates: Vec<Value> = world
        .events("Create")
        .iter()
        .map(|event| event["request"]["session"].clone())
        .collect();
    assert_eq!(creates, [json!([]), json!([wrong]), json!([wrong, wrong])]);
}

#[tokio::test]
async fn the_secret_half_never_reaches_the_client() {
    let world = World::new();
    let challenge = world.start("demo").await.to_string();
    assert!(
        !challenge.contains("answer") && !challenge.contains("SUM"),
        "{challenge}"
    );
    let verify = || world.events("Verify").pop().unwrap()["request"].clone();
    let challenge = world.start("demo").await;
    world.answer("demo", &challenge["Session"], "4").await.ok();
    assert_eq!(
        verify()["privateChallengeParameters"],
        json!({"challenge": "SUM", "answer": "4"})
    );
    assert_eq!(verify()["challengeAnswer"], "4");
}

#[tokio::test]
async fn a_session_works_once_and_for_its_time() {
    let world = World::new();
    let challenge = world.start("demo").await;
    let next = world.answer("demo", &challenge["Session"], "5").await.ok();
    assert_eq!(world.answer("demo", &challenge["Session"], "4").await.error(), REUSED);
    world.wait(179);
    let next = world.answer("demo", &next["Session"], "5").await.ok();
    world.wait(179);
    // Each sign-in starts from the beginning.
    let next = world.answer("demo", &next["Session"], "4").await.ok();
    assert!(next["AuthenticationResult"].is_object());
    let challenge = world.start("demo").await;
    world.wait(180);
    assert_eq!(world.answer("demo", &challenge["Session"], "4").await.error(), EXPIRED);
    let calls = world.calls().len();
    for garbage in ["A".repeat(20), "!".repeat(40), "A".repeat(8192)] {
        assert_eq!(world.answer("demo", &json!(garbage), "4").await.error(), INVALID);
    }
    assert_eq!(
        world.calls().len(),
        calls,
        "no function runs for a session that leads nowhere"
    );
}

#[tokio::test]
async fn the_validity_of_a_session_is_the_clients() {
    let world = World::with(json!({}), json!({"AuthSessionValidity": 15}), sums);
    let challenge = world.start("demo").await;
    world.wait(15 * 60 - 1);
    world.answer("demo", &challenge["Session"], "4").await.ok();
}

#[tokio::test]
async fn of_two_answers_at_once_one_counts() {
    let world = World::new();
    let challenge = world.start("demo").await;
    let (one, two) = tokio::join!(
        world.answer("demo", &challenge["Session"], "4"),
        world.answer("demo", &challenge["Session"], "4")
    );
    let (good, bad) = if one.status == 200 { (one, two) } else { (two, one) };
    good.ok();
    assert_eq!(bad.error(), REUSED);
}

#[tokio::test]
async fn a_session_belongs_to_its_client_user_and_challenge() {
    let world = World::new();
    let other = json!({"UserPoolId": POOL, "ClientName": "other", "ExplicitAuthFlows": ["ALLOW_CUSTOM_AUTH"]});
    let other = world.call("CreateUserPoolClient", other).await.ok();
    let user = json!({"UserPoolId": POOL, "Username": "bea", "TemporaryPassword": "Passw0rd!bea"});
    world.call("AdminCreateUser", user).await.ok();
    let challenge = world.start("demo").await;
    let session = &challenge["Session"];
    let foreign = json!({
        "ClientId": other["UserPoolClient"]["ClientId"], "ChallengeName": "CUSTOM_CHALLENGE", "Session": session,
        "ChallengeResponses": {"USERNAME": "demo", "ANSWER": "4"},
    });
    assert_eq!(world.call("RespondToAuthChallenge", foreign).await.error(), INVALID);
    assert_eq!(world.answer("bea", session, "4").await.error(), INVALID);
    assert_eq!(world.answer("nobody", session, "4").await.error(), INVALID);
    assert!(world.events("Verify").is_empty());
    // A request that does not fit does not invalidate the session.
    world.answer("demo", session, "4").await.ok();
}

#[tokio::test]
async fn a_session_of_a_password_proof_is_none_of_a_custom_challenge() {
    let world = World::new();
    let srp_a = json!({"USERNAME": "demo", "CHALLENGE_NAME": "SRP_A", "SRP_A": "2"});
    let challenge = world.initiate("CUSTOM_AUTH", srp_a).await.ok();
    assert_eq!(challenge["ChallengeName"], "PASSWORD_VERIFIER");
    assert_eq!(world.answer("demo", &challenge["Session"], "4").await.error(), INVALID);
}

#[tokio::test]
async fn alias_and_name_both_answer() {
    let pool = json!({"UsernameAttributes": ["email"]});
    let world = World::with(pool, json!({}), sums);
    let challenge = world.start("demo@example.com").await;
    let name = challenge["ChallengeParameters"]["USERNAME"]
        .as_str()
        .unwrap()
        .to_owned();
    assert!(uuid::Uuid::parse_str(&name).is_ok());
    let next = world.answer("demo@example.com", &challenge["Session"], "5").await.ok();
    world.answer(&name, &next["Session"], "4").await.ok();
    assert_eq!(world.events("Define")[0]["userName"], name);
}

#[tokio::test]
async fn a_nonexistent_user_looks_like_an_existing_one() {
    for pool in [json!({}), json!({"UsernameAttributes": ["email"]})] {
        let somebody = if pool == json!({}) { "demo" } else { "demo@example.com" };
        let nobody = if pool == json!({}) { "nono" } else { "nono@example.com" };
        let world = World::with(pool, json!({}), sums);
        let shape = |reply: &Value| {
            let parameters = reply["ChallengeParameters"].as_object().unwrap();
            let keys: Vec<_> = parameters
                .iter()
                .map(|(key, value)| (key.clone(), value.as_str().unwrap().len()))
                .collect();
            (keys, reply["Session"].as_str().unwrap().len())
        };
        let (real, fake) = (world.start(somebody).await, world.start(nobody).await);
        assert_eq!(shape(&real), shape(&fake));
        let again = world.start(nobody).await;
        assert_eq!(
            again["ChallengeParameters"]["USERNAME"],
            fake["ChallengeParameters"]["USERNAME"]
        );
        let real = world.answer(somebody, &real["Session"], "5").await.ok();
        let fake = world.answer(nobody, &fake["Session"], "5").await.ok();
        assert_eq!(shape(&real), shape(&fake));
        let name = again["ChallengeParameters"]["USERNAME"].as_str().unwrap();
        world.answer(name, &again["Session"], "5").await.ok();
        let next = world.answer(nobody, &fake["Session"], "4").await.ok();
        assert_eq!(world.answer(nobody, &next["Session"], "4").await.error(), INCORRECT);
        let event = world
            .events("Define")
            .into_iter()
            .find(|event| event["request"]["userNotFound"] == true)
            .unwrap();
        assert_eq!(event["request"]["userAttributes"], json!({}));
    }
}

#[tokio::test]
async fn a_nonexistent_user_gets_no_tokens_whatever_define_says() {
    let world = World::with(json!({}), json!({}), |function, event| match function {
        "Define" if event["request"]["session"] != json!([]) => {
            super::world::Outcome::Response(json!({"issueTokens": true}))
        }
        _ => sums(function, event),
    });
    let challenge = world.start("nobody").await;
    assert_eq!(
        world.answer("nobody", &challenge["Session"], "4").await.error(),
        INCORRECT
    );
    assert!(
        world
            .log()
            .iter()
            .any(|line| line.starts_with("! ") && line.contains("nonexistent user"))
    );
}

#[tokio::test]
async fn a_legacy_client_is_told_and_its_functions_are_not_called() {
    let world = World::with(json!({}), json!({"PreventUserExistenceErrors": "LEGACY"}), sums);
    let reply = world.initiate("CUSTOM_AUTH", json!({"USERNAME": "nobody"})).await;
    assert_eq!(reply.error(), ("UserNotFoundException", "User does not exist."));
    assert!(world.calls().is_empty());
    world.start("demo").await;
    assert!(world.events("Define")[0]["request"].get("userNotFound").is_none());
}

#[tokio::test]
async fn client_metadata_comes_from_the_answer_only_and_is_not_kept() {
    let world = World::new();
    let start = json!({
        "AuthFlow": "CUSTOM_AUTH", "ClientId": CLIENT, "AuthParameters": {"USERNAME": "demo"},
        "ClientMetadata": {"locale": "es"},
    });
    let challenge = world.call("InitiateAuth", start).await.ok();
    let answer = json!({
        "ClientId": CLIENT, "ChallengeName": "CUSTOM_CHALLENGE", "Session": challenge["Session"],
        "ChallengeResponses": {"USERNAME": "demo", "ANSWER": "5"}, "ClientMetadata": {"locale": "es", "x": null},
    });
    let challenge = world.call("RespondToAuthChallenge", answer).await.ok();
    assert_eq!(challenge["ChallengeParameters"]["locale"], "es");
    world.answer("demo", &challenge["Session"], "5").await.ok();
    let metadata = |function: &str| -> Vec<Value> {
        world
            .events(function)
            .iter()
            .map(|event| event["request"].get("clientMetadata").cloned().unwrap_or_default())
            .collect()
    };
    let sent = json!({"locale": "es"});
    assert_eq!(metadata("Define"), [Value::Null, sent.clone(), Value::Null]);
    assert_eq!(metadata("Create"), [Value::Null, sent.clone(), Value::Null]);
    assert_eq!(metadata("Verify"), [sent, Value::Null]);
    assert!(world.events("Define")[0]["request"].get("clientMetadata").is_none());
}

#[tokio::test]
async fn a_user_removed_or_changed_in_mid_sign_in_is_seen() {
    let world = World::new();
    let challenge = world.start("demo").await;
    let change = json!({"UserPoolId": POOL, "Username": "demo", "UserAttributes": [{"Name": "locale", "Value": "es"}]});
    world.call("AdminUpdateUserAttributes", change).await.ok();
    let challenge = world.answer("demo", &challenge["Session"], "5").await.ok();
    assert_eq!(world.events("Verify")[0]["request"]["userAttributes"]["locale"], "es");
    world
        .call("AdminDeleteUser", json!({"UserPoolId": POOL, "Username": "demo"}))
        .await
        .ok();
    assert_eq!(world.answer("demo", &challenge["Session"], "4").await.error(), INVALID);
}

#[tokio::test]
async fn an_administrator_signs_in_the_same_way() {
    let world = World::new();
    let start = json!({
        "UserPoolId": POOL, "ClientId": CLIENT, "AuthFlow": "CUSTOM_AUTH", "AuthParameters": {"USERNAME": "demo"},
    });
    let challenge = world.call("AdminInitiateAuth", start).await.ok();
    let answer = json!({
        "UserPoolId": POOL, "ClientId": CLIENT, "ChallengeName": "CUSTOM_CHALLENGE", "Session": challenge["Session"],
        "ChallengeResponses": {"USERNAME": "demo", "ANSWER": "4"},
    });
    assert!(world.call("AdminRespondToAuthChallenge", answer).await.ok()["AuthenticationResult"].is_object());
}

#[tokio::test]
async fn the_debug_channel_is_there_only_when_asked_for() {
    let world = World::new();
    let challenge = world.start("demo").await;
    let path = format!("/debug/answer?session={}", challenge["Session"].as_str().unwrap());
    let expected = json!({"challenge": "SUM", "privateChallengeParameters": {"challenge": "SUM", "answer": "4"}});
    assert_eq!(world.get(&path).await.ok(), expected);
    assert_eq!(world.get("/debug/answer?session=AAAA").await.status, 404);
    let mut settings = world.state.settings.clone();
    settings.debug_answers = false;
    let quiet = crate::UserPools::new(settings).unwrap();
    let request = axum::http::Request::get(path).body(axum::body::Body::empty()).unwrap();
    let response = tower::ServiceExt::oneshot(quiet.router(), request).await.unwrap();
    assert_eq!(response.status(), 404);
}
