//! Functions that fail, hang or return invalid responses.

use std::time::Duration;

use serde_json::{Value, json};

use super::world::{INCORRECT, Outcome, World, sums};
use crate::lambda::Failure;

/// Creates a world in which `function` misbehaves only in its call number `call`, from 1.
fn world(function: &'static str, call: usize, misbehave: impl Fn(&Value) -> Outcome + Send + Sync + 'static) -> World {
    let calls = std::sync::atomic::AtomicUsize::new(0);
    World::with(json!({}), json!({}), move |name, event| {
        if name == function && calls.fetch_add(1, std::sync::atomic::Ordering::Relaxed) + 1 == call {
            misbehave(event)
        } else {
            sums(name, event)
        }
    })
}

async fn initiate_error(world: &World) -> (String, String) {
    let answer = world.initiate("CUSTOM_AUTH", json!({"USERNAME": "demo"})).await;
    let (name, message) = answer.error();
    (name.to_owned(), message.to_owned())
}

fn pair(error: (&str, &str)) -> (String, String) {
    (error.0.to_owned(), error.1.to_owned())
}

#[tokio::test]
async fn failures_are_told_in_cognitos_words() {
    let user = "UserLambdaValidationException";
    let unexpected = "UnexpectedLambdaException";
    for (failure, error) in [
        (
            Failure::Error("no such thing".into()),
            (user, "DefineAuthChallenge failed with error no such thing."),
        ),
        (
            Failure::Crashed("RequestId: 1 Error: Runtime exited with error: exit status 129".into()),
            (
                user,
                "DefineAuthChallenge failed with error RequestId: 1 Error: Runtime exited with error: exit status 129.",
            ),
        ),
        (
            Failure::TimedOut("Task timed out after 3.00 seconds".into()),
            (
                user,
                "DefineAuthChallenge failed with error Task timed out after 3.00 seconds.",
            ),
        ),
        (
            Failure::Unknown,
            (
                unexpected,
                "DefineAuthChallenge invocation failed due to error ResourceNotFoundException.",
            ),
        ),
    ] {
        let world = world("Define", 1, move |_| Outcome::Fail(failure.clone()));
        assert_eq!(initiate_error(&world).await, pair(error));
        assert_eq!(world.calls(), ["Define"], "what a function reports is final");
        world.start("demo").await;
    }
}

#[tokio::test]
async fn each_bad_response_has_its_error_and_its_reason() {
    let bad = pair(("InvalidLambdaResponseException", "Unrecognizable lambda output"));
    for (function, response, why) in [
        (
            "Define",
            json!({"challengeName": 1}),
            "`response.challengeName` is a number",
        ),
        (
            "Define",
            json!({"issueTokens": "yes"}),
            "`response.issueTokens` is a string",
        ),
        (
            "Define",
            json!({"challenge": "x"}),
            "`response.challenge` is not a field",
        ),
        ("Define", json!({}), "not a challenge of Cognito"),
        ("Define", json!({"challengeName": ""}), "not a challenge of Cognito"),
        (
            "Define",
            json!({"challengeName": "CAPTCHA"}),
            "not a challenge of Cognito",
        ),
        (
            "Define",
            json!({"challengeName": "PASSWORD_VERIFIER"}),
            "may only follow",
        ),
        ("Define", json!({"challengeName": "SRP_A"}), "may only follow"),
        (
            "Create",
            json!({"publicChallengeParameters": {"step": 2}}),
            "`response.publicChallengeParameters.step` is a number",
        ),
        (
            "Create",
            json!({"privateChallengeParameters": {"a": {}}}),
            "`response.privateChallengeParameters.a` is an object",
        ),
        (
            "Create",
            json!({"challengeMetaData": "x"}),
            "`response.challengeMetaData` is not a field",
        ),
    ] {
        let world = world(function, 1, move |_| Outcome::Response(response.clone()));
        assert_eq!(initiate_error(&world).await, bad, "{why}");
        assert!(
            world
                .log()
                .iter()
                .any(|line| line.starts_with("! InitiateAuth") && line.contains(why)),
            "{why}: {:?}",
            world.log()
        );
    }
    let json_error = pair((
        "InvalidLambdaResponseException",
        "Invalid lambda function output : Invalid JSON",
    ));
    let world = world("Create", 1, |_| Outcome::Raw("<html>".into()));
    assert_eq!(initiate_error(&world).await, json_error);
}

