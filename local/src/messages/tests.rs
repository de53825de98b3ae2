//! Over HTTP, with requests like those of the AWS SDK for Rust.

use std::sync::Mutex;

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::*;

const FROM: &str = "Shop <sign-in@example.com>";

/// Both services, and the messages they reported.
struct World {
    messages: Messages,
    outbox: Arc<Outbox>,
    told: Arc<Mutex<Vec<String>>>,
}

impl World {
    async fn new() -> Self {
        let (outbox, told) = (Arc::new(Outbox::default()), Arc::new(Mutex::new(Vec::new())));
        let log = Arc::clone(&told);
        let tell: Box<Tell> = Box::new(move |id, medium, to, short| {
            log.lock()
                .unwrap()
                .push(format!("{id} {} {to}: {short}", medium.name()));
        });
        let messages = Messages::start([FROM], "us-east-1", Arc::clone(&outbox), tell).await;
        Self {
            messages: messages.unwrap(),
            outbox,
            told,
        }
    }

    fn sent(&self) -> Value {
        let kept: Value = serde_json::from_str(&self.outbox.json()).unwrap();
        kept["messages"].clone()
    }

    /// Returns the status, the head and the body of the response.
    async fn post(&self, path: &str, kind: &str, service: &str, body: &str) -> (u16, String, String) {
        let host = self.messages.endpoint.strip_prefix("http://").unwrap();
        let mut stream = TcpStream::connect(host).await.unwrap();
        let authorization = if service.is_empty() {
            String::new()
        } else {
            format!(
                "authorization: AWS4-HMAC-SHA256 Credential=NORIGHTS/20260101/us-east-1/{service}/aws4_request, \
                 SignedHeaders=host;x-amz-date, Signature=00\r\n"
            )
        };
        let text = format!(
            "POST {path} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\ncontent-type: {kind}\r\n{authorization}\
             content-length: {}\r\n\r\n{body}",
            body.len()
        );
        stream.write_all(text.as_bytes()).await.unwrap();
        let mut reply = String::new();
        stream.read_to_string(&mut reply).await.unwrap();
        let (head, body) = reply.split_once("\r\n\r\n").unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        (status, head.to_owned(), body.to_owned())
    }

    async fn mail(&self, request: &Value) -> (u16, String, Value) {
        let path = "/v2/email/outbound-emails";
        let (status, head, body) = self.post(path, "application/json", "ses", &request.to_string()).await;
        (status, head, serde_json::from_str(&body).unwrap())
    }

    async fn publish(&self, fields: &str) -> (u16, String) {
        let kind = "application/x-www-form-urlencoded";
        let (status, _, body) = self.post("/", kind, "sns", fields).await;
        (status, body)
    }
}

fn request() -> Value {
    json!({
        "FromEmailAddress": FROM,
        "Destination": {"ToAddresses": ["ana@example.org"]},
        "Content": {"Simple": {
            "Subject": {"Data": "123456 is your code", "Charset": "UTF-8"},
            "Body": {
                "Text": {"Data": "Your code: 123456\nñ", "Charset": "UTF-8"},
                "Html": {"Data": "<p>123456", "Charset": "UTF-8"},
            },
            "Headers": [{"Name": "Auto-Submitted", "Value": "auto-generated"}],
        }},
    })
}

/// Returns `request` with `value` at `pointer`. Null removes the field.
fn with(pointer: &str, value: Value) -> Value {
    let mut request = request();
    if value.is_null() {
        let (parent, name) = pointer.rsplit_once('/').unwrap();
        request
            .pointer_mut(parent)
            .unwrap()
            .as_object_mut()
            .unwrap()
            .remove(name);
    } else {
        *request.pointer_mut(pointer).unwrap() = value;
    }
    request
}

#[tokio::test]
async fn a_mail_goes_to_the_outbox_as_it_was_sent() {
    let world = World::new().await;
    let (status, _, reply) = world.mail(&request()).await;
    assert_eq!(status, 200);
    assert!(reply["MessageId"].as_str().is_some_and(|id| !id.is_empty()));
    let sent = &world.sent()[0];
    let expected = json!({
        "id": 1, "medium": "EMAIL", "to": "ana@example.org", "sentAt": sent["sentAt"], "from": FROM,
        "subject": "123456 is your code", "text": "Your code: 123456\nñ", "html": "<p>123456",
        "headers": [{"name": "Auto-Submitted", "value": "auto-generated"}],
    });
    assert_eq!(*sent, expected);
    assert_eq!(
        *world.told.lock().unwrap(),
        ["1 EMAIL ana@example.org: 123456 is your code"]
    );
}

