//! Codes that Cognito itself sends, by text message or e-mail.

use std::time::Duration;

use serde::{Deserialize, Serialize};

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

/// A message with a code. Cognito's own text is not known here.
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
