//! The triggers before and after a sign-in and before tokens: their calls, their events, and the effect of an error.

use std::sync::{Arc, OnceLock};

use serde_json::{Value, json};

use super::world::{Answer, CLIENT, INCORRECT, Outcome, PASSWORD, POOL, World, agree, claim};
use crate::State;
use crate::lambda::Failure;
use crate::srp::client::Client;

const ALL: [&str; 3] = ["PreAuthentication", "PostAuthentication", "PreTokenGeneration"];

fn world() -> World {
    World::with_triggers(&ALL, json!({}), json!({}), agree)
}

/// Creates a world in which one function always misbehaves.
fn misbehaving(function: &'static str, outcome: impl Fn() -> Outcome + Send + Sync + 'static) -> World {
    World::with_triggers(&ALL, json!({}), json!({}), move |name, event| {
        if name == function {
            outcome()
        } else {
            agree(name, event)
        }
    })
}

async fn sign_in(world: &World) -> Answer {
    let parameters = json!({"USERNAME": "demo", "PASSWORD": PASSWORD});
    world.initiate("USER_PASSWORD_AUTH", parameters).await
}

/// Returns the request in the newest event of `function`.
fn request(world: &World, function: &str) -> Value {
    world.events(function).last().unwrap()["request"].clone()
}

fn sources(world: &World) -> Vec<String> {
    let events = world.events("PreTokenGeneration").into_iter();
    events
        .map(|event| event["triggerSource"].as_str().unwrap().to_owned())
        .collect()
}

#[tokio::test]
async fn a_sign_in_calls_them_in_order_with_cognitos_events() {
    let world = world();
    let body = json!({
        "AuthFlow": "USER_PASSWORD_AUTH", "ClientId": CLIENT, "ClientMetadata": {"from": "start"},
        "AuthParameters": {"USERNAME": "demo", "PASSWORD": PASSWORD},
    });
    world.call("InitiateAuth", body).await.ok();
    assert_eq!(world.calls(), ALL);
    let event = world.events("PreAuthentication")[0].clone();
    let attributes = event["request"]["userAttributes"].clone();
    assert_eq!(attributes["cognito:user_status"], "CONFIRMED");
    assert_eq!(attributes["email_verified"], "true");
    assert_eq!(
        event,
        json!({
            "version": "1", "region": "us-east-1", "userPoolId": POOL, "userName": "demo",
            "callerContext": {"awsSdkVersion": "aws-sdk-unknown-unknown", "clientId": CLIENT},
            "triggerSource": "PreAuthentication_Authentication",
            "request": {
                "userAttributes": attributes, "validationData": {"from": "start"}, "userNotFound": false,
            },
            "response": {},
        })
    );
    let event = world.events("PostAuthentication")[0].clone();
    assert_eq!(event["triggerSource"], "PostAuthentication_Authentication");
    assert_eq!(
        event["request"],
        json!({"userAttributes": attributes, "newDeviceUsed": false}),
        "what starts a sign-in says nothing to what ends it"
    );
    assert_eq!(event["response"], json!({}));
    let event = world.events("PreTokenGeneration")[0].clone();
    assert_eq!(event["triggerSource"], "TokenGeneration_Authentication");
    assert_eq!(event["version"], "1");
    let groups = json!({"groupsToOverride": [], "iamRolesToOverride": [], "preferredRole": null});
    assert_eq!(
        event["request"],
        json!({"userAttributes": attributes, "groupConfiguration": groups})
    );
    assert_eq!(event["response"], json!({"claimsOverrideDetails": null}));
}

#[tokio::test]
async fn an_order_that_is_not_certain_is_said_once() {
    let world = world();
    sign_in(&world).await.ok();
    let said = |line: &&String| line.contains("PostAuthentication and PreTokenGeneration: which of them");
    assert_eq!(world.log().iter().filter(said).count(), 1);
}

