//! `CAPTCHA`: the user types the letters and digits of a picture or a sound.

use async_trait::async_trait;

use crate::private::same;
use crate::verify::{Answer, CannotJudge, Verdict, Verifier, Why};

/// The name of this challenge.
pub const NAME: &str = "CAPTCHA";

/// Private parameter: the letters in the picture, or the spoken digits if there is no picture.
pub const ANSWER: &str = "answer";

/// Private parameter: the spoken digits, if there is a picture too.
pub const SPOKEN_ANSWER: &str = "spokenAnswer";

/// Compares the letters. It ignores case and whitespace, and treats look-alikes such as `O` and `0` as equal.
pub struct CaptchaVerifier;

#[async_trait]
impl Verifier for CaptchaVerifier {
    async fn check(&self, answer: &Answer<'_>) -> Result<Verdict, CannotJudge> {
        let verdict = |name| match answer.private.get(name) {
            None => Verdict::Wrong(Why::NoSecret),
            Some(expected) => compare(expected, answer.text),
        };
        Ok(match (verdict(ANSWER), verdict(SPOKEN_ANSWER)) {
            (_, Verdict::Right) => Verdict::Right,
            (verdict, _) => verdict,
        })
    }

    fn personal(&self) -> bool {
        false
    }
}

/// Compares `typed` with the letters `expected`. An empty `expected` matches nothing.
pub fn compare(expected: &str, typed: &str) -> Verdict {
    let expected = fold(expected);
    if expected.is_empty() {
        return Verdict::Wrong(Why::NoSecret);
    }
    Verdict::of(same(&fold(typed), &expected))
}

/// Returns `letters` in upper case, without whitespace, and with one character for each group of look-alikes.
fn fold(letters: &str) -> String {
    letters
        .chars()
        .filter(|c| !c.is_whitespace())
        .flat_map(char::to_uppercase)
        .map(|letter| match letter {
            'O' => '0',
            'I' | 'L' => '1',
            'Z' => '2',
            'S' => '5',
            'B' => '8',
            'V' => 'U',
            other => other,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::compare as check;
    use super::*;

    #[test]
    fn case_and_whitespace_do_not_matter() {
        for answer in ["ACEH2", "aceh2", " a c e h 2 ", "ACE\u{3000}H2", "aCeH2\n"] {
            assert_eq!(check("ACEH2", answer), Verdict::Right, "{answer}");
        }
    }

    #[test]
    fn look_alikes_match_each_other() {
        for (expected, answer) in [("L205U", "1zosv"), ("1ZOSV", "l205u"), ("I8L", "LBi")] {
            assert_eq!(check(expected, answer), Verdict::Right, "{answer}");
        }
    }

    #[test]
    fn other_letters_are_wrong() {
        for answer in ["ACEH", "ACEH22", "ACEH3", "A-C-E-H-2", "é", "ACEH2\0"] {
            assert_eq!(check("ACEH2", answer), Verdict::Wrong(Why::Different), "{answer}");
        }
    }

    #[test]
    fn an_empty_expected_answer_matches_nothing() {
        for expected in ["", " ", "\u{3000}"] {
            for answer in ["", " ", "x"] {
                assert_eq!(check(expected, answer), Verdict::Wrong(Why::NoSecret));
            }
        }
    }
}
