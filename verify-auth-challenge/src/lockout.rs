//! Wrong answers, counted across sign-ins: after too many a user has to wait, and after far too many to be reset.

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

/// How long counting an answer may take, a new connection included. Cognito gives the whole function 5 seconds.
const COUNTING: Duration = Duration::from_millis(1500);

/// How long forgetting the failures may take after a right answer.
const CLEARING: Duration = Duration::from_millis(500);

/// How many answers in a row may be wrong, unless `ATTEMPTS_LIMIT` says otherwise: NIST SP 800-63B-4, 3.2.2.
const DEFAULT_LIMIT: u32 = 100;

/// The largest `ATTEMPTS_LIMIT`.
const MAX_LIMIT: u32 = 1_000_000;

/// How often an answer is counted anew because another one came in between.
const TRIES: usize = 5;

/// Where failures are kept.
#[async_trait]
pub trait FailureStore: Send + Sync {
    /// The failures under `key`, as the last write left them.
    ///
    /// # Errors
    ///
    /// A table that does not give them.
    async fn read(&self, key: &str) -> Result<Option<Failures>, Unreachable>;

    /// Writes `after` under `key` if `before` is still what is there; gives whether it was.
    ///
    /// # Errors
    ///
    /// A table that does not take them.
    async fn replace(&self, key: &str, before: Option<Failures>, after: Failures) -> Result<bool, Unreachable>;

    /// Removes what is under `key` if `before` is still what is there; gives whether it was.
    ///
    /// # Errors
    ///
    /// A table that does not do so.
    async fn remove(&self, key: &str, before: Failures) -> Result<bool, Unreachable>;
}

/// Counts answers, and says which ones count for nothing.
pub struct Lockout {
    store: Box<dyn FailureStore>,
    keys: Keys,
    limit: u32,
    if_unreachable: IfUnavailable,
}

/// What counting an answer came to.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub enum Counted {
    /// It counts as a failure until [`Lockout::clear`] is told that it was right.
    Failure(Failures),
    /// It could not be counted, and is judged all the same.
    Not,
    /// It is wrong, whatever it is.
    Refused(Why),
}

impl Lockout {
    /// Reads `ATTEMPTS_TABLE`, without which nothing is counted, `ATTEMPTS_LIMIT` (default 100), `ATTEMPTS_UNREACHABLE`
    /// (default `closed`) and what the AWS SDK needs.
    ///
    /// # Errors
    ///
    /// A variable that is missing or cannot be.
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

    /// Opens the connection that the first answer is counted over: while a function starts it has a whole processor, after
    /// that TLS would take a small one most of a second. Without the table it starts all the same.
    pub async fn connect(&self) {
        // Under this key stands nothing: the others are hashes.
        match tokio::time::timeout(cognito_challenge_aws::CONNECTING, self.store.read("nobody")).await {
            Ok(Ok(_)) => {}
            Ok(Err(error)) => warn!("no connection to the table: {error}"),
            Err(_) => warn!("the table did not answer in time"),
        }
    }

    /// The table's key for the answers of `user` to a step, see [`attempts::key`].
    pub fn key<'a>(&self, user: &User<'_>, challenges: impl Iterator<Item = &'a str>) -> String {
        attempts::key(&self.keys, user, challenges)
    }

    /// Counts an answer that came at `now` as a failure, before it is judged: two at the same time are two.
    ///
    /// While no answer is right, the table is written with what it holds, so that it takes as long as ever.
    pub async fn count(&self, key: &str, now: SystemTime) -> Counted {
        let counting = self.try_count(key, now).instrument(info_span!("AttemptsMilliseconds"));
        let reason = match tokio::time::timeout(COUNTING, counting).await {
            Ok(Ok(counted)) => {
                if let Counted::Refused(_) = counted {
                    info!(LockedOut = 1, "too many wrong answers");
                }
                return counted;
            }
            Ok(Err(error)) => error.to_string(),
            Err(_) => "no answer in time".to_owned(),
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
        // So many answers at once are nobody's typing, and must not be a way around the count.
        Ok(Counted::Refused(Why::Locked))
    }

    /// Forgets the failures, because the answer that was counted as `counted` was right.
    ///
    /// Answers that were counted since stay: they may be somebody else's. Where the table is late they all stay, and the
    /// user meets a wait after fewer wrong answers.
    pub async fn clear(&self, key: &str, counted: Failures) {
        let clearing = tokio::time::timeout(CLEARING, self.store.remove(key, counted)).await;
        let reason = match clearing {
            Ok(Ok(_)) => return,
            Ok(Err(error)) => error.to_string(),
            Err(_) => "no answer in time".to_owned(),
        };
        warn!(
            AttemptsUnreachable = 1,
            reason = "NotCleared",
            "the failures could not be forgotten: {reason}"
        );
    }
}

fn limit(answers: &str) -> Result<u32, String> {
    match answers.parse() {
        Ok(answers @ 1..=MAX_LIMIT) => Ok(answers),
        _ => Err(format!(
            "write how many answers in a row may be wrong, 1 to {MAX_LIMIT}, such as `{DEFAULT_LIMIT}`"
        )),
    }
}
