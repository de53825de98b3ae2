//! The number of messages that a user gets within an hour, counted in a table across sign-ins.

mod dynamodb;

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use async_trait::async_trait;
use cognito_challenge::attempts::ID;
use cognito_challenge_aws::table::{Table, Unreachable};
use cognito_challenge_runtime::{ConfigError, Environment};
use rand::{CryptoRng, RngExt};
use tracing::warn;

use super::SendError;

/// The time limit for counting a message, including a new connection.
const BUDGET: Duration = Duration::from_secs(1);

/// The number of seconds for which a message counts.
const WINDOW: u64 = 60 * 60;

/// The default of `MESSAGES_PER_HOUR`: the messages that a user gets within an hour.
const DEFAULT_PER_HOUR: usize = 5;

/// The largest `MESSAGES_PER_HOUR`.
const MAX_PER_HOUR: usize = 100;

/// The value of `MESSAGES_PER_HOUR` that turns counting off.
const UNLIMITED: &str = "unlimited";

/// The number of attempts to count a message while other messages of the same user are counted.
const TRIES: usize = 5;

/// The times of a user's messages, in seconds since 1970, in ascending order.
type Times = Vec<u64>;

/// Storage of the times.
#[async_trait]
trait TimesStore: Send + Sync {
    /// Returns the times under `key`. The read is strongly consistent.
    async fn read(&self, key: &str) -> Result<Option<Times>, Unreachable>;

    /// Writes `after` under `key` if the stored value is still `before`. Returns whether it did. `token` identifies
    /// this write.
    async fn replace(&self, key: &str, before: Option<&Times>, after: &Times, token: u64) -> Result<bool, Unreachable>;
}

/// Counts messages and reports whether a message is within the limit.
pub struct Limit {
    /// `None` if the operator wants no limit.
    store: Option<Box<dyn TimesStore>>,
    per_hour: usize,
}

impl Limit {
    /// Reads `MESSAGES_PER_HOUR` (default 5), `ATTEMPTS_TABLE` and the variables of the AWS SDK.
    ///
    /// # Errors
    ///
    /// Returns an error if a variable is invalid, or if the limit has no table.
    pub fn configure(environment: &Environment) -> Result<Self, ConfigError> {
        let per_hour = environment.optional("MESSAGES_PER_HOUR", per_hour)?;
        let Some(per_hour) = per_hour.unwrap_or(Some(DEFAULT_PER_HOUR)) else {
            return Ok(Self {
                store: None,
                per_hour: 0,
            });
        };
        let table = environment.get("ATTEMPTS_TABLE").ok_or_else(|| ConfigError::Invalid {
            name: "ATTEMPTS_TABLE",
            error: format!("it is missing, and MESSAGES_PER_HOUR needs it: set it, or MESSAGES_PER_HOUR={UNLIMITED}"),
        })?;
        Ok(Self {
            store: Some(Box::new(Table::configure(table, ID, environment)?)),
            per_hour,
        })
    }

    /// Opens the connection that counts the first message. If the table cannot be reached, the function starts anyway.
    pub async fn prepare(&self) {
        let Some(store) = &self.store else { return };
        // No item has this key: the other keys are hashes.
        match tokio::time::timeout(cognito_challenge_aws::CONNECTING, store.read("nobody")).await {
            Ok(Ok(_)) => {}
            Ok(Err(error)) => warn!("no connection to the table: {error}"),
            Err(_) => warn!("the table did not answer in time"),
        }
    }

    /// Counts a message at `now` under `key`, see [`messages_key`](cognito_challenge::attempts::messages_key). Returns
    /// whether the message may be sent. Messages to nonexistent users are counted too.
    ///
    /// At the limit, it writes the table unchanged, so that the call takes the same time.
    ///
    /// # Errors
    ///
    /// Returns an error if the table is late or fails.
    pub async fn take(&self, key: &str, now: SystemTime, rng: &mut (dyn CryptoRng + Send)) -> Result<bool, SendError> {
        let Some(store) = &self.store else { return Ok(true) };
        let taken = tokio::time::timeout(BUDGET, self.try_take(store.as_ref(), key, now, rng)).await;
        let reason = match taken {
            Ok(Ok(taken)) => return Ok(taken),
            Ok(Err(error)) => error.to_string(),
            Err(_) => "no answer in time".to_owned(),
        };
        Err(SendError::new(format!("the message could not be counted: {reason}")))
    }

    async fn try_take(
        &self,
        store: &dyn TimesStore,
        key: &str,
        now: SystemTime,
        rng: &mut (dyn CryptoRng + Send),
    ) -> Result<bool, Unreachable> {
        for _ in 0..TRIES {
            let before = store.read(key).await?;
            let (after, taken) = after(before.clone(), now, self.per_hour);
            if store.replace(key, before.as_ref(), &after, rng.random()).await? {
                return Ok(taken);
            }
        }
        // No person starts so many sign-ins at once.
        Ok(false)
    }
}

/// Returns the times after one more message at `now`, and whether it may be sent.
fn after(before: Option<Times>, now: SystemTime, per_hour: usize) -> (Times, bool) {
    let now = now.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    let mut times = before.unwrap_or_default();
    times.retain(|time| time.saturating_add(WINDOW) > now);
    let taken = times.len() < per_hour;
    if taken {
        times.push(now);
    }
    (times, taken)
}

fn per_hour(messages: &str) -> Result<Option<usize>, String> {
    match messages.parse() {
        _ if messages == UNLIMITED => Ok(None),
        Ok(messages @ 1..=MAX_PER_HOUR) => Ok(Some(messages)),
        _ => Err(format!(
            "write how many messages a user gets within an hour, 1 to {MAX_PER_HOUR}, such as `{DEFAULT_PER_HOUR}`"
        )),
    }
}

#[cfg(test)]
mod tests;
