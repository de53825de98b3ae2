//! Asks a question that the user has enrolled, or a decoy.

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

/// Creates the issuer. It needs no variables.
///
/// # Errors
///
/// Never returns an error.
pub fn configure(_: &Environment) -> Result<Box<dyn Issuer>, ConfigError> {
    Ok(Box::new(SecurityQuestionIssuer { stand_in: stand_in() }))
}

struct SecurityQuestionIssuer {
    /// An enrollment that is parsed for users without one, so that the time does not reveal them.
    stand_in: String,
}

/// Returns an enrollment of typical size whose hashes match no answer.
fn stand_in() -> String {
    let decoy = AnswerHash::decoy(KeyId::new([0; KeyId::BYTES]), [0; 16], [0; 32]).map(|hash| hash.to_string());
    let stored = CATALOGUE
        .iter()
        .take(FEWEST_QUESTIONS)
        .zip(iter::repeat(decoy.unwrap_or_default()));
    let stored: Value = stored.map(|(question, hash)| (question.id, hash)).collect();
    stored.to_string()
}

/// Returns a hash that no answer matches.
fn decoy(keys: &Keys, rng: &mut (dyn CryptoRng + Send)) -> Result<AnswerHash, IssueError> {
    let (mut salt, mut output) = ([0; 16], [0; 32]);
    rng.fill_bytes(&mut salt);
    rng.fill_bytes(&mut output);
    AnswerHash::decoy(keys.current().id(), salt, output).map_err(|_| IssueError::new("could not create a decoy hash"))
}

#[async_trait]
impl Issuer for SecurityQuestionIssuer {
    /// Asks an enrolled question, or for a user without an enrollment a decoy. The same rule chooses both.
    ///
    /// The steps are the same for every user: parse an enrollment, choose decoys and a question, and create a decoy
    /// hash.
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
            // If only some users had this metric, their log line would be longer and their response later.
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
