//! The flow of a sign-in: parsed from one line of configuration, decided by replaying the session.
//!
//! The session is never counted and its last entry never looked at alone: every entry is taken off the front by
//! the step that would have produced it, and one that no step would have produced ends the sign-in.

mod parse;

use std::num::NonZeroU8;
use std::{iter, slice};

use crate::event::Entry;
use crate::name::Name;
use crate::state;
use crate::user::Existence;

pub use parse::FlowError;

/// Cognito's name for every challenge of ours.
pub const CUSTOM_CHALLENGE: &str = "CUSTOM_CHALLENGE";
/// Cognito's name for the second half of its password check, the one that proves something.
pub const PASSWORD_VERIFIER: &str = "PASSWORD_VERIFIER";
/// Cognito's name for the start of its password check, which proves nothing.
pub const SRP_A: &str = "SRP_A";
/// What Cognito may ask by itself right after the password.
const COGNITO_MFA: [&str; 3] = ["EMAIL_OTP", "SMS_MFA", "SOFTWARE_TOKEN_MFA"];

/// The steps of a sign-in, in order. Made by [`Flow::parse`] and never empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flow {
    /// Whether Cognito's own password check comes first.
    password: bool,
    steps: Vec<Step>,
}

/// One step of a flow: any one of its challenges passes it.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Step {
    /// What is asked unless the client chooses.
    first: Name,
    /// What the client may choose instead.
    others: Vec<Name>,
    /// How many answers are allowed, all challenges of the step together.
    attempts: NonZeroU8,
}

/// What comes next in a sign-in.
#[derive(Debug, PartialEq, Eq)]
#[must_use]
pub enum Decision<'a> {
    /// One of our challenges is asked.
    Ask(Ask<'a>),
    /// The sign-in ends without tokens.
    Deny(Denial),
    /// The sign-in ends with tokens.
    IssueTokens(AllStepsPassed),
    /// Cognito checks the password.
    VerifyPassword,
}

/// The challenges to choose from, and where in the flow that is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ask<'a> {
    /// What to ask unless the client chooses.
    pub first: &'a Name,
    /// What the client may choose instead.
    pub others: &'a [Name],
    /// The step's place in the flow, from 1; `PASSWORD` is a step too.
    pub step: usize,
    /// How many steps the flow has.
    pub steps: usize,
    /// The answers to this step so far, all of them wrong.
    pub answered: &'a [Entry<'a>],
    /// How many answers are still allowed, with the one asked for: at least 1.
    pub attempts_left: u8,
}

impl<'a> Ask<'a> {
    /// The challenge called `wanted`, if it may be chosen, else the first.
    pub fn choose(&self, wanted: Option<&str>) -> &'a Name {
        let wanted = self.others.iter().find(|name| Some(name.as_str()) == wanted);
        wanted.unwrap_or(self.first)
    }

    /// Which of the step's attempts this is, from 1.
    pub fn attempt(&self) -> usize {
        self.answered.len() + 1
    }

    /// The challenges that may be asked, the first one first.
    pub fn alternatives(&self) -> impl Iterator<Item = &'a Name> {
        iter::once(self.first).chain(self.others)
    }
}

/// Why a sign-in ends without tokens. For the log; the client learns no more than "no".
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Denial {
    /// Every attempt of a step was wrong.
    AttemptsSpent,
    /// Cognito's own second factor, asked after the password, was not passed.
    MfaNotPassed,
    /// Cognito found the password wrong.
    PasswordNotVerified,
    /// The flow begins with the password, the client began without it.
    PasswordSkipped,
    /// The session has an entry that this flow would not have produced.
    SessionMismatch,
    /// Every step was passed by a user that does not exist.
    UserNotFound,
}

/// Proof that an existing user has passed every step of a flow. Only [`Flow::decide`] can make one.
#[derive(Debug, PartialEq, Eq)]
pub struct AllStepsPassed(());

