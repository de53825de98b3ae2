//! Tests the start of create and verify: they open a connection to S3 or DynamoDB, and start without one if it is
//! unavailable.

use std::net::TcpListener;
use std::process::Command;

use benches::functions::{answered, event};
use benches::lambda::Program;
use benches::services::Services;
use loop_tests::functions::SECRET;
use loop_tests::local::function;

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
