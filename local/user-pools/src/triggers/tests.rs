use serde_json::{Value, json};

use super::*;
use crate::pools::{Pool, Triggers};
use crate::users::{Status, User};

fn pool() -> Pool {
    Pool::new(
        "us-east-1_p".into(),
        "p".into(),
        Triggers::default(),
        serde_json::Map::new(),
        Duration::ZERO,
    )
    .unwrap()
}

fn user() -> User {
    User {
        name: "ana".into(),
        sub: "the sub".into(),
        attributes: [("email".to_owned(), "a@example.com".to_owned())].into(),
        password: None,
        password_set: Duration::ZERO,
        status: Status::Confirmed,
        disabled: false,
        codes: crate::users::codes::Codes::default(),
        mfa: crate::users::mfa::UserMfa::default(),
        devices: Vec::new(),
        created: Duration::ZERO,
        modified: Duration::ZERO,
    }
}

/// Runs `test` with the context of ana's sign-in.
fn with_context<T>(test: impl FnOnce(Context<'_>) -> T) -> T {
    let (pool, user) = (pool(), user());
    let session = [Round {
        challenge: CUSTOM_CHALLENGE,
        result: false,
        metadata: Some("CAPTCHA".into()),
    }];
    test(Context {
        sign_in: None,
        region: "us-east-1",
        pool: &pool,
        client: "client",
        user_name: "ana",
        user: Some(&user),
        says_user_not_found: true,
        session: &session,
        client_metadata: &BTreeMap::new(),
    })
}

fn text(event: &Bytes) -> &str {
    std::str::from_utf8(event).unwrap()
}

const HEAD: &str = r#"{"version":"1","region":"us-east-1","userPoolId":"us-east-1_p","userName":"ana","callerContext":{"awsSdkVersion":"aws-sdk-unknown-unknown","clientId":"client"},"triggerSource":""#;
const ATTRIBUTES: &str =
    r#""userAttributes":{"sub":"the sub","cognito:user_status":"CONFIRMED","email":"a@example.com"}"#;

#[test]
fn events_are_cognitos_to_the_byte() {
    with_context(|context| {
        assert_eq!(
            text(
                &Context {
                    session: &[],
                    ..context
                }
                .define()
                .unwrap()
            ),
            format!(
                r#"{HEAD}DefineAuthChallenge_Authentication","request":{{{ATTRIBUTES},"session":[],"userNotFound":false}},"response":{{"challengeName":null,"issueTokens":null,"failAuthentication":null}}}}"#
            )
        );
        assert_eq!(
            text(&context.create().unwrap()),
            format!(
                r#"{HEAD}CreateAuthChallenge_Authentication","request":{{{ATTRIBUTES},"challengeName":"CUSTOM_CHALLENGE","session":[{{"challengeName":"CUSTOM_CHALLENGE","challengeResult":false,"challengeMetadata":"CAPTCHA"}}],"userNotFound":false}},"response":{{"publicChallengeParameters":null,"privateChallengeParameters":null,"challengeMetadata":null}}}}"#
            )
        );
        let private = [("answer".to_owned(), "x".to_owned())].into();
        assert_eq!(
            text(&context.verify(&private, "typed").unwrap()),
            format!(
                r#"{HEAD}VerifyAuthChallengeResponse_Authentication","request":{{{ATTRIBUTES},"privateChallengeParameters":{{"answer":"x"}},"challengeAnswer":"typed","userNotFound":false}},"response":{{"answerCorrect":null}}}}"#
            )
        );
    });
}

#[test]
fn user_not_found_is_said_only_where_the_client_hides_users() {
    with_context(|context| {
        let request = |context: Context<'_>| {
            let event: Value = serde_json::from_slice(&context.define().unwrap()).unwrap();
            event["request"].clone()
        };
        assert_eq!(
            request(Context {
                says_user_not_found: false,
                ..context
            })
            .get("userNotFound"),
            None
        );
        let unknown = request(Context { user: None, ..context });
        assert_eq!(unknown["userNotFound"], json!(true));
        assert_eq!(unknown["userAttributes"], json!({}));
        let metadata = [("locale".to_owned(), "es".to_owned())].into();
        let with = request(Context {
            client_metadata: &metadata,
            ..context
        });
        assert_eq!(with["clientMetadata"], json!({"locale": "es"}));
    });
}

fn answered<A: Response>(trigger: Trigger, change: impl FnOnce(&mut Value)) -> Result<A, Error> {
    with_context(|context| {
        let event = match trigger {
            Trigger::Create => context.create(),
            Trigger::Define => context.define(),
            Trigger::Verify => context.verify(&BTreeMap::new(), ""),
            other => panic!("{other:?} has events of its own"),
        };
        let mut event: Value = serde_json::from_slice(&event.unwrap()).unwrap();
        change(&mut event);
        response::read(&serde_json::to_vec(&event).unwrap(), trigger, &context)
    })
}

