//! Items of a DynamoDB table, each written only over what was read.
//!
//! A write whose acknowledgement is lost is sent again by the SDK. Each write has a token of its own in the item, by which
//! the second request recognises that the first was done.

use std::collections::HashMap;
use std::iter;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::BehaviorVersion;
use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
pub use aws_sdk_dynamodb::types::AttributeValue;
use cognito_challenge_runtime::{ConfigError, Environment};

/// The attribute with the token of the write that made the item.
const TOKEN: &str = "token";

/// The attributes of an item.
pub type Item = HashMap<&'static str, AttributeValue>;

/// A table with a key of one text.
pub struct Table {
    client: Client,
    name: String,
    key: &'static str,
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

impl Table {
    /// The table `name` with the key attribute `key`, from what the AWS SDK needs.
    ///
    /// # Errors
    ///
    /// A variable that is missing or cannot be.
    pub fn configure(name: &str, key: &'static str, environment: &Environment) -> Result<Self, ConfigError> {
        let config = aws_sdk_dynamodb::config::Builder::from(&crate::configure(environment, "DYNAMODB")?)
            .behavior_version(BehaviorVersion::latest());
        Ok(Self {
            client: Client::from_conf(config.build()),
            name: name.to_owned(),
            key,
        })
    }

    /// What `read` makes of the item under `id`, as the last write left it. Nothing if there is no item.
    ///
    /// # Errors
    ///
    /// A table that does not give it, and an item that `read` makes nothing of.
    pub async fn read<T>(
        &self,
        id: &str,
        read: impl FnOnce(&HashMap<String, AttributeValue>) -> Option<T>,
    ) -> Result<Option<T>, Unreachable> {
        let get = self.client.get_item().table_name(&self.name).consistent_read(true);
        let got = get.key(self.key, AttributeValue::S(id.to_owned())).send().await;
        let Some(item) = got.map_err(|error| unreachable("GetItem", &error))?.item else {
            return Ok(None);
        };
        read(&item).map(Some).ok_or_else(|| Unreachable {
            what: "GetItem",
            code: "the item is not ours".into(),
        })
    }

    /// Writes `after` under `id` if the attributes `before` are still there, or for none if there is no item; gives
    /// whether it did. `token` is of this write alone. It need not be secret.
    ///
    /// # Errors
    ///
    /// A table that does not take it.
    pub async fn replace(&self, id: &str, before: Option<Item>, after: Item, token: u64) -> Result<bool, Unreachable> {
        let token = AttributeValue::S(format!("{token:016x}"));
        let of_before = match &before {
            None => format!("attribute_not_exists({})", self.key),
            Some(before) => unchanged(before),
        };
        let mut put = self
            .client
            .put_item()
            .table_name(&self.name)
            .item(self.key, AttributeValue::S(id.to_owned()))
            .item(TOKEN, token.clone())
            .condition_expression(format!("({of_before}) OR #{TOKEN} = :{TOKEN}"));
        for (attribute, value) in after {
            put = put.item(attribute, value);
        }
        for (attribute, value) in before.into_iter().flatten().chain(iter::once((TOKEN, token))) {
            put = put
                .expression_attribute_names(format!("#{attribute}"), attribute)
                .expression_attribute_values(format!(":{attribute}"), value);
        }
        met("PutItem", put.send().await)
    }

    /// Removes the item under `id` if the attributes `before` are still there; gives whether it did.
    ///
    /// # Errors
    ///
    /// A table that does not do so.
    pub async fn remove(&self, id: &str, before: Item) -> Result<bool, Unreachable> {
        let mut delete = self
            .client
            .delete_item()
            .table_name(&self.name)
            .key(self.key, AttributeValue::S(id.to_owned()))
            .condition_expression(unchanged(&before));
        for (attribute, value) in before {
            delete = delete
                .expression_attribute_names(format!("#{attribute}"), attribute)
                .expression_attribute_values(format!(":{attribute}"), value);
        }
        met("DeleteItem", delete.send().await)
    }
}

/// The condition that each of these attributes is as it was.
fn unchanged(before: &Item) -> String {
    let same: Vec<_> = before
        .keys()
        .map(|attribute| format!("#{attribute} = :{attribute}"))
        .collect();
    same.join(" AND ")
}

/// Whether the condition of an operation was met.
fn met<T, E: ProvideErrorMetadata, R>(
    what: &'static str,
    done: Result<T, SdkError<E, R>>,
) -> Result<bool, Unreachable> {
    match done {
        Ok(_) => Ok(true),
        Err(error) if error.code() == Some("ConditionalCheckFailedException") => Ok(false),
        Err(error) => Err(unreachable(what, &error)),
    }
}

/// The error's own text may quote the request, so only what DynamoDB calls it is kept.
fn unreachable<E: ProvideErrorMetadata, R>(what: &'static str, error: &SdkError<E, R>) -> Unreachable {
    let code = error.code().unwrap_or("no answer").to_owned();
    Unreachable { what, code }
}