#[tokio::test]
async fn no_secret_half_looks_like_a_wrong_password() {
    for response in [
        json!({}),
        json!({"privateChallengeParameters": {}}),
        json!({"privateChallengeParameters": null}),
    ] {
        let world = world("Create", 1, move |_| Outcome::Response(response.clone()));
        assert_eq!(initiate_error(&world).await, pair(INCORRECT));
        assert!(
            world
                .log()
                .iter()
                .any(|line| line.contains("`response.privateChallengeParameters` is empty"))
        );
    }
}

#[tokio::test]
async fn what_define_refuses_or_leaves_unclear_never_gives_tokens() {
    for response in [
        json!({"failAuthentication": true}),
        json!({"failAuthentication": true, "issueTokens": true}),
        json!({"failAuthentication": true, "challengeName": "CUSTOM_CHALLENGE"}),
    ] {
        let world = world("Define", 1, move |_| Outcome::Response(response.clone()));
        assert_eq!(initiate_error(&world).await, pair(INCORRECT));
    }
    let world = world("Define", 1, |_| Outcome::Response(json!({"challengeName": "SMS_MFA"})));
    let (name, message) = initiate_error(&world).await;
    assert_eq!(name, "InvalidParameterException");
    assert!(message.contains("SMS_MFA"), "{message}");
}

#[tokio::test]
async fn a_null_verdict_is_wrong() {
    let world = world("Verify", 1, |_| Outcome::Response(json!({"answerCorrect": null})));
    let challenge = world.start("demo").await;
    let next = world.answer("demo", &challenge["Session"], "4").await.ok();
    assert_eq!(next["ChallengeName"], "CUSTOM_CHALLENGE");
    assert_eq!(
        world.events("Define")[1]["request"]["session"][0]["challengeResult"],
        false
    );
}