impl Flow {
    /// Decides what follows `session`, the answered challenges of a sign-in in order.
    ///
    /// `user` changes nothing until the end: a nonexistent user is asked the same.
    pub fn decide<'a>(&'a self, session: &'a [Entry<'a>], user: Existence) -> Decision<'a> {
        let mut history = session.iter();
        if self.password {
            match replay_password(&mut history) {
                Password::Denied(denial) => return Decision::Deny(denial),
                Password::Passed => {}
                Password::Started => return Decision::VerifyPassword,
            }
        }
        let offset = usize::from(self.password) + 1;
        for (index, step) in self.steps.iter().enumerate() {
            match step.replay(&mut history) {
                Progress::Denied(denial) => return Decision::Deny(denial),
                Progress::Passed => {}
                Progress::Waiting {
                    answered,
                    attempts_left,
                } => {
                    return Decision::Ask(Ask {
                        first: &step.first,
                        others: &step.others,
                        step: index + offset,
                        steps: self.len(),
                        answered,
                        attempts_left,
                    });
                }
            }
        }
        match (history.next(), user) {
            (Some(_), _) => Decision::Deny(Denial::SessionMismatch),
            (None, Existence::Nonexistent) => Decision::Deny(Denial::UserNotFound),
            (None, Existence::Existing) => Decision::IssueTokens(AllStepsPassed(())),
        }
    }

    /// The challenges that this flow can ask, in order, repeated where they can be asked again.
    pub fn challenges(&self) -> impl Iterator<Item = &Name> {
        self.steps.iter().flat_map(Step::names)
    }

    /// The challenges of each step, the alternatives to one another. `PASSWORD` is left out.
    pub fn alternatives(&self) -> impl Iterator<Item = impl Iterator<Item = &Name>> {
        self.steps.iter().map(Step::names)
    }

    /// How many steps the flow has, `PASSWORD` counted.
    #[expect(clippy::len_without_is_empty, reason = "a flow is never empty")]
    pub fn len(&self) -> usize {
        usize::from(self.password) + self.steps.len()
    }
}

/// How far a session has come in one step.
enum Progress<'a> {
    Denied(Denial),
    Passed,
    Waiting {
        answered: &'a [Entry<'a>],
        attempts_left: u8,
    },
}

impl Step {
    /// What may be asked, the first one first.
    fn names(&self) -> impl Iterator<Item = &Name> {
        iter::once(&self.first).chain(&self.others)
    }

    /// Takes this step's entries off the front of `history`.
    fn replay<'a>(&self, history: &mut slice::Iter<'a, Entry<'a>>) -> Progress<'a> {
        let answered = history.as_slice();
        // INVARIANT: the attempt limit is the loop's bound, so no session can have more attempts than it allows.
        for wrong in 0..self.attempts.get() {
            match history.next() {
                None => {
                    return Progress::Waiting {
                        answered,
                        attempts_left: self.attempts.get() - wrong,
                    };
                }
                Some(entry) if !self.produced(entry) => return Progress::Denied(Denial::SessionMismatch),
                Some(entry) if entry.correct => return Progress::Passed,
                Some(_) => {}
            }
        }
        Progress::Denied(Denial::AttemptsSpent)
    }

    /// Whether create can have returned this entry's metadata: a name of this step, alone or with a state.
    fn produced(&self, entry: &Entry<'_>) -> bool {
        let named = |name: &str| self.names().any(|known| known.as_str() == name);
        entry.challenge == CUSTOM_CHALLENGE
            && entry
                .metadata
                .and_then(state::split)
                .is_some_and(|(name, _)| named(name))
    }
}

/// How far a session has come in Cognito's password check.
enum Password {
    Denied(Denial),
    Passed,
    Started,
}

/// Takes `SRP_A`, `PASSWORD_VERIFIER` and a second factor of Cognito's own off the front of `history`.
fn replay_password(history: &mut slice::Iter<'_, Entry<'_>>) -> Password {
    match history.next() {
        // The client chooses whether it starts with SRP: this refusal is what makes the password required.
        None => return Password::Denied(Denial::PasswordSkipped),
        Some(entry) if entry.challenge == CUSTOM_CHALLENGE => return Password::Denied(Denial::PasswordSkipped),
        Some(entry) if entry.challenge == SRP_A && entry.correct => {}
        Some(_) => return Password::Denied(Denial::SessionMismatch),
    }
    match history.next() {
        None => return Password::Started,
        Some(entry) if entry.challenge != PASSWORD_VERIFIER => return Password::Denied(Denial::SessionMismatch),
        Some(entry) if !entry.correct => return Password::Denied(Denial::PasswordNotVerified),
        Some(_) => {}
    }
    if let Some(entry) = history.as_slice().first()
        && COGNITO_MFA.contains(&entry.challenge)
    {
        if !entry.correct {
            return Password::Denied(Denial::MfaNotPassed);
        }
        history.next();
    }
    Password::Passed
}

#[cfg(test)]
mod tests;
