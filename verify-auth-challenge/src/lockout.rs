//! Counts wrong answers across sign-ins. After some, the user has to wait; after many, an administrator must reset the
//! count.

mod dynamodb;
pub mod failures;
#[cfg(test)]
mod tests;

use std::time::{Duration, SystemTime};

use async_trait::async_trait;
use cognito_challenge::attempts::{self, ID};
use cognito_challenge::keys::Keys;
use cognito_challenge::user::User;
use cognito_challenge::verify::Why;
use cognito_challenge_aws::table::Table;
pub use cognito_challenge_aws::table::Unreachable;
use cognito_challenge_runtime::{ConfigError, Environment};
use tracing::{Instrument, info, info_span, warn};

use failures::{Failures, Standing};

use crate::IfUnavailable;

/// The time limit for counting an answer, including a new connection. Cognito allows 5 seconds for the whole function.
const COUNTING: Duration = Duration::from_millis(1500);

/// The time limit for resetting the count after a right answer.
const CLEARING: Duration = Duration::from_millis(500);

/// The maximum number of consecutive wrong answers if `ATTEMPTS_LIMIT` is not set. Source: NIST SP 800-63B-4, 3.2.2.
const DEFAULT_LIMIT: u32 = 100;

/// The highest value of `ATTEMPTS_LIMIT`.
const MAX_LIMIT: u32 = 1_000_000;

/// The maximum number of tries to count an answer while other answers are counted at the same time.
const TRIES: usize = 5;

/// A store for the counts of wrong answers.
#[async_trait]
pub trait FailureStore: Send + Sync {
    /// Reads the latest failures of `key`.
    ///
    /// # Errors
    ///
    /// Returns an error if the request fails.
    async fn read(&self, key: &str) -> Result<Option<Failures>, Unreachable>;

    /// Writes `after` for `key` if the store still has `before`. Returns whether it wrote.
    ///
    /// # Errors
    ///
    /// Returns an error if the request fails.
    async fn replace(&self, key: &str, before: Option<Failures>, after: Failures) -> Result<bool, Unreachable>;

    /// Removes the failures of `key` if the store still has `before`. Returns whether it removed them.
    ///
    /// # Errors
    ///
    /// Returns an error if the request fails.
    async fn remove(&self, key: &str, before: Failures) -> Result<bool, Unreachable>;
}

/// Counts answers and decides which ones are rejected unchecked.
pub struct Lockout {
    store: Box<dyn FailureStore>,
    keys: Keys,
    limit: u32,
    if_unreachable: IfUnavailable,
}

/// The result of counting an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub enum Counted {
    /// The answer counts as a failure until [`Lockout::clear`] resets the count.
    Failure(Failures),
    /// The answer is not counted, and its check decides.
    Not,
    /// The answer is wrong, whatever its check returns.
    Refused(Why),
}

impl Lockout {
    /// Configures the lockout from `ATTEMPTS_TABLE`, `ATTEMPTS_LIMIT` (default 100), `ATTEMPTS_UNREACHABLE` (default
    /// `closed`) and the variables of the AWS SDK.
    ///
    /// Returns `None` if `ATTEMPTS_TABLE` is not set: then nothing is counted.
    ///
    /// # Errors
    ///
    /// Returns an error if a variable is missing or invalid.
    pub fn configure(environment: &Environment, keys: &Keys) -> Result<Option<Self>, ConfigError> {
        let if_unreachable = environment
            .optional("ATTEMPTS_UNREACHABLE", str::parse)?
            .unwrap_or(IfUnavailable::Closed);
        let limit = environment.optional("ATTEMPTS_LIMIT", limit)?.unwrap_or(DEFAULT_LIMIT);
        let Some(table) = environment.get("ATTEMPTS_TABLE") else {
            return Ok(None);
        };
        Ok(Some(Self {
            store: Box::new(Table::configure(table, ID, environment)?),
            keys: keys.clone(),
            limit,
            if_unreachable,
        }))
    }

    /// Opens the connection to the table before the first answer.
    ///
    /// During its start, a function has a full processor. Later, TLS would take most of a second on a small one. The
    /// function starts even if the table is unavailable.
    pub async fn connect(&self) {
        // No item has this key, because all other keys are hashes.
        match tokio::time::timeout(cognito_challenge_aws::CONNECTING, self.store.read("nobody")).await {
            Ok(Ok(_)) => {}
            Ok(Err(error)) => warn!("cannot connect to the attempts table: {error}"),
            Err(_) => warn!("the attempts table did not respond in time"),
        }
    }

    /// Returns the table key for the answers of `user` to a step, see [`attempts::key`].
    pub fn key<'a>(&self, user: &User<'_>, challenges: impl Iterator<Item = &'a str>) -> String {
        attempts::key(&self.keys, user, challenges)
    }

    /// Counts an answer that arrived at `now` as a failure, before it is checked. So two answers at the same time count
    /// as two.
    ///
    /// During a wait, the table is written too, with unchanged values, so that the call takes the same time.
    pub async fn count(&self, key: &str, now: SystemTime) -> Counted {
        let counting = self.try_count(key, now).instrument(info_span!("AttemptsMilliseconds"));
        let reason = match tokio::time::timeout(COUNTING, counting).await {
            Ok(Ok(counted)) => {
                if let Counted::Refused(_) = counted {
                    info!(
                        LockedOut = 1,
                        "the answer is rejected: there were too many wrong answers"
                    );
                }
                return counted;
            }
            Ok(Err(error)) => error.to_string(),
            Err(_) => "no response in time".to_owned(),
        };
        warn!(
            AttemptsUnreachable = 1,
            reason = "NotCounted",
            "the answer could not be counted: {reason}"
        );
        match self.if_unreachable {
            IfUnavailable::Closed => Counted::Refused(Why::NotCounted),
            IfUnavailable::Open => Counted::Not,
        }
    }

    async fn try_count(&self, key: &str, now: SystemTime) -> Result<Counted, Unreachable> {
        for _ in 0..TRIES {
            let before = self.store.read(key).await?;
            let (after, standing) = Failures::after(before, now, self.limit);
            if self.store.replace(key, before, after).await? {
                return Ok(match standing {
                    Standing::Free => Counted::Failure(after),
                    Standing::LimitReached => Counted::Refused(Why::LimitReached),
                    Standing::Locked => Counted::Refused(Why::Locked),
                });
            }
        }
        // A person cannot send so many answers at once. Rejecting them prevents a bypass of the count.
        Ok(Counted::Refused(Why::Locked))
    }

    /// Resets the count, because the answer counted as `counted` was right.
    ///
    /// Answers that were counted later are kept, because an attacker may have sent them. If the table is late, all
    /// counts are kept, and the user has to wait after fewer wrong answers.
    pub async fn clear(&self, key: &str, counted: Failures) {
        let clearing = tokio::time::timeout(CLEARING, self.store.remove(key, counted)).await;
        let reason = match clearing {
            Ok(Ok(_)) => return,
            Ok(Err(error)) => error.to_string(),
            Err(_) => "no response in time".to_owned(),
        };
        warn!(
            AttemptsUnreachable = 1,
            reason = "NotCleared",
            "the count of wrong answers could not be reset: {reason}"
        );
    }
}

fn limit(answers: &str) -> Result<u32, String> {
    match answers.parse() {
        Ok(answers @ 1..=MAX_LIMIT) => Ok(answers),
        _ => Err(format!(
            "write the maximum number of consecutive wrong answers, 1 to {MAX_LIMIT}, such as `{DEFAULT_LIMIT}`"
        )),
    }
}
