//! An embedded Amazon SES and Amazon SNS: `SendEmail` and `Publish` put messages into the outbox.
//!
//! Requests must be signed for the service, but the signature is not checked.

mod address;
mod ses;
mod sns;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::io;
use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::{HeaderMap, header};
use axum::routing::post;
use listener::Callers;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use user_pools::{Clock, Medium};

use crate::outbox::{Content, Message, Outbox};

/// The largest request. SES accepts messages of 40 MB, but those of the functions are much smaller.
const MAX_REQUEST: usize = 1024 * 1024;

/// Both services. Dropping it stops them.
#[derive(Debug)]
pub(crate) struct Messages {
    /// The address of both: `http://127.0.0.1:PORT`.
    pub(crate) endpoint: String,
    server: JoinHandle<()>,
}

/// Called with the number of each message, its medium, its recipient and its short text.
pub(crate) type Tell = dyn Fn(u64, Medium, &str, &str) + Send + Sync;

/// The state of the services.
struct State {
    /// The addresses that may send mail. If it is empty, every address may.
    senders: BTreeSet<String>,
    region: String,
    outbox: Arc<Outbox>,
    tell: Box<Tell>,
}

impl Messages {
    /// Serves both on their own port.
    ///
    /// # Errors
    ///
    /// Returns an error if no port is available.
    pub(crate) async fn start(
        senders: impl IntoIterator<Item = &str>,
        region: &str,
        outbox: Arc<Outbox>,
        tell: Box<Tell>,
    ) -> io::Result<Self> {
        let senders = senders.into_iter().filter_map(|sender| address::parse(sender).ok());
        let state = Arc::new(State {
            senders: senders.map(str::to_lowercase).collect(),
            region: region.to_owned(),
            outbox,
            tell,
        });
        let router = Router::new()
            .route("/", post(sns::call))
            .route("/v2/email/outbound-emails", post(ses::send_email))
            .fallback(ses::unknown)
            .layer(DefaultBodyLimit::max(MAX_REQUEST))
            .with_state(state);
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let endpoint = format!("http://{}", listener.local_addr()?);
        let server = tokio::spawn(async move {
            // It ends only when it is aborted.
            let _ = listener::serve(listener, Callers::Programs, router).await;
        });
        Ok(Self { endpoint, server })
    }
}

impl Drop for Messages {
    fn drop(&mut self) {
        self.server.abort();
    }
}

impl State {
    /// Stores a message and reports it.
    fn send(&self, medium: Medium, to: String, content: Content) {
        let short = match &content {
            Content::Code { code, .. } => code,
            Content::Mail(mail) => &mail.subject,
            Content::Text { text } => text,
        };
        let (shown_to, short) = (to.clone(), short.clone());
        let time = Clock::system().now();
        let id = self.outbox.add(Message {
            medium,
            to,
            content,
            time,
        });
        (self.tell)(id, medium, &shown_to, &short);
    }
}

/// The reason why a request is rejected as unsigned.
enum Unsigned {
    Missing,
    /// It is signed for another service.
    Scope,
}

/// Checks that the headers contain a signature for `service`.
fn check_signature(headers: &HeaderMap, service: &str) -> Result<(), Unsigned> {
    let signature = headers
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok()?.strip_prefix("AWS4-HMAC-SHA256 "))
        .ok_or(Unsigned::Missing)?;
    // KEY/DATE/REGION/SERVICE/aws4_request
    let scope = signature
        .split([',', ' '])
        .find_map(|part| part.strip_prefix("Credential="))
        .and_then(|credential| credential.rsplit('/').nth(1));
    if scope == Some(service) {
        Ok(())
    } else {
        Err(Unsigned::Scope)
    }
}
