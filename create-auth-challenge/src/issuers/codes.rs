//! Sends a code or a link to the user: the common part of `EMAIL_CODE`, `SMS_CODE` and `MAGIC_LINK`.
//!
//! A step has one code. It is derived from a nonce with a key of the deployment, and the nonce is the state. So every
//! attempt of the step has the same code, and the session does not contain it. A user without a verified address gets
//! the same challenge; a wait replaces the message.

mod link;
mod sent;

use std::time::{Duration, Instant};

use async_trait::async_trait;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use cognito_challenge::challenges::codes::{CODE, EXPIRES};
use cognito_challenge::code::{MAX_DIGITS, digits};
use cognito_challenge::issue::{IssueError, Issued, Issuer, Request};
use cognito_challenge::telemetry::{Metric, Telemetry};
use cognito_challenge_runtime::{ConfigError, Environment};
use rand::CryptoRng;
use tracing::{Instrument, error, info, info_span, warn};

use crate::messages::{Limit, Medium, Message, Outcome, Outcomes, SendError, Sender, TEXTS, Values, Words};
use link::Link;
use sent::Sent;

/// The time limit for a service to accept a message. With the counting before it, a challenge stays within its four
/// seconds.
const BUDGET: Duration = Duration::from_millis(2500);

/// The minimum number of digits in a code: a guess is right with a probability of one in a million.
const MIN_DIGITS: u8 = 6;

/// The metrics of the types that send codes.
static TELEMETRY: Telemetry = Telemetry {
    krate: env!("CARGO_CRATE_NAME"),
    fields: &[],
    metrics: &[
        Metric::count("MessagesFailed", None),
        Metric::count("MessagesLimited", None),
        Metric::count("MessagesSent", Some("challenge")),
        Metric::time("MessageMilliseconds"),
    ],
};

/// Creates an issuer of codes that `sender` delivers, for the challenge `name`.
///
/// `name` is `EMAIL_CODE`, `SMS_CODE`, or a name of your own for which you add texts. The texts are `NAME.account`,
/// `NAME.prompt` and `NAME.text`, and for e-mail also `NAME.subject` and `NAME.html`.
///
/// It reads `CODE_DIGITS` (default 6), `MAIL_TEMPLATE`, `MESSAGES_PER_HOUR` (default 5), `ATTEMPTS_TABLE` and
/// `PRODUCT_NAME`.
///
/// # Errors
///
/// Returns an error if a variable is missing or invalid.
/// A variable that is missing or cannot be.
pub fn issuer(
    name: &'static str,
    medium: Medium,
    sender: Box<dyn Sender>,
    environment: &Environment,
) -> Result<Box<dyn Issuer>, ConfigError> {
    let length = environment.optional("CODE_DIGITS", code_digits)?;
    let secret = Secret::Digits(length.unwrap_or(MIN_DIGITS));
    Ok(Box::new(CodeIssuer::configure(
        name,
        medium,
        secret,
        sender,
        environment,
    )?))
}

/// Creates an issuer of links that `sender` delivers by e-mail, for the challenge `name`. See [`issuer`].
///
/// It reads `MAGIC_LINK_URL` instead of `CODE_DIGITS`.
///
/// # Errors
///
/// Returns an error if a variable is missing or invalid.
pub fn link_issuer(
    name: &'static str,
    sender: Box<dyn Sender>,
    environment: &Environment,
) -> Result<Box<dyn Issuer>, ConfigError> {
    let secret = Secret::Link(environment.required("MAGIC_LINK_URL", Link::parse)?);
    Ok(Box::new(CodeIssuer::configure(
        name,
        Medium::Email,
        secret,
        sender,
        environment,
    )?))
}

fn code_digits(digits: &str) -> Result<u8, String> {
    match digits.parse() {
        Ok(digits @ MIN_DIGITS..=MAX_DIGITS) => Ok(digits),
        _ => Err(format!(
            "write the number of digits of a code, {MIN_DIGITS} to {MAX_DIGITS}, such as `{MIN_DIGITS}`"
        )),
    }
}

struct CodeIssuer {
    name: &'static str,
    medium: Medium,
    secret: Secret,
    sender: Box<dyn Sender>,
    words: Words,
    limit: Limit,
    outcomes: Outcomes,
}

/// The kind of secret in a message.
enum Secret {
    /// A code with this number of digits.
    Digits(u8),
    /// A token in a link to this page.
    Link(Link),
}

impl Secret {
    /// Returns the placeholder for the secret in texts.
    fn placeholder(&self) -> &'static str {
        match self {
            Self::Digits(_) => "code",
            Self::Link(_) => "link",
        }
    }

    /// Returns the secret of a step, derived from its 32-byte hash.
    fn of(&self, hash: [u8; 32]) -> String {
        match self {
            Self::Digits(length) => digits(hash, *length),
            Self::Link(_) => URL_SAFE_NO_PAD.encode(hash),
        }
    }
}

