//! The rules for answers that users may enroll.

use std::collections::BTreeSet;

use super::{Question, hash};
use crate::texts::Texts;
use crate::verify::MAX_ANSWER_CHARS;

/// The minimum number of questions that a user enrolls. With three, the question asked reveals little about the others.
pub const FEWEST_QUESTIONS: usize = 3;

/// The minimum length of an answer, in characters after normalizing. Chinese, Japanese and Korean characters count as
/// two, because many names of people and towns have two of them.
pub const SHORTEST_ANSWER: usize = 3;

/// The attributes of a user that others know. No answer may equal one of their values or the username.
pub const KNOWN_TO_OTHERS: [&str; 7] = [
    "email",
    "family_name",
    "given_name",
    "name",
    "nickname",
    "phone_number",
    "preferred_username",
];

/// The key of the text with placeholder answers that people often give, separated by commas. Each language has its own.
const DENIED: &str = "SECURITY_QUESTION.denied";

/// Checks `answers`, pairs of a question and its answer, against the rules.
///
/// `known` is what others know about the user, such as the name and the e-mail address. `texts` has the questions and
/// the denied answers in all languages.
///
/// # Errors
///
/// Returns an error for the first answer that breaks a rule. The message names the question and never the answer.
pub fn check(answers: &[(&Question, &str)], known: &[&str], texts: &Texts) -> Result<(), PolicyError> {
    let mut ids = BTreeSet::new();
    let mut said = BTreeSet::new();
    let known: Vec<String> = known
        .iter()
        .flat_map(|text| [*text, local_part(text)])
        .map(hash::normalise)
        .collect();
    let denied: BTreeSet<String> = texts
        .in_all_languages(DENIED)
        .flat_map(|list| list.split(','))
        .map(hash::normalise)
        .collect();
    for (question, answer) in answers {
        let id = question.id;
        // Checked before normalizing, which changes the number of characters: verify measures the answer that the
        // client sent.
        let too_long = answer.chars().nth(MAX_ANSWER_CHARS).is_some();
        let answer = hash::normalise(answer);
        if !ids.insert(id) {
            return Err(PolicyError::AskedTwice { id });
        }
        if length(&answer) < SHORTEST_ANSWER {
            return Err(PolicyError::TooShort { id });
        }
        if too_long {
            return Err(PolicyError::TooLong { id });
        }
        if known.contains(&answer) {
            return Err(PolicyError::KnownToOthers { id });
        }
        if denied.contains(&answer) || all_alike(&answer) {
            return Err(PolicyError::TooCommon { id });
        }
        if texts
            .in_all_languages(&question.key())
            .any(|text| words(text).contains(&answer))
        {
            return Err(PolicyError::FromTheQuestion { id });
        }
        if !said.insert(answer) {
            return Err(PolicyError::SaidTwice { id });
        }
    }
    if answers.len() < FEWEST_QUESTIONS {
        return Err(PolicyError::TooFew {
            questions: answers.len(),
        });
    }
    Ok(())
}

/// Returns the part of an e-mail address before the `@`, or all of `text` if it has none.
fn local_part(text: &str) -> &str {
    text.split('@').next().unwrap_or(text)
}

/// Returns the length of an answer, as defined for [`SHORTEST_ANSWER`].
fn length(answer: &str) -> usize {
    answer.chars().map(|c| if is_east_asian(c) { 2 } else { 1 }).sum()
}

/// Returns whether `c` is an ideograph, a kana or a Hangul syllable.
fn is_east_asian(c: char) -> bool {
    matches!(c, '\u{3005}' | '\u{3040}'..='\u{30ff}' | '\u{3400}'..='\u{9fff}' | '\u{ac00}'..='\u{d7a3}' | '\u{20000}'..='\u{3ffff}')
}

fn all_alike(answer: &str) -> bool {
    let mut characters = answer.chars();
    let first = characters.next();
    characters.all(|character| Some(character) == first)
}

/// Returns the words of a question, normalized.
fn words(text: &str) -> BTreeSet<String> {
    text.split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(hash::normalise)
        .collect()
}