#[tokio::test]
async fn client_metadata_reaches_each_from_the_request_that_calls_it() {
    let world = world();
    let srp = Client::new([7; 32]);
    let parameters = json!({"USERNAME": "demo", "CHALLENGE_NAME": "SRP_A", "SRP_A": srp.srp_a()});
    let start = json!({
        "AuthFlow": "CUSTOM_AUTH", "ClientId": CLIENT, "AuthParameters": parameters, "ClientMetadata": {"n": "1"},
    });
    let asked = world.call("InitiateAuth", start).await.ok();
    let respond = |challenge: &str, responses: Value, session: &Value, metadata: Value| {
        let body = json!({
            "ClientId": CLIENT, "ChallengeName": challenge, "ChallengeResponses": responses, "Session": session,
            "ClientMetadata": metadata,
        });
        world.call("RespondToAuthChallenge", body)
    };
    let responses = claim(&srp, &asked, PASSWORD);
    let asked = respond("PASSWORD_VERIFIER", responses, &asked["Session"], json!({"n": "2"}))
        .await
        .ok();
    let answer = json!({"USERNAME": "demo", "ANSWER": "4"});
    respond("CUSTOM_CHALLENGE", answer, &asked["Session"], json!({"n": "3"}))
        .await
        .ok();
    assert_eq!(world.calls().first().unwrap(), "PreAuthentication");
    assert_eq!(world.events("PreAuthentication").len(), 1);
    let before = request(&world, "PreAuthentication");
    assert_eq!(before["validationData"], json!({"n": "1"}));
    assert!(before.get("clientMetadata").is_none());
    for function in ["PostAuthentication", "PreTokenGeneration"] {
        assert_eq!(world.events(function).len(), 1);
        assert_eq!(request(&world, function)["clientMetadata"], json!({"n": "3"}));
    }
    assert!(world.events("Define")[0]["request"].get("clientMetadata").is_none());
    assert_eq!(sources(&world), ["TokenGeneration_Authentication"]);
}

#[tokio::test]
async fn each_can_refuse_and_its_words_reach_the_client() {
    for function in ALL {
        let world = misbehaving(function, || Outcome::Fail(Failure::Error("not today".into())));
        let text = format!("{function} failed with error not today.");
        assert_eq!(
            sign_in(&world).await.error(),
            ("UserLambdaValidationException", text.as_str())
        );
        assert_eq!(world.calls().last().unwrap(), function, "nothing comes after a refusal");
    }
}

#[tokio::test]
async fn each_bad_answer_is_refused_and_its_reason_told_to_the_terminal() {
    for (function, response, why) in [
        (
            "PreAuthentication",
            json!({"x": 1}),
            "`response.x` is not a field of this trigger's response (known: none)",
        ),
        ("PostAuthentication", json!(null), "`response` is not an object"),
        (
            "PreTokenGeneration",
            json!({"claimsOverrideDetails": []}),
            "`response.claimsOverrideDetails` is a list, should be an object",
        ),
        (
            "PreTokenGeneration",
            json!({"claimsOverrideDetails": {"claimsToAddOrOverride": {"level": 3}}}),
            "`response.claimsOverrideDetails.claimsToAddOrOverride.level` is a number, should be a string",
        ),
        (
            "PreTokenGeneration",
            json!({"claimsOverrideDetails": {"claimsToSuppress": "email"}}),
            "`response.claimsOverrideDetails.claimsToSuppress` is a string, should be a list of strings",
        ),
        (
            "PreTokenGeneration",
            json!({"claimsOverrideDetails": {"groupOverrideDetails": {"groups": []}}}),
            "`response.claimsOverrideDetails.groupOverrideDetails.groups` is not a field",
        ),
        (
            "PreTokenGeneration",
            json!({"claimsAndScopeOverrideDetails": {}}),
            "`response.claimsAndScopeOverrideDetails` is not a field",
        ),
    ] {
        let world = misbehaving(function, move || Outcome::Response(response.clone()));
        assert_eq!(
            sign_in(&world).await.error(),
            ("InvalidLambdaResponseException", "Unrecognizable lambda output"),
            "{why}"
        );
        assert!(
            world.log().iter().any(|line| line.contains(why)),
            "{why}: {:?}",
            world.log()
        );
    }
}

#[tokio::test(start_paused = true)]
async fn each_is_tried_three_times_if_it_hangs() {
    for function in ALL {
        let world = misbehaving(function, || Outcome::Hang);
        let text = format!("{function} invocation failed due to error Socket timeout while invoking Lambda function.");
        assert_eq!(
            sign_in(&world).await.error(),
            ("UnexpectedLambdaException", text.as_str())
        );
        assert_eq!(world.events(function).len(), 3);
    }
}

#[tokio::test]
async fn a_session_is_dead_after_a_function_refused_its_end() {
    for function in ["PostAuthentication", "PreTokenGeneration"] {
        let world = misbehaving(function, || Outcome::Fail(Failure::Error("no".into())));
        let challenge = world.start("demo").await;
        let reply = world.answer("demo", &challenge["Session"], "4").await;
        assert_eq!(reply.error().0, "UserLambdaValidationException");
        let reply = world.answer("demo", &challenge["Session"], "4").await;
        assert_eq!(
            reply.error(),
            ("NotAuthorizedException", "Invalid session for the user.")
        );
    }
}

