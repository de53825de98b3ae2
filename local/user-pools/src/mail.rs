//! Codes that Cognito itself sends, by text message or e-mail.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// The channel of a message.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub enum Medium {
    /// E-mail.
    Email,
    /// Text message.
    Sms,
}

impl Medium {
    /// The name in `DeliveryMedium`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Email => "EMAIL",
            Self::Sms => "SMS",
        }
    }

    /// The attribute that contains the address.
    pub fn attribute(self) -> &'static str {
        match self {
            Self::Email => "email",
            Self::Sms => "phone_number",
        }
    }

    /// Returns the medium for the addresses in the attribute called `name`.
    pub(crate) fn of_attribute(name: &str) -> Option<Self> {
        [Self::Email, Self::Sms]
            .into_iter()
            .find(|medium| medium.attribute() == name)
    }

    /// Masks the address for the client.
    pub fn masked(self, address: &str) -> String {
        let first = |text: &str| text.chars().take(1).collect::<String>();
        match (self, address.split_once('@')) {
            (Self::Email, Some((name, host))) => format!("{}***@{}***", first(name), first(host)),
            (Self::Email, None) => "***".to_owned(),
            (Self::Sms, _) => {
                let count = address.chars().count();
                let last: String = address.chars().skip(count.saturating_sub(4)).collect();
                format!("+{}{last}", "*".repeat(count.saturating_sub(5)))
            }
        }
    }
}

/// A message with the text of a function.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Text {
    /// Only of an e-mail.
    pub subject: Option<String>,
    /// The whole text message, or the HTML of an e-mail. Contains the code.
    pub body: String,
}

/// A message with a code.
#[derive(Clone)]
pub struct Message {
    /// The channel of the message.
    pub medium: Medium,
    /// The destination.
    pub address: String,
    /// The user's username in the pool.
    pub user: String,
    /// The challenge or the operation that the code is for.
    pub purpose: &'static str,
    /// The code. A secret.
    pub code: String,
    /// The sign-in of the message, if any.
    pub sign_in: Option<Uuid>,
    /// The text, or none for Cognito's own text, which is not known here.
    pub text: Option<Text>,
}

/// Sends messages.
pub trait Mail: Send + Sync {
    /// Sends `message`; `now` is the time of the user pool, since 1970.
    fn send(&self, message: Message, now: Duration);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_masked() {
        assert_eq!(Medium::Email.masked("ana@example.com"), "a***@e***");
        assert_eq!(Medium::Email.masked("nonsense"), "***");
        assert_eq!(Medium::Sms.masked("+34600123456"), "+*******3456");
        assert_eq!(Medium::Sms.masked("+1"), "++1");
    }
}
