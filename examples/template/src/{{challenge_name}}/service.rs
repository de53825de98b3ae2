//! The pager service: `POST /pages` sends a page, `GET /pages/ID` returns whether its code was revoked.

use std::fmt;
use std::time::Duration;

use cognito_challenge_runtime::{ConfigError, Environment};
use serde_json::{Value, json};
use tracing::{Instrument, info_span};
use ureq::Agent;

/// The time limit for the service. Verify's limit for a check is two seconds.
const BUDGET: Duration = Duration::from_millis(1500);

/// A client of the service.
pub(super) struct Service {
    agent: Agent,
    address: String,
}

impl Service {
    /// Reads `PAGER_URL`, such as `https://pager.example.com`.
    pub(super) fn configure(environment: &Environment) -> Result<Self, ConfigError> {
        let address = environment.required("PAGER_URL", |url| {
            let known = url.starts_with("https://") || url.starts_with("http://127.0.0.1:");
            known
                .then(|| url.trim_end_matches('/').to_owned())
                .ok_or("write an address such as `https://pager.example.com`")
        })?;
        let agent = Agent::config_builder().timeout_global(Some(BUDGET)).build().into();
        Ok(Self { agent, address })
    }

    /// Sends `text` to `number`, or nothing if the number is empty. Returns the HTTP status.
    pub(super) async fn send(&self, page: &str, number: &str, text: &str) -> Result<u16, Unavailable> {
        let request = self.agent.post(format!("{}/pages", self.address));
        let body = json!({"id": page, "number": number, "text": text, "send": !number.is_empty()});
        in_background(move || Ok(request.send_json(&body)?.status().as_u16())).await
    }

    /// Returns whether the code of `page` was revoked.
    pub(super) async fn is_revoked(&self, page: &str) -> Result<bool, Unavailable> {
        let request = self.agent.get(format!("{}/pages/{page}", self.address));
        let answer = in_background(move || request.call()?.body_mut().read_json::<Value>()).await?;
        answer["revoked"]
            .as_bool()
            .ok_or(Unavailable("a response without `revoked`"))
    }
}

/// Calls the service on another thread, so that the function's time limits can end the wait.
async fn in_background<T: Send + 'static>(
    call: impl FnOnce() -> Result<T, ureq::Error> + Send + 'static,
) -> Result<T, Unavailable> {
    let called = tokio::task::spawn_blocking(call)
        .instrument(info_span!("PagerMilliseconds"))
        .await;
    match called {
        Ok(Ok(answer)) => Ok(answer),
        // The error's own message may quote the request.
        Ok(Err(ureq::Error::StatusCode(_))) => Err(Unavailable("an error status")),
        Ok(Err(_)) | Err(_) => Err(Unavailable("no response")),
    }
}

/// The service failed. The message is for the log.
#[derive(Debug)]
pub(super) struct Unavailable(&'static str);

impl fmt::Display for Unavailable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "the pager service returned {}: check PAGER_URL and the service",
            self.0
        )
    }
}
