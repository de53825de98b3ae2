//! Sends a message, or waits as long as sending would take.

use std::time::{Duration, Instant, SystemTime};

use cognito_challenge::telemetry::{Metric, Telemetry};
use cognito_challenge_runtime::{ConfigError, Environment};
use rand::CryptoRng;
use tracing::{Instrument, error, info, info_span, warn};

use super::outcomes::{Outcome, Outcomes};
use super::{Limit, Message, SendError, Sender};

/// The time limit for a service to accept a message. Together with the count before it, a challenge stays within the
/// four seconds of create.
const BUDGET: Duration = Duration::from_millis(2500);

/// The metrics that a delivery adds to the log.
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

/// A service that sends messages, with a limit and with decoys.
///
/// The steps are the same for every user, reachable or not: count the message, then send it or wait. The wait follows
/// the durations and failures of the latest messages.
pub struct Delivery {
    sender: Box<dyn Sender>,
    limit: Limit,
    outcomes: Outcomes,
}

impl Delivery {
    /// Creates a delivery with `sender`. It reads `MESSAGES_PER_HOUR` (default 5), `ATTEMPTS_TABLE` and the variables
    /// of the AWS SDK.
    ///
    /// # Errors
    ///
    /// Returns an error if a variable is missing or invalid.
    pub fn configure(sender: Box<dyn Sender>, environment: &Environment) -> Result<Self, ConfigError> {
        Ok(Self {
            sender,
            limit: Limit::configure(environment)?,
            outcomes: Outcomes::default(),
        })
    }

    /// Opens the connections that count and send the first message.
    pub async fn prepare(&self) {
        tokio::join!(self.limit.prepare(), self.sender.prepare());
    }

    /// Counts `message` under `key`, see [`messages_key`](cognito_challenge::attempts::messages_key).
    ///
    /// It sends the message if the user is `reachable` and the count allows it, else it waits as long as sending would
    /// take.
    ///
    /// # Errors
    ///
    /// Returns an error if the message cannot be counted or sent. For a message that is not sent, it returns errors as
    /// often as recent messages failed.
    pub async fn deliver(
        &self,
        key: &str,
        message: &Message,
        reachable: bool,
        now: SystemTime,
        rng: &mut (dyn CryptoRng + Send),
    ) -> Result<(), SendError> {
        let taken = self.limit.take(key, now, rng).await;
        let taken = taken.inspect_err(|_| info!(MessagesFailed = 1, "the message was not counted"))?;
        if !taken {
            warn!(
                MessagesLimited = 1,
                "no message is sent: the user has reached MESSAGES_PER_HOUR"
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

    /// Sends `message` and records the duration and the result.
    async fn send(&self, message: &Message) -> Result<(), SendError> {
        let started = Instant::now();
        let late = |_| Err(SendError::new("the service did not accept the message in time"));
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

    /// Waits as long as sending a message takes, and fails as often as sending does.
    async fn stand_in(&self, rng: &mut (dyn CryptoRng + Send)) -> Result<(), SendError> {
        let started = Instant::now();
        let outcome = if let Some(outcome) = self.outcomes.draw(rng) {
            outcome
        } else {
            // Opening a connection precedes the first message, unless a connection is open.
            let _ = tokio::time::timeout(BUDGET, self.sender.prepare()).await;
            Outcomes::assumed(rng)
        };
        self.outcomes.wait(started, outcome.took).await;
        if outcome.failed {
            return Err(SendError::new(
                "no message was due, and a recent message to another user failed",
            ));
        }
        Ok(())
    }
}
