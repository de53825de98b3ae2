//! The challenge types, seen from the answering side.
//!
//! A new one is a file in this folder, a line in [`Registry::standard`] and an issuer in `create-auth-challenge`.

pub mod captcha;
pub mod proof_of_work;
pub mod security_question;

use std::fmt;

use crate::secret::{Keys, Secret};

/// One kind of question, seen from the answering side.
pub trait Challenge: Sync {
    /// As written in the flow, in `challengeMetadata`, and in the public and private parameters.
    fn name(&self) -> &'static str;

    /// Whether only the user can know the answer. One that does not exist knows nothing: then no answer is right.
    ///
    /// Where this is false, nobody's answer is judged like anybody's, because a challenge that cannot be passed
    /// would tell that there is no such user. Define ends the sign-in after the last step.
    fn personal(&self) -> bool;

    /// Judges `answer`, which is not empty, against the secret half that create stored. How old the question is
    /// has been judged already.
    fn check(&self, secret: Secret<'_>, answer: &str, keys: &Keys) -> Verdict;
}

/// What an answer is worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Verdict {
    /// The answer is right.
    Right,
    /// The answer is not right.
    Wrong(Why),
}

impl Verdict {
    /// Right if `correct`, else wrong because it is another answer.
    pub fn of(correct: bool) -> Self {
        if correct {
            Self::Right
        } else {
            Self::Wrong(Why::Different)
        }
    }
}

/// Why an answer is not right. For the log; the client learns no more than "no".
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// Another answer was expected.
    Different,
    /// There is no answer, or nothing but blanks.
    Empty,
    /// The question is older than a sign-in may be, or comes from the future.
    Late,
    /// There were too many wrong answers, and the user has to wait.
    Locked,
    /// The private parameters are not what create stores: nothing can be right.
    NoSecret,
    /// The answer could not be counted, and then none is right.
    NotCounted,
    /// The answer is not a string.
    NotText,
    /// The answer is longer than any answer.
    TooLong,
    /// The private parameters name a challenge that is not registered.
    UnknownChallenge,
    /// The user does not exist.
    UserNotFound,
}

/// The name of a registered challenge. Only a [`Registry`] hands it out.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Name(&'static str);

impl Name {
    /// The name as it is written everywhere.
    pub fn as_str(self) -> &'static str {
        self.0
    }
}

impl fmt::Debug for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

/// The challenge types that exist.
#[derive(Clone, Copy)]
pub struct Registry {
    challenges: &'static [&'static dyn Challenge],
}

impl Registry {
    /// Every challenge type of this workspace.
    pub fn standard() -> Self {
        Self {
            challenges: &[
                &captcha::Captcha,
                &proof_of_work::ProofOfWork,
                &security_question::SecurityQuestion,
            ],
        }
    }

    /// The challenge called `name`.
    pub fn challenge(&self, name: &str) -> Option<&'static dyn Challenge> {
        self.challenges
            .iter()
            .copied()
            .find(|challenge| challenge.name() == name)
    }

    /// `name` as a [`Name`], if a challenge is called so.
    pub fn name(&self, name: &str) -> Option<Name> {
        self.challenge(name).map(|challenge| Name(challenge.name()))
    }

    /// The names of all challenges, in the order of the list.
    pub fn names(&self) -> impl Iterator<Item = Name> {
        self.challenges.iter().map(|challenge| Name(challenge.name()))
    }

    /// The names of all challenges, for a message.
    pub(crate) fn known(&self) -> String {
        self.names().map(Name::as_str).collect::<Vec<_>>().join(", ")
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn no_two_challenges_share_a_name() {
        let registry = Registry::standard();
        let names: HashSet<_> = registry.names().collect();
        assert_eq!(names.len(), registry.names().count());
    }

    #[test]
    fn only_a_security_question_is_about_the_user() {
        let challenges = Registry::standard().challenges.iter();
        let personal: Vec<_> = challenges
            .filter(|challenge| challenge.personal())
            .map(|challenge| challenge.name())
            .collect();
        assert_eq!(personal, [security_question::NAME]);
    }
}
