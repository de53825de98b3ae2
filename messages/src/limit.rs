//! How many messages a user gets within an hour, counted in a table across sign-ins.

mod dynamodb;

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use async_trait::async_trait;
use cognito_challenge::attempts::ID;
use cognito_challenge_aws::table::{Table, Unreachable};
use cognito_challenge_runtime::{ConfigError, Environment};
use rand::{CryptoRng, RngExt};
use tracing::warn;

use super::SendError;

/// How long counting a message may take, a new connection included.
const BUDGET: Duration = Duration::from_secs(1);

/// How long a message counts.
const WINDOW: u64 = 60 * 60;

/// How many messages a user gets within an hour, unless `MESSAGES_PER_HOUR` says otherwise.
const DEFAULT_PER_HOUR: usize = 5;

/// The largest `MESSAGES_PER_HOUR`.
const MAX_PER_HOUR: usize = 100;

/// What `MESSAGES_PER_HOUR` says if nothing is counted.
const UNLIMITED: &str = "unlimited";

/// How often a message is counted anew because another one came in between.
const TRIES: usize = 5;

/// When messages of a user were sent: seconds since 1970, in order.
type Times = Vec<u64>;

/// Where the times are kept.
#[async_trait]
trait TimesStore: Send + Sync {
    /// The times under `key`, as the last write left them.
    async fn read(&self, key: &str) -> Result<Option<Times>, Unreachable>;

    /// Writes `after` under `key` if `before` is still what is there; gives whether it was. `token` is of this write alone.
    async fn replace(&self, key: &str, before: Option<&Times>, after: &Times, token: u64) -> Result<bool, Unreachable>;
}

/// Counts messages, and says which ones are too many.
pub struct Limit {
    /// Nothing if the operator wants no limit.
    store: Option<Box<dyn TimesStore>>,
    per_hour: usize,
}

impl Limit {
    /// Reads `MESSAGES_PER_HOUR` (default 5), `ATTEMPTS_TABLE` and what the AWS SDK needs.
    ///
    /// # Errors
    ///
    /// A variable that cannot be, and no table to count in.
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

    /// Opens the connection that the first message is counted over. Without the table the function starts all the same.
    pub async fn prepare(&self) {
        let Some(store) = &self.store else { return };
        // Under this key stands nothing: the others are hashes.
        match tokio::time::timeout(cognito_challenge_aws::CONNECTING, store.read("nobody")).await {
            Ok(Ok(_)) => {}
            Ok(Err(error)) => warn!("no connection to the table: {error}"),
            Err(_) => warn!("the table did not answer in time"),
        }
    }

    /// Counts a message at `now` under `key`, see [`messages_key`](cognito_challenge::attempts::messages_key); gives whether
    /// it may be sent. Messages to nonexistent users are counted too.
    ///
    /// At the limit the table is written with what it holds, so that it takes as long as ever.
    ///
    /// # Errors
    ///
    /// A table that is late or fails.
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
        // So many sign-ins of one user at once are no person's.
        Ok(false)
    }
}

/// The times after one more message at `now`, and whether it may be sent.
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
