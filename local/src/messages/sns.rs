//! `Publish` of Amazon SNS to a phone number, over the query protocol.

use std::sync::Arc;

use axum::extract::rejection::FormRejection;
use axum::extract::{Form, State as Shared};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use user_pools::Medium;
use uuid::Uuid;

use super::{State, Unsigned, check_signature};

use crate::outbox::Content;

const NAMESPACE: &str = "http://sns.amazonaws.com/doc/2010-03-31/";
const VERSION: &str = "2010-03-31";
/// The longest text message, in characters.
const LONGEST: usize = 1600;

/// An error of SNS: its code, and its text for the sender.
struct Refusal {
    status: StatusCode,
    code: &'static str,
    message: String,
}

fn invalid(message: impl Into<String>) -> Refusal {
    Refusal {
        status: StatusCode::BAD_REQUEST,
        code: "InvalidParameter",
        message: format!("Invalid parameter: {}", message.into()),
    }
}

type Fields = Vec<(String, String)>;

/// Handles `POST /`.
pub(super) async fn call(
    Shared(state): Shared<Arc<State>>,
    headers: HeaderMap,
    fields: Result<Form<Fields>, FormRejection>,
) -> Response {
    let sent = signed(&headers).and_then(|()| {
        let Form(fields) = fields.map_err(|_| Refusal {
            status: StatusCode::BAD_REQUEST,
            code: "MalformedQueryString",
            message: "the request body must be a form".to_owned(),
        })?;
        read(&fields)
    });
    match sent {
        Ok((number, text)) => {
            state.send(Medium::Sms, number, Content::Text { text });
            let (message, request) = (Uuid::new_v4(), Uuid::new_v4());
            let result = format!("<PublishResult><MessageId>{message}</MessageId></PublishResult>");
            let metadata = format!("<ResponseMetadata><RequestId>{request}</RequestId></ResponseMetadata>");
            let body = format!("<PublishResponse xmlns=\"{NAMESPACE}\">{result}{metadata}</PublishResponse>");
            xml(StatusCode::OK, body)
        }
        Err(refusal) => refused(&refusal),
    }
}

fn signed(headers: &HeaderMap) -> Result<(), Refusal> {
    let (code, message) = match check_signature(headers, "sns") {
        Ok(()) => return Ok(()),
        Err(Unsigned::Missing) => ("MissingAuthenticationToken", "Request is missing Authentication Token"),
        Err(Unsigned::Scope) => (
            "SignatureDoesNotMatch",
            "Credential should be scoped to correct service: 'sns'.",
        ),
    };
    Err(Refusal {
        status: StatusCode::FORBIDDEN,
        code,
        message: message.to_owned(),
    })
}

/// Returns the number of a request and its text.
fn read(fields: &Fields) -> Result<(String, String), Refusal> {
    let field = |name: &str| {
        fields
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    };
    let action = field("Action").unwrap_or_default();
    if action != "Publish" || field("Version") != Some(VERSION) {
        return Err(Refusal {
            status: StatusCode::BAD_REQUEST,
            code: "InvalidAction",
            message: format!("local supports only Publish of version {VERSION}"),
        });
    }
    if field("TopicArn").or(field("TargetArn")).is_some() {
        return Err(invalid("local publishes to a PhoneNumber only"));
    }
    let number = field("PhoneNumber").ok_or_else(|| invalid("PhoneNumber Reason: no value found"))?;
    if !is_e164(number) {
        return Err(invalid(format!(
            "PhoneNumber Reason: {number} is not valid to publish to"
        )));
    }
    let text = field("Message").unwrap_or_default();
    if text.is_empty() {
        return Err(invalid("Empty message"));
    }
    if text.chars().count() > LONGEST {
        return Err(invalid("Message too long"));
    }
    Ok((number.to_owned(), text.to_owned()))
}

/// Whether `number` is a plus sign and up to fifteen digits, the first of which is not zero.
fn is_e164(number: &str) -> bool {
    number.strip_prefix('+').is_some_and(|digits| {
        (7..=15).contains(&digits.len()) && !digits.starts_with('0') && digits.bytes().all(|byte| byte.is_ascii_digit())
    })
}

fn refused(refusal: &Refusal) -> Response {
    let Refusal { status, code, message } = refusal;
    let message = escaped(message);
    let error = format!("<Error><Type>Sender</Type><Code>{code}</Code><Message>{message}</Message></Error>");
    let request = Uuid::new_v4();
    let body = format!("<ErrorResponse xmlns=\"{NAMESPACE}\">{error}<RequestId>{request}</RequestId></ErrorResponse>");
    xml(*status, body)
}

/// Escapes `text` for XML, which has no control characters.
fn escaped(text: &str) -> String {
    let visible = text.chars().map(|c| if c.is_control() { '?' } else { c });
    visible
        .collect::<String>()
        .replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

fn xml(status: StatusCode, body: String) -> Response {
    (status, [(header::CONTENT_TYPE, "text/xml")], body).into_response()
}
