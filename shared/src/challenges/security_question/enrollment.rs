//! The questions a user has enrolled, as they stand in a user attribute.

use std::collections::BTreeMap;
use std::fmt;
use std::thread::{self, ScopedJoinHandle};

use super::policy::{self, PolicyError};
use super::{AnswerHash, HashError, Question};
use crate::keys::Keys;
use crate::texts::Texts;

/// The user attribute that holds the enrolment. The app client may neither read nor write it.
pub const ATTRIBUTE: &str = "custom:security_questions";

/// The longest value of a custom attribute that Cognito takes, in characters.
pub const MAX_ATTRIBUTE_CHARS: usize = 2048;

/// A user's enrolled questions: question id to Argon2id hash.
#[derive(Clone)]
pub struct Enrollment(BTreeMap<&'static str, AnswerHash>);

impl Enrollment {
    /// Checks `answers` as [`policy::check`] does, and hashes them as [`Enrollment::new`] does: what `admin` and the function
    /// `enrolment` do with what a user typed.
    ///
    /// # Errors
    ///
    /// Answers that may not be enrolled, and what [`Enrollment::new`] refuses.
    pub fn checked(
        answers: &[(&Question, &str)],
        known: &[&str],
        keys: &Keys,
        salt: impl FnMut() -> [u8; 16],
    ) -> Result<Self, EnrollError> {
        policy::check(answers, known, &Texts::standard())?;
        Self::new(
            answers.iter().map(|(question, answer)| (question.id, *answer)),
            keys,
            salt,
        )
    }

    /// Hashes `answers`, pairs of a question id and what the user said, each with a fresh `salt` and all at once: each
    /// on a thread of its own, with 19 MiB.
    ///
    /// # Errors
    ///
    /// An unknown question, an answer that is nothing but blanks or longer than verify reads, and more than the
    /// attribute holds.
    pub fn new<'a>(
        answers: impl IntoIterator<Item = (&'a str, &'a str)>,
        keys: &Keys,
        mut salt: impl FnMut() -> [u8; 16],
    ) -> Result<Self, EnrollError> {
        let enrolled: Result<_, EnrollError> = thread::scope(|threads| {
            let mut hashing = Vec::new();
            for (id, answer) in answers {
                let question = Question::with_id(id).ok_or_else(|| EnrollError::UnknownQuestion { id: id.into() })?;
                let salt = salt();
                let hash = threads.spawn(move || AnswerHash::new(answer, keys, salt));
                hashing.push((question.id, hash));
            }
            let hashed =
                |(id, hash): (_, ScopedJoinHandle<'_, _>)| Ok((id, hash.join().map_err(|_| HashError::Argon2)??));
            hashing.into_iter().map(hashed).collect()
        });
        let enrollment = Self(enrolled?);
        let length = enrollment.to_attribute().len();
        if length > MAX_ATTRIBUTE_CHARS {
            return Err(EnrollError::TooMany { length });
        }
        Ok(enrollment)
    }

    /// Reads the value of [`ATTRIBUTE`]. A question that the catalogue no longer has, or whose hash cannot be
    /// read, is left out; what is not an enrolment at all is an empty one.
    pub fn parse(attribute: &str) -> Self {
        let stored: BTreeMap<String, serde_json::Value> = serde_json::from_str(attribute).unwrap_or_default();
        let known = stored
            .iter()
            .filter_map(|(id, hash)| Some((Question::with_id(id)?.id, AnswerHash::parse(hash.as_str()?)?)));
        Self(known.collect())
    }

    /// The value of [`ATTRIBUTE`].
    pub fn to_attribute(&self) -> String {
        let stored: serde_json::Map<_, _> = self
            .0
            .iter()
            .map(|(id, hash)| ((*id).to_owned(), hash.to_string().into()))
            .collect();
        serde_json::Value::Object(stored).to_string()
    }

    /// Whether no question is enrolled. The value of [`ATTRIBUTE`] may hold what cannot be read all the same.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The enrolled questions.
    pub fn questions(&self) -> Vec<&'static Question> {
        self.0.keys().filter_map(|id| Question::with_id(id)).collect()
    }

    /// The hash of the answer to `question`.
    pub fn hash(&self, question: &Question) -> Option<&AnswerHash> {
        self.0.get(question.id)
    }
}

