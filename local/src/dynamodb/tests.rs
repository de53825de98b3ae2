//! Over HTTP, with requests like those of the AWS SDK for Rust.

use sam_template::{Deployment, Template};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::*;

fn table(properties: &Value) -> BTreeMap<String, Table> {
    let table = Table {
        name: "attempts".to_owned(),
        properties: properties.as_object().unwrap().clone(),
    };
    BTreeMap::from([("AttemptsTable".to_owned(), table)])
}

fn properties() -> Value {
    json!({
        "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
        "BillingMode": "PAY_PER_REQUEST",
        "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
        "TimeToLiveSpecification": {"AttributeName": "expires", "Enabled": true},
    })
}

async fn call(dynamodb: &DynamoDb, operation: &str, request: &Value) -> (u16, Value) {
    let host = dynamodb.endpoint.strip_prefix("http://").unwrap();
    let mut stream = TcpStream::connect(host).await.unwrap();
    let body = request.to_string();
    let text = format!(
        "POST / HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\ncontent-type: application/x-amz-json-1.0\r\n\
         x-amz-target: DynamoDB_20120810.{operation}\r\nx-amz-date: 20260101T000000Z\r\n\
         authorization: AWS4-HMAC-SHA256 Credential=NORIGHTS/20260101/us-east-1/dynamodb/aws4_request, \
         SignedHeaders=host;x-amz-date, Signature=00\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(text.as_bytes()).await.unwrap();
    let mut reply = String::new();
    stream.read_to_string(&mut reply).await.unwrap();
    let (head, body) = reply.split_once("\r\n\r\n").unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    (status, serde_json::from_str(body).unwrap())
}

fn item(failures: u32) -> Value {
    json!({"id": {"S": "k"}, "failures": {"N": failures.to_string()}, "expires": {"N": "4102444800"}})
}

#[tokio::test]
async fn a_write_whose_condition_fails_changes_nothing() {
    let dynamodb = DynamoDb::start(&table(&properties())).await.unwrap();
    let first = json!({"TableName": "attempts", "Item": item(1), "ConditionExpression": "attribute_not_exists(id)"});
    assert_eq!(call(&dynamodb, "PutItem", &first).await, (200, json!({})));
    let over = |before: u32, operation: &str| {
        let mut request = json!({"TableName": "attempts", "ConditionExpression": "failures = :failures",
            "ExpressionAttributeValues": {":failures": {"N": before.to_string()}}});
        match operation {
            "PutItem" => request["Item"] = item(before + 1),
            _ => request["Key"] = json!({"id": {"S": "k"}}),
        }
        request
    };
    assert_eq!(call(&dynamodb, "PutItem", &over(1, "PutItem")).await.0, 200);
    for (operation, request) in [
        ("PutItem", first),
        ("PutItem", over(1, "PutItem")),
        ("DeleteItem", over(1, "DeleteItem")),
    ] {
        let (status, error) = call(&dynamodb, operation, &request).await;
        assert_eq!(status, 400);
        assert!(
            error["__type"]
                .as_str()
                .unwrap()
                .ends_with("#ConditionalCheckFailedException"),
            "{error}"
        );
    }
    let get = json!({"TableName": "attempts", "Key": {"id": {"S": "k"}}, "ConsistentRead": true});
    assert_eq!(call(&dynamodb, "GetItem", &get).await, (200, json!({"Item": item(2)})));
    assert_eq!(call(&dynamodb, "DeleteItem", &over(2, "DeleteItem")).await.0, 200);
    assert_eq!(call(&dynamodb, "GetItem", &get).await, (200, json!({})));
}

#[tokio::test]
async fn what_is_not_there_and_what_is_not_understood_is_refused() {
    let dynamodb = DynamoDb::start(&table(&properties())).await.unwrap();
    for (request, error) in [
        (
            json!({"TableName": "other", "Key": {"id": {"S": "k"}}}),
            "ResourceNotFoundException",
        ),
        (
            json!({"TableName": "attempts", "Key": {"key": {"S": "k"}}}),
            "ValidationException",
        ),
        (
            json!({"TableName": "attempts", "Key": {"id": {"N": "1"}}}),
            "ValidationException",
        ),
    ] {
        let (status, refused) = call(&dynamodb, "GetItem", &request).await;
        assert_eq!(status, 400);
        assert!(refused["__type"].as_str().unwrap().ends_with(error), "{refused}");
    }
}

#[tokio::test]
async fn a_table_that_dynamodb_would_not_create_is_named() {
    let mut wrong = properties();
    wrong["KeySchema"][0]["AttributeName"] = "key".into();
    let error = DynamoDb::start(&table(&wrong)).await.unwrap_err().to_string();
    assert!(error.starts_with("table `AttemptsTable` of the template: "), "{error}");
}

#[tokio::test]
async fn a_table_has_the_indexes_of_the_template() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("template.yaml");
    std::fs::write(&path, INDEXED).unwrap();
    let settings = Deployment {
        parameters: BTreeMap::new(),
        region: "us-east-1".to_owned(),
        stack: "local".to_owned(),
        pool_id: "us-east-1_LocalPool".to_owned(),
        client_id: "client".to_owned(),
        secret: String::new(),
        secrets: BTreeMap::new(),
        builds: false,
    };
    let template = Template::read(&path, &settings).unwrap();
    let dynamodb = DynamoDb::start(&template.tables).await.unwrap();
    let put = json!({"TableName": "Codes", "Item": {"id": {"S": "1"}, "user": {"S": "ana"}, "sent": {"N": "7"}}});
    assert_eq!(call(&dynamodb, "PutItem", &put).await.0, 200);
    for (index, condition) in [("ByUser", "#u = :u"), ("BySent", "id = :i AND sent = :s")] {
        let mut query = json!({"TableName": "Codes", "IndexName": index, "KeyConditionExpression": condition});
        if index == "ByUser" {
            query["ExpressionAttributeNames"] = json!({"#u": "user"});
            query["ExpressionAttributeValues"] = json!({":u": {"S": "ana"}});
        } else {
            query["ExpressionAttributeValues"] = json!({":i": {"S": "1"}, ":s": {"N": "7"}});
        }
        let (status, found) = call(&dynamodb, "Query", &query).await;
        assert_eq!((status, &found["Count"]), (200, &json!(1)), "{index}: {found}");
    }
}

const INDEXED: &str = "
Transform: AWS::Serverless-2016-10-31
Resources:
  Codes:
    Type: AWS::DynamoDB::Table
    Properties:
      BillingMode: PROVISIONED
      ProvisionedThroughput: {ReadCapacityUnits: '1', WriteCapacityUnits: 1}
      AttributeDefinitions:
        - {AttributeName: id, AttributeType: S}
        - {AttributeName: user, AttributeType: S}
        - {AttributeName: sent, AttributeType: N}
      KeySchema:
        - {AttributeName: id, KeyType: HASH}
        - {AttributeName: user, KeyType: RANGE}
      GlobalSecondaryIndexes:
        - IndexName: ByUser
          KeySchema: [{AttributeName: user, KeyType: HASH}]
          Projection: {ProjectionType: INCLUDE, NonKeyAttributes: [sent]}
          ProvisionedThroughput: {ReadCapacityUnits: 1, WriteCapacityUnits: 1}
          ContributorInsightsSpecification: {Enabled: true}
      LocalSecondaryIndexes:
        - IndexName: BySent
          KeySchema: [{AttributeName: id, KeyType: HASH}, {AttributeName: sent, KeyType: RANGE}]
          Projection: {ProjectionType: ALL}
";
