//! A request as an event in payload format 2.0.

use std::net::SocketAddr;
use std::time::Duration;

use axum::extract::Query;
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use jiff::Timestamp;
use lambda_host::ACCOUNT;
use serde_json::{Map, Value, json};

use super::routes::Parameters;

/// The stage that needs no segment of the path.
const STAGE: &str = "$default";

/// A request for a route.
pub(super) struct Received<'a> {
    /// The logical id of the API.
    pub(super) api: &'a str,
    /// The key of the route.
    pub(super) route: &'a str,
    /// The path, decoded.
    pub(super) path: &'a str,
    pub(super) parameters: Parameters,
    pub(super) head: &'a Parts,
    pub(super) body: &'a Bytes,
    pub(super) peer: SocketAddr,
    /// The result of the route's authorizer, if it has one.
    pub(super) jwt: Option<Value>,
    pub(super) id: &'a str,
    /// The time of the request, since 1970.
    pub(super) now: Duration,
}

impl Received<'_> {
    /// Returns the event. Like API Gateway, it omits members without a value.
    pub(super) fn event(&self) -> Value {
        let Parts { uri, headers, .. } = self.head;
        let (body, is_base64_encoded) = body(headers, self.body);
        let cookies = cookies(headers);
        let members = [
            ("version", json!("2.0")),
            ("routeKey", json!(self.route)),
            ("rawPath", json!(self.path)),
            ("rawQueryString", json!(uri.query().unwrap_or_default())),
            (
                "cookies",
                if cookies.is_empty() {
                    Value::Null
                } else {
                    json!(cookies)
                },
            ),
            ("headers", self.headers()),
            ("queryStringParameters", joined(query(self.head))),
            ("requestContext", self.context()),
            ("pathParameters", joined(self.parameters.clone())),
            ("body", json!(body)),
            ("isBase64Encoded", json!(is_base64_encoded)),
        ];
        without_nulls(members)
    }

    fn context(&self) -> Value {
        let Parts {
            method,
            version,
            headers,
            ..
        } = self.head;
        let host = text(headers, &header::HOST);
        let millis = i64::try_from(self.now.as_millis()).unwrap_or_default();
        let time = Timestamp::from_millisecond(millis).unwrap_or_default();
        let members = [
            ("accountId", json!(ACCOUNT)),
            ("apiId", json!(self.api)),
            (
                "authorizer",
                self.jwt.as_ref().map_or(Value::Null, |jwt| json!({"jwt": jwt})),
            ),
            ("domainName", json!(host)),
            ("domainPrefix", json!(host.split(['.', ':']).next())),
            (
                "http",
                json!({
                    "method": method.as_str(),
                    "path": self.path,
                    "protocol": format!("{version:?}"),
                    "sourceIp": self.peer.ip(),
                    "userAgent": text(headers, &header::USER_AGENT),
                }),
            ),
            ("requestId", json!(self.id)),
            ("routeKey", json!(self.route)),
            ("stage", json!(STAGE)),
            ("time", json!(time.strftime("%d/%b/%Y:%H:%M:%S +0000").to_string())),
            ("timeEpoch", json!(millis)),
        ];
        without_nulls(members)
    }

    /// Returns the headers except cookies, with those that API Gateway adds.
    fn headers(&self) -> Value {
        let headers = &self.head.headers;
        let mut pairs: Parameters = Vec::new();
        for (name, value) in headers.iter().filter(|(name, _)| **name != header::COOKIE) {
            pairs.push((
                name.as_str().to_owned(),
                String::from_utf8_lossy(value.as_bytes()).into_owned(),
            ));
        }
        let port = text(headers, &header::HOST);
        let port = port.rsplit_once(':').map_or("80", |(_, port)| port);
        pairs.push(("x-forwarded-for".to_owned(), self.peer.ip().to_string()));
        pairs.push(("x-forwarded-port".to_owned(), port.to_owned()));
        pairs.push(("x-forwarded-proto".to_owned(), "http".to_owned()));
        joined(pairs)
    }
}

/// Returns the body as text. It is in Base64 unless API Gateway passes its type as text.
fn body(headers: &HeaderMap, body: &Bytes) -> (Option<String>, bool) {
    if body.is_empty() {
        return (None, false);
    }
    let kind = text(headers, &header::CONTENT_TYPE).to_ascii_lowercase();
    let kind = kind.split(';').next().unwrap_or_default().trim();
    let is_text =
        kind.starts_with("text/") || ["application/javascript", "application/json", "application/xml"].contains(&kind);
    match str::from_utf8(body).ok().filter(|_| is_text) {
        Some(text) => (Some(text.to_owned()), false),
        None => (Some(STANDARD.encode(body)), true),
    }
}

fn cookies(headers: &HeaderMap) -> Vec<String> {
    let lines = headers.get_all(header::COOKIE).iter();
    let lines = lines.filter_map(|line| line.to_str().ok());
    lines.flat_map(|line| line.split("; ")).map(str::to_owned).collect()
}

fn query(head: &Parts) -> Parameters {
    Query::try_from_uri(&head.uri).map_or_else(|_| Vec::new(), |Query(pairs)| pairs)
}

