//! Stores failures in the attempts table: one item for each user and step.

use std::collections::HashMap;

use async_trait::async_trait;
use cognito_challenge::attempts::{CONSECUTIVE, EXPIRES, LOCKED_UNTIL, RECENT};
use cognito_challenge_aws::table::{AttributeValue, Item, Table, Unreachable};

use super::{FailureStore, Failures};

#[async_trait]
impl FailureStore for Table {
    async fn read(&self, key: &str) -> Result<Option<Failures>, Unreachable> {
        self.read(key, failures).await
    }

    async fn replace(&self, key: &str, before: Option<Failures>, after: Failures) -> Result<bool, Unreachable> {
        let after = Item::from([
            (CONSECUTIVE, number(&after.consecutive)),
            (RECENT, number(&after.recent)),
            (LOCKED_UNTIL, number(&after.locked_until)),
            (EXPIRES, number(&after.expires)),
        ]);
        self.replace(key, before.map(compared), after, fastrand::u64(..)).await
    }

    async fn remove(&self, key: &str, before: Failures) -> Result<bool, Unreachable> {
        self.remove(key, compared(before)).await
    }
}

/// Returns the attributes that differ between two writes.
fn compared(failures: Failures) -> Item {
    Item::from([
        (RECENT, number(&failures.recent)),
        (LOCKED_UNTIL, number(&failures.locked_until)),
    ])
}

fn number(value: &impl ToString) -> AttributeValue {
    AttributeValue::N(value.to_string())
}

fn failures(item: &HashMap<String, AttributeValue>) -> Option<Failures> {
    let number_of = |attribute: &str| -> Option<u64> { item.get(attribute)?.as_n().ok()?.parse().ok() };
    let recent = number_of(RECENT)?.try_into().ok()?;
    Some(Failures {
        // Items written by earlier versions have only the other number.
        consecutive: match item.get(CONSECUTIVE) {
            None => recent,
            Some(_) => number_of(CONSECUTIVE)?.try_into().ok()?,
        },
        recent,
        locked_until: number_of(LOCKED_UNTIL)?,
        expires: number_of(EXPIRES)?,
    })
}
