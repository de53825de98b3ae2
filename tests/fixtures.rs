//! Every `CASE.event.json` gives its `CASE.response.json`, and everything else goes back as it came.
//!
//! `BLESS=1 cargo test` writes the responses. An error is the response `{"error": "its text"}`.

use std::path::Path;

use loop_tests::folder::{cases, fixtures, read, write};
use loop_tests::functions::{DEFAULT_FLOW, Functions};
use serde_json::{Value, json};

#[test]
fn define_answers_its_fixtures() {
    let functions = Functions::with_flow(DEFAULT_FLOW);
    walk("define", |event| functions.define(event));
}

#[test]
fn create_answers_its_fixtures() {
    let functions = Functions::with_flow(DEFAULT_FLOW);
    walk("create", |event| functions.create(event));
}

#[test]
fn verify_answers_its_fixtures() {
    let functions = Functions::with_flow(DEFAULT_FLOW);
    walk("verify", |event| functions.verify(event));
}

#[test]
fn pre_token_answers_its_fixtures() {
    let functions = Functions::with_flow(DEFAULT_FLOW);
    walk("pre-token", |event| functions.pre_token(event));
}

fn walk(folder: &str, function: impl Fn(Value) -> Result<Value, String>) {
    let folder = fixtures(folder);
    for case in cases(&folder, &[".event.json", ".response.json"]) {
        let event: Value = read(&folder.join(format!("{case}.event.json")));
        let response = match function(event.clone()) {
            Err(error) => json!({ "error": error }),
            Ok(answer) => {
                assert_eq!(
                    without_response(&answer),
                    without_response(&event),
                    "{case}: the envelope changed"
                );
                drawing_left_out(answer["response"].clone())
            }
        };
        compare(&folder.join(format!("{case}.response.json")), &response);
    }
}

fn compare(expectation: &Path, response: &Value) {
    if std::env::var_os("BLESS").is_some() {
        write(expectation, response);
    }
    let expected: Value = read(expectation);
    assert_eq!(*response, expected, "{}: BLESS=1 rewrites it", expectation.display());
}

/// The event as text, so that the order of its fields counts too.
fn without_response(event: &Value) -> String {
    let mut event = event.clone();
    event.as_object_mut().unwrap().remove("response");
    event.to_string()
}

/// The bytes of pictures and sounds are their makers' business, not the fixtures'.
fn drawing_left_out(mut response: Value) -> Value {
    let public = response
        .get_mut("publicChallengeParameters")
        .and_then(Value::as_object_mut);
    let urls = public
        .into_iter()
        .flatten()
        .filter(|(name, _)| ["captchaUrl", "captchaAudioUrl"].contains(&name.as_str()));
    for (_, url) in urls {
        let kind = url.as_str().unwrap().split_once(',').unwrap().0;
        *url = format!("{kind},…").into();
    }
    response
}
