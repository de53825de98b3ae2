//! Which answers may be enrolled.

use std::collections::BTreeSet;

use super::{Question, hash};
use crate::texts::Texts;
use crate::verify::MAX_ANSWER_CHARS;

/// The fewest questions a user enrols, so that the one that is asked says little about which there are.
pub const FEWEST_QUESTIONS: usize = 3;

/// The shortest answer, in characters after normalising. A Chinese, Japanese or Korean character counts as two: many names
/// of people and towns have two of them.
pub const SHORTEST_ANSWER: usize = 3;

/// The attributes that others know of a user. With the username, their values are what no answer may be.
pub const KNOWN_TO_OTHERS: [&str; 7] = [
    "email",
    "family_name",
    "given_name",
    "name",
    "nickname",
    "phone_number",
    "preferred_username",
];

/// The text with the answers that people give to be done with it, separated by commas. Each language has its own.
const DENIED: &str = "SECURITY_QUESTION.denied";

/// Checks `answers`, pairs of a question and what a user said to it. `known` is what others know of the user, such as
/// the name and the e-mail address. `texts` are the questions in words and the denied answers, in all languages.
///
/// # Errors
///
/// The first answer that may not be enrolled; the message names its question and never the answer.
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
        // Before normalising, which changes the number of characters: verify measures an answer as it was typed.
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

/// What stands before the at sign of an e-mail address, else all of it.
fn local_part(text: &str) -> &str {
    text.split('@').next().unwrap_or(text)
}

/// The length that [`SHORTEST_ANSWER`] is about.
fn length(answer: &str) -> usize {
    answer.chars().map(|c| if is_east_asian(c) { 2 } else { 1 }).sum()
}

/// Whether `c` is an ideograph, a kana or a syllable of Hangul.
fn is_east_asian(c: char) -> bool {
    matches!(c, '\u{3005}' | '\u{3040}'..='\u{30ff}' | '\u{3400}'..='\u{9fff}' | '\u{ac00}'..='\u{d7a3}' | '\u{20000}'..='\u{3ffff}')
}

fn all_alike(answer: &str) -> bool {
    let mut characters = answer.chars();
    let first = characters.next();
    characters.all(|character| Some(character) == first)
}

/// The words of a question, normalised.
fn words(text: &str) -> BTreeSet<String> {
    text.split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(hash::normalise)
        .collect()
}

/// Why answers may not be enrolled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PolicyError {
    /// One question has two answers.
    #[error("question `{id}` is answered twice: answer each once")]
    AskedTwice {
        /// The question.
        id: &'static str,
    },
    /// A word of the question.
    #[error("the answer to `{id}` is a word of the question: give one that has to be known")]
    FromTheQuestion {
        /// The question.
        id: &'static str,
    },
    /// The user's name or address.
    #[error("the answer to `{id}` is the user's name or e-mail address: give one that others do not know")]
    KnownToOthers {
        /// The question.
        id: &'static str,
    },
    /// The same answer to two questions.
    #[error("the answer to `{id}` was given to another question already: give each its own")]
    SaidTwice {
        /// The question.
        id: &'static str,
    },
    /// What anybody would try first.
    #[error("the answer to `{id}` is one that anybody would try: give another")]
    TooCommon {
        /// The question.
        id: &'static str,
    },
    /// Fewer questions than [`FEWEST_QUESTIONS`].
    #[error("{questions} questions are answered: answer at least {FEWEST_QUESTIONS}")]
    TooFew {
        /// How many there are.
        questions: usize,
    },
    /// More characters than [`MAX_ANSWER_CHARS`], which verify would never read.
    #[error("the answer to `{id}` is too long: give at most {MAX_ANSWER_CHARS} characters")]
    TooLong {
        /// The question.
        id: &'static str,
    },
    /// Fewer characters than [`SHORTEST_ANSWER`].
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
    fn an_answer_has_at_most_the_characters_that_verify_reads() {
        // Normalised, `ﷺ` is 18 characters; a decomposed `é` is one. What counts is what is typed.
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
    fn bad_answers_are_refused_however_they_are_spelt() {
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
    fn each_question_has_its_own_answer_and_there_are_three() {
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
    fn messages_never_hold_the_answer() {
        let error = with_first("Password").unwrap().to_string();
        assert!(!error.to_lowercase().contains("password"), "{error}");
    }

    #[test]
    fn no_denied_answer_is_too_short_to_be_one() {
        let texts = Texts::standard();
        for list in texts.in_all_languages(DENIED) {
            for denied in list.split(',').map(hash::normalise) {
                assert!(length(&denied) >= SHORTEST_ANSWER, "{denied}");
            }
        }
    }
}