impl fmt::Debug for Enrollment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Enrollment({} questions)", self.0.len())
    }
}

/// Why answers could not be enrolled.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EnrollError {
    /// An answer that cannot be hashed.
    #[error(transparent)]
    Hash(#[from] HashError),
    /// Answers that may not be enrolled.
    #[error(transparent)]
    Policy(#[from] PolicyError),
    /// More questions than the attribute holds.
    #[error("the enrolment takes {length} characters, the attribute holds 2048: enrol fewer questions")]
    TooMany {
        /// The enrolment's length.
        length: usize,
    },
    /// A question that is not in the catalogue.
    #[error("unknown question `{id}`")]
    UnknownQuestion {
        /// The id that was given.
        id: String,
    },
}

#[cfg(test)]
mod tests {
    use super::super::CATALOGUE;
    use super::*;
    use crate::verify::Verdict;

    fn keys() -> Keys {
        Keys::parse(&"k".repeat(32)).unwrap()
    }

    #[test]
    fn an_enrolment_survives_the_attribute() {
        let enrolled =
            Enrollment::new([("first-pet", "Peccy"), ("birth-city", "Seattle")], &keys(), || [1; 16]).unwrap();
        let read = Enrollment::parse(&enrolled.to_attribute());
        assert_eq!(read.questions(), enrolled.questions());
        let hash = read.hash(Question::with_id("first-pet").unwrap()).unwrap();
        assert_eq!(hash.verify("peccy", &keys()), Verdict::Right);
    }

    #[test]
    fn the_whole_catalogue_fits_into_the_attribute() {
        let answers = CATALOGUE.iter().map(|question| (question.id, "some answer"));
        assert!(Enrollment::new(answers, &keys(), || [1; 16]).is_ok());
    }

    #[test]
    fn unreadable_entries_are_left_out() {
        let hash = AnswerHash::new("peccy", &keys(), [1; 16]).unwrap().to_string();
        let dear = hash.replace("t=2", "t=1000");
        let attribute = serde_json::json!({"first-pet": hash, "birth-city": "plain", "no-such": hash,
            "first-concert": 5, "first-teacher": dear});
        let ids: Vec<_> = Enrollment::parse(&attribute.to_string())
            .questions()
            .iter()
            .map(|q| q.id)
            .collect();
        assert_eq!(ids, ["first-pet"]);
        for attribute in ["", "null", "[]", "x", "{\"first-pet\":null}"] {
            assert!(Enrollment::parse(attribute).questions().is_empty(), "{attribute}");
        }
    }

    #[test]
    fn an_answer_that_verify_would_not_read_cannot_be_enrolled() {
        let said = "hunter2".repeat(200);
        let refused = Enrollment::new([("first-pet", said.as_str())], &keys(), || [1; 16]).unwrap_err();
        assert_eq!(
            refused.to_string(),
            "the answer is too long: give at most 1024 characters"
        );
    }

    #[test]
    fn unknown_questions_and_blank_answers_cannot_be_enrolled() {
        assert!(Enrollment::new([("no-such", "x")], &keys(), || [1; 16]).is_err());
        assert!(Enrollment::new([("first-pet", " \u{3000}")], &keys(), || [1; 16]).is_err());
    }

    #[test]
    fn debug_prints_no_hash() {
        let enrolled = Enrollment::new([("first-pet", "Peccy")], &keys(), || [1; 16]).unwrap();
        assert_eq!(format!("{enrolled:?}"), "Enrollment(1 questions)");
    }
}
