//! `PROOF_OF_WORK`: the client searches for a key, so that the user has nothing to read or hear (WCAG 2.2, 3.3.8).

use async_trait::async_trait;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;

use crate::private::same;
use crate::verify::{Answer, CannotJudge, Verdict, Verifier, Why};

/// The name of this challenge.
pub const NAME: &str = "PROOF_OF_WORK";

/// Private parameter: the key that the client must find, 32 bytes in lower-case hex.
pub const DERIVED_KEY: &str = "derivedKey";

/// Compares the key that the client found. The answer is an ALTCHA payload, version 2: base64 of a JSON object whose
/// `solution.derivedKey` is the key in hex.
pub struct ProofOfWorkVerifier;

#[async_trait]
impl Verifier for ProofOfWorkVerifier {
    async fn check(&self, answer: &Answer<'_>) -> Result<Verdict, CannotJudge> {
        Ok(match answer.private.get(DERIVED_KEY) {
            None => Verdict::Wrong(Why::NoSecret),
            Some(expected) => compare(expected, answer.text),
        })
    }

    fn personal(&self) -> bool {
        false
    }
}

/// Compares the key in `payload` with `expected`. An empty `expected` matches nothing.
fn compare(expected: &str, payload: &str) -> Verdict {
    if expected.is_empty() {
        return Verdict::Wrong(Why::NoSecret);
    }
    let payload = STANDARD.decode(payload.trim()).unwrap_or_default();
    match serde_json::from_slice::<Payload>(&payload) {
        Err(_) => Verdict::Wrong(Why::Different),
        Ok(payload) => Verdict::of(same(&payload.solution.derived_key.to_ascii_lowercase(), expected)),
    }
}

/// The part of an ALTCHA payload that verify needs. The rest repeats the challenge.
#[derive(Deserialize)]
struct Payload {
    solution: Solution,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Solution {
    derived_key: String,
}

#[cfg(test)]
mod tests {
    use super::compare as check;
    use super::*;

    const KEY: &str = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";

    fn payload(solution: &str) -> String {
        STANDARD.encode(format!(r#"{{"challenge":{{}},"solution":{solution}}}"#))
    }

    #[test]
    fn the_key_matches_in_either_case() {
        for key in [KEY.to_owned(), KEY.to_uppercase()] {
            let answer = payload(&format!(r#"{{"counter":7,"derivedKey":"{key}"}}"#));
            assert_eq!(check(KEY, &answer), Verdict::Right);
        }
    }

    #[test]
    fn anything_else_is_wrong() {
        for answer in [
            String::new(),
            KEY.to_owned(),
            payload(r#"{"counter":7}"#),
            payload(r#"{"derivedKey":""}"#),
            payload(r#"{"derivedKey":7}"#),
            payload(&format!(r#"{{"derivedKey":"{}"}}"#, &KEY[..32])),
            STANDARD.encode("null"),
            "%%%".to_owned(),
        ] {
            assert_eq!(check(KEY, &answer), Verdict::Wrong(Why::Different), "{answer}");
        }
    }

    #[test]
    fn an_empty_expected_key_matches_nothing() {
        assert_eq!(
            check("", &payload(r#"{"derivedKey":""}"#)),
            Verdict::Wrong(Why::NoSecret)
        );
    }
}
