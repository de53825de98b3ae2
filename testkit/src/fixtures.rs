//! Runs fixtures: for every `CASE.event.json` in a folder, the function must return the response in
//! `CASE.response.json` and leave the rest of the event unchanged.
//!
//! An expected error is the response `{"error": "its text"}`. If the environment variable `BLESS` is set, the responses
//! are written instead of compared. Data in `data:` URLs is not compared.

use std::path::Path;

use serde_json::{Value, json};

use crate::folder::{cases, read, write};
use crate::functions::Functions;
use crate::script::{People, Player, RightAnswer, Script};

/// Runs all fixtures in `folder`: the events in `define/`, `create/` and `verify/`, and the scripts in `sign-in/`. Each
/// of these folders is optional.
///
/// `configure` creates the functions with a flow. Events run with `flow`, and a script with its own flow.
///
/// # Panics
///
/// Panics if a response differs, if the folder has no fixtures, or if one file of a pair is missing.
pub fn run(folder: &Path, flow: &str, configure: &dyn Fn(&str) -> Functions, people: &People, right: &RightAnswer<'_>) {
    let functions = configure(flow);
    let mut found = false;
    let mut walked = |name: &str, function: &dyn Fn(Value) -> Result<Value, String>| {
        let folder = folder.join(name);
        if folder.is_dir() {
            found = true;
            walk(&folder, function);
        }
    };
    walked("define", &|event| functions.define(event));
    walked("create", &|event| functions.create(event));
    walked("verify", &|event| functions.verify(event));
    let scripts = folder.join("sign-in");
    if scripts.is_dir() {
        found = true;
        play(&scripts, configure, people, right);
    }
    assert!(
        found,
        "{}: has no folder define, create, verify or sign-in",
        folder.display()
    );
}

/// Compares the response of `function` to each event in `folder` with the expected response.
///
/// # Panics
///
/// Panics as [`run`] does.
pub fn walk(folder: &Path, function: &dyn Fn(Value) -> Result<Value, String>) {
    for case in cases(folder, &[".event.json", ".response.json"]) {
        let event: Value = read(&folder.join(format!("{case}.event.json")));
        let response = match function(event.clone()) {
            Err(error) => json!({ "error": error }),
            Ok(answer) => {
                assert_eq!(
                    without_response(&answer),
                    without_response(&event),
                    "{case}: the envelope changed"
                );
                without_data(answer["response"].clone())
            }
        };
        compare(&folder.join(format!("{case}.response.json")), &response);
    }
}

/// Plays each script in `folder` through the functions with its flow.
///
/// # Panics
///
/// Panics if a script ends differently than expected, or if other challenges are asked.
pub fn play(folder: &Path, configure: &dyn Fn(&str) -> Functions, people: &People, right: &RightAnswer<'_>) {
    for case in cases(folder, &[".json"]) {
        let script: Script = read(&folder.join(format!("{case}.json")));
        let functions = configure(&script.flow);
        let mut player = Player::new(&functions, &script, people, right);
        assert_eq!(player.play(), script.expect, "{case}: {}", script.description);
        if let Some(asked) = &script.asked {
            assert_eq!(player.asked, *asked, "{case}: {}", script.description);
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "a test run is configured by the environment")]
fn compare(expectation: &Path, response: &Value) {
    if std::env::var("BLESS").is_ok() {
        write(expectation, response);
    }
    let expected: Value = read(expectation);
    assert_eq!(*response, expected, "{}: BLESS=1 rewrites it", expectation.display());
}

/// Returns the event without its response, as text: the order of the fields counts too.
fn without_response(event: &Value) -> String {
    let mut event = event.clone();
    event.as_object_mut().expect("an object").remove("response");
    event.to_string()
}

/// Removes the bytes of pictures and sounds: `data:image/png;base64,…`.
fn without_data(mut response: Value) -> Value {
    let public = response
        .get_mut("publicChallengeParameters")
        .and_then(Value::as_object_mut);
    for (_, value) in public.into_iter().flatten() {
        let text = value.as_str().unwrap_or_default();
        if let Some((kind, _)) = text.split_once(',').filter(|_| text.starts_with("data:")) {
            *value = format!("{kind},…").into();
        }
    }
    response
}
