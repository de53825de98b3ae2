//! The answering half of a challenge type.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt;
use std::time::SystemTime;

use async_trait::async_trait;

use crate::keys::Keys;
use crate::private::PrivateParameters;
use crate::telemetry::Telemetry;
use crate::user::User;

/// The maximum length of an answer in characters, as the client sent it, unless a type sets another limit. Longer
/// answers are wrong.
pub const MAX_ANSWER_CHARS: usize = 1024;

/// The answer that requests another challenge of the step.
///
/// It is never right, and no type receives it. It does not count as a wrong answer across sign-ins. It uses one attempt
/// of the step, because Cognito's session requires this.
pub const NO_ANSWER: &str = "-";

/// The answering half of a challenge type: checks the answers that verify receives.
///
/// The other half of the type in the example of [`Issuer`](crate::issue::Issuer):
///
/// ```
/// use async_trait::async_trait;
/// use cognito_challenge::private::same;
/// use cognito_challenge::verify::{Answer, CannotJudge, Verdict, Verifier};
///
/// struct Backwards;
///
/// #[async_trait]
/// impl Verifier for Backwards {
///     async fn check(&self, answer: &Answer<'_>) -> Result<Verdict, CannotJudge> {
///         // A missing parameter matches nothing.
///         let expected = answer.private.get("answer");
///         Ok(Verdict::of(expected.is_some_and(|expected| same(expected, answer.text))))
///     }
///
///     // Everyone can pass it, also a nonexistent user.
///     fn personal(&self) -> bool {
///         false
///     }
/// }
/// ```
#[async_trait]
pub trait Verifier: Send + Sync {
    /// Checks an answer.
    ///
    /// The answer is not empty, has at most [`max_answer_chars`](Self::max_answer_chars) characters, and arrived while
    /// the challenge was valid. The call has a time limit of two seconds, and verify catches its panics: both count as
    /// [`CannotJudge`]. A check that blocks its thread cannot be interrupted. An empty expected answer must match
    /// nothing.
    ///
    /// # Errors
    ///
    /// Returns an error if the check cannot be made, for example because a provider does not respond. The operator's
    /// setting `CANNOT_JUDGE` then determines whether the answer is right or wrong. User input must never cause an
    /// error.
    async fn check(&self, answer: &Answer<'_>) -> Result<Verdict, CannotJudge>;

    /// Returns the maximum length of an answer to this type, in characters. Verify rejects longer answers without a
    /// check.
    fn max_answer_chars(&self) -> usize {
        MAX_ANSWER_CHARS
    }

    /// Returns whether only the user can know the answer. If so, verify rejects a right answer of a nonexistent user,
    /// after the same work.
    ///
    /// Return false for a challenge that anyone can pass, such as a CAPTCHA. If a nonexistent user could not pass it,
    /// that would reveal that the user does not exist. Define denies that sign-in after the last step.
    fn personal(&self) -> bool {
        true
    }

    /// Prepares for the first answer, for example by opening a connection. The call has a time limit of two seconds.
    async fn prepare(&self) {}

    /// Returns the fields and metrics that this type adds to the log.
    fn telemetry(&self) -> &'static Telemetry {
        Telemetry::NONE
    }
}

/// An answer to a challenge, and the resources to check it. `Debug` shows no value.
#[derive(Clone, Copy)]
#[non_exhaustive]
pub struct Answer<'a> {
    /// The text that the client sent.
    pub text: &'a str,
    /// The private parameters that the asking half stored.
    pub private: PrivateParameters<'a>,
    /// The user who signs in.
    pub user: User<'a>,
    /// The `clientMetadata`, which an attacker can control. It must not affect the verdict.
    pub client_metadata: &'a HashMap<String, String>,
    /// The keys of the deployment.
    pub keys: &'a Keys,
    /// The current time.
    pub now: SystemTime,
}

impl<'a> Answer<'a> {
    /// Creates an answer without client metadata. Set the fields as needed.
    pub fn new(text: &'a str, private: PrivateParameters<'a>, user: User<'a>, keys: &'a Keys, now: SystemTime) -> Self {
        static NO_METADATA: std::sync::LazyLock<HashMap<String, String>> = std::sync::LazyLock::new(HashMap::new);
        Self {
            text,
            private,
            user,
            client_metadata: &NO_METADATA,
            keys,
            now,
        }
    }
}

impl fmt::Debug for Answer<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Answer(…)")
    }
}

/// The result of a check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Verdict {
    /// The answer is right.
    Right,
    /// The answer is wrong.
    Wrong(Why),
}

impl Verdict {
    /// Returns `Right` if `correct`, else `Wrong` with the reason [`Different`](Why::Different).
    pub fn of(correct: bool) -> Self {
        if correct {
            Self::Right
        } else {
            Self::Wrong(Why::Different)
        }
    }
}

/// The reason why an answer is wrong. It is only logged; the client learns only that the answer is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Why {
    /// The check could not be made, and the operator chose to fail closed.
    CannotJudge,
    /// Another answer was expected.
    Different,
    /// The answer is empty or only whitespace.
    Empty,
    /// The secret that the expected answer was hashed with was removed. The user must enroll new answers.
    KeyGone,
    /// The challenge has expired, or its time is in the future.
    Late,
    /// There were too many consecutive wrong answers. Verify rejects all answers until an administrator resets the
    /// count.
    LimitReached,
    /// There were too many wrong answers, and the user must wait.
    Locked,
    /// The private parameters lack what create stores, so that no answer can be right.
    NoSecret,
    /// The answer could not be counted, and the operator chose to fail closed.
    NotCounted,
    /// The answer is not a string.
    NotText,
    /// A reason defined by the challenge type, from a small, closed set, such as `Revoked`.
    Own(&'static str),
    /// The answer is [`NO_ANSWER`]: the client asked for another challenge.
    Skipped,
    /// The answer is longer than the challenge type allows.
    TooLong,
    /// The private parameters name a challenge that this function does not have.
    UnknownChallenge,
    /// The user does not exist.
    UserNotFound,
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Own(reason) => f.write_str(reason),
            other => fmt::Debug::fmt(other, f),
        }
    }
}

/// The reason why an answer could not be checked. It is logged: it contains no secret and no user input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CannotJudge(Cow<'static, str>);

impl CannotJudge {
    /// Creates an error with `reason`.
    pub fn new(reason: impl Into<Cow<'static, str>>) -> Self {
        Self(reason.into())
    }
}

impl fmt::Display for CannotJudge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for CannotJudge {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_is_logged_by_its_name() {
        assert_eq!(Why::Different.to_string(), "Different");
        assert_eq!(Why::Own("Revoked").to_string(), "Revoked");
    }
}
