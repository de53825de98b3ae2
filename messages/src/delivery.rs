//! Sends a message, or does for as long what a message would do.

use std::time::{Duration, Instant, SystemTime};

use cognito_challenge::telemetry::{Metric, Telemetry};
use cognito_challenge_runtime::{ConfigError, Environment};
use rand::CryptoRng;
use tracing::{Instrument, error, info, info_span, warn};

use super::outcomes::{Outcome, Outcomes};
use super::{Limit, Message, SendError, Sender};

/// How long a service may take to take a message. With the counting before it, a challenge stays within its four seconds.
const BUDGET: Duration = Duration::from_millis(2500);

/// What a delivery adds to the log.
pub static TELEMETRY: Telemetry = Telemetry {
    krate: env!("CARGO_CRATE_NAME"),
    fields: &[],
    metrics: &[
        Metric::count("MessagesFailed", None),
        Metric::count("MessagesLimited", None),
        Metric::count("MessagesSent", Some("challenge")),
        Metric::time("MessageMilliseconds"),
    ],
};

/// A service, and what it must not do too often.
///
/// The steps are the same for every user, reachable or not: count, then send or wait. The wait follows the times and the
/// failures of the latest messages.
pub struct Delivery {
    sender: Box<dyn Sender>,
    limit: Limit,
    outcomes: Outcomes,
}

impl Delivery {
    /// Messages by `sender`. Reads `MESSAGES_PER_HOUR` (default 5), `ATTEMPTS_TABLE` and what the AWS SDK needs.
    ///
    /// # Errors
    ///
    /// A variable that is missing or cannot be.
    pub fn configure(sender: Box<dyn Sender>, environment: &Environment) -> Result<Self, ConfigError> {
        Ok(Self {
            sender,
            limit: Limit::configure(environment)?,
            outcomes: Outcomes::default(),
        })
    }

    /// Opens the connections that the first message is counted and sent over.
    pub async fn prepare(&self) {
        tokio::join!(self.limit.prepare(), self.sender.prepare());
    }

    /// Counts `message` under `key`, see [`messages_key`](cognito_challenge::attempts::messages_key). Sends it if the user is
    /// `reachable` and the count allows it, else takes as long as if it had.
    ///
    /// # Errors
    ///
    /// A message that cannot be counted or sent, and in place of one that is not sent, the failure of a recent one.
    pub async fn deliver(
        &self,
        key: &str,
        message: &Message,
        reachable: bool,
        now: SystemTime,
        rng: &mut (dyn CryptoRng + Send),
    ) -> Result<(), SendError> {
        let taken = self.limit.take(key, now, rng).await;
        let taken = taken.inspect_err(|_| info!(MessagesFailed = 1, "not counted"))?;
        if !taken {
            warn!(
                MessagesLimited = 1,
                "the user got as many messages as MESSAGES_PER_HOUR allows"
            );
        }
        let send = taken && reachable;
        let delivered = async {
            if send {
                self.send(message).await
            } else {
                self.stand_in(rng).await
            }
        };
        let delivered = delivered.instrument(info_span!("MessageMilliseconds")).await;
        info!(MessagesSent = u8::from(send && delivered.is_ok()), "a message was due");
        delivered
    }

    /// Sends `message`, and notes how long that took and how it ended.
    async fn send(&self, message: &Message) -> Result<(), SendError> {
        let started = Instant::now();
        let late = |_| Err(SendError::new("the service did not take the message in time"));
        let sent = tokio::time::timeout(BUDGET, self.sender.send(message)).await;
        let sent = sent.unwrap_or_else(late);
        self.outcomes.note(Outcome {
            took: started.elapsed(),
            failed: sent.is_err(),
        });
        if sent.is_err() {
            error!(MessagesFailed = 1, "a message was not sent");
        }
        sent
    }

    /// Takes as long as a message, and fails as often.
    async fn stand_in(&self, rng: &mut (dyn CryptoRng + Send)) -> Result<(), SendError> {
        let started = Instant::now();
        let outcome = if let Some(outcome) = self.outcomes.draw(rng) {
            outcome
        } else {
            // The first message has to open a connection, unless one is open.
            let _ = tokio::time::timeout(BUDGET, self.sender.prepare()).await;
            Outcomes::assumed(rng)
        };
        self.outcomes.wait(started, outcome.took).await;
        if outcome.failed {
            return Err(SendError::new(
                "nothing was to be sent, and a recent message was not sent",
            ));
        }
        Ok(())
    }
}
