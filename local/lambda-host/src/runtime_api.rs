//! The Lambda Runtime API, version 2018-06-01, for one process.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use axum::Router;
use axum::body::Body;
use axum::extract::{DefaultBodyLimit, Path, State, rejection::BytesRejection};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use bytes::Bytes;
use tokio::sync::{mpsc, oneshot, watch};
use uuid::Uuid;

use super::function_error::{Cause, FunctionError, error_json};

/// Lambda's limit for a response: 6 MB.
pub const MAX_PAYLOAD: usize = 6 * 1024 * 1024;

/// One event for the process.
#[derive(Debug)]
pub(super) struct Work {
    pub(super) id: Uuid,
    pub(super) event: Bytes,
    pub(super) timeout: Duration,
    pub(super) answer: oneshot::Sender<Result<Bytes, FunctionError>>,
}

/// Holds the work of one process and receives its responses.
///
/// INVARIANT: a desk belongs to one process, and the pool puts at most one piece of work on it at a time.
#[derive(Debug)]
pub(super) struct Desk {
    arn: String,
    put: mpsc::Sender<Work>,
    take: tokio::sync::Mutex<mpsc::Receiver<Work>>,
    current: Mutex<Option<Current>>,
    asked: watch::Sender<bool>,
    init_error: Mutex<Option<FunctionError>>,
}

/// The work that the process has taken but not answered.
#[derive(Debug)]
struct Current {
    id: Uuid,
    answer: oneshot::Sender<Result<Bytes, FunctionError>>,
}

impl Desk {
    /// Creates a desk for a process of the function with this ARN.
    pub(super) fn new(arn: String) -> Self {
        let (put, take) = mpsc::channel(1);
        Self {
            arn,
            put,
            take: tokio::sync::Mutex::new(take),
            current: Mutex::default(),
            asked: watch::Sender::new(false),
            init_error: Mutex::default(),
        }
    }

    /// Adds `work` for the next request of the process. Returns it if the desk has work already.
    pub(super) fn put(&self, work: Work) -> Result<(), Work> {
        self.put.try_send(work).map_err(|refused| match refused {
            mpsc::error::TrySendError::Full(work) | mpsc::error::TrySendError::Closed(work) => work,
        })
    }

    /// Whether the process has taken the work with this id.
    pub(super) fn has_taken(&self, id: Uuid) -> bool {
        lock(&self.current).as_ref().is_some_and(|current| current.id == id)
    }

    /// Waits until the process has asked for work once, which ends its cold start.
    pub(super) async fn asked(&self) {
        // An error would mean that the sender was dropped, and `self` owns the sender.
        let _ = self.asked.subscribe().wait_for(|asked| *asked).await;
    }

    /// Returns the process's own report of why it cannot start.
    pub(super) fn init_error(&self) -> Option<FunctionError> {
        lock(&self.init_error).clone()
    }

    /// Ends the taken work if it has this id.
    fn finish(&self, id: &str, answer: Result<Bytes, FunctionError>) -> Response {
        let mut current = lock(&self.current);
        match current.take_if(|current| current.id.to_string() == id) {
            // The caller may have stopped waiting. The process has still done its part.
            Some(taken) => {
                let _ = taken.answer.send(answer);
                (StatusCode::ACCEPTED, axum::Json(serde_json::json!({ "status": "OK" }))).into_response()
            }
            None => refusal(
                StatusCode::BAD_REQUEST,
                "InvalidRequestID",
                "no invocation with this request id is open",
            ),
        }
    }
}

/// Returns the Runtime API of the process of `desk`.
pub(super) fn router(desk: Arc<Desk>) -> Router {
    Router::new()
        .route("/2018-06-01/runtime/invocation/next", get(next))
        .route("/2018-06-01/runtime/invocation/{id}/response", post(response))
        .route("/2018-06-01/runtime/invocation/{id}/error", post(error))
        .route("/2018-06-01/runtime/init/error", post(init_error))
        .layer(DefaultBodyLimit::max(MAX_PAYLOAD))
        .with_state(desk)
}

