//! DynamoDB's operations over AWS JSON 1.0.
//!
//! The HTTP server of the library is not used, because it answers web pages of every origin.

use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use dynoxide::Database;
use dynoxide::errors::DynoxideError;
use serde_json::json;

/// DynamoDB's limit for a request.
const MAX_REQUEST: usize = 16 * 1024 * 1024;

const TARGET: &str = "DynamoDB_20120810.";

/// Returns the route `POST /`.
pub(super) fn router(database: Database) -> Router {
    Router::new()
        .route("/", post(call))
        .layer(DefaultBodyLimit::max(MAX_REQUEST))
        .with_state(database)
}

async fn call(State(database): State<Database>, headers: HeaderMap, body: Bytes) -> Response {
    let text = |name: &str| {
        headers
            .get(name)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
    };
    if !text("authorization").starts_with("AWS4-HMAC-SHA256 ") {
        return refusal(
            "MissingAuthenticationTokenException",
            "Request is missing Authentication Token",
        );
    }
    let Some(operation) = text("x-amz-target").strip_prefix(TARGET) else {
        return refusal("UnknownOperationException", "");
    };
    match run(&database, operation, &body) {
        Some(Ok(answer)) => reply(StatusCode::OK, answer),
        Some(Err(error)) => {
            let error = enveloped(operation, error);
            let status = StatusCode::from_u16(error.status_code()).unwrap_or(StatusCode::BAD_REQUEST);
            reply(status, error.to_json())
        }
        None => refusal("UnknownOperationException", ""),
    }
}

/// Runs an operation. Returns `None` if the name is unknown.
fn run(database: &Database, operation: &str, body: &[u8]) -> Option<Result<String, DynoxideError>> {
    macro_rules! operations {
        ($($name:literal => $method:ident),* $(,)?) => {
            match operation {
                $($name => Some(read(body).and_then(|request| database.$method(request)).and_then(|answer| write(&answer))),)*
                _ => None,
            }
        };
    }
    operations! {
        "BatchExecuteStatement" => batch_execute_statement,
        "BatchGetItem" => batch_get_item,
        "BatchWriteItem" => batch_write_item,
        "CreateTable" => create_table,
        "DeleteItem" => delete_item,
        "DeleteTable" => delete_table,
        "DescribeTable" => describe_table,
        "DescribeTimeToLive" => describe_time_to_live,
        "ExecuteStatement" => execute_statement,
        "ExecuteTransaction" => execute_transaction,
        "GetItem" => get_item,
        "ListTables" => list_tables,
        "PutItem" => put_item,
        "Query" => query,
        "Scan" => scan,
        "TransactGetItems" => transact_get_items,
        "TransactWriteItems" => transact_write_items,
        "UpdateItem" => update_item,
        "UpdateTable" => update_table,
        "UpdateTimeToLive" => update_time_to_live,
    }
}

fn read<T: serde::de::DeserializeOwned>(body: &[u8]) -> Result<T, DynoxideError> {
    // The text of serde is not used: it contains type names of the library.
    serde_json::from_slice(body)
        .map_err(|_| DynoxideError::SerializationException("the request cannot be read".to_owned()))
}

fn write(answer: &impl serde::Serialize) -> Result<String, DynoxideError> {
    serde_json::to_string(answer).map_err(|error| DynoxideError::InternalServerError(error.to_string()))
}

/// Adds DynamoDB's prefix to the error of a request that writes one item.
fn enveloped(operation: &str, error: DynoxideError) -> DynoxideError {
    match error {
        DynoxideError::EnvelopedValidation(text) if ["DeleteItem", "PutItem", "UpdateItem"].contains(&operation) => {
            DynoxideError::ValidationException(format!("1 validation error detected: {text}"))
        }
        other => other,
    }
}

fn refusal(kind: &str, message: &str) -> Response {
    let kind = format!("com.amazon.coral.service#{kind}");
    reply(
        StatusCode::BAD_REQUEST,
        json!({"__type": kind, "message": message}).to_string(),
    )
}

fn reply(status: StatusCode, body: String) -> Response {
    (status, [(header::CONTENT_TYPE, "application/x-amz-json-1.0")], body).into_response()
}
