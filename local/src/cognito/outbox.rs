//! Text messages and e-mails, which nobody sends: they are shown instead.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::error::Error;
use super::random;

/// How many messages are kept.
const MOST: usize = 100;

/// How a message would have travelled.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub(crate) enum Medium {
    Email,
    Sms,
}

impl Medium {
    /// As `DeliveryMedium` has it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Email => "EMAIL",
            Self::Sms => "SMS",
        }
    }

    /// The attribute that holds the address.
    pub(crate) fn attribute(self) -> &'static str {
        match self {
            Self::Email => "email",
            Self::Sms => "phone_number",
        }
    }

    /// The address as whoever signs in may see it.
    pub(crate) fn masked(self, address: &str) -> String {
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

/// A message with a code.
#[derive(Clone, Debug)]
pub(crate) struct Message {
    pub(crate) medium: Medium,
    pub(crate) address: String,
    pub(crate) user: String,
    /// The challenge or the operation that the code is for.
    pub(crate) purpose: &'static str,
    pub(crate) code: String,
}

/// The last messages.
#[derive(Default)]
pub(crate) struct Outbox(VecDeque<Message>);

impl Outbox {
    /// Adds a message.
    pub(crate) fn add(&mut self, message: Message) {
        if self.0.len() >= MOST {
            self.0.pop_front();
        }
        self.0.push_back(message);
    }

    /// The messages for tests, the newest last.
    pub(crate) fn describe(&self) -> Value {
        let describe = |message: &Message| {
            json!({
                "medium": message.medium.name(),
                "to": message.address,
                "username": message.user,
                "purpose": message.purpose,
                "code": message.code,
            })
        };
        json!({"messages": self.0.iter().map(describe).collect::<Vec<_>>()})
    }
}

/// A code of six digits.
pub(crate) fn code() -> Result<String, Error> {
    Ok(format!("{:06}", u64::from_be_bytes(random::bytes()?) % 1_000_000))
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

    #[test]
    fn old_messages_do_not_fill_the_memory() {
        let mut outbox = Outbox::default();
        for number in 0..150 {
            outbox.add(Message {
                medium: Medium::Sms,
                address: "+1".into(),
                user: "ana".into(),
                purpose: "SMS_MFA",
                code: format!("{number:06}"),
            });
        }
        let messages = outbox.describe();
        assert_eq!(messages["messages"].as_array().unwrap().len(), MOST);
        assert_eq!(messages["messages"][MOST - 1]["code"], "000149");
    }

    #[test]
    fn a_code_has_six_digits() {
        let code = code().unwrap();
        assert!(code.len() == 6 && code.bytes().all(|byte| byte.is_ascii_digit()));
    }
}
