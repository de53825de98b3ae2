//! The table in which verify counts wrong answers, over the AWS SDK.

use aws_config::SdkConfig;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::AttributeValue;
use cognito_challenge::attempts::{CONSECUTIVE, ID, LOCKED_UNTIL};

use crate::pool::reason;

/// Removes the items under `keys` from `table`.
///
/// # Errors
///
/// What DynamoDB refuses with.
pub(crate) async fn remove(config: &SdkConfig, table: &str, keys: &[String]) -> Result<(), TableError> {
    let client = Client::new(config);
    for key in keys {
        let delete = client.delete_item().table_name(table);
        let deleted = delete.key(ID, AttributeValue::S(key.clone())).send().await;
        deleted.map_err(|error| TableError(reason(error)))?;
    }
    Ok(())
}

/// What is counted for a step.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Failures {
    /// The wrong answers in a row.
    pub(crate) consecutive: u64,
    /// Until when every answer is wrong: milliseconds since 1970.
    pub(crate) locked_until: u64,
}

/// What stands under each of `keys` in `table`.
///
/// # Errors
///
/// What DynamoDB refuses with.
pub(crate) async fn read(config: &SdkConfig, table: &str, keys: &[String]) -> Result<Vec<Failures>, TableError> {
    let client = Client::new(config);
    let mut found = Vec::new();
    for key in keys {
        let get = client.get_item().table_name(table).consistent_read(true);
        let got = get.key(ID, AttributeValue::S(key.clone())).send().await;
        let item = got.map_err(|error| TableError(reason(error)))?.item.unwrap_or_default();
        let number = |name| item.get(name)?.as_n().ok()?.parse().ok();
        found.push(Failures {
            consecutive: number(CONSECUTIVE).unwrap_or_default(),
            locked_until: number(LOCKED_UNTIL).unwrap_or_default(),
        });
    }
    Ok(found)
}

/// What the table refuses with, or why it was not reached.
#[derive(Debug, thiserror::Error)]
#[error("the table: {0}")]
pub(crate) struct TableError(String);
