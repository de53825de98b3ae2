//! An embedded Amazon SES and Amazon SNS: `SendEmail` and `Publish` put what they send into the outbox.
//!
//! Requests have to be signed for the service, and every signature is accepted.

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
use listener::Audience;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use user_pools::{Clock, Medium};

use crate::outbox::{Content, Message, Outbox};

/// The largest request: SES takes messages of 40 MB, and the functions send far less.
const MAX_REQUEST: usize = 1024 * 1024;

/// Both services. Dropping it stops them.
#[derive(Debug)]
pub(crate) struct Messages {
    /// Where both listen: `http://127.0.0.1:PORT`.
    pub(crate) endpoint: String,
    server: JoinHandle<()>,
}

/// Called with the number of each message, its medium, its recipient and what it says in short.
pub(crate) type Tell = dyn Fn(u64, Medium, &str, &str) + Send + Sync;

/// What the services know.
struct State {
    /// The addresses that may send mail. If the list is empty, every address may.
    senders: BTreeSet<String>,
    region: String,
    outbox: Arc<Outbox>,
    tell: Box<Tell>,
}

impl Messages {
    /// Serves both on a port of their own.
    ///
    /// # Errors
    /// If no port can be had.
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
            // It has no way to end but being aborted.
            let _ = listener::serve(listener, Audience::Programs, router).await;
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
    /// Keeps a message and tells of it.
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

/// Why a request is not believed.
enum Unsigned {
    Missing,
    /// Signed for another service.
    Scope,
}

/// Whether the headers hold a signature for `service`.
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