/// The reason why answers may not be enrolled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PolicyError {
    /// A question has two answers.
    #[error("question `{id}` has two answers: give one answer to each question")]
    AskedTwice {
        /// The question.
        id: &'static str,
    },
    /// The answer is a word of its question.
    #[error("the answer to `{id}` is a word of the question: choose an answer that the question does not contain")]
    FromTheQuestion {
        /// The question.
        id: &'static str,
    },
    /// The answer is the user's name or e-mail address.
    #[error("the answer to `{id}` is the user's name or e-mail address: choose an answer that others do not know")]
    KnownToOthers {
        /// The question.
        id: &'static str,
    },
    /// Two questions have the same answer.
    #[error("the answer to `{id}` is also the answer to another question: choose a different answer for each question")]
    SaidTwice {
        /// The question.
        id: &'static str,
    },
    /// The answer is one that an attacker tries first.
    #[error("the answer to `{id}` is too easy to guess: choose another answer")]
    TooCommon {
        /// The question.
        id: &'static str,
    },
    /// There are fewer questions than [`FEWEST_QUESTIONS`].
    #[error("{questions} questions are answered: answer at least {FEWEST_QUESTIONS}")]
    TooFew {
        /// The number of questions.
        questions: usize,
    },
    /// The answer has more characters than [`MAX_ANSWER_CHARS`]. Verify rejects longer answers.
    #[error("the answer to `{id}` is too long: give at most {MAX_ANSWER_CHARS} characters")]
    TooLong {
        /// The question.
        id: &'static str,
    },
    /// The answer is shorter than [`SHORTEST_ANSWER`].
    #[error(
        "the answer to `{id}` is too short: give at least {SHORTEST_ANSWER} characters, or two of Chinese, Japanese or Korean"
    )]
    TooShort {
        /// The question.
        id: &'static str,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(answers: &[(&str, &str)]) -> Option<PolicyError> {
        let answers: Vec<_> = answers
            .iter()
            .map(|(id, answer)| (Question::with_id(id).unwrap(), *answer))
            .collect();
        check(&answers, &["ada", "ada.lovelace@example.com"], &Texts::standard()).err()
    }

    fn with_first(answer: &str) -> Option<PolicyError> {
        refused(&[
            ("first-pet", answer),
            ("birth-city", "Seattle"),
            ("first-teacher", "Ms Ada"),
        ])
    }

    #[test]
    fn good_answers_pass() {
        for answer in ["Peccy", "北京", "たま", "초코", "Łódź", "ليلى"] {
            assert_eq!(with_first(answer), None, "{answer}");
        }
    }

    #[test]
    fn an_answer_is_at_most_as_long_as_verify_accepts() {
        // Normalized, `ﷺ` is 18 characters, and a decomposed `é` is one. The limit counts the characters that were
        // typed.
        for (letter, characters) in [("aé", 2), ("ﷺz", 2), ("e\u{301}b ", 4)] {
            let longest = letter.repeat(MAX_ANSWER_CHARS / characters);
            assert_eq!(longest.chars().count(), MAX_ANSWER_CHARS);
            assert_eq!(with_first(&longest), None, "{letter}");
            let longer = format!("{longest}x");
            assert_eq!(with_first(&longer), Some(PolicyError::TooLong { id: "first-pet" }));
        }
        let refused = with_first(&"hunter2".repeat(MAX_ANSWER_CHARS)).unwrap().to_string();
        assert_eq!(
            refused,
            "the answer to `first-pet` is too long: give at most 1024 characters"
        );
    }

    #[test]
    fn bad_answers_are_rejected_in_every_variant() {
        let id = "first-pet";
        for (answer, why) in [
            ("Jo", PolicyError::TooShort { id }),
            ("  x  ", PolicyError::TooShort { id }),
            ("ADA", PolicyError::KnownToOthers { id }),
            ("Ada.Lovelace", PolicyError::KnownToOthers { id }),
            ("ada.lovelace@EXAMPLE.com", PolicyError::KnownToOthers { id }),
            ("Password", PolicyError::TooCommon { id }),
            ("No Sé", PolicyError::TooCommon { id }),
            ("aaaa", PolicyError::TooCommon { id }),
            ("Pet", PolicyError::FromTheQuestion { id }),
            ("MASCOTA", PolicyError::FromTheQuestion { id }),
            ("京", PolicyError::TooShort { id }),
            ("秘密", PolicyError::TooCommon { id }),
            ("비밀번호", PolicyError::TooCommon { id }),
            ("لا أعرف", PolicyError::TooCommon { id }),
            ("Weiß ich NICHT", PolicyError::TooCommon { id }),
        ] {
            assert_eq!(with_first(answer), Some(why), "{answer}");
        }
    }

    #[test]
    fn three_questions_with_different_answers_are_required() {
        assert_eq!(
            with_first(" SEATTLE "),
            Some(PolicyError::SaidTwice { id: "birth-city" })
        );
        assert_eq!(
            refused(&[("first-pet", "Peccy"), ("first-pet", "Rex"), ("birth-city", "Seattle")]),
            Some(PolicyError::AskedTwice { id: "first-pet" })
        );
        assert_eq!(
            refused(&[("first-pet", "Peccy"), ("birth-city", "Seattle")]),
            Some(PolicyError::TooFew { questions: 2 })
        );
    }

    #[test]
    fn messages_never_contain_the_answer() {
        let error = with_first("Password").unwrap().to_string();
        assert!(!error.to_lowercase().contains("password"), "{error}");
    }

    #[test]
    fn denied_answers_are_not_too_short() {
        let texts = Texts::standard();
        for list in texts.in_all_languages(DENIED) {
            for denied in list.split(',').map(hash::normalise) {
                assert!(length(&denied) >= SHORTEST_ANSWER, "{denied}");
            }
        }
    }
}
