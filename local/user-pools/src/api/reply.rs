//! Reads requests from HTTP and writes responses.

use std::future::poll_fn;
use std::pin::Pin;
use std::time::Duration;

use axum::body::{Body, HttpBody};
use axum::http::{HeaderValue, StatusCode};
use axum::response::Response;
use bytes::Bytes;
use serde_json::{Value, json};
use tokio::time::timeout;

use crate::error::Error;
use crate::random::Random;

/// The largest request body.
const LARGEST: usize = 1024 * 1024;
/// The part of a larger body that is read and discarded, so that its sender reads the response.
const THROWN_AWAY: usize = 512 * 1024 * 1024;
/// The time limit for receiving a body.
const PATIENCE: Duration = Duration::from_secs(30);
/// The longest error text that is also sent in a header.
const LONGEST_HEADER: usize = 1024;

/// Returns the body of a request, if it is not too large.
pub(super) async fn read(mut body: Body) -> Result<Vec<u8>, Error> {
    let broken = || Error::new("SerializationException", "the request body did not arrive");
    timeout(PATIENCE, collect(&mut body))
        .await
        .unwrap_or_else(|_| Err(broken()))
}

async fn collect(body: &mut Body) -> Result<Vec<u8>, Error> {
    let broken = || Error::new("SerializationException", "the request body did not arrive");
    let (mut collected, mut length) = (Vec::new(), 0_usize);
    while let Some(frame) = poll_fn(|context| Pin::new(&mut *body).poll_frame(context)).await {
        let data: Bytes = frame.map_err(|_| broken())?.into_data().unwrap_or_default();
        length = length.saturating_add(data.len());
        if length <= LARGEST {
            collected.extend_from_slice(&data);
        } else if length > THROWN_AWAY {
            break;
        }
    }
    if length > LARGEST {
        return Err(Error::new(
            "RequestEntityTooLarge",
            "Request body must be less than 1 MB",
        ));
    }
    Ok(collected)
}

/// Returns a response of the API, with the headers that clients read.
pub(super) fn write(result: &Result<Value, Error>) -> Response {
    let (status, body) = match result {
        Ok(value) => (200, value.to_string()),
        Err(error) => (
            error.status(),
            json!({"__type": error.name, "message": error.message}).to_string(),
        ),
    };
    let mut response = respond(status, "application/x-amz-json-1.1", body);
    let headers = response.headers_mut();
    if let Some(id) = Random::system()
        .uuid()
        .ok()
        .and_then(|id| HeaderValue::try_from(id.to_string()).ok())
    {
        headers.insert("x-amzn-requestid", id);
    }
    if let Err(error) = result {
        if let Ok(name) = HeaderValue::try_from(format!("{}:", error.name)) {
            headers.insert("x-amzn-errortype", name);
        }
        headers.insert("x-amzn-errormessage", header_text(&error.message));
    }
    response
}

/// Returns a response outside of the API: the value, or 404.
pub(super) fn plain(result: Result<Value, Error>) -> Response {
    match result {
        Ok(value) => respond(200, "application/json", value.to_string()),
        Err(error) => respond(404, "application/json", json!({"message": error.message}).to_string()),
    }
}

fn respond(status: u16, content_type: &'static str, body: String) -> Response {
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_REQUEST);
    response
        .headers_mut()
        .insert("content-type", HeaderValue::from_static(content_type));
    response
}

/// A function's error text may contain anything and be long. A header may not.
fn header_text(message: &str) -> HeaderValue {
    let visible = |c: char| if c.is_ascii_graphic() || c == ' ' { c } else { '?' };
    let text: String = message.chars().take(LONGEST_HEADER).map(visible).collect();
    HeaderValue::try_from(text).unwrap_or_else(|_| HeaderValue::from_static(""))
}
