//! `CAPTCHA`: letters and digits read from a picture.

use super::{Challenge, Verdict, Why};
use crate::secret::{Keys, Secret, same};

/// The name of this challenge.
pub const NAME: &str = "CAPTCHA";

/// Private parameter: the letters in the picture.
pub const ANSWER: &str = "answer";

/// Letters and digits read from a picture, compared without regard to case, blanks and which of two look-alikes was
/// typed.
pub struct Captcha;

impl Challenge for Captcha {
    fn name(&self) -> &'static str {
        NAME
    }

    fn personal(&self) -> bool {
        false
    }

    fn check(&self, secret: Secret<'_>, answer: &str, _: &Keys) -> Verdict {
        let expected = secret.get(ANSWER).map(fold).unwrap_or_default();
        if expected.is_empty() {
            return Verdict::Wrong(Why::NoSecret);
        }
        Verdict::of(same(&fold(answer), &expected))
    }
}

/// Upper case, without blanks, and of look-alikes always the same one.
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
    use std::collections::HashMap;

    use super::*;

    fn check(expected: &str, answer: &str) -> Verdict {
        let parameters = HashMap::from([(ANSWER.to_owned(), expected.to_owned())]);
        Captcha.check(Secret::new(&parameters), answer, &Keys::parse(&"k".repeat(32)).unwrap())
    }

    #[test]
    fn case_and_blanks_do_not_matter() {
        for answer in ["ACEH2", "aceh2", " a c e h 2 ", "ACE\u{3000}H2", "aCeH2\n"] {
            assert_eq!(check("ACEH2", answer), Verdict::Right, "{answer}");
        }
    }

    #[test]
    fn look_alikes_are_the_same_on_both_sides() {
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
