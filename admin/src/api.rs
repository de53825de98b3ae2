//! The HTTP API of the enrolment, which mails links.

use std::time::Duration;

use aws_smithy_http_client::Connector;
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};
use aws_smithy_runtime_api::client::http::HttpConnector;
use aws_smithy_runtime_api::http::Request;
use aws_smithy_types::body::SdkBody;
use serde_json::json;

/// The time limit for the API. It answers after half a second at the earliest.
const WITHIN: Duration = Duration::from_secs(10);

/// Asks the API at `endpoint` to mail a link to the user called `username`, if the user may have one.
///
/// # Errors
///
/// Returns an error if the API cannot be reached or mails no link.
pub(crate) async fn ask_for_link(endpoint: &str, username: &str) -> Result<(), ApiError> {
    let connector = Connector::builder()
        .tls_provider(Provider::Rustls(CryptoMode::Ring))
        .build();
    let mut request = Request::new(SdkBody::from(json!({"username": username}).to_string()));
    let url = format!("{}/enrolment/links", endpoint.trim_end_matches('/'));
    let valid = request.set_uri(url.as_str()).and_then(|()| request.set_method("POST"));
    valid.map_err(|_| ApiError::Address)?;
    request.headers_mut().insert("content-type", "application/json");
    let reply = tokio::time::timeout(WITHIN, connector.call(request)).await;
    let reply = reply.ok().and_then(Result::ok).ok_or(ApiError::NoReply)?;
    match reply.status().as_u16() {
        202 => Ok(()),
        404 => Err(ApiError::NotMailed),
        status => Err(ApiError::Refused { status }),
    }
}

/// The reason why the API mails no link.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ApiError {
    #[error("the address of the API is invalid: use the stack's output `EnrolmentEndpoint`")]
    Address,
    #[error("the API cannot be reached")]
    NoReply,
    #[error("the API mails no links: set the parameters `MailFrom` and `EnrolmentUrl`, or print a link with `--page`")]
    NotMailed,
    #[error("the API answers with the status {status}: the log of the function `enrolment` says why")]
    Refused { status: u16 },
}
