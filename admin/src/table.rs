//! The table in which verify counts wrong answers, over the AWS SDK.

use aws_config::SdkConfig;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::AttributeValue;
use cognito_challenge::attempts::ID;

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

/// What the table refuses with, or why it was not reached.
#[derive(Debug, thiserror::Error)]
#[error("the table: {0}")]
pub(crate) struct TableError(String);
