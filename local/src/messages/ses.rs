//! `SendEmail` of Amazon SES, version 2, over REST JSON.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::State as Shared;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::{Value, json};
use user_pools::Medium;
use uuid::Uuid;

use super::{State, Unsigned, address, check_signature};

use crate::outbox::{Content, Header, Mail};

/// The maximum number of recipients of a message.
const MOST_RECIPIENTS: usize = 50;
/// The maximum number of headers that a message may add.
const MOST_HEADERS: usize = 15;
/// The longest name and the longest value of a header.
const LONGEST_NAME: usize = 126;
const LONGEST_VALUE: usize = 870;

/// Headers that SES writes itself, from other fields of the request.
const OWN_HEADERS: [&str; 13] = [
    "bcc",
    "cc",
    "content-disposition",
    "content-transfer-encoding",
    "content-type",
    "date",
    "from",
    "message-id",
    "mime-version",
    "reply-to",
    "return-path",
    "subject",
    "to",
];

/// The fields that are read.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct SendEmail {
    from_email_address: Option<String>,
    #[serde(default)]
    destination: Destination,
    content: Option<EmailContent>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Destination {
    #[serde(rename = "ToAddresses")]
    to: Vec<String>,
    #[serde(rename = "CcAddresses")]
    cc: Vec<String>,
    #[serde(rename = "BccAddresses")]
    bcc: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct EmailContent {
    simple: Option<Simple>,
    raw: Option<Value>,
    template: Option<Value>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Simple {
    subject: Option<Part>,
    body: Option<Body>,
    #[serde(default)]
    headers: Vec<NamedValue>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Body {
    text: Option<Part>,
    html: Option<Part>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Part {
    data: Option<String>,
    charset: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct NamedValue {
    name: Option<String>,
    value: Option<String>,
}

/// An error of SES: its name, and its text for the sender.
#[derive(Debug)]
struct Refusal {
    status: StatusCode,
    name: &'static str,
    message: String,
}

fn bad(message: impl Into<String>) -> Refusal {
    Refusal {
        status: StatusCode::BAD_REQUEST,
        name: "BadRequestException",
        message: message.into(),
    }
}

/// Handles `POST /v2/email/outbound-emails`.
pub(super) async fn send_email(Shared(state): Shared<Arc<State>>, headers: HeaderMap, body: Bytes) -> Response {
    let sent = signed(&headers).and_then(|()| {
        let request = serde_json::from_slice(&body).map_err(|_| Refusal {
            status: StatusCode::BAD_REQUEST,
            name: "SerializationException",
            message: "the request body cannot be read".to_owned(),
        })?;
        read(request, &state)
    });
    match sent {
        Ok((to, mail)) => {
            state.send(Medium::Email, to, Content::Mail(mail));
            reply(StatusCode::OK, None, &json!({"MessageId": Uuid::new_v4().to_string()}))
        }
        Err(refusal) => refused(&refusal),
    }
}

/// Answers requests to other addresses.
pub(super) async fn unknown() -> Response {
    refused(&Refusal {
        status: StatusCode::NOT_FOUND,
        name: "UnknownOperationException",
        message: "local supports SendEmail of SES version 2 and Publish of SNS".to_owned(),
    })
}

fn signed(headers: &HeaderMap) -> Result<(), Refusal> {
    let (name, message) = match check_signature(headers, "ses") {
        Ok(()) => return Ok(()),
        Err(Unsigned::Missing) => ("MissingAuthenticationTokenException", "Missing Authentication Token"),
        Err(Unsigned::Scope) => (
            "InvalidSignatureException",
            "Credential should be scoped to correct service: 'ses'.",
        ),
    };
    Err(Refusal {
        status: StatusCode::FORBIDDEN,
        name,
        message: message.to_owned(),
    })
}

/// Returns the recipients of a request and its mail.
fn read(request: SendEmail, state: &State) -> Result<(String, Mail), Refusal> {
    let from = request.from_email_address.unwrap_or_default();
    let sender = address::parse(&from).map_err(bad)?;
    let Destination { to, cc, bcc } = request.destination;
    let recipients: Vec<String> = [to, cc, bcc].concat();
    if recipients.is_empty() {
        return Err(bad("Destination must have at least one address"));
    }
    if recipients.len() > MOST_RECIPIENTS {
        return Err(bad(format!("Recipient count exceeds {MOST_RECIPIENTS}.")));
    }
    for recipient in &recipients {
        address::parse(recipient).map_err(bad)?;
    }
    let content = request.content.ok_or_else(|| bad("Content is missing"))?;
    if content.raw.is_some() || content.template.is_some() {
        return Err(bad("local sends Content.Simple only"));
    }
    let simple = content.simple.ok_or_else(|| bad("Content.Simple is missing"))?;
    let mail = mail(simple, &from)?;
    // The content is checked before the permission to send.
    if !state.senders.is_empty() && !state.senders.contains(&sender.to_lowercase()) {
        return Err(Refusal {
            status: StatusCode::BAD_REQUEST,
            name: "MessageRejected",
            message: format!(
                "Email address is not verified. The following identities failed the check in region {}: {sender}",
                state.region.to_uppercase()
            ),
        });
    }
    Ok((recipients.join(", "), mail))
}

fn mail(simple: Simple, from: &str) -> Result<Mail, Refusal> {
    let Simple { subject, body, headers } = simple;
    let subject = text(subject, "Subject")?.ok_or_else(|| bad("Content.Simple.Subject is missing"))?;
    if subject.chars().any(char::is_control) {
        return Err(bad("Subject contains control characters"));
    }
    let body = body.ok_or_else(|| bad("Content.Simple.Body is missing"))?;
    let (text, html) = (text(body.text, "Body.Text")?, text(body.html, "Body.Html")?);
    if text.is_none() && html.is_none() {
        return Err(bad("Content.Simple.Body has neither Text nor Html"));
    }
    if headers.len() > MOST_HEADERS {
        return Err(bad(format!("more than {MOST_HEADERS} headers")));
    }
    let headers: Vec<Header> = headers.into_iter().map(named).collect::<Result<_, _>>()?;
    for (index, header) in headers.iter().enumerate() {
        let earlier = headers.iter().take(index);
        if earlier
            .into_iter()
            .any(|other| other.name.eq_ignore_ascii_case(&header.name))
        {
            return Err(bad(format!("header `{}` appears more than once", header.name)));
        }
    }
    Ok(Mail {
        from: from.to_owned(),
        subject,
        text,
        html,
        headers,
    })
}

/// Returns the text of a part, if it exists.
fn text(part: Option<Part>, name: &str) -> Result<Option<String>, Refusal> {
    let Some(Part { data, charset }) = part else {
        return Ok(None);
    };
    let data = data.ok_or_else(|| bad(format!("Content.Simple.{name}.Data is missing")))?;
    match charset.unwrap_or_default().to_ascii_lowercase().as_str() {
        "utf-8" => {}
        // SES reads plain text as 7-bit ASCII, and replaces other characters by question marks.
        "" | "us-ascii" if data.is_ascii() => {}
        "" | "us-ascii" => {
            return Err(bad(format!(
                "Content.Simple.{name} is not ASCII: set its Charset to UTF-8"
            )));
        }
        _ => return Err(bad(format!("local supports Content.Simple.{name} in UTF-8 only"))),
    }
    Ok(Some(data))
}

fn named(header: NamedValue) -> Result<Header, Refusal> {
    let (name, value) = (header.name.unwrap_or_default(), header.value.unwrap_or_default());
    let of_name = |byte: u8| byte.is_ascii_graphic() && byte != b':';
    if name.is_empty() || name.len() > LONGEST_NAME || !name.bytes().all(of_name) {
        return Err(bad(
            "a header has a name that is not 1 to 126 printable ASCII characters without a colon",
        ));
    }
    if OWN_HEADERS.contains(&name.to_ascii_lowercase().as_str()) {
        return Err(bad(format!("header `{name}` is written by SES")));
    }
    let of_value = |byte: u8| byte == b' ' || byte.is_ascii_graphic();
    if value.is_empty() || value.len() > LONGEST_VALUE || !value.bytes().all(of_value) {
        return Err(bad(format!(
            "header `{name}` has a value that is not 1 to 870 printable ASCII characters"
        )));
    }
    Ok(Header { name, value })
}

fn refused(refusal: &Refusal) -> Response {
    let Refusal { status, name, message } = refusal;
    reply(*status, Some(name), &json!({"message": message}))
}

fn reply(status: StatusCode, error: Option<&'static str>, body: &Value) -> Response {
    let id = Uuid::new_v4().to_string();
    let headers = [
        (header::CONTENT_TYPE.as_str(), "application/json"),
        ("x-amzn-requestid", &id),
    ];
    let mut response = (status, headers, body.to_string()).into_response();
    if let Some(error) = error {
        let error = axum::http::HeaderValue::from_static(error);
        response.headers_mut().insert("x-amzn-errortype", error);
    }
    response
}