#[tokio::test]
async fn functions_see_nonexistent_users_only_if_users_are_hidden() {
    let parameters = json!({"USERNAME": "nobody", "PASSWORD": PASSWORD});
    let hidden = world();
    let reply = hidden.initiate("USER_PASSWORD_AUTH", parameters.clone()).await;
    assert_eq!(reply.error(), INCORRECT);
    assert_eq!(hidden.calls(), ["PreAuthentication"]);
    assert_eq!(
        request(&hidden, "PreAuthentication"),
        json!({"userAttributes": {}, "validationData": null, "userNotFound": true})
    );
    let legacy = json!({"PreventUserExistenceErrors": "LEGACY"});
    let open = World::with_triggers(&ALL, json!({}), legacy, agree);
    let reply = open.initiate("USER_PASSWORD_AUTH", parameters).await;
    assert_eq!(reply.error(), ("UserNotFoundException", "User does not exist."));
    assert!(open.calls().is_empty());
    sign_in(&open).await.ok();
    assert!(request(&open, "PreAuthentication").get("userNotFound").is_none());
}

#[tokio::test]
async fn a_wrong_password_is_known_to_the_function_before_and_to_no_other() {
    let world = world();
    let parameters = json!({"USERNAME": "demo", "PASSWORD": "wrong"});
    let reply = world.initiate("USER_PASSWORD_AUTH", parameters).await;
    assert_eq!(reply.error(), INCORRECT);
    assert_eq!(world.calls(), ["PreAuthentication"]);
}

#[tokio::test]
async fn a_custom_sign_in_without_a_password_leaves_out_the_function_before_and_says_so() {
    let world = world();
    let challenge = world.start("demo").await;
    world.answer("demo", &challenge["Session"], "4").await.ok();
    let calls = [
        "Define",
        "Create",
        "Verify",
        "Define",
        "PostAuthentication",
        "PreTokenGeneration",
    ];
    assert_eq!(world.calls(), calls);
    assert!(
        world
            .log()
            .iter()
            .any(|line| line.contains("PreAuthentication is not called"))
    );
}

/// A user with a temporary password answers `NEW_PASSWORD_REQUIRED`.
async fn choose_password(world: &World, password: &str) -> Answer {
    let user = json!({"UserPoolId": POOL, "Username": "jane", "TemporaryPassword": "Temp0rary!"});
    world.call("AdminCreateUser", user).await.ok();
    let parameters = json!({"USERNAME": "jane", "PASSWORD": "Temp0rary!"});
    let asked = world.initiate("USER_PASSWORD_AUTH", parameters).await.ok();
    let responses = json!({"USERNAME": "jane", "NEW_PASSWORD": password});
    world
        .respond("NEW_PASSWORD_REQUIRED", responses, &asked["Session"])
        .await
}

#[tokio::test]
async fn tokens_for_a_new_password_can_be_rejected_and_the_password_is_still_set() {
    let world = World::with_triggers(&["PreTokenGeneration"], json!({}), json!({}), |function, event| {
        if event["triggerSource"] == "TokenGeneration_NewPasswordChallenge" {
            return Outcome::Fail(Failure::Error("internal error".into()));
        }
        agree(function, event)
    });
    let reply = choose_password(&world, "L4sting!pw").await;
    assert_eq!(
        reply.error(),
        (
            "UserLambdaValidationException",
            "PreTokenGeneration failed with error internal error."
        )
    );
    let parameters = json!({"USERNAME": "jane", "PASSWORD": "L4sting!pw"});
    let reply = world.initiate("USER_PASSWORD_AUTH", parameters).await.ok();
    assert!(reply["AuthenticationResult"].is_object());
    assert_eq!(
        sources(&world),
        ["TokenGeneration_NewPasswordChallenge", "TokenGeneration_Authentication"]
    );
}

#[tokio::test]
async fn a_refresh_asks_before_tokens_alone() {
    let world = world();
    let tokens = sign_in(&world).await.ok()["AuthenticationResult"].clone();
    let before = world.calls().len();
    let parameters = json!({"REFRESH_TOKEN": tokens["RefreshToken"]});
    let start = json!({
        "AuthFlow": "REFRESH_TOKEN_AUTH", "ClientId": CLIENT, "AuthParameters": parameters,
        "ClientMetadata": {"n": "1"},
    });
    world.call("InitiateAuth", start).await.ok();
    assert!(request(&world, "PreTokenGeneration").get("clientMetadata").is_none());
    let renew = json!({"ClientId": CLIENT, "RefreshToken": tokens["RefreshToken"], "ClientMetadata": {"n": "2"}});
    world.call("GetTokensFromRefreshToken", renew).await.ok();
    assert_eq!(
        request(&world, "PreTokenGeneration")["clientMetadata"],
        json!({"n": "2"})
    );
    assert_eq!(world.calls()[before..], ["PreTokenGeneration", "PreTokenGeneration"]);
    assert_eq!(sources(&world)[1..], ["TokenGeneration_RefreshTokens"; 2]);
}