/// Waits until there is work: `lambda_runtime` reads an empty response as an event and would ask again at once.
async fn next(State(desk): State<Arc<Desk>>) -> Response {
    desk.asked.send_replace(true);
    let Some(work) = desk.take.lock().await.recv().await else {
        return StatusCode::GONE.into_response();
    };
    // No await from here on: if the process disconnects while it waits, no work is lost.
    let Work {
        id,
        event,
        timeout,
        answer,
    } = work;
    *lock(&desk.current) = Some(Current { id, answer });
    Response::builder()
        .header(header::CONTENT_TYPE, "application/json")
        .header("Lambda-Runtime-Aws-Request-Id", id.to_string())
        .header("Lambda-Runtime-Deadline-Ms", deadline(timeout).to_string())
        .header("Lambda-Runtime-Invoked-Function-Arn", &desk.arn)
        .header("Lambda-Runtime-Trace-Id", trace_id())
        .body(Body::from(event))
        .unwrap_or_else(|_| StatusCode::INTERNAL_SERVER_ERROR.into_response())
}

async fn response(
    State(desk): State<Arc<Desk>>,
    Path(id): Path<String>,
    body: Result<Bytes, BytesRejection>,
) -> Response {
    if let Ok(body) = body {
        return desk.finish(&id, Ok(body));
    }
    let message = format!("response payload size exceeded the maximum of {MAX_PAYLOAD} bytes");
    let error = FunctionError::new(Cause::Error, "Function.ResponseSizeTooLarge", message.clone());
    drop(desk.finish(&id, Err(error)));
    refusal(StatusCode::PAYLOAD_TOO_LARGE, "RequestEntityTooLarge", &message)
}

async fn error(
    State(desk): State<Arc<Desk>>,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Response {
    desk.finish(&id, Err(reported(&headers, &body.unwrap_or_default())))
}

async fn init_error(
    State(desk): State<Arc<Desk>>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Response {
    *lock(&desk.init_error) = Some(reported(&headers, &body.unwrap_or_default()));
    (StatusCode::ACCEPTED, axum::Json(serde_json::json!({ "status": "OK" }))).into_response()
}

/// Returns the error that a process reported, even if the format is wrong.
fn reported(headers: &HeaderMap, body: &Bytes) -> FunctionError {
    let json = serde_json::from_slice::<serde_json::Value>(body).unwrap_or_default();
    let text = |key| json.get(key).and_then(serde_json::Value::as_str).map(str::to_owned);
    let header = headers
        .get("Lambda-Runtime-Function-Error-Type")
        .and_then(|value| value.to_str().ok());
    let error_type = text("errorType")
        .or_else(|| header.map(str::to_owned))
        .unwrap_or_else(|| "Unknown".into());
    let message = text("errorMessage").unwrap_or_default();
    if json.is_object() {
        FunctionError {
            cause: Cause::Error,
            message,
            payload: body.clone(),
        }
    } else {
        FunctionError::new(Cause::Error, &error_type, message)
    }
}

fn refusal(status: StatusCode, error_type: &str, message: &str) -> Response {
    (
        status,
        [(header::CONTENT_TYPE, "application/json")],
        error_json(error_type, message),
    )
        .into_response()
}

/// Returns the deadline of the invocation, in milliseconds since 1970.
#[expect(
    clippy::disallowed_methods,
    reason = "the Runtime API tells processes the time; nothing here decides by it"
)]
fn deadline(timeout: Duration) -> u128 {
    (SystemTime::now() + timeout)
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default()
        .as_millis()
}

/// Returns an X-Ray trace header of a call that is not sampled.
fn trace_id() -> String {
    let root = Uuid::new_v4().simple().to_string();
    let parent = Uuid::new_v4().simple().to_string();
    let (epoch, rest) = root.split_at(8);
    let (unique, _) = rest.split_at(24);
    let (parent, _) = parent.split_at(16);
    format!("Root=1-{epoch}-{unique};Parent={parent};Sampled=0")
}

/// Locks even after a panic: no code here leaves a partially written value.
fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