#[tokio::test]
async fn a_session_is_dead_after_a_function_failed_on_it() {
    for function in ["Verify", "Define", "Create"] {
        let call = if function == "Verify" { 1 } else { 2 };
        let world = world(function, call, |_| Outcome::Fail(Failure::Error("oops".into())));
        let challenge = world.start("demo").await;
        let reply = world.answer("demo", &challenge["Session"], "5").await;
        assert_eq!(reply.error().0, "UserLambdaValidationException");
        let reply = world.answer("demo", &challenge["Session"], "4").await;
        assert_eq!(
            reply.error(),
            ("NotAuthorizedException", "Invalid session for the user.")
        );
        world.start("demo").await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_function_that_hangs_is_tried_three_times_for_five_seconds() {
    let world = World::with(json!({}), json!({}), |_, _| Outcome::Hang);
    let started = tokio::time::Instant::now();
    let error = initiate_error(&world).await;
    let text = "DefineAuthChallenge invocation failed due to error Socket timeout while invoking Lambda function.";
    assert_eq!(error, pair(("UnexpectedLambdaException", text)));
    assert_eq!(started.elapsed().as_secs(), 15);
    assert_eq!(world.calls().len(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_functions_own_limit_counts_only_if_it_is_shorter_than_cognitos() {
    for (seconds, exception, calls) in [
        (4, "UserLambdaValidationException", 1),
        (5, "UnexpectedLambdaException", 3),
    ] {
        let world = World::with(json!({}), json!({}), move |_, _| {
            let failure = Failure::TimedOut(format!("Task timed out after {seconds}.00 seconds"));
            Outcome::FailAfter(Duration::from_secs(seconds), failure)
        });
        assert_eq!(initiate_error(&world).await.0, exception);
        assert_eq!(world.calls().len(), calls);
    }
}

#[tokio::test(start_paused = true)]
async fn a_function_that_hangs_once_is_forgiven() {
    let world = world("Create", 1, |_| Outcome::Hang);
    let started = tokio::time::Instant::now();
    world.start("demo").await;
    assert!(started.elapsed() >= Duration::from_secs(5) && started.elapsed() < Duration::from_secs(6));
    assert_eq!(world.calls(), ["Define", "Create", "Create"]);
}

#[tokio::test(start_paused = true)]
async fn a_hanging_sign_in_keeps_no_other_waiting() {
    let world = World::with(json!({}), json!({}), |function, event| {
        if event["userName"] == "demo" {
            Outcome::Hang
        } else {
            sums(function, event)
        }
    });
    let slow = world.initiate("CUSTOM_AUTH", json!({"USERNAME": "demo"}));
    let quick = async {
        let started = tokio::time::Instant::now();
        world.start("nobody").await;
        assert!(started.elapsed() < Duration::from_secs(1));
    };
    let (slow, ()) = tokio::join!(slow, quick);
    assert_eq!(slow.error().0, "UnexpectedLambdaException");
}

#[tokio::test]
async fn a_pool_without_functions_says_so() {
    let world = World::new();
    let pool = world.call("CreateUserPool", json!({"PoolName": "bare"})).await.ok();
    let pool = &pool["UserPool"]["Id"];
    let client = world
        .call("CreateUserPoolClient", json!({"UserPoolId": pool, "ClientName": "c"}))
        .await
        .ok();
    world
        .call("AdminCreateUser", json!({"UserPoolId": pool, "Username": "ana"}))
        .await
        .ok();
    let client = &client["UserPoolClient"]["ClientId"];
    let start = json!({"ClientId": client, "AuthFlow": "CUSTOM_AUTH", "AuthParameters": {"USERNAME": "ana"}});
    let reply = world.call("InitiateAuth", start).await;
    let text = "Custom auth lambda trigger is not configured for the user pool.";
    assert_eq!(reply.error(), ("InvalidParameterException", text));
}

#[tokio::test]
async fn a_pool_made_over_the_api_names_its_functions_by_arn() {
    let world = World::new();
    let config = json!({
        "DefineAuthChallenge": "arn:aws:lambda:us-east-1:123456789012:function:Define",
        "CreateAuthChallenge": "arn:aws:lambda:us-east-1:123456789012:function:Create",
        "VerifyAuthChallengeResponse": "arn:aws:lambda:us-east-1:123456789012:function:Verify:1",
    });
    let pool = world
        .call("CreateUserPool", json!({"PoolName": "p", "LambdaConfig": config}))
        .await
        .ok();
    let pool = &pool["UserPool"]["Id"];
    let client = world
        .call("CreateUserPoolClient", json!({"UserPoolId": pool, "ClientName": "c"}))
        .await
        .ok();
    let client = &client["UserPoolClient"]["ClientId"];
    world
        .call("AdminCreateUser", json!({"UserPoolId": pool, "Username": "ana"}))
        .await
        .ok();
    let start = json!({"ClientId": client, "AuthFlow": "CUSTOM_AUTH", "AuthParameters": {"USERNAME": "ana"}});
    let challenge = world.call("InitiateAuth", start).await.ok();
    let answer = json!({
        "ClientId": client, "ChallengeName": "CUSTOM_CHALLENGE", "Session": challenge["Session"],
        "ChallengeResponses": {"USERNAME": "ana", "ANSWER": "4"},
    });
    let reply = world.call("RespondToAuthChallenge", answer).await.ok();
    assert!(
        reply["AuthenticationResult"].is_object(),
        "a temporary password is no hindrance without a password step"
    );
    assert_eq!(world.events("Define")[0]["userPoolId"], *pool);
}