/// Returns an object of texts, with commas between values of the same name, or `null` if it is empty.
fn joined(pairs: Parameters) -> Value {
    let mut object = Map::new();
    for (name, value) in pairs {
        match object.get_mut(&name) {
            Some(Value::String(before)) => {
                before.push(',');
                before.push_str(&value);
            }
            _ => {
                object.insert(name, value.into());
            }
        }
    }
    if object.is_empty() { Value::Null } else { object.into() }
}

fn text(headers: &HeaderMap, name: &header::HeaderName) -> String {
    let value = headers.get(name).map(|value| String::from_utf8_lossy(value.as_bytes()));
    value.unwrap_or_default().into_owned()
}

fn without_nulls<const N: usize>(members: [(&str, Value); N]) -> Value {
    let members = members.into_iter().filter(|(_, value)| !value.is_null());
    members.map(|(name, value)| (name.to_owned(), value)).collect()
}

#[cfg(test)]
mod tests {
    use axum::http::Request;

    use super::*;

    fn event(request: axum::http::request::Builder, body: &'static [u8], jwt: Option<Value>) -> Value {
        let (head, ()) = request.body(()).unwrap().into_parts();
        let path = super::super::routes::decoded(head.uri.path());
        Received {
            api: "Api",
            route: "POST /a/{b}",
            path: &path,
            parameters: vec![("b".to_owned(), "c d".to_owned())],
            head: &head,
            body: &Bytes::from_static(body),
            peer: SocketAddr::from(([192, 0, 2, 7], 4711)),
            jwt,
            id: "the-request",
            now: Duration::from_millis(1_583_348_638_390),
        }
        .event()
    }

    #[test]
    fn a_request_is_the_event_of_payload_format_2_0() {
        let request = Request::post("/a/c%20d?x=1&x=%C3%A9&y=&z=a+b")
            .header("Host", "127.0.0.1:9230")
            .header("X-Two", "1")
            .header("x-two", "2")
            .header("Cookie", "a=1; b=2")
            .header("Content-Type", "application/json; charset=utf-8")
            .header("User-Agent", "test/1");
        let found = event(
            request,
            br#"{"a":1}"#,
            Some(json!({"claims": {"sub": "x"}, "scopes": null})),
        );
        let expected = json!({
            "version": "2.0",
            "routeKey": "POST /a/{b}",
            "rawPath": "/a/c d",
            "rawQueryString": "x=1&x=%C3%A9&y=&z=a+b",
            "cookies": ["a=1", "b=2"],
            "headers": {
                "host": "127.0.0.1:9230",
                "x-two": "1,2",
                "content-type": "application/json; charset=utf-8",
                "user-agent": "test/1",
                "x-forwarded-for": "192.0.2.7",
                "x-forwarded-port": "9230",
                "x-forwarded-proto": "http",
            },
            "queryStringParameters": {"x": "1,é", "y": "", "z": "a b"},
            "requestContext": {
                "accountId": "000000000000",
                "apiId": "Api",
                "authorizer": {"jwt": {"claims": {"sub": "x"}, "scopes": null}},
                "domainName": "127.0.0.1:9230",
                "domainPrefix": "127",
                "http": {
                    "method": "POST",
                    "path": "/a/c d",
                    "protocol": "HTTP/1.1",
                    "sourceIp": "192.0.2.7",
                    "userAgent": "test/1",
                },
                "requestId": "the-request",
                "routeKey": "POST /a/{b}",
                "stage": "$default",
                "time": "04/Mar/2020:19:03:58 +0000",
                "timeEpoch": 1_583_348_638_390_u64,
            },
            "pathParameters": {"b": "c d"},
            "body": "{\"a\":1}",
            "isBase64Encoded": false,
        });
        assert_eq!(found, expected);
    }

    #[test]
    fn what_a_request_does_not_have_is_left_out() {
        let found = event(Request::post("/a/b"), b"", None);
        let members: Vec<_> = found.as_object().unwrap().keys().collect();
        let expected = [
            "version",
            "routeKey",
            "rawPath",
            "rawQueryString",
            "headers",
            "requestContext",
            "pathParameters",
            "isBase64Encoded",
        ];
        assert_eq!(members, expected);
        assert_eq!(found["rawQueryString"], "");
        assert!(found["requestContext"].get("authorizer").is_none());
    }

    #[test]
    fn a_body_that_is_not_of_a_text_type_is_base64() {
        for (kind, body, text) in [
            ("text/plain", &b"a"[..], Some("a")),
            ("APPLICATION/JSON", b"{}", Some("{}")),
            ("application/xml", b"<a/>", Some("<a/>")),
            ("application/json", b"\xff", None),
            ("application/x-www-form-urlencoded", b"a=1", None),
            ("application/octet-stream", b"a", None),
            ("", b"a", None),
        ] {
            let body: &'static [u8] = body;
            let found = event(Request::post("/a/b").header("content-type", kind), body, None);
            let expected = text.map_or_else(|| STANDARD.encode(body), str::to_owned);
            assert_eq!(
                (&found["body"], &found["isBase64Encoded"]),
                (&json!(expected), &json!(text.is_none())),
                "{kind}"
            );
        }
    }
}
