//! Converts a function's result to a response, and creates the responses of API Gateway itself.

use axum::body::Body;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Json, Response};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use serde_json::{Map, Value, json};

/// The headers that the server itself sets.
const OWN: [HeaderName; 3] = [header::CONNECTION, header::CONTENT_LENGTH, header::TRANSFER_ENCODING];

/// Creates a response of API Gateway itself.
pub(super) fn message(status: StatusCode, text: &str) -> Response {
    (status, Json(json!({ "message": text }))).into_response()
}

/// Converts `answer` in payload format 2.0 to a response. Returns `None` if this is not possible.
///
/// An answer without `statusCode` is the body of a response with status 200.
pub(super) fn of(answer: &Bytes) -> Option<Response> {
    match serde_json::from_slice(answer).ok()? {
        Value::Object(members) if members.contains_key("statusCode") => written(&members),
        Value::String(text) => Some(json_body(text)),
        _ => Some(json_body(answer.clone())),
    }
}

fn json_body(body: impl Into<Body>) -> Response {
    ([(header::CONTENT_TYPE, "application/json")], body.into()).into_response()
}

/// Converts an object with the members of a response.
fn written(members: &Map<String, Value>) -> Option<Response> {
    let status = u16::try_from(members.get("statusCode")?.as_u64()?).ok()?;
    let body = match members.get("body") {
        None | Some(Value::Null) => Bytes::new(),
        Some(Value::String(text)) if members.get("isBase64Encoded") == Some(&Value::Bool(true)) => {
            STANDARD.decode(text).ok()?.into()
        }
        Some(Value::String(text)) => text.clone().into(),
        Some(_) => return None,
    };
    let has_body = !body.is_empty();
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = StatusCode::from_u16(status)
        .ok()
        .filter(|status| status.as_u16() >= 200)?;
    let headers = response.headers_mut();
    for (name, value) in members.get("headers").and_then(Value::as_object).into_iter().flatten() {
        let value = match value {
            Value::String(text) => text.clone(),
            Value::Bool(_) | Value::Number(_) => value.to_string(),
            _ => return None,
        };
        let name = HeaderName::try_from(name).ok()?;
        if !OWN.contains(&name) {
            headers.insert(name, HeaderValue::try_from(value).ok()?);
        }
    }
    for cookie in members.get("cookies").and_then(Value::as_array).into_iter().flatten() {
        headers.append(header::SET_COOKIE, HeaderValue::try_from(cookie.as_str()?).ok()?);
    }
    if has_body {
        let text = HeaderValue::from_static("text/plain;charset=UTF-8");
        headers.entry(header::CONTENT_TYPE).or_insert(text);
    }
    Some(response)
}

#[cfg(test)]
mod tests {
    use axum::body::to_bytes;

    use super::*;

    async fn read(answer: &str) -> Option<(u16, Option<String>, String)> {
        let response = of(&Bytes::from(answer.to_owned()))?;
        let status = response.status().as_u16();
        let kind = response.headers().get(header::CONTENT_TYPE);
        let kind = kind.map(|kind| kind.to_str().unwrap().to_owned());
        let body = to_bytes(response.into_body(), 1024).await.unwrap();
        Some((status, kind, String::from_utf8(body.into()).unwrap()))
    }

    #[tokio::test]
    async fn an_answer_without_a_status_is_the_body() {
        for (answer, body) in [
            (r#"{"a": 1}"#, r#"{"a": 1}"#),
            (r#""Hello""#, "Hello"),
            ("[1, 2]", "[1, 2]"),
            ("null", "null"),
        ] {
            let expected = (200, Some("application/json".to_owned()), body.to_owned());
            assert_eq!(read(answer).await, Some(expected), "{answer}");
        }
    }

    #[tokio::test]
    async fn an_answer_with_a_status_is_the_response() {
        let answer = r#"{"statusCode": 201, "headers": {"X-A": "b", "X-N": 1, "Content-Length": "99"},
            "cookies": ["a=1", "b=2"], "body": "aGk=", "isBase64Encoded": true}"#;
        let response = of(&Bytes::from_static(answer.as_bytes())).unwrap();
        assert_eq!(response.status(), 201);
        let headers = response.headers();
        assert_eq!(
            (&headers["x-a"], &headers["x-n"]),
            (&HeaderValue::from_static("b"), &HeaderValue::from_static("1"))
        );
        assert!(!headers.contains_key(header::CONTENT_LENGTH));
        let cookies: Vec<_> = headers.get_all(header::SET_COOKIE).iter().collect();
        assert_eq!(cookies, ["a=1", "b=2"]);
        let text = Some("text/plain;charset=UTF-8".to_owned());
        assert_eq!(read(answer).await, Some((201, text, "hi".to_owned())));
        assert_eq!(read(r#"{"statusCode": 204}"#).await, Some((204, None, String::new())));
        assert_eq!(
            read(r#"{"statusCode": 200, "headers": {"content-type": "text/html"}, "body": "<p>"}"#).await,
            Some((200, Some("text/html".to_owned()), "<p>".to_owned()))
        );
    }

    #[tokio::test]
    async fn an_answer_that_is_no_response_is_none() {
        for answer in [
            "",
            "{",
            r#"{"statusCode": "200"}"#,
            r#"{"statusCode": 42}"#,
            r#"{"statusCode": 101}"#,
            r#"{"statusCode": 70000}"#,
            r#"{"statusCode": null}"#,
            r#"{"statusCode": 200, "body": {"a": 1}}"#,
            r#"{"statusCode": 200, "body": "?", "isBase64Encoded": true}"#,
            r#"{"statusCode": 200, "headers": {"a b": "c"}}"#,
            r#"{"statusCode": 200, "headers": {"a": "c\n"}}"#,
            r#"{"statusCode": 200, "headers": {"a": ["c"]}}"#,
            r#"{"statusCode": 200, "cookies": ["a\n"]}"#,
        ] {
            assert_eq!(read(answer).await, None, "{answer}");
        }
    }
}
