//! Any answer to a challenge of create: verify checks it, never fails, and accepts only right answers.

#![no_main]

use std::sync::LazyLock;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use fuzz::{Functions, NOW_SECONDS, secret, tells_nothing};
use libfuzzer_sys::fuzz_target;
use serde_json::{Value, json};

static FUNCTIONS: LazyLock<Functions> = LazyLock::new(Functions::new);

const LETTERS: &str = "ACEH2";
const CODE: &str = "0123456789";
const TOKEN: &str = "ZqJ4r1w0n8o1V6d3k9XcS2bT5yU7mA-_eGhIjKlMnOp";
const KEY: &str = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";
/// A decoy with the lowest cost. No known answer matches it.
const HASH: &str =
    "$argon2id$v=19$m=8,t=1,p=1,data=AQ$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

fuzz_target!(|bytes: &[u8]| {
    let Some((kind, typed)) = bytes.split_first() else {
        return;
    };
    // Parses the input as JSON if possible, so that all types occur; else uses it as text.
    let answer = serde_json::from_slice(typed).unwrap_or_else(|_| Value::from(String::from_utf8_lossy(typed)));
    let (challenge, name, expected) = match kind % 3 + kind / 128 * 3 {
        0 => ("CAPTCHA", "answer", LETTERS),
        1 => ("PROOF_OF_WORK", "derivedKey", KEY),
        2 => ("SECURITY_QUESTION", "answerHash", HASH),
        3 => ("EMAIL_CODE", "code", CODE),
        4 => ("MAGIC_LINK", "code", TOKEN),
        _ => ("EMAIL_CODE", "code", ""),
    };
    let private = json!({"challenge": challenge, "issuedAt": NOW_SECONDS.to_string(), name: expected, "other": secret(),
            "codeExpires": NOW_SECONDS.to_string()});
    let event = json!({
        "userName": secret(),
        "request": {"userAttributes": {"email": secret()}, "userNotFound": kind & 4 == 4,
            "privateChallengeParameters": private, "challengeAnswer": answer},
        "response": {"answerCorrect": null},
    });
    let answered = FUNCTIONS.verify(event).expect("verify checks the answer");
    tells_nothing(&answered["response"].to_string());
    if answered["response"]["answerCorrect"].as_bool().unwrap() {
        let typed = answer.as_str().expect("only a text can be right");
        match challenge {
            "CAPTCHA" => assert_eq!(
                typed
                    .split_whitespace()
                    .collect::<String>()
                    .to_uppercase()
                    .replace('Z', "2"),
                LETTERS
            ),
            "PROOF_OF_WORK" => {
                let payload = STANDARD.decode(typed.trim()).unwrap();
                assert!(String::from_utf8_lossy(&payload).to_lowercase().contains("derivedkey"));
            }
            "EMAIL_CODE" => assert_eq!(
                typed.chars().filter(|c| c.is_numeric()).count(),
                expected.len(),
                "{typed}"
            ),
            "MAGIC_LINK" => assert_eq!(typed.trim(), expected),
            _ => panic!("{typed} matches a decoy"),
        }
    }
});