#[tokio::test]
async fn one_of_the_bodies_is_enough() {
    let world = World::new().await;
    for body in ["Text", "Html"] {
        let pointer = format!("/Content/Simple/Body/{body}");
        assert_eq!(world.mail(&with(&pointer, Value::Null)).await.0, 200, "{body}");
    }
}

#[tokio::test]
async fn a_mail_that_ses_would_not_send_is_refused_as_ses_does() {
    let world = World::new().await;
    let simple = |path: &str| format!("/Content/Simple/{path}");
    let header = |name: &str, value: &str| with(&simple("Headers/0"), json!({"Name": name, "Value": value}));
    let many = |count: usize| vec!["ana@example.org"; count];
    for (request, message) in [
        (with("/FromEmailAddress", Value::Null), "Invalid email address ."),
        (with("/FromEmailAddress", json!("nonsense")), "Missing final '@domain'"),
        (with("/Destination", Value::Null), "at least one address"),
        (with("/Destination/ToAddresses", json!([])), "at least one address"),
        (with("/Destination/ToAddresses", json!([""])), "Invalid email address ."),
        (
            with("/Destination/ToAddresses", json!(["a@b\r\nBcc: c@d"])),
            "Local address contains control or whitespace",
        ),
        (
            with("/Destination", json!({"BccAddresses": ["x"]})),
            "Missing final '@domain'",
        ),
        (with("/Destination/ToAddresses", json!(many(51))), "exceeds 50"),
        (with("/Content", Value::Null), "Content is missing"),
        (with("/Content", json!({"Raw": {"Data": ""}})), "Content.Simple only"),
        (with("/Content", json!({})), "Content.Simple is missing"),
        (with(&simple("Subject"), Value::Null), "Subject is missing"),
        (with(&simple("Subject"), json!({})), "Subject.Data is missing"),
        (
            with(&simple("Subject/Data"), json!("a\r\nBcc: c@d")),
            "Subject contains control characters",
        ),
        (with(&simple("Body"), Value::Null), "Body is missing"),
        (with(&simple("Body"), json!({})), "neither Text nor Html"),
        (
            with(&simple("Body/Text/Charset"), Value::Null),
            "set its Charset to UTF-8",
        ),
        (with(&simple("Body/Text/Charset"), json!("EBCDIC")), "in UTF-8 only"),
        (header("Auto Submitted", "x"), "a header has a name"),
        (header("Auto:Submitted", "x"), "a header has a name"),
        (header("", "x"), "a header has a name"),
        (header("Auto-Submitted", "x\r\nBcc: c@d"), "has a value"),
        (header("Auto-Submitted", "ñ"), "has a value"),
        (header("Auto-Submitted", &"x".repeat(871)), "has a value"),
        (header("bCC", "c@d"), "written by SES"),
        (
            with(&simple("Headers"), json!(vec![json!({"Name": "A", "Value": "b"}); 2])),
            "more than once",
        ),
        (
            with(&simple("Headers"), json!(vec![json!({"Name": "A", "Value": "b"}); 16])),
            "more than 15",
        ),
    ] {
        let (status, head, error) = world.mail(&request).await;
        assert_eq!(status, 400, "{message}");
        assert!(head.contains("x-amzn-errortype: BadRequestException"), "{head}");
        assert!(
            error["message"].as_str().unwrap().contains(message),
            "{message}: {error}"
        );
    }
    assert_eq!(world.sent(), json!([]));
    assert!(world.told.lock().unwrap().is_empty());
}

#[tokio::test]
async fn a_sender_that_the_template_does_not_name_is_not_verified() {
    let world = World::new().await;
    for verified in ["sign-in@example.com", "Other <Sign-In@Example.com>"] {
        assert_eq!(world.mail(&with("/FromEmailAddress", json!(verified))).await.0, 200);
    }
    let (status, head, error) = world.mail(&with("/FromEmailAddress", json!("eve@example.com"))).await;
    assert_eq!(status, 400);
    assert!(head.contains("x-amzn-errortype: MessageRejected"), "{head}");
    let message = "Email address is not verified. The following identities failed the check in region US-EAST-1: \
                   eve@example.com";
    assert_eq!(error, json!({"message": message}));
}

