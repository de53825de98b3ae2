//! Any bytes as an event for verify.

#![no_main]

use std::sync::LazyLock;

use fuzz::{Functions, event, marked, tells_nothing, untyped};
use libfuzzer_sys::fuzz_target;
use serde_json::Value;

static FUNCTIONS: LazyLock<Functions> = LazyLock::new(Functions::new);

fuzz_target!(|bytes: &[u8]| {
    let Some(event) = event(bytes) else { return };
    if let Ok(answer) = FUNCTIONS.verify(marked(&event)) {
        tells_nothing(&answer["response"].to_string());
    }
    let answered = FUNCTIONS.verify(Value::Object(event.clone()));
    let unanswered = FUNCTIONS.verify(untyped(&event));
    assert_eq!(answered.is_ok(), unanswered.is_ok(), "the client's input causes an error");
    let Ok(answer) = answered else { return };
    assert_eq!(
        unanswered.unwrap()["response"]["answerCorrect"],
        false,
        "no answer is right"
    );
    if answer["response"]["answerCorrect"].as_bool().unwrap() {
        assert!(!event["request"]["challengeAnswer"].as_str().unwrap().trim().is_empty());
    }
});
