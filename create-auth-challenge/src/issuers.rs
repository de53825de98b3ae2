//! The challenge types, seen from the asking side.
//!
//! A new one is a file in this folder and a line in [`Issuers::standard`].

pub mod captcha;
pub mod proof_of_work;
pub mod security_question;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::SystemTime;

use async_trait::async_trait;
use rand::CryptoRng;
use shared::challenges::Name;
use shared::lambda::{ConfigError, Environment};
use shared::locale::Locale;

/// One kind of question, seen from the asking side.
#[async_trait]
pub trait Issuer: Send + Sync {
    /// Does ahead of the first question what would make it late. It takes a second at most, and cannot fail.
    async fn prepare(&self) {}

    /// Makes a fresh question. For a user that does not exist it must look the same, cost the same and send nothing.
    ///
    /// # Errors
    ///
    /// A question that could not be made, for a reason the operator must mend.
    async fn issue(&self, request: &Request<'_>, rng: &mut (dyn CryptoRng + Send)) -> Result<Question, IssueError>;
}

/// Who is asked, and how.
pub struct Request<'a> {
    /// The pool's name for the user; for one that does not exist the name that Cognito made up.
    pub user: &'a str,
    /// Whether the user exists.
    pub found: bool,
    /// The user's attributes; none for a user that does not exist.
    pub attributes: &'a HashMap<String, String>,
    /// The language to ask in.
    pub locale: Locale,
    /// Whether the client would rather hear than see, where there is a choice.
    pub sound: bool,
    /// How many answers to this step have been wrong: a reason to ask more.
    pub wrong: u8,
    /// The time.
    pub now: SystemTime,
}

/// A question: what the client is shown, and what verify will need. It has no `Debug`, because it holds the answer.
pub struct Question {
    /// Public parameters, besides those that every challenge has.
    pub public: BTreeMap<&'static str, String>,
    /// Private parameters, besides those that every challenge has.
    pub private: BTreeMap<&'static str, String>,
}

/// Why a question could not be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum IssueError {
    /// The decoy of a security question could not be made.
    #[error("could not make a decoy hash")]
    Decoy,
    /// The picture could not be drawn or encoded.
    #[error("could not draw the picture")]
    Picture,
    /// The sound could not be made.
    #[error("could not make the sound")]
    Sound,
}

/// Makes an issuer from the environment.
type Configure = fn(&Environment) -> Result<Box<dyn Issuer>, ConfigError>;

/// The issuers that a flow needs.
pub struct Issuers {
    issuers: Vec<(Name, Box<dyn Issuer>)>,
}

impl Issuers {
    /// Every issuer of this workspace, by the name of the challenge it issues for.
    fn all() -> [(&'static str, Configure); 3] {
        [
            (captcha::NAME, captcha::configure),
            (proof_of_work::NAME, proof_of_work::configure),
            (security_question::NAME, security_question::configure),
        ]
    }

    /// An issuer for each of `challenges`.
    ///
    /// # Errors
    ///
    /// A variable that an issuer needs and that is missing or cannot be, and a challenge that has no issuer.
    pub fn standard(
        challenges: impl IntoIterator<Item = Name>,
        environment: &Environment,
    ) -> Result<Self, ConfigError> {
        let mut issuers = Vec::new();
        for challenge in challenges.into_iter().collect::<BTreeSet<_>>() {
            let listed = Self::all().into_iter().find(|(name, _)| *name == challenge.as_str());
            let (_, configure) = listed.ok_or_else(|| no_issuer(challenge))?;
            issuers.push((challenge, configure(environment)?));
        }
        Ok(Self { issuers })
    }

    /// Prepares each issuer.
    pub async fn prepare(&self) {
        for (_, issuer) in &self.issuers {
            issuer.prepare().await;
        }
    }

    /// The issuer for `challenge`.
    pub fn issuer(&self, challenge: Name) -> Option<&dyn Issuer> {
        self.issuers
            .iter()
            .find(|(name, _)| *name == challenge)
            .map(|(_, issuer)| issuer.as_ref())
    }
}

fn no_issuer(challenge: Name) -> ConfigError {
    let error = format!(
        "challenge `{}` has no issuer: add it to the list of issuers",
        challenge.as_str()
    );
    ConfigError::Invalid {
        name: "AUTH_FLOW",
        error,
    }
}

#[cfg(test)]
mod tests {
    use shared::challenges::Registry;

    use super::*;

    #[test]
    fn every_registered_challenge_has_an_issuer() {
        let registered: BTreeSet<_> = Registry::standard().names().map(Name::as_str).collect();
        let listed: BTreeSet<_> = Issuers::all().into_iter().map(|(name, _)| name).collect();
        assert_eq!(registered, listed);
    }

    #[test]
    fn only_the_challenges_of_the_flow_need_their_variables() {
        let environment = Environment::new([("CHALLENGE_SECRET", "at least thirty-two bytes of secret")]);
        let name = |name| Registry::standard().name(name);
        assert!(Issuers::standard(name("SECURITY_QUESTION"), &environment).is_ok());
        assert!(Issuers::standard(name("CAPTCHA"), &environment).is_err());
    }
}
