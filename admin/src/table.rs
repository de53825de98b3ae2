//! The table in which verify counts wrong answers, through the AWS SDK.

use aws_config::SdkConfig;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::AttributeValue;
use cognito_challenge::attempts::{CONSECUTIVE, ID, LOCKED_UNTIL};

use crate::pool::reason;

/// Removes the items under `keys` from `table`.
///
/// # Errors
///
/// Returns the error of DynamoDB.
pub(crate) async fn remove(config: &SdkConfig, table: &str, keys: &[String]) -> Result<(), TableError> {
    let client = Client::new(config);
    for key in keys {
        let delete = client.delete_item().table_name(table);
        let deleted = delete.key(ID, AttributeValue::S(key.clone())).send().await;
        deleted.map_err(|error| TableError(reason(error)))?;
    }
    Ok(())
}

/// The counters of a step.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Failures {
    /// The number of consecutive wrong answers.
    pub(crate) consecutive: u64,
    /// The time until which every answer is wrong, in milliseconds since 1970.
    pub(crate) locked_until: u64,
}

/// Reads the item under each of `keys` in `table`.
///
/// # Errors
///
/// Returns the error of DynamoDB.
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

/// The error of a request to the table.
#[derive(Debug, thiserror::Error)]
#[error("the table: {0}")]
pub(crate) struct TableError(String);
