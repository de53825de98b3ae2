//! Messages to users: what is sent, by which service, and how often.
//!
//! A [`Sender`] is one service that delivers messages. Amazon SES is here; a gateway of one's own is another
//! implementation. [`Delivery`] counts a message, and sends it or takes as long as if it had.

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

/// A message to one user. `Debug` shows nothing of it.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Message {
    /// The e-mail address, or the phone number in the format E.164. It has been checked.
    pub to: String,
    /// The subject, without line breaks. Empty in a message without one.
    pub subject: String,
    /// The text.
    pub text: String,
    /// The same as HTML. Empty in a message without it.
    pub html: String,
}

impl fmt::Debug for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Message(…)")
    }
}

/// A service that delivers messages.
#[async_trait]
pub trait Sender: Send + Sync {
    /// Hands `message` to the service, once: a message that is sent again arrives twice.
    ///
    /// It is cut off after two and a half seconds.
    ///
    /// # Errors
    ///
    /// A service that refuses or fails.
    async fn send(&self, message: &Message) -> Result<(), SendError>;

    /// Opens the connection that the first message goes over. It is cut off after two seconds.
    ///
    /// It sends nothing. It is also done in place of a message that is not sent, until a first one was timed.
    async fn prepare(&self) {}
}

/// Why a message was not sent. The text is for the log: it says what the operator must fix, and holds neither an address
/// nor anything of the message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SendError(Cow<'static, str>);

impl SendError {
    /// An error with `reason`.
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
