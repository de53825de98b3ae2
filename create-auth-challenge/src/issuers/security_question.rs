//! Asks a question that the user has enrolled, or one that looks like it.

use std::iter;

use async_trait::async_trait;
pub use cognito_challenge::challenges::security_question::NAME;
use cognito_challenge::challenges::security_question::{
    ANSWER_HASH, ATTRIBUTE, AnswerHash, CATALOGUE, Enrollment, Question, policy::FEWEST_QUESTIONS,
};
use cognito_challenge::issue::{IssueError, Issued, Issuer, Request};
use cognito_challenge::keys::{KeyId, Keys};
use cognito_challenge_runtime::{ConfigError, Environment};
use rand::CryptoRng;
use serde_json::Value;
use tracing::{info, warn};

/// Makes the issuer, which needs no variables of its own.
///
/// # Errors
///
/// None.
pub fn configure(_: &Environment) -> Result<Box<dyn Issuer>, ConfigError> {
    Ok(Box::new(SecurityQuestionIssuer { stand_in: stand_in() }))
}

struct SecurityQuestionIssuer {
    /// An enrolment that is read for users without one, so that the time does not reveal it.
    stand_in: String,
}

/// An enrolment as people have it, of hashes that no answer matches.
fn stand_in() -> String {
    let decoy = AnswerHash::decoy(KeyId::new([0; KeyId::BYTES]), [0; 16], [0; 32]).map(|hash| hash.to_string());
    let stored = CATALOGUE
        .iter()
        .take(FEWEST_QUESTIONS)
        .zip(iter::repeat(decoy.unwrap_or_default()));
    let stored: Value = stored.map(|(question, hash)| (question.id, hash)).collect();
    stored.to_string()
}

/// A hash that no answer matches.
fn decoy(keys: &Keys, rng: &mut (dyn CryptoRng + Send)) -> Result<AnswerHash, IssueError> {
    let (mut salt, mut output) = ([0; 16], [0; 32]);
    rng.fill_bytes(&mut salt);
    rng.fill_bytes(&mut output);
    AnswerHash::decoy(keys.current().id(), salt, output).map_err(|_| IssueError::new("could not make a decoy hash"))
}

#[async_trait]
impl Issuer for SecurityQuestionIssuer {
    /// Asks a question of the user's own, or for a user without an enrolment one of the decoys, chosen by the same rule.
    ///
    /// The steps are the same for every user: read an enrolment, choose decoys and a question, make a decoy hash.
    async fn issue(&self, request: &Request<'_>, rng: &mut (dyn CryptoRng + Send)) -> Result<Issued, IssueError> {
        let attribute = request.user.attribute(ATTRIBUTE);
        let enrollment = Enrollment::parse(attribute.unwrap_or(&self.stand_in));
        let (own, decoys) = (enrollment.questions(), Question::decoys(request.keys, &request.user));
        let enrolled = attribute.is_some() && !own.is_empty();
        let candidates = if enrolled { own } else { decoys };
        if request.user.exists() && !enrolled {
            warn!(
                NotEnrolled = 1,
                reason = "NotEnrolled",
                "no security question is enrolled: set {ATTRIBUTE}"
            );
        } else {
            // What is counted for nobody else would make the line of the log longer, and the answer later.
            info!(NotEnrolled = 0, "a question was chosen");
        }
        let question = Question::choose(&candidates, request.keys, &request.user, request.now);
        let question = question.ok_or(IssueError::new("the catalogue has no question"))?;
        let decoy = decoy(request.keys, rng)?;
        let hash = enrollment.hash(question).filter(|_| enrolled).unwrap_or(&decoy);
        let text = request.text(&question.key())?;
        Ok(Issued::new()
            .public("securityQuestion", text.words)
            .public("questionId", question.id)
            .public("locale", text.language)
            .private(ANSWER_HASH, hash.to_string()))
    }
}
