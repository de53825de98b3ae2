//! Asks a question that the user has enrolled, or one that looks like it.

use std::collections::BTreeMap;
use std::iter;

use async_trait::async_trait;
use rand::CryptoRng;
use serde_json::Value;
pub use shared::challenges::security_question::NAME;
use shared::challenges::security_question::{
    self as challenge, ANSWER_HASH, ATTRIBUTE, AnswerHash, CATALOGUE, Enrollment,
};
use shared::lambda::{ConfigError, Environment};
use shared::secret::Keys;
use tracing::{info, warn};

use super::{IssueError, Issuer, Question, Request};

/// How many answers somebody has enrolled, as a rule.
const USUAL: usize = 3;

/// Makes the issuer from `CHALLENGE_SECRET`.
///
/// # Errors
///
/// A secret that is missing or too short.
pub fn configure(environment: &Environment) -> Result<Box<dyn Issuer>, ConfigError> {
    Ok(Box::new(SecurityQuestion {
        keys: environment.required("CHALLENGE_SECRET", Keys::parse)?,
        stand_in: stand_in(),
    }))
}

struct SecurityQuestion {
    keys: Keys,
    /// The attribute of nobody, to be read where a user has none: how long it takes must not tell.
    stand_in: String,
}

/// An enrolment as people have it, of hashes that no answer matches.
fn stand_in() -> String {
    let decoy = AnswerHash::decoy([0; 16], [0; 32]).map(|hash| hash.to_string());
    let stored = CATALOGUE
        .iter()
        .take(USUAL)
        .zip(iter::repeat(decoy.unwrap_or_default()));
    let stored: Value = stored.map(|(question, hash)| (question.id, hash)).collect();
    stored.to_string()
}

/// A hash that no answer matches.
fn decoy(rng: &mut (dyn CryptoRng + Send)) -> Result<AnswerHash, IssueError> {
    let (mut salt, mut output) = ([0; 16], [0; 32]);
    rng.fill_bytes(&mut salt);
    rng.fill_bytes(&mut output);
    AnswerHash::decoy(salt, output).map_err(|_| IssueError::Decoy)
}

#[async_trait]
impl Issuer for SecurityQuestion {
    /// Asks a question of the user's own, or where there is none, one of the catalogue that is chosen by the same rule.
    ///
    /// The steps are the same for everybody: an enrolment is read, a question chosen and a decoy made.
    async fn issue(&self, request: &Request<'_>, rng: &mut (dyn CryptoRng + Send)) -> Result<Question, IssueError> {
        let attribute = request.attributes.get(ATTRIBUTE).filter(|_| request.found);
        let enrollment = Enrollment::parse(attribute.unwrap_or(&self.stand_in));
        let mut candidates = enrollment.questions();
        let enrolled = attribute.is_some() && !candidates.is_empty();
        if !enrolled {
            candidates = CATALOGUE.iter().collect();
        }
        if request.found && !enrolled {
            warn!(
                NotEnrolled = 1,
                reason = "NotEnrolled",
                "no security question is enrolled: set {ATTRIBUTE}"
            );
        } else {
            // What is counted for nobody else would make the line of the log longer, and the answer later.
            info!(NotEnrolled = 0, "a question of the catalogue");
        }
        let question = challenge::Question::choose(&candidates, &self.keys, request.user, request.now);
        let question = question.ok_or(IssueError::Decoy)?;
        let decoy = decoy(rng)?;
        let hash = enrollment.hash(question).filter(|_| enrolled).unwrap_or(&decoy);
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
