//! Sends a code or a link to the user: the common part of `EMAIL_CODE`, `SMS_CODE` and `MAGIC_LINK`.
//!
//! A step has one code. It is derived from a nonce with a key of the deployment, and the nonce is the state. So every
//! attempt of the step has the same code, and the session does not contain it. A user without a verified address gets
//! the same challenge; a wait replaces the message.

mod sent;
mod texts;

use async_trait::async_trait;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use cognito_challenge::attempts::messages_key;
use cognito_challenge::challenges::codes::{CODE, EXPIRES};
use cognito_challenge::code::{MAX_DIGITS, digits};
use cognito_challenge::issue::{IssueError, Issued, Issuer, Request};
use cognito_challenge::page::Page;
use cognito_challenge::telemetry::Telemetry;
use cognito_challenge_messages::{Delivery, Medium, Message, NoText, Sender, TELEMETRY, Words};
use cognito_challenge_runtime::{ConfigError, Environment};
use rand::CryptoRng;
use tracing::{info, warn};

use sent::Sent;
use texts::TEXTS;

/// The minimum number of digits in a code: a guess is right with a probability of one in a million.
const MIN_DIGITS: u8 = 6;

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
    let secret = Secret::Link(environment.required("MAGIC_LINK_URL", Page::parse)?);
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
    delivery: Delivery,
    words: Words,
}

/// The kind of secret in a message.
enum Secret {
    /// A code with this number of digits.
    Digits(u8),
    /// A token in a link to this page.
    Link(Page),
}

impl Secret {
    /// Returns the placeholders in texts: the secret, and its remaining validity.
    fn placeholders(&self) -> &'static [&'static str; 2] {
        match self {
            Self::Digits(_) => &["code", "minutes"],
            Self::Link(_) => &["link", "minutes"],
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
            words: Words::configure(name, medium, secret.placeholders(), environment)?,
            secret,
            delivery: Delivery::configure(sender, environment)?,
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
    fn message(&self, to: &str, code: &str, sent: &Sent, request: &Request<'_>) -> Result<Message, NoText> {
        let link;
        let value = match &self.secret {
            Secret::Digits(_) => code,
            Secret::Link(page) => {
                link = page.with("link", code);
                &link
            }
        };
        let [secret, minutes] = *self.secret.placeholders();
        let left = sent.minutes_left(request.now).to_string();
        let values = [(secret, value), (minutes, left.as_str())];
        self.words.message(to, &values, request.texts, request.languages)
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
            let message = self.message(address.unwrap_or(&destination), &code, &sent, request);
            let message = message.map_err(|error| IssueError::new(error.to_string()))?;
            let key = messages_key(request.keys, &request.user, self.medium.name());
            let delivered = self
                .delivery
                .deliver(&key, &message, address.is_some(), request.now, rng)
                .await;
            delivered.map_err(|error| IssueError::new(error.to_string()))?;
            sent.note(request.now);
        }
        let prompt = self.words.text("prompt", request.texts, request.languages);
        let prompt = prompt.map_err(|error| IssueError::new(error.to_string()))?;
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
        self.delivery.prepare().await;
    }

    fn telemetry(&self) -> &'static Telemetry {
        &TELEMETRY
    }

    fn texts(&self) -> &'static [(&'static str, &'static str)] {
        TEXTS
    }
}

#[cfg(test)]
mod tests;