#[tokio::test]
async fn a_refused_refresh_gives_nothing() {
    let world = World::with_triggers(&["PreTokenGeneration"], json!({}), json!({}), |function, event| {
        if event["triggerSource"] == "TokenGeneration_RefreshTokens" {
            return Outcome::Fail(Failure::Error("no".into()));
        }
        agree(function, event)
    });
    let tokens = sign_in(&world).await.ok()["AuthenticationResult"].clone();
    let parameters = json!({"REFRESH_TOKEN": tokens["RefreshToken"]});
    let reply = world.initiate("REFRESH_TOKEN_AUTH", parameters).await;
    assert_eq!(
        reply.error(),
        (
            "UserLambdaValidationException",
            "PreTokenGeneration failed with error no."
        )
    );
}

#[tokio::test]
async fn a_user_disabled_while_a_function_runs_gets_no_tokens() {
    let state: Arc<OnceLock<Arc<State>>> = Arc::default();
    let seen = Arc::clone(&state);
    let world = World::with_triggers(&["PreTokenGeneration"], json!({}), json!({}), move |function, event| {
        if let Some(state) = seen.get() {
            let pool = state.directory.pool(POOL).unwrap();
            let off = |user: &mut crate::users::User| {
                user.disabled = true;
                Ok(())
            };
            let user = state.directory.update_user(&pool, "demo", off).unwrap();
            state.directory.revoke_user(&user, state.clock.now()).unwrap();
        }
        agree(function, event)
    });
    let tokens = sign_in(&world).await.ok()["AuthenticationResult"].clone();
    assert!(state.set(Arc::clone(&world.state)).is_ok());
    assert_eq!(
        sign_in(&world).await.error(),
        ("NotAuthorizedException", "User is disabled.")
    );
    let on = json!({"UserPoolId": POOL, "Username": "demo"});
    world.call("AdminEnableUser", on).await.ok();
    let parameters = json!({"REFRESH_TOKEN": tokens["RefreshToken"]});
    let reply = world.initiate("REFRESH_TOKEN_AUTH", parameters).await;
    assert_eq!(
        reply.error(),
        ("NotAuthorizedException", "Refresh Token has been revoked")
    );
}

#[tokio::test]
async fn a_pool_made_over_the_api_runs_them_too() {
    let world = World::with(json!({}), json!({}), agree);
    let arn = "arn:aws:lambda:us-east-1:123456789012:function:Before:7";
    let config = json!({
        "PreAuthentication": "arn:aws:lambda:us-east-1:123456789012:function:Gate",
        "PreTokenGenerationConfig": {"LambdaVersion": "V2_0", "LambdaArn": arn},
    });
    let made = json!({"PoolName": "p", "LambdaConfig": config});
    let pool = world.call("CreateUserPool", made).await.ok()["UserPool"].clone();
    let described = &pool["LambdaConfig"];
    let arn = "arn:aws:lambda:us-east-1:000000000000:function:Before";
    assert_eq!(
        described["PreTokenGenerationConfig"],
        json!({"LambdaVersion": "V2_0", "LambdaArn": arn})
    );
    assert_eq!(described["PreTokenGeneration"], arn);
    let pool = &pool["Id"];
    let client = json!({"UserPoolId": pool, "ClientName": "c", "ExplicitAuthFlows": ["ALLOW_USER_PASSWORD_AUTH"]});
    let client = world.call("CreateUserPoolClient", client).await.ok()["UserPoolClient"]["ClientId"].clone();
    world
        .call("AdminCreateUser", json!({"UserPoolId": pool, "Username": "ana"}))
        .await
        .ok();
    let password = json!({"UserPoolId": pool, "Username": "ana", "Password": PASSWORD, "Permanent": true});
    world.call("AdminSetUserPassword", password).await.ok();
    let start = json!({
        "ClientId": client, "AuthFlow": "USER_PASSWORD_AUTH",
        "AuthParameters": {"USERNAME": "ana", "PASSWORD": PASSWORD},
    });
    world.call("InitiateAuth", start).await.ok();
    assert_eq!(world.calls(), ["Gate", "Before"]);
    assert_eq!(world.events("Before")[0]["version"], "2");
    let wrong = json!({
        "PreTokenGeneration": "arn:aws:lambda:us-east-1:123456789012:function:A",
        "PreTokenGenerationConfig": {"LambdaVersion": "V1_0", "LambdaArn": "arn:aws:lambda:us-east-1:123456789012:function:B"},
    });
    let reply = world
        .call("CreateUserPool", json!({"PoolName": "p", "LambdaConfig": wrong}))
        .await;
    assert_eq!(reply.error().0, "InvalidParameterException");
}
