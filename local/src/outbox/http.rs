//! The outbox over HTTP: as JSON for tests, and as pages for people.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::map_response;
use axum::response::{IntoResponse, Response};
use axum::routing::get;

use super::Outbox;
use crate::page::protect;

/// The list of messages, and one message beside it. Its script and style are among the page's files.
const VIEW: &str = include_str!("../../page/mail.html");

/// Allows the view its own script and style, and a frame for the body of a mail.
const VIEW_POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; frame-src 'self'; \
     base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'",
);

/// Shows the body of a mail like a mail program: styles and inline pictures, but no script, no form, and no other
/// server. A link opens in its own tab, outside the sandbox.
const BODY_POLICY: HeaderValue = HeaderValue::from_static(
    "sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; \
     form-action 'none'; frame-ancestors 'self'",
);

/// Makes the links of a mail open in a new tab.
const NEW_TABS: &str = "<base target=\"_blank\">";

/// Returns `GET /debug/outbox`, and the routes below `/debug/mail`.
pub(crate) fn router(outbox: Arc<Outbox>) -> Router {
    Router::new()
        .route("/debug/outbox", get(json))
        .route("/debug/mail", get(view))
        .route("/debug/mail/{id}", get(body))
        .layer(map_response(protect))
        .with_state(outbox)
}

async fn json(State(outbox): State<Arc<Outbox>>) -> Response {
    ([(header::CONTENT_TYPE, "application/json")], outbox.json()).into_response()
}

async fn view() -> Response {
    html(VIEW_POLICY, VIEW.to_owned())
}

async fn body(State(outbox): State<Arc<Outbox>>, Path(id): Path<u64>) -> Response {
    match outbox.html(id) {
        Some(body) => html(BODY_POLICY, with_new_tabs(&body)),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

fn html(policy: HeaderValue, text: String) -> Response {
    let content_type = HeaderValue::from_static("text/html; charset=utf-8");
    let headers = [
        (header::CONTENT_TYPE, content_type),
        (header::CONTENT_SECURITY_POLICY, policy),
    ];
    (headers, text).into_response()
}

/// Inserts the base after the document type, without which browsers would use another layout.
fn with_new_tabs(body: &str) -> String {
    let start = body.trim_start();
    let is_type = start.get(..9).is_some_and(|tag| tag.eq_ignore_ascii_case("<!doctype"));
    match start.split_once('>') {
        Some((kind, rest)) if is_type => format!("{kind}>{NEW_TABS}{rest}"),
        _ => format!("{NEW_TABS}{body}"),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use axum::body::{Body, to_bytes};
    use axum::http::Request;
    use tower::ServiceExt;

    use super::*;
    use user_pools::Medium;

    use crate::outbox::{Content, Mail, Message};

    fn outbox() -> Arc<Outbox> {
        let outbox = Outbox::default();
        outbox.add(Message {
            medium: Medium::Email,
            to: "ana@example.com".into(),
            content: Content::Mail(Mail {
                from: "a@example.com".into(),
                subject: "s".into(),
                text: None,
                html: Some("<!DOCTYPE html><p>Hello<script>alert(1)</script>".into()),
                headers: Vec::new(),
            }),
            time: Duration::ZERO,
        });
        Arc::new(outbox)
    }

    async fn get(path: &str) -> (u16, String, String) {
        let request = Request::get(path).body(Body::empty()).unwrap();
        let response = router(outbox()).oneshot(request).await.unwrap();
        let status = response.status().as_u16();
        let policy = response.headers()[header::CONTENT_SECURITY_POLICY]
            .to_str()
            .unwrap()
            .to_owned();
        assert_eq!(response.headers()[header::CACHE_CONTROL], "no-store");
        let body = to_bytes(response.into_body(), 1 << 20).await.unwrap();
        (status, policy, String::from_utf8(body.to_vec()).unwrap())
    }

    #[tokio::test]
    async fn the_body_of_a_mail_runs_no_script_and_loads_nothing() {
        let (status, policy, body) = get("/debug/mail/1").await;
        assert_eq!(status, 200);
        assert!(policy.starts_with("sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none';"));
        assert!(!policy.contains("script") && !policy.contains("http"), "{policy}");
        assert!(
            body.starts_with("<!DOCTYPE html><base target=\"_blank\"><p>Hello"),
            "{body}"
        );
    }

    #[tokio::test]
    async fn what_has_no_body_is_not_found() {
        for path in ["/debug/mail/2", "/debug/mail/18446744073709551615"] {
            assert_eq!(get(path).await.0, 404, "{path}");
        }
    }

    #[tokio::test]
    async fn the_view_may_read_its_own_server_only() {
        let (status, policy, body) = get("/debug/mail").await;
        assert_eq!(status, 200);
        assert!(body.contains("/page/mail.js"));
        assert!(
            !policy.contains("unsafe") && policy.contains("frame-ancestors 'none'"),
            "{policy}"
        );
        for inline in ["style=", "<style", " onclick", "<script>", "javascript:"] {
            assert!(!body.contains(inline), "`{inline}` would be refused by the policy");
        }
    }

    #[test]
    fn a_body_without_a_document_type_gets_none() {
        assert_eq!(with_new_tabs("<p>x"), format!("{NEW_TABS}<p>x"));
        assert_eq!(
            with_new_tabs(" <!doctype html><p>x"),
            format!("<!doctype html>{NEW_TABS}<p>x")
        );
        assert_eq!(with_new_tabs("<!doctype"), format!("{NEW_TABS}<!doctype"));
        assert_eq!(with_new_tabs(""), NEW_TABS);
    }
}
