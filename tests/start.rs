//! Tests the start of create and verify: they open a connection to S3 or DynamoDB, and start without one if it is
//! unavailable.

use std::collections::BTreeSet;
use std::net::TcpListener;
use std::process::Command;

use benches::functions::{answered, event};
use benches::lambda::Program;
use benches::services::Services;
use cognito_challenge::challenges::siteverify::TURNSTILE;
use loop_tests::functions::{REACHABLE, SECRET};
use loop_tests::local::function;
use serde_json::{Value, json};

#[test]
fn the_first_picture_uses_the_connection_that_was_opened_at_the_start() {
    let s3 = Services::start();
    let create = create(&s3.endpoint, s3.authority().to_str().unwrap());
    create.asks();
    let opened = s3.requests.try_recv().expect("a request before the first event");
    assert_ne!(opened.method, "PUT");
    let url = picture(&create);
    assert!(url.starts_with(&s3.endpoint), "{url}");
    let put = s3.requests.recv().unwrap();
    assert_eq!((put.method.as_str(), put.from), ("PUT", opened.from));
}

#[test]
fn an_untrusted_s3_gets_no_picture() {
    let (s3, stranger) = (Services::start(), Services::start());
    let create = create(&s3.endpoint, stranger.authority().to_str().unwrap());
    create.asks();
    assert!(picture(&create).starts_with("data:image/png;base64,"));
    assert!(s3.requests.try_recv().is_err());
}

#[test]
fn an_s3_that_rejects_or_hangs_at_the_start_does_not_stop_create() {
    // A server that accepts connections and never responds.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let hangs = format!("http://{}", silent.local_addr().unwrap());
    for endpoint in ["http://127.0.0.1:1", &hangs] {
        let create = create(endpoint, "");
        create.asks();
        assert!(picture(&create).starts_with("data:image/png;base64,"), "{endpoint}");
    }
}

#[test]
fn the_first_answer_is_counted_with_the_connection_that_was_opened_at_the_start() {
    let dynamodb = Services::start();
    let verify = verify(&dynamodb.endpoint, dynamodb.authority().to_str().unwrap());
    verify.asks();
    let opened = dynamodb.requests.try_recv().expect("a request before the first event");
    assert!(is_right(&verify));
    let counted: Vec<_> = dynamodb.requests.try_iter().collect();
    assert!(!counted.is_empty());
    assert!(counted.iter().all(|request| request.from == opened.from));
}

#[test]
fn an_untrusted_dynamodb_gets_no_request_and_no_answer_is_right() {
    let (dynamodb, stranger) = (Services::start(), Services::start());
    let verify = verify(&dynamodb.endpoint, stranger.authority().to_str().unwrap());
    verify.asks();
    assert!(!is_right(&verify));
    assert!(dynamodb.requests.try_recv().is_err());
}

#[test]
fn the_first_message_uses_the_connections_that_were_opened_at_the_start() {
    for flow in ["EMAIL_CODE:3", "SMS_CODE:3"] {
        let services = Services::start();
        let create = sending(flow, &services.endpoint, services.authority().to_str().unwrap());
        create.asks();
        let opened: BTreeSet<_> = services.requests.try_iter().map(|request| request.from).collect();
        assert_eq!(
            opened.len(),
            2,
            "{flow}: one connection to DynamoDB and one to the message service"
        );
        let mut event = cognito_challenge_testkit::functions::event("CreateAuthChallenge", &reachable(), false);
        event["request"]["challengeName"] = "CUSTOM_CHALLENGE".into();
        // The response of these services does not have SNS's format.
        let _ = create.answer(&event.to_string());
        let used: Vec<_> = services.requests.try_iter().map(|request| request.from).collect();
        assert_eq!(
            used.len(),
            3,
            "{flow}: the count is read and written, and the message is sent"
        );
        assert!(used.iter().all(|from| opened.contains(from)), "{flow}");
    }
}

