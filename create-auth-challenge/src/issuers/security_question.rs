//! Asks a question that the user has enrolled, or one that looks like it.

use std::collections::BTreeMap;

use async_trait::async_trait;
use rand::CryptoRng;
pub use shared::challenges::security_question::NAME;
use shared::challenges::security_question::{
    self as challenge, ANSWER_HASH, ATTRIBUTE, AnswerHash, CATALOGUE, Enrollment,
};
use shared::lambda::{ConfigError, Environment};
use shared::secret::Keys;
use tracing::warn;

use super::{IssueError, Issuer, Question, Request};

/// Makes the issuer from `CHALLENGE_SECRET`.
///
/// # Errors
///
/// A secret that is missing or too short.
pub fn configure(environment: &Environment) -> Result<Box<dyn Issuer>, ConfigError> {
    Ok(Box::new(SecurityQuestion {
        keys: environment.required("CHALLENGE_SECRET", Keys::parse)?,
    }))
}

struct SecurityQuestion {
    keys: Keys,
}

impl SecurityQuestion {
    /// A question of the user's own, with the hash of its answer.
    fn enrolled(&self, request: &Request<'_>) -> Option<(&'static challenge::Question, AnswerHash)> {
        let enrollment = Enrollment::parse(request.attributes.get(ATTRIBUTE).map_or("", String::as_str));
        let question = challenge::Question::choose(&enrollment.questions(), &self.keys, request.user, request.now)?;
        Some((question, enrollment.hash(question)?.clone()))
    }

    /// A question of the catalogue, chosen by the same rule, with a hash that no answer matches.
    fn decoy(
        &self,
        request: &Request<'_>,
        rng: &mut (dyn CryptoRng + Send),
    ) -> Result<(&'static challenge::Question, AnswerHash), IssueError> {
        let all: Vec<_> = CATALOGUE.iter().collect();
        let question = challenge::Question::choose(&all, &self.keys, request.user, request.now);
        let (mut salt, mut output) = ([0; 16], [0; 32]);
        rng.fill_bytes(&mut salt);
        rng.fill_bytes(&mut output);
        question
            .zip(AnswerHash::decoy(salt, output).ok())
            .ok_or(IssueError::Decoy)
    }
}

#[async_trait]
impl Issuer for SecurityQuestion {
    async fn issue(&self, request: &Request<'_>, rng: &mut (dyn CryptoRng + Send)) -> Result<Question, IssueError> {
        let (question, hash) = match self.enrolled(request) {
            Some(enrolled) if request.found => enrolled,
            _ => {
                if request.found {
                    warn!(
                        NotEnrolled = 1,
                        reason = "NotEnrolled",
                        "the user has enrolled no security question and cannot sign in: set {ATTRIBUTE}"
                    );
                }
                self.decoy(request, rng)?
            }
        };
        Ok(Question {
            public: BTreeMap::from([
                ("securityQuestion", question.text(request.locale).into()),
                ("questionId", question.id.into()),
                ("locale", request.locale.tag().into()),
            ]),
            private: BTreeMap::from([(ANSWER_HASH, hash.to_string())]),
        })
    }
}
