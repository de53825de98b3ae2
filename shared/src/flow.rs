//! The flow of a sign-in: it is parsed from one line of configuration, and decides the next step by replaying the
//! session.
//!
//! Each step removes the entries that it produced from the front of the session. An entry that no step could have
//! produced ends the sign-in. The code never counts entries and never looks at the last one alone.

mod parse;

use std::num::NonZeroU8;
use std::{iter, slice};

use crate::event::Entry;
use crate::name::Name;
use crate::state;
use crate::user::Existence;

pub use parse::FlowError;

/// Cognito's name for all custom challenges.
pub const CUSTOM_CHALLENGE: &str = "CUSTOM_CHALLENGE";
/// Cognito's name for the second half of its password check. A correct entry proves the password.
pub const PASSWORD_VERIFIER: &str = "PASSWORD_VERIFIER";
/// Cognito's name for the start of its password check. The entry proves nothing.
pub const SRP_A: &str = "SRP_A";
/// The challenges that Cognito itself may ask right after the password.
const COGNITO_MFA: [&str; 3] = ["EMAIL_OTP", "SMS_MFA", "SOFTWARE_TOKEN_MFA"];

/// The steps of a sign-in, in order. [`Flow::parse`] creates it, and it is never empty.
///
/// ```
/// use cognito_challenge::event::Entry;
/// use cognito_challenge::flow::{Decision, Flow};
/// use cognito_challenge::user::Existence;
///
/// let flow = Flow::parse("CAPTCHA:3,SECURITY_QUESTION:3")?;
/// let answered = |correct| Entry { challenge: "CUSTOM_CHALLENGE", metadata: Some("CAPTCHA"), correct };
///
/// let session = [answered(false), answered(true)];
/// let Decision::Ask(ask) = flow.decide(&session, Existence::Existing) else {
///     panic!("the second step is asked")
/// };
/// assert_eq!((ask.first.as_str(), ask.step, ask.attempts_left), ("SECURITY_QUESTION", 2, 3));
///
/// let session = [answered(false), answered(false), answered(false)];
/// assert!(matches!(flow.decide(&session, Existence::Existing), Decision::Deny(_)));
/// # Ok::<(), cognito_challenge::flow::FlowError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flow {
    /// Whether Cognito's own password check comes first.
    password: bool,
    steps: Vec<Step>,
}

/// A step of a flow. Any one of its challenges passes it.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Step {
    /// The challenge that is asked unless the client chooses another.
    first: Name,
    /// The challenges that the client can choose instead.
    others: Vec<Name>,
    /// The number of answers that the step allows, over all its challenges.
    attempts: NonZeroU8,
}

/// The next action in a sign-in.
#[derive(Debug, PartialEq, Eq)]
#[must_use]
pub enum Decision<'a> {
    /// Ask one of the custom challenges.
    Ask(Ask<'a>),
    /// End the sign-in without tokens.
    Deny(Denial),
    /// End the sign-in with tokens.
    IssueTokens(AllStepsPassed),
    /// Cognito checks the password.
    VerifyPassword,
}

/// The challenges that may be asked now, and their place in the flow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ask<'a> {
    /// The challenge that is asked unless the client chooses another.
    pub first: &'a Name,
    /// The challenges that the client can choose instead.
    pub others: &'a [Name],
    /// The position of the step in the flow, from 1. `PASSWORD` counts as a step.
    pub step: usize,
    /// The number of steps in the flow.
    pub steps: usize,
    /// The answers to this step so far. All are wrong.
    pub answered: &'a [Entry<'a>],
    /// The number of answers still allowed, including the next one. At least 1.
    pub attempts_left: u8,
}

impl<'a> Ask<'a> {
    /// Returns the challenge `wanted` if the step allows it, else the first challenge.
    pub fn choose(&self, wanted: Option<&str>) -> &'a Name {
        let wanted = self.others.iter().find(|name| Some(name.as_str()) == wanted);
        wanted.unwrap_or(self.first)
    }

    /// Returns the number of this attempt within the step, from 1.
    pub fn attempt(&self) -> usize {
        self.answered.len() + 1
    }

    /// Returns the challenges that may be asked, starting with the first.
    pub fn alternatives(&self) -> impl Iterator<Item = &'a Name> {
        iter::once(self.first).chain(self.others)
    }
}

/// The reason why a sign-in ends without tokens. It is only logged; the client does not receive it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Denial {
    /// Every attempt of a step was wrong.
    AttemptsSpent,
    /// The user did not pass Cognito's own second factor after the password.
    MfaNotPassed,
    /// Cognito rejected the password.
    PasswordNotVerified,
    /// The flow starts with the password, but the client started without it.
    PasswordSkipped,
    /// The session has an entry that this flow would not have produced.
    SessionMismatch,
    /// A nonexistent user passed every step.
    UserNotFound,
}

/// Proof that an existing user passed every step of a flow. Only [`Flow::decide`] creates it.
#[derive(Debug, PartialEq, Eq)]
pub struct AllStepsPassed(());

impl Flow {
    /// Decides what follows `session`, the answered challenges of a sign-in in order.
    ///
    /// `user` only affects the decision after the last step: a nonexistent user is asked the same challenges.
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

    /// Returns the challenges that this flow can ask, in order. A challenge of several steps occurs several times.
    pub fn challenges(&self) -> impl Iterator<Item = &Name> {
        self.steps.iter().flat_map(Step::names)
    }

    /// Returns the alternative challenges of each step. `PASSWORD` is omitted.
    pub fn alternatives(&self) -> impl Iterator<Item = impl Iterator<Item = &Name>> {
        self.steps.iter().map(Step::names)
    }

    /// Returns the number of steps, including `PASSWORD`.
    #[expect(clippy::len_without_is_empty, reason = "a flow is never empty")]
    pub fn len(&self) -> usize {
        usize::from(self.password) + self.steps.len()
    }
}

/// The progress of a session within one step.
enum Progress<'a> {
    Denied(Denial),
    Passed,
    Waiting {
        answered: &'a [Entry<'a>],
        attempts_left: u8,
    },
}

impl Step {
    /// Returns the challenges of the step, starting with the first.
    fn names(&self) -> impl Iterator<Item = &Name> {
        iter::once(&self.first).chain(&self.others)
    }

    /// Removes the entries of this step from the front of `history`.
    fn replay<'a>(&self, history: &mut slice::Iter<'a, Entry<'a>>) -> Progress<'a> {
        let answered = history.as_slice();
        // INVARIANT: the attempt limit bounds the loop, so no session can use more attempts.
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

    /// Returns whether create can have returned the entry's metadata: the name of a challenge of this step, alone or
    /// with a state.
    fn produced(&self, entry: &Entry<'_>) -> bool {
        let named = |name: &str| self.names().any(|known| known.as_str() == name);
        entry.challenge == CUSTOM_CHALLENGE
            && entry
                .metadata
                .and_then(state::split)
                .is_some_and(|(name, _)| named(name))
    }
}

/// The progress of a session within Cognito's password check.
enum Password {
    Denied(Denial),
    Passed,
    Started,
}

/// Removes `SRP_A`, `PASSWORD_VERIFIER` and Cognito's own second factor from the front of `history`.
fn replay_password(history: &mut slice::Iter<'_, Entry<'_>>) -> Password {
    match history.next() {
        // The client decides whether to start with SRP. This denial makes the password mandatory.
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
