//! The answering half that `EMAIL_CODE`, `SMS_CODE` and `MAGIC_LINK` share: the user returns a code or a token that was
//! sent.

mod digits;

use std::time::UNIX_EPOCH;

use async_trait::async_trait;

use crate::private::same;
use crate::verify::{Answer, CannotJudge, Verdict, Verifier, Why};

pub use digits::fold;

/// Private parameter: the code or the token that was sent.
pub const CODE: &str = "code";

/// Private parameter: the time at which the code expires, in seconds since 1970.
pub const EXPIRES: &str = "codeExpires";

/// Compares an answer with the code that was sent. It accepts digits of any script, with whitespace and dashes between
/// them.
///
/// Challenge types in other crates can use it too, because it is not tied to a challenge name.
pub struct CodeVerifier;

#[async_trait]
impl Verifier for CodeVerifier {
    async fn check(&self, answer: &Answer<'_>) -> Result<Verdict, CannotJudge> {
        Ok(compare(answer, &fold(answer.text)))
    }
}

/// Compares an answer with the token of the link that was sent.
pub struct TokenVerifier;

#[async_trait]
impl Verifier for TokenVerifier {
    async fn check(&self, answer: &Answer<'_>) -> Result<Verdict, CannotJudge> {
        Ok(compare(answer, answer.text.trim()))
    }
}

/// Compares `typed` with the expected code and checks that the code has not expired. An empty code matches nothing.
fn compare(answer: &Answer<'_>, typed: &str) -> Verdict {
    let expires = answer.private.get(EXPIRES).and_then(|seconds| seconds.parse().ok());
    let (Some(code), Some(expires)) = (answer.private.get(CODE), expires) else {
        return Verdict::Wrong(Why::NoSecret);
    };
    let now = answer.now.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    match same(typed, code) {
        _ if code.trim().is_empty() => Verdict::Wrong(Why::NoSecret),
        true if now > expires => Verdict::Wrong(Why::Late),
        equal => Verdict::of(equal),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;
    use std::pin::pin;
    use std::task::{Context, Poll, Waker};
    use std::time::Duration;

    use super::*;
    use crate::keys::Keys;
    use crate::private::PrivateParameters;
    use crate::user::{Existence, User};

    const NOW: u64 = 1_767_225_600;

    fn check(verifier: &dyn Verifier, private: &[(&str, &str)], text: &str) -> Verdict {
        let private = private.iter().map(|(name, value)| ((*name).into(), (*value).into()));
        let (private, attributes): (HashMap<String, String>, _) = (private.collect(), HashMap::new());
        let user = User::new("p", "ada", Existence::Existing, &attributes);
        let keys = Keys::parse(&"k".repeat(32)).unwrap();
        let now = UNIX_EPOCH + Duration::from_secs(NOW);
        let answer = Answer::new(text, PrivateParameters::new(&private), user, &keys, now);
        let mut context = Context::from_waker(Waker::noop());
        match pin!(verifier.check(&answer)).poll(&mut context) {
            Poll::Ready(verdict) => verdict.unwrap(),
            Poll::Pending => panic!("the check did not finish at once"),
        }
    }

    fn code(code: &str, text: &str) -> Verdict {
        check(&CodeVerifier, &[(CODE, code), (EXPIRES, "1767225600")], text)
    }

    #[test]
    fn a_code_matches_in_the_forms_that_people_paste() {
        for text in [
            "012345",
            " 012 345 ",
            "012-345",
            "012\u{2013}345\n",
            "\u{200b}012\u{a0}345\u{feff}",
            "０１２３４５",
            "\u{660}\u{661}\u{662}\u{663}\u{664}\u{665}",
            "\u{6f0}\u{6f1}\u{6f2}\u{6f3}\u{6f4}\u{6f5}",
            "\u{966}\u{967}\u{968}\u{969}\u{96a}\u{96b}",
        ] {
            assert_eq!(code("012345", text), Verdict::Right, "{text}");
        }
    }

    #[test]
    fn another_code_is_wrong() {
        for text in [
            "12345",
            "0123456",
            "012346",
            "O12345",
            "012345x",
            "①②",
            "012.345",
            "0\u{0}12345",
        ] {
            assert_eq!(code("012345", text), Verdict::Wrong(Why::Different), "{text}");
        }
        let long = "012345".repeat(1700);
        assert_eq!(code("012345", &long), Verdict::Wrong(Why::Different));
    }

    #[test]
    fn an_empty_code_matches_nothing() {
        for expected in ["", " "] {
            for text in ["", " ", "-", "0"] {
                assert_eq!(code(expected, text), Verdict::Wrong(Why::NoSecret), "{expected} {text}");
            }
        }
        for private in [[(CODE, "012345")].as_slice(), &[(CODE, "012345"), (EXPIRES, "soon")]] {
            assert_eq!(check(&CodeVerifier, private, "012345"), Verdict::Wrong(Why::NoSecret));
        }
    }

    #[test]
    fn a_code_is_accepted_until_it_expires() {
        let expires = |seconds: u64, text| {
            let seconds = seconds.to_string();
            check(&CodeVerifier, &[(CODE, "012345"), (EXPIRES, &seconds)], text)
        };
        assert_eq!(expires(NOW, "012345"), Verdict::Right);
        assert_eq!(expires(NOW - 1, "012345"), Verdict::Wrong(Why::Late));
        assert_eq!(expires(NOW - 1, "012346"), Verdict::Wrong(Why::Different));
    }

    #[test]
    fn only_the_exact_token_matches() {
        let token = |text| check(&TokenVerifier, &[(CODE, "aB-_9"), (EXPIRES, "1767225600")], text);
        assert_eq!(token(" aB-_9\n"), Verdict::Right);
        for text in ["AB-_9", "aB_9", "aB-_", "#link=aB-_9", "aB-_9 x"] {
            assert_eq!(token(text), Verdict::Wrong(Why::Different), "{text}");
        }
    }
}
