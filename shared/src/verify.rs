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

/// The most characters of an answer that verify reads, as the client sent them, unless a type sets another limit. A longer
/// answer is wrong.
pub const MAX_ANSWER_CHARS: usize = 1024;

/// What a client sends in place of an answer to get another challenge of the step. It is never right, no type sees it,
/// and it is not counted as a wrong answer across sign-ins. It uses one attempt of the step, as Cognito's session requires.
pub const NO_ANSWER: &str = "-";

/// The answering half of a challenge type: judges the answers that verify is given.
#[async_trait]
pub trait Verifier: Send + Sync {
    /// Judges an answer.
    ///
    /// The answer is not empty, has at most [`max_answer_chars`](Self::max_answer_chars) characters, and came while the challenge was still
    /// valid. The function gives the check two seconds and catches its panics: both count as [`CannotJudge`]. A check
    /// that blocks its thread cannot be interrupted. An empty expected answer must match nothing.
    ///
    /// # Errors
    ///
    /// A check that could not be made, such as a provider that does not respond. Whether the answer then counts as right
    /// or wrong is the operator's setting `CANNOT_JUDGE`. What a person typed is never an error.
    async fn check(&self, answer: &Answer<'_>) -> Result<Verdict, CannotJudge>;

    /// The most characters that an answer to this type has. Verify rejects a longer one without a check.
    fn max_answer_chars(&self) -> usize {
        MAX_ANSWER_CHARS
    }

    /// Whether only the user can know the answer. A right answer of a nonexistent user is then turned into a wrong one,
    /// after the same work.
    ///
    /// False for a challenge that anyone can pass, such as a CAPTCHA: if a nonexistent user could not pass it, that would
    /// reveal that the user does not exist. Define denies the sign-in after the last step.
    fn personal(&self) -> bool {
        true
    }

    /// Does before the first answer what would delay it, such as opening a connection. It is cut off after two seconds.
    async fn prepare(&self) {}

    /// The fields and metrics that this type adds to the log.
    fn telemetry(&self) -> &'static Telemetry {
        Telemetry::NONE
    }
}

/// An answer to a challenge, with what the type may use to judge it. `Debug` shows no value.
#[derive(Clone, Copy)]
#[non_exhaustive]
pub struct Answer<'a> {
    /// What the person typed.
    pub text: &'a str,
    /// What the asking half stored.
    pub private: PrivateParameters<'a>,
    /// The user who signs in.
    pub user: User<'a>,
    /// `clientMetadata`, which an attacker controls. It must not decide what is right.
    pub client_metadata: &'a HashMap<String, String>,
    /// The keys of the deployment.
    pub keys: &'a Keys,
    /// The time.
    pub now: SystemTime,
}

impl<'a> Answer<'a> {
    /// An answer without client metadata. The fields can be set.
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

/// What an answer is worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Verdict {
    /// The answer is right.
    Right,
    /// The answer is wrong.
    Wrong(Why),
}

impl Verdict {
    /// Right if `correct`, else wrong because another answer was expected.
    pub fn of(correct: bool) -> Self {
        if correct {
            Self::Right
        } else {
            Self::Wrong(Why::Different)
        }
    }
}

/// Why an answer is wrong. For the log; the client learns only that it is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Why {
    /// The check could not be made, and the operator's setting is to fail closed.
    CannotJudge,
    /// Another answer was expected.
    Different,
    /// There is no answer, or only blanks.
    Empty,
    /// The secret that the expected answer was hashed under was removed: the user must set new answers.
    KeyGone,
    /// The challenge is older than a sign-in may be, or comes from the future.
    Late,
    /// There were too many wrong answers in a row: no answer is right until an administrator resets the attempts.
    LimitReached,
    /// There were too many wrong answers, and the user has to wait.
    Locked,
    /// The private parameters are not what create stores: nothing can be right.
    NoSecret,
    /// The answer could not be counted, and the operator's setting is to fail closed.
    NotCounted,
    /// The answer is not a string.
    NotText,
    /// A reason of a challenge type's own, from a small, closed set, such as `Revoked`.
    Own(&'static str),
    /// The answer is [`NO_ANSWER`]: the client asked for another challenge.
    Skipped,
    /// The answer is longer than any answer.
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

/// Why an answer could not be judged. The text is for the log: it holds no secret and nothing that a person typed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CannotJudge(Cow<'static, str>);

impl CannotJudge {
    /// An error with `reason`.
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