#[tokio::test]
async fn a_request_has_to_be_signed_for_its_service() {
    let world = World::new().await;
    let (json, form) = ("application/json", "application/x-www-form-urlencoded");
    let mail = request().to_string();
    let text = "Action=Publish&Version=2010-03-31&PhoneNumber=%2B12065550100&Message=x";
    for (path, kind, service, body, error) in [
        (
            "/v2/email/outbound-emails",
            json,
            "",
            mail.as_str(),
            "MissingAuthenticationTokenException",
        ),
        (
            "/v2/email/outbound-emails",
            json,
            "email",
            &mail,
            "InvalidSignatureException",
        ),
        ("/", form, "", text, "<Code>MissingAuthenticationToken</Code>"),
        ("/", form, "ses", text, "<Code>SignatureDoesNotMatch</Code>"),
    ] {
        let (status, head, body) = world.post(path, kind, service, body).await;
        assert_eq!(status, 403, "{error}");
        assert!(head.contains(error) || body.contains(error), "{error}: {head}\n{body}");
    }
    assert_eq!(world.sent(), json!([]));
}

#[tokio::test]
async fn what_cannot_be_read_or_is_not_offered_is_refused() {
    let world = World::new().await;
    for (path, service, error) in [
        ("/v2/email/outbound-emails", "ses", "SerializationException"),
        ("/v2/email/outbound-bulk-emails", "ses", "UnknownOperationException"),
        ("/", "sns", "MalformedQueryString"),
    ] {
        let (status, head, body) = world.post(path, "application/json", service, "{").await;
        assert!(status == 400 || status == 404, "{error}");
        assert!(head.contains(error) || body.contains(error), "{error}: {head}\n{body}");
    }
}

#[tokio::test]
async fn a_text_message_goes_to_the_outbox() {
    let world = World::new().await;
    let fields = "Action=Publish&Version=2010-03-31&PhoneNumber=%2B12065550100&Message=123456+is+your+code+%C3%B1%0A";
    let (status, reply) = world.publish(fields).await;
    assert_eq!(status, 200, "{reply}");
    assert!(reply.starts_with("<PublishResponse "), "{reply}");
    assert!(reply.contains("<PublishResult><MessageId>"), "{reply}");
    let sent = &world.sent()[0];
    let expected = json!({"id": 1, "medium": "SMS", "to": "+12065550100", "sentAt": sent["sentAt"],
        "text": "123456 is your code ñ\n"});
    assert_eq!(*sent, expected);
}

#[tokio::test]
async fn a_text_message_that_sns_would_not_send_is_refused_as_sns_does() {
    let world = World::new().await;
    let start = "Action=Publish&Version=2010-03-31";
    let long = "x".repeat(1601);
    for (fields, code, message) in [
        (String::new(), "InvalidAction", ""),
        ("Action=Subscribe&Version=2010-03-31".into(), "InvalidAction", ""),
        (format!("{start}&Message=x"), "InvalidParameter", "PhoneNumber"),
        (
            format!("{start}&Message=x&PhoneNumber=%2B012345678"),
            "InvalidParameter",
            "Invalid parameter: PhoneNumber Reason: +012345678 is not valid to publish to",
        ),
        (
            format!("{start}&Message=x&PhoneNumber=12065550100"),
            "InvalidParameter",
            "is not valid",
        ),
        (
            format!("{start}&Message=x&PhoneNumber=%2B1206555010A"),
            "InvalidParameter",
            "is not valid",
        ),
        (
            format!("{start}&Message=x&PhoneNumber=%2B1234567890123456"),
            "InvalidParameter",
            "is not valid",
        ),
        (
            format!("{start}&Message=x&PhoneNumber=%3C%26%0A"),
            "InvalidParameter",
            "Reason: &lt;&amp;? is",
        ),
        (
            format!("{start}&PhoneNumber=%2B12065550100"),
            "InvalidParameter",
            "Empty message",
        ),
        (
            format!("{start}&PhoneNumber=%2B12065550100&Message={long}"),
            "InvalidParameter",
            "too long",
        ),
        (
            format!("{start}&TopicArn=arn&Message=x"),
            "InvalidParameter",
            "PhoneNumber only",
        ),
    ] {
        let (status, body) = world.publish(&fields).await;
        assert_eq!(status, 400, "{fields}");
        assert!(
            body.contains(&format!("<Type>Sender</Type><Code>{code}</Code>")),
            "{fields}: {body}"
        );
        assert!(body.contains(message), "{fields}: {body}");
    }
    assert_eq!(world.sent(), json!([]));
}
