//! Wrong answers, counted across sign-ins: who goes on guessing has to wait.

pub mod dynamodb;
pub mod failures;
#[cfg(test)]
mod tests;

use std::str::FromStr;
use std::time::{Duration, SystemTime};

use async_trait::async_trait;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use shared::challenges::Why;
use shared::flow::User;
use shared::hex;
use shared::lambda::{ConfigError, Environment};
use shared::secret::Keys;
use tracing::{Instrument, info, info_span, warn};

use dynamodb::Table;
use failures::{Failures, Standing};

/// How long counting an answer may take, a new connection included. Cognito gives the whole function 5 seconds.
const COUNTING: Duration = Duration::from_millis(1500);

/// How long forgetting the failures may take after a right answer.
const CLEARING: Duration = Duration::from_millis(500);

/// How often an answer is counted anew because another one came in between.
const TRIES: usize = 5;

/// Where failures are kept.
#[async_trait]
pub trait Attempts: Send + Sync {
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

/// The table did not do as it was asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what}: {code}")]
pub struct Unreachable {
    /// The operation.
    pub what: &'static str,
    /// What DynamoDB calls the error.
    pub code: String,
}

/// What becomes of answers that cannot be counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum IfUnreachable {
    /// They are wrong.
    Closed,
    /// They are judged.
    Open,
}

impl FromStr for IfUnreachable {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "closed" => Ok(Self::Closed),
            "open" => Ok(Self::Open),
            _ => Err("write `closed` or `open`"),
        }
    }
}

/// Counts answers, and says which ones count for nothing.
pub struct LockOut {
    attempts: Box<dyn Attempts>,
    key: [u8; 32],
    if_unreachable: IfUnreachable,
}

/// What counting an answer came to.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub enum Counted {
    /// It counts as a failure until [`LockOut::clear`] is told that it was right.
    Failure(Failures),
    /// It could not be counted, and is judged all the same.
    Not,
    /// It is wrong, whatever it is.
    Refused(Why),
}

impl LockOut {
    /// Reads `ATTEMPTS_TABLE`, without which nothing is counted, `ATTEMPTS_UNREACHABLE` (default `closed`) and what the
    /// AWS SDK needs.
    ///
    /// # Errors
    ///
    /// A variable that is missing or cannot be.
    pub fn configure(environment: &Environment, keys: &Keys) -> Result<Option<Self>, ConfigError> {
        let if_unreachable = environment
            .optional("ATTEMPTS_UNREACHABLE", str::parse)?
            .unwrap_or(IfUnreachable::Closed);
        let Some(table) = environment.get("ATTEMPTS_TABLE") else {
            return Ok(None);
        };
        Ok(Some(Self {
            attempts: Box::new(Table::configure(table, environment)?),
            key: keys.derive("attempts: user and challenge"),
            if_unreachable,
        }))
    }

    /// Opens the connection that the first answer is counted over: while a function starts it has a whole processor, after
    /// that TLS would take a small one most of a second. Without the table it starts all the same.
    pub async fn connect(&self) {
        // Under this key stands nothing: the others are hashes.
        match tokio::time::timeout(aws::CONNECTING, self.attempts.read("nobody")).await {
            Ok(Ok(_)) => {}
            Ok(Err(error)) => warn!("no connection to the table: {error}"),
            Err(_) => warn!("the table did not answer in time"),
        }
    }

    /// What stands in the table for a user's answers to a challenge: keyed, so that it names nobody.
    ///
    /// Cognito makes no difference between `Ada` and `ada` where the pool makes none, and then an event has the name as
    /// it is in the pool. What nobody is called is told to us as it was typed, and must not have more attempts for it.
    pub fn key(&self, pool: &str, user: &str, found: User, challenge: &str) -> String {
        let (kind, user) = match found {
            User::Found => ("user", user.to_owned()),
            User::NotFound => ("nobody", user.to_lowercase()),
        };
        let mac = Hmac::<Sha256>::new_from_slice(&self.key);
        let hash = mac.map(|mut mac| {
            for part in [pool, kind, &user, challenge] {
                mac.update(&part.len().to_be_bytes());
                mac.update(part.as_bytes());
            }
            mac.finalize().into_bytes()
        });
        hash.map(|hash| hex::encode(&hash)).unwrap_or_default()
    }

    /// Counts an answer that came at `now` as a failure, before anybody has looked at it: two at the same time are two.
    ///
    /// While the user has to wait, the table is written as it is, so that it takes as long as ever.
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
            IfUnreachable::Closed => Counted::Refused(Why::NotCounted),
            IfUnreachable::Open => Counted::Not,
        }
    }

    async fn try_count(&self, key: &str, now: SystemTime) -> Result<Counted, Unreachable> {
        for _ in 0..TRIES {
            let before = self.attempts.read(key).await?;
            let (after, standing) = Failures::after(before, now);
            if self.attempts.replace(key, before, after).await? {
                return Ok(match standing {
                    Standing::Free => Counted::Failure(after),
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
        let clearing = tokio::time::timeout(CLEARING, self.attempts.remove(key, counted)).await;
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