#[test]
fn the_first_token_uses_the_connection_that_was_opened_at_the_start() {
    let provider = Services::start();
    let endpoint = format!("{}/siteverify", provider.endpoint);
    let verify = Program::start(
        &mut Command::new(function("verify-auth-challenge")),
        &[
            ("AUTH_FLOW", "TURNSTILE:3"),
            ("AUTH_SESSION_MINUTES", "3"),
            ("AWS_CA_BUNDLE", provider.authority().to_str().unwrap()),
            ("CAPTCHA_HOSTNAMES", "localhost"),
            ("CHALLENGE_SECRET", SECRET),
            ("TURNSTILE_ENDPOINT", &endpoint),
            ("TURNSTILE_SECRET", "secret"),
        ],
    );
    verify.asks();
    let opened = provider.requests.try_recv().expect("a request before the first event");
    assert_eq!(opened.bytes, 0, "the request has no body");
    let mut event = answered(TURNSTILE.name, TURNSTILE.nonce, "00112233445566778899aabbccddeeff");
    event["request"]["challengeAnswer"] = "a-token-of-32-characters-or-more".into();
    assert_eq!(verify.reply(&event)["response"]["answerCorrect"], false);
    let asked = provider.requests.recv().unwrap();
    assert_eq!((asked.method.as_str(), asked.from), ("POST", opened.from));
}

/// Returns the attributes of a user who can receive messages.
fn reachable() -> Value {
    let mut attributes = json!({"sub": "s", "cognito:user_status": "CONFIRMED"});
    for (name, value) in REACHABLE {
        attributes[name] = value.into();
    }
    attributes
}

fn sending(flow: &str, endpoint: &str, authority: &str) -> Program {
    Program::start(
        &mut Command::new(function("create-auth-challenge")),
        &[
            ("ATTEMPTS_TABLE", "attempts"),
            ("AUTH_FLOW", flow),
            ("AUTH_SESSION_MINUTES", "3"),
            ("AWS_CA_BUNDLE", authority),
            ("AWS_ENDPOINT_URL", endpoint),
            ("CHALLENGE_SECRET", SECRET),
            ("MAIL_FROM", "sign-in@example.com"),
        ],
    )
}

fn create(endpoint: &str, authority: &str) -> Program {
    Program::start(
        &mut Command::new(function("create-auth-challenge")),
        &[
            ("AUTH_FLOW", "PASSWORD,CAPTCHA:3"),
            ("AUTH_SESSION_MINUTES", "3"),
            ("AWS_CA_BUNDLE", authority),
            ("AWS_ENDPOINT_URL_S3", endpoint),
            ("CAPTCHA_BUCKET", "pictures"),
            ("CHALLENGE_SECRET", SECRET),
        ],
    )
}

fn verify(endpoint: &str, authority: &str) -> Program {
    Program::start(
        &mut Command::new(function("verify-auth-challenge")),
        &[
            ("ATTEMPTS_TABLE", "attempts"),
            ("AUTH_FLOW", "CAPTCHA:3"),
            ("AUTH_SESSION_MINUTES", "3"),
            ("AWS_CA_BUNDLE", authority),
            ("AWS_ENDPOINT_URL_DYNAMODB", endpoint),
            ("CHALLENGE_SECRET", SECRET),
        ],
    )
}

/// Returns whether `verify` accepts a right answer.
fn is_right(verify: &Program) -> bool {
    let answer = verify.reply(&answered("CAPTCHA", "answer", "ACEH2"));
    answer["response"]["answerCorrect"].as_bool().unwrap()
}

/// Returns the address of the picture in the response to a first event.
fn picture(create: &Program) -> String {
    let answer = create.reply(&event("create/unknown-user-gets-a-captcha"));
    let url = &answer["response"]["publicChallengeParameters"]["captchaUrl"];
    url.as_str().unwrap().to_owned()
}
