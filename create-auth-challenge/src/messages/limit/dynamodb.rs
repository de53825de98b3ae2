//! The times of messages in the table of attempts: one item for each user and medium, written only over what was read.
//!
//! Each write has a token of its own in the item, so that a request that the SDK sends again counts nothing twice.

use async_trait::async_trait;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::BehaviorVersion;
use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_dynamodb::types::AttributeValue;
use cognito_challenge::attempts::ID;
use cognito_challenge_runtime::{ConfigError, Environment};

use super::{Times, TimesStore, Unreachable, WINDOW};

/// The times, separated by blanks.
const SENT: &str = "sent";
/// The table's time to live.
const EXPIRES: &str = "expires";
const TOKEN: &str = "token";

/// No item, or the one that this write has made.
const NOTHING: &str = "attribute_not_exists(id) OR #token = :token";
/// The item that was read, or the one that this write has made.
const THE_SAME_OR_MINE: &str = "#sent = :sent OR #token = :token";

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
impl TimesStore for Table {
    async fn read(&self, key: &str) -> Result<Option<Times>, Unreachable> {
        let get = self.client.get_item().table_name(&self.name).consistent_read(true);
        let got = get.key(ID, AttributeValue::S(key.to_owned())).send().await;
        let Some(item) = got.map_err(|error| unreachable("GetItem", &error))?.item else {
            return Ok(None);
        };
        let times = item.get(SENT).and_then(|sent| sent.as_s().ok());
        let times = times.and_then(|sent| sent.split_whitespace().map(|time| time.parse().ok()).collect());
        times.map(Some).ok_or_else(|| Unreachable {
            what: "GetItem",
            code: "the item is not ours".into(),
        })
    }

    async fn replace(&self, key: &str, before: Option<&Times>, after: &Times, token: u64) -> Result<bool, Unreachable> {
        let expires = after.last().map_or(0, |last| last.saturating_add(WINDOW));
        let token = AttributeValue::S(format!("{token:016x}"));
        let put = self
            .client
            .put_item()
            .table_name(&self.name)
            .item(ID, AttributeValue::S(key.to_owned()))
            .item(SENT, text(after))
            .item(EXPIRES, AttributeValue::N(expires.to_string()))
            .item(TOKEN, token.clone())
            .expression_attribute_names("#token", TOKEN)
            .expression_attribute_values(":token", token);
        let put = match before {
            None => put.condition_expression(NOTHING),
            Some(before) => put
                .condition_expression(THE_SAME_OR_MINE)
                .expression_attribute_names("#sent", SENT)
                .expression_attribute_values(":sent", text(before)),
        };
        match put.send().await {
            Ok(_) => Ok(true),
            Err(error) if error.code() == Some("ConditionalCheckFailedException") => Ok(false),
            Err(error) => Err(unreachable("PutItem", &error)),
        }
    }
}

fn text(times: &Times) -> AttributeValue {
    let times: Vec<_> = times.iter().map(u64::to_string).collect();
    AttributeValue::S(times.join(" "))
}

/// The error's own text may quote the request, so only what DynamoDB calls it is kept.
fn unreachable<E: ProvideErrorMetadata, R>(what: &'static str, error: &SdkError<E, R>) -> Unreachable {
    let code = error.code().unwrap_or("no answer").to_owned();
    Unreachable { what, code }
}
