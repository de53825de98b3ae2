//! Messages to users: their content, the service that sends them, and their limit.
//!
//! A [`Sender`] is one service that delivers messages. [`Ses`] is the one for Amazon SES; implement the trait
//! for another gateway. [`Delivery`] counts a message, then sends it or waits as long as sending would take.

mod delivery;
mod destination;
mod limit;
mod outcomes;
mod ses;
mod words;

use std::borrow::Cow;
use std::fmt;

use async_trait::async_trait;

pub use delivery::{Delivery, TELEMETRY};
pub use destination::Medium;
pub use limit::Limit;
pub use ses::Ses;
pub use words::{NoText, Words};

/// A message to one user. Its `Debug` shows no content.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Message {
    /// The e-mail address, or the phone number in E.164 format. It is valid.
    pub to: String,
    /// The subject, without line breaks. Empty for a text message.
    pub subject: String,
    /// The text.
    pub text: String,
    /// The same text as HTML. Empty if the message has none.
    pub html: String,
}

impl fmt::Debug for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Message(…)")
    }
}

/// A service that delivers messages.
///
/// ```
/// use async_trait::async_trait;
/// use cognito_challenge_messages::{Message, SendError, Sender};
///
/// /// Prints messages, for tests on a developer's machine.
/// struct Printer;
///
/// #[async_trait]
/// impl Sender for Printer {
///     async fn send(&self, message: &Message) -> Result<(), SendError> {
///         println!("to {}: {}", message.to, message.text);
///         Ok(())
///     }
/// }
/// ```
#[async_trait]
pub trait Sender: Send + Sync {
    /// Hands `message` to the service once. A retry could deliver it twice.
    ///
    /// The caller cancels this after two and a half seconds.
    ///
    /// # Errors
    ///
    /// Returns an error if the service rejects the message or fails.
    async fn send(&self, message: &Message) -> Result<(), SendError>;

    /// Opens the connection that the first message uses. The caller cancels this after two seconds.
    ///
    /// It sends no message. [`Delivery`] also calls it in place of a message that it does not send, until it has timed
    /// a first message.
    async fn prepare(&self) {}
}

/// The reason why a message was not sent. The text is for the log: it says what the operator must fix. It contains
/// neither an address nor any content.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SendError(Cow<'static, str>);

impl SendError {
    /// Creates an error with `reason`.
    pub fn new(reason: impl Into<Cow<'static, str>>) -> Self {
        Self(reason.into())
    }
}

impl fmt::Display for SendError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for SendError {}
