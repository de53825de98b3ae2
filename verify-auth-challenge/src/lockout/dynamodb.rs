//! Failures in a DynamoDB table: one item for each user and step, written only over what was read.
//!
//! A write whose acknowledgement is lost is sent again by the SDK. Each write has a token of its own in the item, by which
//! the second request recognises that the first was done: it then counts nothing twice.

use std::collections::HashMap;

use async_trait::async_trait;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::BehaviorVersion;
use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_dynamodb::types::AttributeValue;
use cognito_challenge::attempts::{CONSECUTIVE, ID, LOCKED_UNTIL, RECENT};
use cognito_challenge_runtime::{ConfigError, Environment};

use super::{FailureStore, Failures, Unreachable};

/// The table's time to live.
const EXPIRES: &str = "expires";
const TOKEN: &str = "token";

/// No item, or the one that this write has made.
const NOTHING: &str = "attribute_not_exists(id) OR #token = :token";
/// The item that was read, or the one that this write has made.
const THE_SAME: &str = "failures = :failures AND lockedUntil = :lockedUntil";
const THE_SAME_OR_MINE: &str = "(failures = :failures AND lockedUntil = :lockedUntil) OR #token = :token";

type Item = HashMap<String, AttributeValue>;

/// A table.
pub(super) struct Table {
    client: Client,
    name: String,
}

impl Table {
    pub(super) fn configure(name: &str, environment: &Environment) -> Result<Self, ConfigError> {
        let config =
            aws_sdk_dynamodb::config::Builder::from(&cognito_challenge_aws::configure(environment, "DYNAMODB")?)
                .behavior_version(BehaviorVersion::latest());
        Ok(Self {
            client: Client::from_conf(config.build()),
            name: name.to_owned(),
        })
    }
}

#[async_trait]
impl FailureStore for Table {
    async fn read(&self, key: &str) -> Result<Option<Failures>, Unreachable> {
        let get = self.client.get_item().table_name(&self.name).consistent_read(true);
        let got = get.key(ID, AttributeValue::S(key.to_owned())).send().await;
        let item = got.map_err(|error| unreachable("GetItem", &error))?.item;
        item.map(|item| failures(&item)).transpose()
    }

    async fn replace(&self, key: &str, before: Option<Failures>, after: Failures) -> Result<bool, Unreachable> {
        // One for all requests of this write. It need not be secret, only unlike those of the writes beside it.
        let token = AttributeValue::S(format!("{:016x}", fastrand::u64(..)));
        let put = self
            .client
            .put_item()
            .table_name(&self.name)
            .item(ID, AttributeValue::S(key.to_owned()))
            .item(CONSECUTIVE, number(&after.consecutive))
            .item(RECENT, number(&after.recent))
            .item(LOCKED_UNTIL, number(&after.locked_until))
            .item(EXPIRES, number(&after.expires))
            .item(TOKEN, token.clone())
            .expression_attribute_names("#token", TOKEN)
            .expression_attribute_values(":token", token);
        let put = match before {
            None => put.condition_expression(NOTHING),
            Some(before) => put
                .condition_expression(THE_SAME_OR_MINE)
                .expression_attribute_values(":failures", number(&before.recent))
                .expression_attribute_values(":lockedUntil", number(&before.locked_until)),
        };
        met("PutItem", put.send().await)
    }

    async fn remove(&self, key: &str, before: Failures) -> Result<bool, Unreachable> {
        let delete = self
            .client
            .delete_item()
            .table_name(&self.name)
            .key(ID, AttributeValue::S(key.to_owned()))
            .condition_expression(THE_SAME)
            .expression_attribute_values(":failures", number(&before.recent))
            .expression_attribute_values(":lockedUntil", number(&before.locked_until));
        met("DeleteItem", delete.send().await)
    }
}

fn number(value: &impl ToString) -> AttributeValue {
    AttributeValue::N(value.to_string())
}

fn failures(item: &Item) -> Result<Failures, Unreachable> {
    let read = || {
        let recent = number_of(item, RECENT)?.try_into().ok()?;
        Some(Failures {
            // Items of earlier versions have only the other number.
            consecutive: match item.get(CONSECUTIVE) {
                None => recent,
                Some(_) => number_of(item, CONSECUTIVE)?.try_into().ok()?,
            },
            recent,
            locked_until: number_of(item, LOCKED_UNTIL)?,
            expires: number_of(item, EXPIRES)?,
        })
    };
    read().ok_or_else(|| Unreachable {
        what: "GetItem",
        code: "the item is not ours".into(),
    })
}

fn number_of(item: &Item, attribute: &str) -> Option<u64> {
    item.get(attribute)?.as_n().ok()?.parse().ok()
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
