//! The times of messages in the table of attempts. Each user and medium has one item.

use async_trait::async_trait;
use cognito_challenge::attempts::EXPIRES;
use cognito_challenge_aws::table::{AttributeValue, Item, Table, Unreachable};

use super::{Times, TimesStore, WINDOW};

/// The times, separated by spaces.
const SENT: &str = "sent";

#[async_trait]
impl TimesStore for Table {
    async fn read(&self, key: &str) -> Result<Option<Times>, Unreachable> {
        let times = |sent: &str| sent.split_whitespace().map(|time| time.parse().ok()).collect();
        self.read(key, |item| times(item.get(SENT)?.as_s().ok()?)).await
    }

    async fn replace(&self, key: &str, before: Option<&Times>, after: &Times, token: u64) -> Result<bool, Unreachable> {
        let expires = after.last().map_or(0, |last| last.saturating_add(WINDOW));
        let before = before.map(|times| Item::from([(SENT, text(times))]));
        let after = Item::from([(SENT, text(after)), (EXPIRES, AttributeValue::N(expires.to_string()))]);
        self.replace(key, before, after, token).await
    }
}

fn text(times: &Times) -> AttributeValue {
    let times: Vec<_> = times.iter().map(u64::to_string).collect();
    AttributeValue::S(times.join(" "))
}