fn why<A: Response>(trigger: Trigger, change: impl FnOnce(&mut Value)) -> String {
    let Err(error) = answered::<A>(trigger, change) else {
        panic!("the answer was taken")
    };
    assert_eq!(
        error.to_string(),
        "InvalidLambdaResponseException: Unrecognizable lambda output"
    );
    error.why.unwrap().into_owned()
}

#[test]
fn an_untouched_event_is_an_answer_that_says_nothing() {
    assert_eq!(
        answered::<Defined>(Trigger::Define, |_| {}).unwrap(),
        Defined::default()
    );
    assert!(answered::<Created>(Trigger::Create, |_| {}).unwrap() == Created::default());
    assert!(!answered::<Verified>(Trigger::Verify, |_| {}).unwrap().0);
}

#[test]
fn a_wrong_field_of_the_response_is_named() {
    let said = why::<Created>(Trigger::Create, |event| {
        event["response"] = json!({"publicChallengeParameters": {"step": 2}});
    });
    assert_eq!(
        said,
        "`response.publicChallengeParameters.step` is a number, should be a string"
    );
    for (response, said) in [
        (
            json!({"challengeName": 1}),
            "`response.challengeName` is a number, should be a string",
        ),
        (
            json!({"issueTokens": "true"}),
            "`response.issueTokens` is a string, should be true or false",
        ),
        (
            json!({"challengeParameters": {}}),
            "`response.challengeParameters` is not a field of this trigger's response (known: challengeName, issueTokens, \
             failAuthentication)",
        ),
        (json!([]), "`response` is not an object"),
        (json!(null), "`response` is not an object"),
    ] {
        assert_eq!(
            why::<Defined>(Trigger::Define, |event| event["response"] = response),
            said
        );
    }
    for (response, said) in [
        (
            json!({"privateChallengeParameters": {"a": null}}),
            "`response.privateChallengeParameters.a` is null, should be a string",
        ),
        (
            json!({"privateChallengeParameters": []}),
            "`response.privateChallengeParameters` is a list, should be an object of strings",
        ),
        (
            json!({"challengeMetadata": {}}),
            "`response.challengeMetadata` is an object, should be a string",
        ),
    ] {
        assert_eq!(
            why::<Created>(Trigger::Create, |event| event["response"] = response),
            said
        );
    }
    let said = why::<Verified>(Trigger::Verify, |event| event["response"] = json!({"answerCorrect": 1}));
    assert_eq!(said, "`response.answerCorrect` is a number, should be true or false");
}

#[test]
fn the_event_has_to_come_back() {
    let keys = [
        "version",
        "region",
        "userPoolId",
        "userName",
        "callerContext",
        "triggerSource",
        "request",
        "response",
    ];
    for key in keys {
        let said = why::<Defined>(Trigger::Define, |event| {
            drop(event.as_object_mut().unwrap().remove(key));
        });
        assert!(said.starts_with(&format!("`{key}` is ")), "{said}");
    }
    let said = why::<Defined>(Trigger::Define, |event| event["userName"] = json!("bea"));
    assert_eq!(said, "`userName` was changed: return the event that was sent");
    let said = why::<Defined>(Trigger::Define, |event| event["Response"] = json!({}));
    assert!(said.starts_with("`Response` is not a field of the event"), "{said}");
    assert!(
        answered::<Defined>(Trigger::Define, |event| event["request"]["clientMetadata"] =
            Value::Null)
        .is_ok()
    );
}

#[test]
fn what_is_no_json_has_an_error_of_its_own() {
    with_context(|context| {
        for bytes in ["", "{", "hello", "{\"a\":1"] {
            let Err(error) = response::read::<Defined>(bytes.as_bytes(), Trigger::Define, &context) else {
                panic!()
            };
            assert_eq!(error.message, "Invalid lambda function output : Invalid JSON");
        }
        for bytes in ["null", "[]", "1", "\"x\"", "{}"] {
            let Err(error) = response::read::<Defined>(bytes.as_bytes(), Trigger::Define, &context) else {
                panic!()
            };
            assert_eq!(error.message, "Unrecognizable lambda output");
        }
    });
}

#[test]
fn the_terminal_never_sees_metadata_that_may_be_secret() {
    assert_eq!(challenge_label(Some("SECURITY_QUESTION")), "SECURITY_QUESTION");
    for secret in ["CODE-123456", "hunter", "A\n", "", "ÄRGER"] {
        assert_eq!(challenge_label(Some(secret)), CUSTOM_CHALLENGE);
    }
    let rounds = [
        Round {
            challenge: "SRP_A",
            result: true,
            metadata: None,
        },
        Round {
            challenge: CUSTOM_CHALLENGE,
            result: false,
            metadata: Some("CAPTCHA".into()),
        },
        Round {
            challenge: CUSTOM_CHALLENGE,
            result: true,
            metadata: Some("CODE-123456".into()),
        },
    ];
    assert_eq!(summary(&rounds), "[SRP_A ✓, CAPTCHA ✗, CUSTOM_CHALLENGE ✓]");
}