impl CodeIssuer {
    fn configure(
        name: &'static str,
        medium: Medium,
        secret: Secret,
        sender: Box<dyn Sender>,
        environment: &Environment,
    ) -> Result<Self, ConfigError> {
        Ok(Self {
            name,
            medium,
            words: Words::configure(name, medium, secret.placeholder(), environment)?,
            secret,
            sender,
            limit: Limit::configure(environment)?,
            outcomes: Outcomes::default(),
        })
    }

    /// Returns the code or token of the step. No other user or step has the same one.
    fn code(&self, request: &Request<'_>, sent: &Sent) -> String {
        let (user, step) = (request.user.identity(), [u8::try_from(request.step).unwrap_or(u8::MAX)]);
        let parts = [
            self.name.as_bytes(),
            request.user.pool.as_bytes(),
            user.as_bytes(),
            &step,
            sent.nonce(),
        ];
        self.secret.of(request.keys.mac("codes: code", &parts))
    }

    /// Returns the message that contains `code`.
    fn message(&self, to: &str, code: &str, sent: &Sent, request: &Request<'_>) -> Result<Message, IssueError> {
        let link;
        let value = match &self.secret {
            Secret::Digits(_) => code,
            Secret::Link(page) => {
                link = page.with(code);
                &link
            }
        };
        let values = Values {
            secret: self.secret.placeholder(),
            value,
            minutes: sent.minutes_left(request.now),
        };
        self.words.message(to, &values, request)
    }

    /// Sends `message` if `reachable`, else waits as long as sending would take.
    ///
    /// The steps are the same for every user: count the message, then send it or wait.
    async fn deliver(
        &self,
        message: &Message,
        reachable: bool,
        request: &Request<'_>,
        rng: &mut (dyn CryptoRng + Send),
    ) -> Result<(), IssueError> {
        let taken = self.limit.take(self.medium, request, rng).await;
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
        delivered.map_err(|error| IssueError::new(error.to_string()))
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

#[async_trait]
impl Issuer for CodeIssuer {
    async fn issue(&self, request: &Request<'_>, rng: &mut (dyn CryptoRng + Send)) -> Result<Issued, IssueError> {
        let again = request.client_metadata.get("send").is_some_and(|send| send == "again");
        let (mut sent, due) = match request.state {
            None => (Sent::draw(request.now, rng), true),
            Some(state) => {
                let sent =
                    Sent::parse(state).ok_or(IssueError::new("the state does not have the form of a sent code"))?;
                let due = again && sent.may_send_again(request.now);
                (sent, due)
            }
        };
        let code = self.code(request, &sent);
        let address = self.medium.address(&request.user);
        if request.user.exists() && address.is_none() {
            let medium = self.medium.name();
            warn!(
                NotEnrolled = 1,
                reason = "NotEnrolled",
                "no message is sent: the user is not confirmed, or has no verified address for {medium}"
            );
        } else {
            // If only some users had this metric, their log line would be longer and their response later.
            info!(NotEnrolled = 0, "an address was chosen");
        }
        let decoy = self.medium.decoy(request.keys, &request.user);
        let destination = address.map_or(decoy, |address| self.medium.mask(address));
        if due {
            let message = self.message(address.unwrap_or(&destination), &code, &sent, request)?;
            self.deliver(&message, address.is_some(), request, rng).await?;
            sent.note(request.now);
        }
        let prompt = self.words.text("prompt", request)?;
        let mut issued = Issued::new()
            .public("destination", destination)
            .public("locale", prompt.language)
            .public("medium", self.medium.name())
            .public("prompt", prompt.words)
            .public("sendsLeft", sent.sends_left(request.now).to_string())
            .private(CODE, code)
            .private(EXPIRES, sent.expires().to_string())
            .state(sent.state());
        if let Secret::Digits(length) = self.secret {
            issued = issued.public("digits", length.to_string());
        }
        if let Some(seconds) = sent.send_again_in(request.now) {
            issued = issued.public("sendAgainIn", seconds.to_string());
        }
        Ok(issued)
    }

    fn leaves_state(&self) -> bool {
        true
    }

    async fn prepare(&self) {
        tokio::join!(self.limit.prepare(), self.sender.prepare());
    }

    fn telemetry(&self) -> &'static Telemetry {
        &TELEMETRY
    }

    fn texts(&self) -> &'static [(&'static str, &'static str)] {
        &TEXTS
    }
}

#[cfg(test)]
mod tests;
