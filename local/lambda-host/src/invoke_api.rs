//! The Invoke API of Lambda, so that `aws lambda invoke` and `cargo lambda invoke` can call the functions.

use std::sync::Arc;

use axum::Router;
use axum::extract::{DefaultBodyLimit, Path, State, rejection::BytesRejection};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use bytes::Bytes;
use uuid::Uuid;

use super::runtime_api::MAX_PAYLOAD;
use super::{ACCOUNT, Functions, unqualified};

/// The state of the handlers.
#[derive(Clone, Debug)]
struct Api {
    functions: Arc<Functions>,
    region: Arc<str>,
}

/// Returns `POST /2015-03-31/functions/NAME/invocations` for every function.
pub fn invoke_api(functions: Arc<Functions>, region: &str) -> Router {
    Router::new()
        .route("/2015-03-31/functions/{name}/invocations", post(invoke))
        .layer(DefaultBodyLimit::max(MAX_PAYLOAD))
        .with_state(Api {
            functions,
            region: region.into(),
        })
}

async fn invoke(
    State(api): State<Api>,
    Path(name): Path<String>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Response {
    let Ok(body) = body else {
        let message = format!("Request must be smaller than {MAX_PAYLOAD} bytes for the InvokeFunction operation");
        return refusal(StatusCode::PAYLOAD_TOO_LARGE, "RequestTooLargeException", &message);
    };
    let event = if body.is_empty() {
        Bytes::from_static(b"{}")
    } else {
        body
    };
    if serde_json::from_slice::<serde::de::IgnoredAny>(&event).is_err() {
        let message = "Could not parse request body into json: it is not valid JSON in UTF-8";
        return refusal(StatusCode::BAD_REQUEST, "InvalidRequestContentException", message);
    }
    if api.functions.logical_id(&name).is_none() {
        let name = unqualified(&name);
        let message = format!(
            "Function not found: arn:aws:lambda:{}:{ACCOUNT}:function:{name}",
            api.region
        );
        return refusal(StatusCode::NOT_FOUND, "ResourceNotFoundException", &message);
    }
    match headers
        .get("X-Amz-Invocation-Type")
        .map_or(Ok("RequestResponse"), |value| value.to_str())
    {
        Ok("RequestResponse") => answer(api.functions.run(&name, event).await),
        Ok("Event") => {
            tokio::spawn(async move { api.functions.run(&name, event).await });
            reply(StatusCode::ACCEPTED, Bytes::new(), None)
        }
        Ok("DryRun") => reply(StatusCode::NO_CONTENT, Bytes::new(), None),
        _ => refusal(
            StatusCode::BAD_REQUEST,
            "InvalidParameterValueException",
            "Value at 'invocationType' failed to satisfy constraint: Member must satisfy enum value set: [Event, RequestResponse, DryRun]",
        ),
    }
}

fn answer(ended: Option<Result<Bytes, super::FunctionError>>) -> Response {
    match ended {
        Some(Ok(answer)) => reply(StatusCode::OK, answer, None),
        Some(Err(error)) => reply(StatusCode::OK, error.payload, Some("Unhandled")),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

fn reply(status: StatusCode, body: Bytes, function_error: Option<&'static str>) -> Response {
    let fixed = [
        ("Content-Type", "application/json"),
        ("X-Amz-Executed-Version", "$LATEST"),
    ];
    let id = [("x-amzn-RequestId", Uuid::new_v4().to_string())];
    match function_error {
        Some(error) => (status, fixed, id, [("X-Amz-Function-Error", error)], body).into_response(),
        None => (status, fixed, id, body).into_response(),
    }
}

/// Returns an error as Lambda writes it: the kind in a header, the text in the body.
fn refusal(status: StatusCode, kind: &'static str, message: &str) -> Response {
    let body = serde_json::json!({ "Type": "User", "Message": message }).to_string();
    let fixed = [("Content-Type", "application/json"), ("x-amzn-ErrorType", kind)];
    (status, fixed, [("x-amzn-RequestId", Uuid::new_v4().to_string())], body).into_response()
}
