//! Reads and writes items of a DynamoDB table. Each write is conditional on the item that was read before.
//!
//! If the response to a write is lost, the SDK sends the write again. Each write stores a unique token in the item, so
//! that the second request recognizes that the first one succeeded.

use std::collections::HashMap;
use std::iter;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::BehaviorVersion;
use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
pub use aws_sdk_dynamodb::types::AttributeValue;
use aws_types::SdkConfig;
use cognito_challenge_runtime::{ConfigError, Environment};

/// The attribute with the token of the write that created the item.
const TOKEN: &str = "token";

/// The attributes of an item.
pub type Item = HashMap<&'static str, AttributeValue>;

/// A table whose primary key is one string.
pub struct Table {
    client: Client,
    name: String,
    key: &'static str,
}

/// An operation on the table failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what}: {code}")]
pub struct Unreachable {
    /// The operation.
    pub what: &'static str,
    /// The error code of DynamoDB.
    pub code: String,
}

impl Table {
    /// Creates a client for the table `name` with the key attribute `key`, from the variables of
    /// [`configure`](crate::configure).
    ///
    /// # Errors
    ///
    /// Returns an error if a variable is missing or invalid.
    pub fn configure(name: &str, key: &'static str, environment: &Environment) -> Result<Self, ConfigError> {
        Ok(Self::new(name, key, &crate::configure(environment, "DYNAMODB")?))
    }

    fn new(name: &str, key: &'static str, config: &SdkConfig) -> Self {
        let config = aws_sdk_dynamodb::config::Builder::from(config).behavior_version(BehaviorVersion::latest());
        Self {
            client: Client::from_conf(config.build()),
            name: name.to_owned(),
            key,
        }
    }

    /// Reads the item `id` with a consistent read and converts it with `read`. Returns `None` if there is no item.
    ///
    /// # Errors
    ///
    /// Returns an error if the request fails, or if `read` returns `None`.
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
            code: "the item has an unknown format".into(),
        })
    }

    /// Writes `after` as the item `id` if the item has not changed since it was read. Returns whether it wrote.
    ///
    /// The item must have the attributes `before`, or must not exist if `before` is `None`. `token` must be unique to
    /// this write. It need not be secret.
    ///
    /// # Errors
    ///
    /// Returns an error if the request fails.
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

    /// Removes the item `id` if its attributes `before` have not changed. Returns whether it removed the item.
    ///
    /// # Errors
    ///
    /// Returns an error if the request fails.
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

/// Returns the condition that these attributes have not changed.
fn unchanged(before: &Item) -> String {
    let same: Vec<_> = before
        .keys()
        .map(|attribute| format!("#{attribute} = :{attribute}"))
        .collect();
    same.join(" AND ")
}

/// Returns whether the condition of an operation was met.
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

/// Keeps only the error code, because the error message may quote the request.
fn unreachable<E: ProvideErrorMetadata, R>(what: &'static str, error: &SdkError<E, R>) -> Unreachable {
    let code = error.code().unwrap_or("no response").to_owned();
    Unreachable { what, code }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::fake::Service;

    const CONFLICT: &str = r#"{"__type": "com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException"}"#;
    const DENIED: &str = r#"{"__type": "com.amazon.coral.service#AccessDeniedException"}"#;

    fn table(service: &Service) -> Table {
        Table::new("attempts", "id", &service.config())
    }

    fn counted(failures: u8) -> Item {
        Item::from([("failures", AttributeValue::N(failures.to_string()))])
    }

    fn denied<T>(what: &'static str) -> Result<T, Unreachable> {
        let code = "AccessDeniedException".to_owned();
        Err(Unreachable { what, code })
    }

    #[tokio::test]
    async fn an_item_is_read_consistently_and_one_that_cannot_be_read_is_an_error() {
        let number = |item: &HashMap<_, AttributeValue>| item.get("failures")?.as_n().ok()?.parse().ok();
        let unknown = Unreachable {
            what: "GetItem",
            code: "the item has an unknown format".to_owned(),
        };
        for (status, body, read) in [
            (200, "{}", Ok(None)),
            (200, r#"{"Item": {"failures": {"N": "3"}}}"#, Ok(Some(3))),
            (200, r#"{"Item": {"failures": {"S": "3"}}}"#, Err(unknown)),
            (400, DENIED, denied("GetItem")),
        ] {
            let service = Service::new(status, body);
            assert_eq!(table(&service).read("ada", number).await, read, "{body}");
            let request = json!({"TableName": "attempts", "Key": {"id": {"S": "ada"}}, "ConsistentRead": true});
            assert_eq!(service.requests(), [request]);
        }
    }

    #[tokio::test]
    async fn only_a_condition_that_is_not_met_is_a_conflict() {
        for (status, body, replaced, removed) in [
            (200, "{}", Ok(true), Ok(true)),
            (400, CONFLICT, Ok(false), Ok(false)),
            (400, DENIED, denied("PutItem"), denied("DeleteItem")),
        ] {
            let table = table(&Service::new(status, body));
            assert_eq!(table.replace("ada", None, counted(1), 7).await, replaced, "{body}");
            assert_eq!(table.remove("ada", counted(1)).await, removed, "{body}");
        }
    }

    #[tokio::test]
    async fn a_write_requires_the_item_that_was_read_or_its_own_token() {
        let service = Service::new(200, "{}");
        let table = table(&service);
        table.replace("ada", None, counted(1), 7).await.unwrap();
        table.replace("ada", Some(counted(1)), counted(2), 8).await.unwrap();
        table.remove("ada", counted(2)).await.unwrap();
        let sent = service.requests();
        let conditions: Vec<_> = sent.iter().map(|request| &request["ConditionExpression"]).collect();
        assert_eq!(
            conditions,
            [
                "(attribute_not_exists(id)) OR #token = :token",
                "(#failures = :failures) OR #token = :token",
                "#failures = :failures"
            ]
        );
        let values: Vec<_> = sent
            .iter()
            .map(|request| request["ExpressionAttributeValues"].clone())
            .collect();
        let token = |number: &str| json!({"S": number});
        assert_eq!(
            values,
            [
                json!({":token": token("0000000000000007")}),
                json!({":failures": {"N": "1"}, ":token": token("0000000000000008")}),
                json!({":failures": {"N": "2"}}),
            ]
        );
        let item = json!({"id": {"S": "ada"}, "failures": {"N": "2"}, "token": token("0000000000000008")});
        assert_eq!(sent[1]["Item"], item);
        assert_eq!(sent[2]["Key"], json!({"id": {"S": "ada"}}));
        assert_eq!(sent[2]["Item"], Value::Null);
    }
}
