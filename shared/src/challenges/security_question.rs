//! `SECURITY_QUESTION`: the user answers a question that was enrolled before.
//!
//! It is an extra step after a password, not a factor (NIST SP 800-63B §3.1.1; OWASP, "Choosing and Using Security
//! Questions").

mod catalogue;
mod enrollment;
mod hash;
mod link;
pub mod policy;

use async_trait::async_trait;
use tracing::{info, info_span, warn};

use crate::verify::{Answer, CannotJudge, Verdict, Verifier, Why};

pub use catalogue::{CATALOGUE, Question};
pub use enrollment::{ATTRIBUTE, EnrollError, Enrollment, MAX_ATTRIBUTE_CHARS};
pub use hash::{AnswerHash, HashError};
pub use link::{Link, LinkError};

/// The name of this challenge.
pub const NAME: &str = "SECURITY_QUESTION";

/// Private parameter: the Argon2id hash of the enrolled answer.
pub const ANSWER_HASH: &str = "answerHash";

/// Compares an answer with the keyed Argon2id hash of the enrolled answer.
pub struct SecurityQuestionVerifier;

#[async_trait]
impl Verifier for SecurityQuestionVerifier {
    async fn check(&self, answer: &Answer<'_>) -> Result<Verdict, CannotJudge> {
        Ok(match answer.private.get(ANSWER_HASH).and_then(AnswerHash::parse) {
            None => Verdict::Wrong(Why::NoSecret),
            Some(hash) => {
                let timed = info_span!("Argon2Milliseconds");
                let verdict = timed.in_scope(|| hash.verify(answer.text, answer.keys));
                // Both log lines have the field `KeyGone`. If only some users had it, their requests would take longer.
                if verdict == Verdict::Wrong(Why::KeyGone) {
                    warn!(
                        KeyGone = 1,
                        "the enrolled answer was hashed with a removed secret: enroll new answers"
                    );
                } else {
                    info!(KeyGone = 0, "the answer was compared");
                }
                verdict
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;
    use std::pin::pin;
    use std::task::{Context, Poll, Waker};

    use super::*;
    use crate::keys::Keys;
    use crate::private::PrivateParameters;
    use crate::user::{Existence, User};

    fn check(stored: &str, answer: &str) -> Verdict {
        let (parameters, attributes) = (
            HashMap::from([(ANSWER_HASH.to_owned(), stored.to_owned())]),
            HashMap::new(),
        );
        let user = User::new("p", "ada", Existence::Existing, &attributes);
        let keys = keys();
        let private = PrivateParameters::new(&parameters);
        let answer = Answer::new(answer, private, user, &keys, std::time::UNIX_EPOCH);
        let mut context = Context::from_waker(Waker::noop());
        match pin!(SecurityQuestionVerifier.check(&answer)).poll(&mut context) {
            Poll::Ready(verdict) => verdict.unwrap(),
            Poll::Pending => panic!("the check did not finish at once"),
        }
    }

    fn keys() -> Keys {
        Keys::parse(&"k".repeat(32)).unwrap()
    }

    #[test]
    fn case_spacing_and_width_of_the_enrolled_answer_do_not_matter() {
        let stored = AnswerHash::new("  Ms   Ada ", &keys(), [7; 16]).unwrap().to_string();
        for answer in ["Ms Ada", "ms ada", " MS\tADA ", "ｍｓ ａｄａ"] {
            assert_eq!(check(&stored, answer), Verdict::Right, "{answer}");
        }
        for answer in ["MsAda", "Ms Ad", "Ms Ada.", "x"] {
            assert_eq!(check(&stored, answer), Verdict::Wrong(Why::Different), "{answer}");
        }
    }

    #[test]
    fn a_value_that_is_not_a_hash_matches_nothing() {
        for stored in ["", "peccy", "$argon2id$", "$2b$12$abcdefghijklmnopqrstuv"] {
            assert_eq!(check(stored, stored), Verdict::Wrong(Why::NoSecret), "{stored}");
        }
    }

    #[test]
    fn a_hash_that_costs_too_much_matches_nothing() {
        let stored = AnswerHash::new("peccy", &keys(), [7; 16]).unwrap().to_string();
        for (cost, other) in [("m=19456", "m=4194304"), ("t=2", "t=1000"), ("p=1", "p=64")] {
            let stored = stored.replace(cost, other);
            assert_eq!(check(&stored, "peccy"), Verdict::Wrong(Why::NoSecret), "{other}");
        }
    }

    #[test]
    fn a_decoy_matches_nothing_and_has_the_length_of_a_hash() {
        let key = keys().current().id();
        let decoy = AnswerHash::decoy(key, [0; 16], [0; 32]).unwrap().to_string();
        let real = AnswerHash::new("peccy", &keys(), [7; 16]).unwrap().to_string();
        assert_eq!(decoy.len(), real.len());
        assert_eq!(check(&decoy, "peccy"), Verdict::Wrong(Why::Different));
    }
}
