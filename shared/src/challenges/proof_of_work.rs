//! `PROOF_OF_WORK`: a key that has to be searched for, so that nothing has to be read or heard (WCAG 2.2, 3.3.8).

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;

use super::{Challenge, Verdict, Why};
use crate::secret::{Keys, Secret, same};

/// The name of this challenge.
pub const NAME: &str = "PROOF_OF_WORK";

/// Private parameter: the key to find, 32 bytes in lower-case hex.
pub const DERIVED_KEY: &str = "derivedKey";

/// A key that is found by trying counters, answered as ALTCHA (version 2) has it: base64 of a JSON object whose
/// `solution.derivedKey` is the key in hex.
pub struct ProofOfWork;

impl Challenge for ProofOfWork {
    fn name(&self) -> &'static str {
        NAME
    }

    fn personal(&self) -> bool {
        false
    }

    fn check(&self, secret: Secret<'_>, answer: &str, _: &Keys) -> Verdict {
        let Some(expected) = secret.get(DERIVED_KEY) else {
            return Verdict::Wrong(Why::NoSecret);
        };
        let payload = STANDARD.decode(answer.trim()).unwrap_or_default();
        match serde_json::from_slice::<Payload>(&payload) {
            Err(_) => Verdict::Wrong(Why::Different),
            Ok(payload) => Verdict::of(same(&payload.solution.derived_key.to_ascii_lowercase(), expected)),
        }
    }
}

/// The part of an ALTCHA payload that says something new: the challenge itself is known.
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
    use std::collections::HashMap;

    use super::*;

    const KEY: &str = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";

    fn check(expected: &str, answer: &str) -> Verdict {
        let parameters = HashMap::from([(DERIVED_KEY.to_owned(), expected.to_owned())]);
        ProofOfWork.check(Secret::new(&parameters), answer, &Keys::parse(&"k".repeat(32)).unwrap())
    }

    fn payload(solution: &str) -> String {
        STANDARD.encode(format!(r#"{{"challenge":{{}},"solution":{solution}}}"#))
    }

    #[test]
    fn the_key_is_right_in_either_case() {
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
