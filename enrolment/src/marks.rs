//! Since when the links of a user are valid. A change of the answers makes void all links that were made before it, used or
//! not, so that a link is used once, also if two requests use it at the same time, and if the answers are removed again.

use std::collections::HashMap;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use async_trait::async_trait;
use cognito_challenge::attempts::{EXPIRES, LINKS_VOID};
use cognito_challenge::challenges::security_question::Link;
use cognito_challenge_aws::table::{AttributeValue, Item, Table, Unreachable};
use rand::{CryptoRng, RngExt};

/// How long the table may take.
const BUDGET: Duration = Duration::from_secs(1);

/// How often a mark is written anew because another change came in between.
const TRIES: usize = 5;

/// Where marks are kept: up to when links are void, in milliseconds since 1970, by the user's key.
#[async_trait]
pub(crate) trait Marks: Send + Sync {
    /// The mark under `key`, as the last write left it.
    async fn read(&self, key: &str) -> Result<Option<u64>, Unreachable>;

    /// Writes `after` under `key` if `before` is still what is there; gives whether it was. `token` is of this write alone.
    async fn replace(&self, key: &str, before: Option<u64>, after: u64, token: u64) -> Result<bool, Unreachable>;
}

/// A mark that was written, and the one before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Marked {
    before: Option<u64>,
    after: u64,
}

/// Whether a link that was made at `issued` is void.
pub(crate) async fn is_void(marks: &dyn Marks, key: &str, issued: u64) -> Result<bool, Unreachable> {
    let void = within(marks.read(key)).await?;
    Ok(void.is_some_and(|void| issued <= void))
}

/// Makes void the link that was made at `issued` and all before; gives nothing if it was void, or another change came in
/// between.
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

/// Makes void all links that were made until `now`.
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

/// Takes a mark back, because the change that it was for was not done. If that fails, the user needs another link.
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
        // A link that was made before the mark has expired by then. A mark that is taken back is less than the one before.
        let expires = after.max(before.unwrap_or_default()) / 1000 + Link::LONGEST.as_secs();
        let number = |value: u64| AttributeValue::N(value.to_string());
        let before = before.map(|void| Item::from([(LINKS_VOID, number(void))]));
        let after = Item::from([(LINKS_VOID, number(after)), (EXPIRES, number(expires))]);
        self.replace(key, before, after, token).await
    }
}
