//! A request to the HTTP API and its reply, in payload format 2.0 of Amazon API Gateway.

use std::collections::HashMap;

use aws_lambda_events::apigw::{ApiGatewayV2httpRequest, ApiGatewayV2httpResponse};
use aws_lambda_events::encodings::Body;
use aws_lambda_events::http::{HeaderMap, HeaderValue, header};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::problem::{MEDIA_TYPE, Problem};

/// The longest body that is read, in bytes. It is longer than the longest answers to all questions in UTF-8.
const MAX_BODY: usize = 64 * 1024;

/// The maximum number of languages of `Accept-Language` that are read.
const MAX_LANGUAGES: usize = 8;

/// A request to the HTTP API.
pub(crate) struct Request {
    event: ApiGatewayV2httpRequest,
    no_claims: HashMap<String, String>,
}

impl Request {
    /// Reads the event. Returns `None` if it is not from an HTTP API.
    pub(crate) fn read(event: Value) -> Option<Self> {
        let event: ApiGatewayV2httpRequest = serde_json::from_value(event).ok()?;
        event.route_key.is_some().then(|| Self {
            event,
            no_claims: HashMap::new(),
        })
    }

    /// Returns the method and the path, as in the template: `PUT /enrolment`.
    pub(crate) fn route(&self) -> &str {
        self.event.route_key.as_deref().unwrap_or_default()
    }

    /// Returns the claims of the token that the API's authorizer has verified. A route without a token has none.
    pub(crate) fn claims(&self) -> &HashMap<String, String> {
        let authorizer = self.event.request_context.authorizer.as_ref();
        let jwt = authorizer.and_then(|authorizer| authorizer.jwt.as_ref());
        jwt.map_or(&self.no_claims, |jwt| &jwt.claims)
    }

    /// Returns the token in `Authorization: Link TOKEN`.
    pub(crate) fn link(&self) -> Option<&str> {
        let (scheme, token) = self.header("authorization")?.trim().split_once(' ')?;
        scheme.eq_ignore_ascii_case("link").then_some(token.trim())
    }

    /// Returns the wanted languages, the preferred one first: the parameter `locale`, then those of `Accept-Language`
    /// in their order.
    pub(crate) fn languages(&self) -> impl Iterator<Item = &str> {
        let chosen = self.event.query_string_parameters.first("locale");
        let accepted = self.header("accept-language").unwrap_or_default().split(',');
        let accepted = accepted
            .filter_map(|language| language.split(';').next())
            .map(str::trim);
        let accepted = accepted.filter(|language| !language.is_empty() && *language != "*");
        chosen.into_iter().chain(accepted.take(MAX_LANGUAGES))
    }

    /// Parses the body, which must be JSON of this form.
    ///
    /// # Errors
    ///
    /// Returns an error if the body is too large, of another type, not JSON, or of another form.
    pub(crate) fn body<T: DeserializeOwned>(&self) -> Result<T, Problem> {
        let kind = self.header("content-type").and_then(|kind| kind.split(';').next());
        if !kind.is_some_and(|kind| kind.trim().eq_ignore_ascii_case("application/json")) {
            return Err(Problem::new(
                "not-json",
                415,
                "The body is not JSON",
                "send JSON, and the header `Content-Type: application/json`",
            ));
        }
        let body = self.event.body.as_deref().unwrap_or_default();
        // Base64 is a third longer. This check is before decoding.
        if body.len() > MAX_BODY * 4 / 3 {
            return Err(too_large());
        }
        let decoded;
        let body = if self.event.is_base64_encoded {
            decoded = STANDARD.decode(body).map_err(|_| wrong_form())?;
            decoded.as_slice()
        } else {
            body.as_bytes()
        };
        if body.len() > MAX_BODY {
            return Err(too_large());
        }
        // The text of a serde error may quote an answer.
        serde_json::from_slice(body).map_err(|_| wrong_form())
    }

    fn header(&self, name: &str) -> Option<&str> {
        self.event.headers.get(name)?.to_str().ok()
    }
}

fn too_large() -> Problem {
    Problem::new(
        "body-too-large",
        413,
        "The body is too large",
        format!("send at most {MAX_BODY} bytes"),
    )
}

fn wrong_form() -> Problem {
    Problem::new(
        "wrong-form",
        400,
        "The body has the wrong form",
        "send JSON as docs/enrolment.md describes it",
    )
}

/// Returns a reply with the status and this JSON, which must not be cached.
pub(crate) fn reply(status: u16, body: Option<&Value>) -> Value {
    let kind = if status < 400 { "application/json" } else { MEDIA_TYPE };
    let mut headers = HeaderMap::new();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    let mut response = ApiGatewayV2httpResponse::default();
    if let Some(body) = body {
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
        response.body = Some(Body::Text(body.to_string()));
    }
    if status == 503 {
        headers.insert(header::RETRY_AFTER, HeaderValue::from_static("5"));
    }
    response.status_code = status.into();
    response.headers = headers;
    // INVARIANT: the headers are visible ASCII, and everything else is text.
    serde_json::to_value(response).unwrap_or_default()
}
