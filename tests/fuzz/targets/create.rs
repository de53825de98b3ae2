//! Any bytes as an event for create, which must ask exactly when define says so.

#![no_main]

use std::sync::LazyLock;

use fuzz::{Functions, event, marked, tells_nothing, untyped};
use libfuzzer_sys::fuzz_target;
use serde_json::Value;

static FUNCTIONS: LazyLock<Functions> = LazyLock::new(Functions::new);

fuzz_target!(|bytes: &[u8]| {
    let Some(mut event) = event(bytes) else { return };
    if let Ok(answer) = FUNCTIONS.create(marked(&event)) {
        tells_nothing(&answer["response"]["publicChallengeParameters"].to_string());
        tells_nothing(&answer["response"]["challengeMetadata"].to_string());
    }
    let answered = FUNCTIONS.create(Value::Object(event.clone()));
    let asked = event
        .get("request")
        .is_some_and(|request| request["challengeName"] == "CUSTOM_CHALLENGE");
    if let (Ok(answer), true) = (&answered, asked) {
        keeps_its_secrets(&answer["response"]);
    }
    assert_eq!(
        answered.is_ok(),
        FUNCTIONS.create(untyped(&event)).is_ok(),
        "the client's input causes an error"
    );
    let source = event.shift_remove("triggerSource").unwrap_or_default();
    let ours = |source: &str| source.split('_').next() == Some("CreateAuthChallenge");
    if asked && (source.is_null() || source.as_str().is_some_and(ours)) {
        let session = event["request"]["session"].as_array().cloned().unwrap_or_default();
        let defined = FUNCTIONS.define(Value::Object(event));
        let asks = defined.is_ok_and(|answer| answer["response"]["challengeName"] == "CUSTOM_CHALLENGE");
        // Define cannot verify a state, and the standard types leave none. So create rejects sessions with a state that
        // define accepts.
        let has_state = session.iter().any(|entry| {
            entry["challengeMetadata"]
                .as_str()
                .is_some_and(|text| text.contains('.'))
        });
        assert!(asks || answered.is_err(), "create asks although define does not");
        assert!(!asks || answered.is_ok() || has_state, "define asks, but create does not");
    }
});

/// Checks that both halves contain only texts, and that the client does not receive what verify receives.
fn keeps_its_secrets(response: &Value) {
    let texts = |half: &str| {
        let fields = response[half].as_object().unwrap();
        assert!(!fields.is_empty());
        fields
            .iter()
            .map(|(name, value)| (name.clone(), value.as_str().unwrap().to_owned()))
            .collect::<Vec<_>>()
    };
    for (name, secret) in texts("privateChallengeParameters") {
        // The bytes of a picture may contain five letters by chance.
        for (shown, text) in texts("publicChallengeParameters")
            .into_iter()
            .filter(|(_, text)| !text.starts_with("data:"))
        {
            assert!(
                ["alternatives", "challenge", "issuedAt"].contains(&name.as_str()) || !text.contains(&secret),
                "{shown} contains {name}"
            );
        }
    }
}
