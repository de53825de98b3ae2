//! The flow of a sign-in: parsed from one line of configuration, decided by replaying the session.
//!
//! The session is never counted and its last entry never looked at alone: every entry is taken off the front by
//! the step that would have produced it, and one that no step would have produced ends the sign-in.

mod parse;

use std::num::NonZeroU8;
use std::{iter, slice};

use crate::challenges::Name;
use crate::event::Attempt;

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

/// Whether the pool knows the user who signs in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum User {
    /// The user exists.
    Found,
    /// Cognito runs the flow for a name that nobody has, so that nobody can tell. Never gets tokens.
    NotFound,
}

impl User {
    /// Reads `userNotFound` of an event.
    pub fn from_not_found(not_found: bool) -> Self {
        if not_found { Self::NotFound } else { Self::Found }
    }
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
    pub first: Name,
    /// What the client may choose instead.
    pub others: &'a [Name],
    /// The step's place in the flow, from 1; `PASSWORD` is a step too.
    pub step: usize,
    /// How many steps the flow has.
    pub steps: usize,
    /// How many answers to this step there have been, all of them wrong.
    pub wrong: u8,
    /// How many answers are still allowed, with the one asked for: at least 1.
    pub attempts_left: u8,
}

impl Ask<'_> {
    /// The challenge called `wanted`, if it may be chosen, else the first.
    pub fn choose(&self, wanted: Option<&str>) -> Name {
        let wanted = self.others.iter().find(|name| Some(name.as_str()) == wanted);
        wanted.copied().unwrap_or(self.first)
    }

    /// Which of the step's answers is asked for, from 1.
    pub fn attempt(&self) -> usize {
        usize::from(self.wrong) + 1
    }

    /// What may be asked, the first first.
    pub fn alternatives(&self) -> impl Iterator<Item = Name> {
        iter::once(self.first).chain(self.others.iter().copied())
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
    /// `user` changes nothing until the end: a user that does not exist is asked the same things.
    pub fn decide(&self, session: &[Attempt<'_>], user: User) -> Decision<'_> {
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
                Progress::Waiting { wrong } => {
                    return Decision::Ask(Ask {
                        first: step.first,
                        others: &step.others,
                        step: index + offset,
                        steps: self.len(),
                        wrong,
                        attempts_left: step.attempts.get() - wrong,
                    });
                }
            }
        }
        match (history.next(), user) {
            (Some(_), _) => Decision::Deny(Denial::SessionMismatch),
            (None, User::NotFound) => Decision::Deny(Denial::UserNotFound),
            (None, User::Found) => Decision::IssueTokens(AllStepsPassed(())),
        }
    }

    /// The challenges that this flow can ask, in order, repeated where they can be asked again.
    pub fn challenges(&self) -> impl Iterator<Item = Name> {
        self.steps
            .iter()
            .flat_map(|step| iter::once(step.first).chain(step.others.iter().copied()))
    }

    /// How many steps the flow has, `PASSWORD` counted.
    #[expect(clippy::len_without_is_empty, reason = "a flow is never empty")]
    pub fn len(&self) -> usize {
        usize::from(self.password) + self.steps.len()
    }
}

/// How far a session has come in one step.
enum Progress {
    Denied(Denial),
    Passed,
    Waiting { wrong: u8 },
}

impl Step {
    /// Takes this step's attempts off the front of `history`.
    fn replay(&self, history: &mut slice::Iter<'_, Attempt<'_>>) -> Progress {
        // INVARIANT: the attempt limit is the loop's bound, so no session can have more attempts than it allows.
        for wrong in 0..self.attempts.get() {
            match history.next() {
                None => return Progress::Waiting { wrong },
                Some(attempt) if !self.produced(attempt) => return Progress::Denied(Denial::SessionMismatch),
                Some(attempt) if attempt.correct => return Progress::Passed,
                Some(_) => {}
            }
        }
        Progress::Denied(Denial::AttemptsSpent)
    }

    fn produced(&self, attempt: &Attempt<'_>) -> bool {
        let mut names = iter::once(&self.first).chain(&self.others);
        attempt.challenge == CUSTOM_CHALLENGE && names.any(|name| attempt.metadata == Some(name.as_str()))
    }
}

/// How far a session has come in Cognito's password check.
enum Password {
    Denied(Denial),
    Passed,
    Started,
}

/// Takes `SRP_A`, `PASSWORD_VERIFIER` and a second factor of Cognito's own off the front of `history`.
fn replay_password(history: &mut slice::Iter<'_, Attempt<'_>>) -> Password {
    match history.next() {
        // The client chooses whether it starts with SRP: this refusal is what makes the password required.
        None => return Password::Denied(Denial::PasswordSkipped),
        Some(attempt) if attempt.challenge == CUSTOM_CHALLENGE => return Password::Denied(Denial::PasswordSkipped),
        Some(attempt) if attempt.challenge == SRP_A && attempt.correct => {}
        Some(_) => return Password::Denied(Denial::SessionMismatch),
    }
    match history.next() {
        None => return Password::Started,
        Some(attempt) if attempt.challenge != PASSWORD_VERIFIER => return Password::Denied(Denial::SessionMismatch),
        Some(attempt) if !attempt.correct => return Password::Denied(Denial::PasswordNotVerified),
        Some(_) => {}
    }
    if let Some(attempt) = history.as_slice().first()
        && COGNITO_MFA.contains(&attempt.challenge)
    {
        if !attempt.correct {
            return Password::Denied(Denial::MfaNotPassed);
        }
        history.next();
    }
    Password::Passed
}

#[cfg(test)]
mod tests;
