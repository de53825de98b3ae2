//! Tests that the built functions respond to the fixtures' events as the libraries do, on every processor architecture.

use std::time::{SystemTime, UNIX_EPOCH};

use cognito_challenge_testkit::functions::NOW_SECONDS;
use loop_tests::folder::{cases, read};
use loop_tests::functions::{DEFAULT_FLOW, PICTURES, SECRET, fixtures};
use loop_tests::runtime_api::Function;
use serde_json::{Value, json};

#[test]
fn define_verify_and_pre_token_generation_respond_like_the_libraries() {
    let own = [
        ("AUTH_FLOW", DEFAULT_FLOW),
        ("AUTH_SESSION_MINUTES", "3"),
        ("CHALLENGE_SECRET", SECRET),
    ];
    for (name, folder, environment) in [
        ("define-auth-challenge", "define", &own[..1]),
        ("verify-auth-challenge", "verify", &own[..]),
        ("pre-token-generation", "pre-token", &[]),
    ] {
        for (case, event, answer, expected) in answered(&Function::start(name, environment), folder) {
            let Some(expected) = expected else {
                assert_eq!(answer["errorMessage"], "internal error", "{case}");
                continue;
            };
            let mut whole = event;
            whole["response"] = expected;
            assert_eq!(answer, whole, "{case}");
        }
    }
}

#[test]
fn create_responds_like_the_library_except_for_random_values() {
    let own = [
        ("AUTH_FLOW", DEFAULT_FLOW),
        ("AUTH_SESSION_MINUTES", "3"),
        ("CHALLENGE_SECRET", SECRET),
        ("PROOF_OF_WORK_TRIES", "2"),
    ];
    let function = Function::start("create-auth-challenge", &[&own[..], &PICTURES].concat());
    // Random values, and values that depend on them or on the time.
    let drawn = [
        "answer",
        "captchaUrl",
        "captchaAudioUrl",
        "derivedKey",
        "issuedAt",
        "proofOfWork",
        "spokenAnswer",
    ];
    for (case, _, answer, expected) in answered(&function, "create") {
        let Some(expected) = expected else {
            assert_eq!(answer["errorMessage"], "internal error", "{case}");
            continue;
        };
        let shape = |response: &Value| {
            let mut response = response.clone();
            for side in ["publicChallengeParameters", "privateChallengeParameters"] {
                let parameters = response[side].as_object_mut().into_iter().flatten();
                for (name, value) in parameters {
                    if drawn.contains(&name.as_str()) {
                        *value = "drawn".into();
                    } else if name == "answerHash" {
                        // A decoy has a salt and a hash of its own each time.
                        *value = value.as_str().and_then(|hash| hash.rsplitn(3, '$').last()).into();
                    }
                }
            }
            response
        };
        assert_eq!(shape(&answer["response"]), shape(&expected), "{case}");
    }
}

/// Returns the cases of a folder: the name, the event with its times shifted to now, the response of `function`, and
/// the expected response. The latter is `None` if the case expects an error.
fn answered(function: &Function, folder: &str) -> Vec<(String, Value, Value, Option<Value>)> {
    let folder = fixtures(folder);
    let answer = |case: String| {
        let mut event: Value = read(&folder.join(format!("{case}.event.json")));
        let expected: Value = read(&folder.join(format!("{case}.response.json")));
        if let Some(issued_at) = event.pointer_mut("/request/privateChallengeParameters/issuedAt")
            && let Some(seconds) = issued_at.as_str().and_then(|text| text.parse::<u64>().ok())
        {
            *issued_at = json!((seconds + now() - NOW_SECONDS).to_string());
        }
        let answer = function.invoke(&event).answer;
        let expected = expected.get("error").is_none().then_some(expected);
        (case, event, answer, expected)
    };
    cases(&folder, &[".event.json", ".response.json"])
        .into_iter()
        // These cases depend on the second, which can change before the function reads the clock.
        .filter(|case| {
            ![
                "answer-in-the-last-second-is-right",
                "question-from-the-future-is-wrong",
            ]
            .contains(&case.as_str())
        })
        .map(answer)
        .collect()
}

#[expect(clippy::disallowed_methods, reason = "the functions run now")]
fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()
}
