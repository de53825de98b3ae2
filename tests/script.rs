//! Right answers to the standard challenges, and a test of scripts.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

pub use cognito_challenge_testkit::script::{Answer, End, Player, Script, User};

use crate::functions::ANSWERS;

/// Returns the right answer to a challenge, from its public parameters and the private ones that only verify and tests
/// see.
///
/// # Panics
///
/// Panics if tests do not know the challenge.
pub fn right_answer(public: &Value, private: &Value) -> String {
    match public["challenge"].as_str() {
        Some("CAPTCHA") => private["answer"].as_str().unwrap().to_lowercase(),
        Some("SECURITY_QUESTION") => {
            let asked = ANSWERS.iter().find(|(id, _)| public["questionId"] == *id);
            // A decoy may ask a question that is not enrolled.
            asked.map_or("no such answer".into(), |(_, answer)| {
                format!(" {} ", answer.to_uppercase())
            })
        }
        Some("EMAIL_CODE" | "SMS_CODE") => {
            let (front, back) = private["code"].as_str().unwrap().split_at(3);
            format!(" {front}-{back}\n")
        }
        Some("MAGIC_LINK") => private["code"].as_str().unwrap().to_owned(),
        Some("PROOF_OF_WORK") => proof(public["proofOfWork"].as_str().unwrap()),
        other => panic!("no answer known to {other:?}"),
    }
}

/// Solves a puzzle with the reference library of its format, and answers as its widget does.
fn proof(challenge: &str) -> String {
    let challenge: altcha::Challenge = serde_json::from_str(challenge).unwrap();
    let solution = altcha::solve_challenge(altcha::SolveChallengeOptions::new(&challenge))
        .unwrap()
        .unwrap();
    let payload = altcha::Payload { challenge, solution };
    STANDARD.encode(serde_json::to_string(&payload).unwrap())
}
