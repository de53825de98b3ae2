//! Asks for a code or a link that is sent to the user: what `EMAIL_CODE`, `SMS_CODE` and `MAGIC_LINK` have in common.
//!
//! A step has one code. It is derived from a nonce under the deployment's keys, and the nonce is the state: every attempt
//! of the step has the same code, and no session contains it. A user without a verified address is asked the same, and
//! a wait takes the place of the message.

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

/// The fewest digits of a code: one in a million, of which an attacker has a few tries.
const MIN_DIGITS: u8 = 6;

/// Makes an issuer of codes that `sender` delivers, for the challenge `name`: `EMAIL_CODE`, `SMS_CODE`, or a name of your
/// own whose texts you add. The texts are `NAME.account`, `NAME.prompt` and `NAME.text`, for e-mail `NAME.subject` and
/// `NAME.html` too.
///
/// Reads `CODE_DIGITS` (default 6), `MAIL_TEMPLATE`, `MESSAGES_PER_HOUR` (default 5), `ATTEMPTS_TABLE` and
/// `PRODUCT_NAME`.
///
/// # Errors
///
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

/// Makes an issuer of links that `sender` delivers by e-mail, for the challenge `name`. See [`issuer`].
///
/// Reads `MAGIC_LINK_URL` in place of `CODE_DIGITS`.
///
/// # Errors
///
/// A variable that is missing or cannot be.
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
            "write how many digits a code has, {MIN_DIGITS} to {MAX_DIGITS}, such as `{MIN_DIGITS}`"
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

/// What is sent.
enum Secret {
    /// A code of so many digits.
    Digits(u8),
    /// A token, in a link to this page.
    Link(Page),
}

impl Secret {
    /// The placeholders of texts: the secret, and how long it is right.
    fn placeholders(&self) -> &'static [&'static str; 2] {
        match self {
            Self::Digits(_) => &["code", "minutes"],
            Self::Link(_) => &["link", "minutes"],
        }
    }

    /// The secret of a step from its 32 bytes.
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

    /// The code or token of the step, which only this user's step has.
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

    /// The message with `code`.
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
                let sent = Sent::parse(state).ok_or(IssueError::new("the state is not of a code that was sent"))?;
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
            // A metric for some users alone would make their log line longer, and the response later.
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
