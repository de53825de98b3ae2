//! The questions that a user has enrolled, stored in a user attribute.

use std::collections::BTreeMap;
use std::fmt;
use std::thread::{self, ScopedJoinHandle};

use super::policy::{self, PolicyError};
use super::{AnswerHash, HashError, Question};
use crate::keys::Keys;
use crate::texts::Texts;

/// The user attribute that stores the enrollment. The app client may neither read nor write it.
pub const ATTRIBUTE: &str = "custom:security_questions";

/// The longest value of a custom attribute that Cognito accepts, in characters.
pub const MAX_ATTRIBUTE_CHARS: usize = 2048;

/// A user's enrolled questions: a map from question id to Argon2id hash.
#[derive(Clone)]
pub struct Enrollment(BTreeMap<&'static str, AnswerHash>);

impl Enrollment {
    /// Checks `answers` with [`policy::check`] and hashes them with [`Enrollment::new`]. `admin` and the function
    /// `enrolment` use it for user input.
    ///
    /// # Errors
    ///
    /// Returns an error if an answer may not be enrolled, and the errors of [`Enrollment::new`].
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

    /// Hashes `answers`, pairs of a question id and an answer, each with its own `salt`.
    ///
    /// All hashes are computed at once, each on its own thread with 19 MiB of memory.
    ///
    /// # Errors
    ///
    /// Returns an error for an unknown question, for an answer that is empty or too long, and if the attribute cannot
    /// hold all questions.
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

    /// Reads the value of [`ATTRIBUTE`].
    ///
    /// It omits a question that the catalogue no longer has, and one whose hash is unreadable. A value that is not an
    /// enrollment is read as an empty enrollment.
    pub fn parse(attribute: &str) -> Self {
        let stored: BTreeMap<String, serde_json::Value> = serde_json::from_str(attribute).unwrap_or_default();
        let known = stored
            .iter()
            .filter_map(|(id, hash)| Some((Question::with_id(id)?.id, AnswerHash::parse(hash.as_str()?)?)));
        Self(known.collect())
    }

    /// Returns the value to store in [`ATTRIBUTE`].
    pub fn to_attribute(&self) -> String {
        let stored: serde_json::Map<_, _> = self
            .0
            .iter()
            .map(|(id, hash)| ((*id).to_owned(), hash.to_string().into()))
            .collect();
        serde_json::Value::Object(stored).to_string()
    }

    /// Returns whether no question is enrolled. The value of [`ATTRIBUTE`] may still contain unreadable entries.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns the enrolled questions.
    pub fn questions(&self) -> Vec<&'static Question> {
        self.0.keys().filter_map(|id| Question::with_id(id)).collect()
    }

    /// Returns the hash of the answer to `question`.
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
    /// An answer cannot be hashed.
    #[error(transparent)]
    Hash(#[from] HashError),
    /// The answers may not be enrolled.
    #[error(transparent)]
    Policy(#[from] PolicyError),
    /// The attribute cannot hold all questions.
    #[error("the enrollment has {length} characters, but the attribute holds at most 2048: enroll fewer questions")]
    TooMany {
        /// The length of the enrollment, in characters.
        length: usize,
    },
    /// The catalogue does not have the question.
    #[error("unknown question `{id}`")]
    UnknownQuestion {
        /// The id that the caller passed.
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
    fn an_enrollment_is_read_back_from_its_attribute() {
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
    fn unreadable_entries_are_omitted() {
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
    fn an_answer_longer_than_verify_accepts_cannot_be_enrolled() {
        let said = "hunter2".repeat(200);
        let refused = Enrollment::new([("first-pet", said.as_str())], &keys(), || [1; 16]).unwrap_err();
        assert_eq!(
            refused.to_string(),
            "the answer is too long: give at most 1024 characters"
        );
    }

    #[test]
    fn unknown_questions_and_empty_answers_cannot_be_enrolled() {
        assert!(Enrollment::new([("no-such", "x")], &keys(), || [1; 16]).is_err());
        assert!(Enrollment::new([("first-pet", " \u{3000}")], &keys(), || [1; 16]).is_err());
    }

    #[test]
    fn debug_prints_no_hash() {
        let enrolled = Enrollment::new([("first-pet", "Peccy")], &keys(), || [1; 16]).unwrap();
        assert_eq!(format!("{enrolled:?}"), "Enrollment(1 questions)");
    }
}
