//! The time before which the links of a user are void.
//!
//! A change of the answers invalidates all links that were created before it, used or not. So a link can be used once,
//! even by two requests at the same time, and also after the answers were removed.

use std::collections::HashMap;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use async_trait::async_trait;
use cognito_challenge::attempts::{EXPIRES, LINKS_VOID};
use cognito_challenge::challenges::security_question::Link;
use cognito_challenge_aws::table::{AttributeValue, Item, Table, Unreachable};
use rand::{CryptoRng, RngExt};

/// The time limit for the table.
const BUDGET: Duration = Duration::from_secs(1);

/// The number of attempts to write a mark while other changes are written.
const TRIES: usize = 5;

/// Storage of marks. By the user's key, it keeps the time until which links are void, in milliseconds since 1970.
#[async_trait]
pub(crate) trait Marks: Send + Sync {
    /// Returns the mark under `key`. The read is strongly consistent.
    async fn read(&self, key: &str) -> Result<Option<u64>, Unreachable>;

    /// Writes `after` under `key` if the stored value is still `before`. Returns whether it did. `token` identifies
    /// this write.
    async fn replace(&self, key: &str, before: Option<u64>, after: u64, token: u64) -> Result<bool, Unreachable>;
}

/// A mark that was written, and the previous mark.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Marked {
    before: Option<u64>,
    after: u64,
}

/// Whether a link that was created at `issued` is void.
pub(crate) async fn is_void(marks: &dyn Marks, key: &str, issued: u64) -> Result<bool, Unreachable> {
    let void = within(marks.read(key)).await?;
    Ok(void.is_some_and(|void| issued <= void))
}

/// Invalidates the link that was created at `issued` and all earlier ones. Returns `None` if the link was void already,
/// or if another change was written at the same time.
pub(crate) async fn spend(
    marks: &dyn Marks,
    key: &str,
    issued: u64,
    now: SystemTime,
    rng: &mut (dyn CryptoRng + Send),
) -> Result<Option<Marked>, Unreachable> {
    within(async {
        let before = marks.read(key).await?;
        if before.is_some_and(|void| issued <= void) {
            return Ok(None);
        }
        let after = milliseconds(now).max(issued);
        let spent = marks.replace(key, before, after, rng.random()).await?;
        Ok(spent.then_some(Marked { before, after }))
    })
    .await
}

/// Invalidates all links that were created until `now`.
pub(crate) async fn void(
    marks: &dyn Marks,
    key: &str,
    now: SystemTime,
    rng: &mut (dyn CryptoRng + Send),
) -> Result<Marked, Unreachable> {
    within(async {
        for _ in 0..TRIES {
            let before = marks.read(key).await?;
            let after = milliseconds(now).max(before.unwrap_or_default());
            if marks.replace(key, before, after, rng.random()).await? {
                return Ok(Marked { before, after });
            }
        }
        Err(Unreachable {
            what: "PutItem",
            code: "too many changes at once".into(),
        })
    })
    .await
}

/// Restores the previous mark, because the change failed. If this fails too, the user needs another link.
pub(crate) async fn restore(marks: &dyn Marks, key: &str, marked: Marked, rng: &mut (dyn CryptoRng + Send)) {
    let before = marked.before.unwrap_or_default();
    let restored = within(marks.replace(key, Some(marked.after), before, rng.random())).await;
    if restored != Ok(true) {
        tracing::warn!("a link that was not used is void");
    }
}

async fn within<T>(answer: impl Future<Output = Result<T, Unreachable>>) -> Result<T, Unreachable> {
    let late = |_| {
        Err(Unreachable {
            what: "the table",
            code: "no answer in time".into(),
        })
    };
    tokio::time::timeout(BUDGET, answer).await.unwrap_or_else(late)
}

fn milliseconds(now: SystemTime) -> u64 {
    let since_1970 = now.duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since_1970.as_millis()).unwrap_or(u64::MAX)
}

#[async_trait]
impl Marks for Table {
    async fn read(&self, key: &str) -> Result<Option<u64>, Unreachable> {
        let void = |item: &HashMap<String, AttributeValue>| item.get(LINKS_VOID)?.as_n().ok()?.parse().ok();
        self.read(key, void).await
    }

    async fn replace(&self, key: &str, before: Option<u64>, after: u64, token: u64) -> Result<bool, Unreachable> {
        // A link that was created before the mark has expired by then. A restored mark is less than the previous one.
        let expires = after.max(before.unwrap_or_default()) / 1000 + Link::LONGEST.as_secs();
        let number = |value: u64| AttributeValue::N(value.to_string());
        let before = before.map(|void| Item::from([(LINKS_VOID, number(void))]));
        let after = Item::from([(LINKS_VOID, number(after)), (EXPIRES, number(expires))]);
        self.replace(key, before, after, token).await
    }
}
