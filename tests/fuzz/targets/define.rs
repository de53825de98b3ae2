//! Any bytes as an event for define.

#![no_main]

use std::sync::LazyLock;

use fuzz::{Functions, event, marked, tells_nothing, untyped};
use libfuzzer_sys::fuzz_target;
use serde_json::Value;

static FUNCTIONS: LazyLock<Functions> = LazyLock::new(Functions::new);

fuzz_target!(|bytes: &[u8]| {
    let Some(event) = event(bytes) else { return };
    if let Ok(answer) = FUNCTIONS.define(marked(&event)) {
        tells_nothing(&answer["response"].to_string());
    }
    let answered = FUNCTIONS.define(Value::Object(event.clone()));
    let plain = FUNCTIONS.define(untyped(&event));
    assert_eq!(answered.is_ok(), plain.is_ok(), "the client's input causes an error");
    let Ok(answer) = answered else { return };
    assert_eq!(
        answer["response"],
        plain.unwrap()["response"],
        "the client's input changes a decision"
    );
    let told = |name: &str| answer["response"][name].as_bool().unwrap();
    let (tokens, denied) = (told("issueTokens"), told("failAuthentication"));
    let asks = answer["response"]["challengeName"].is_string();
    assert_eq!([tokens, denied, asks].into_iter().filter(|told| *told).count(), 1);
    if tokens {
        let request = &event["request"];
        let session = request["session"].as_array().unwrap();
        let passed = |name: &str| {
            session
                .iter()
                .any(|entry| entry["challengeMetadata"] == name && entry["challengeResult"] == true)
        };
        assert!(request["userNotFound"] != true, "tokens for a nonexistent user");
        assert!(session[0]["challengeName"] == "SRP_A" && session[1]["challengeName"] == "PASSWORD_VERIFIER");
        assert!(session[1]["challengeResult"] == true && session.last().unwrap()["challengeResult"] == true);
        assert!(passed("SECURITY_QUESTION") && (passed("PROOF_OF_WORK") || passed("CAPTCHA")));
    }
});
