//! How create starts: with a connection to S3 if it can, without if it must.

use std::fs;
use std::net::TcpListener;
use std::process::Command;

use benches::lambda::Program;
use benches::s3::S3;
use loop_tests::folder::fixtures;
use loop_tests::functions::SECRET;
use loop_tests::local::function;
use serde_json::Value;

#[test]
fn the_first_picture_goes_over_the_connection_that_was_opened_at_the_start() {
    let s3 = S3::start();
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
fn who_is_not_vouched_for_gets_no_picture() {
    let (s3, stranger) = (S3::start(), S3::start());
    let create = create(&s3.endpoint, stranger.authority().to_str().unwrap());
    create.asks();
    assert!(picture(&create).starts_with("data:image/png;base64,"));
    assert!(s3.requests.try_recv().is_err());
}

#[test]
fn an_s3_that_refuses_or_hangs_at_the_start_does_not_stop_create() {
    // Accepts and never says a word: `create` would wait for it for ever.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let hangs = format!("http://{}", silent.local_addr().unwrap());
    for endpoint in ["http://127.0.0.1:1", &hangs] {
        let create = create(endpoint, "");
        create.asks();
        assert!(picture(&create).starts_with("data:image/png;base64,"), "{endpoint}");
    }
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

/// The address of the picture that a first event is answered with.
fn picture(create: &Program) -> String {
    let event = fs::read_to_string(fixtures("create").join("unknown-user-gets-a-captcha.event.json")).unwrap();
    let (_, answer) = create.answer(&event);
    let answer: Value = serde_json::from_slice(&answer.expect("an answer, not an error")).unwrap();
    let url = &answer["response"]["publicChallengeParameters"]["captchaUrl"];
    url.as_str().unwrap().to_owned()
}
