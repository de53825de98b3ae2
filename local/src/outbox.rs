//! Messages that were not really sent: those of Cognito itself, and those that functions send with Amazon SES or SNS.

pub(crate) mod http;

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde::{Serialize, Serializer};
use user_pools::Medium;

/// The maximum number of stored messages.
const MOST: usize = 100;

/// A message to be stored.
pub(crate) struct Message {
    pub(crate) medium: Medium,
    /// The address, or several, separated by commas.
    pub(crate) to: String,
    pub(crate) content: Content,
    /// Since 1970.
    pub(crate) time: Duration,
}

/// The content of a message.
#[derive(Serialize)]
#[serde(untagged)]
pub(crate) enum Content {
    /// A code that Cognito itself sends. The text that Cognito would send is not known here.
    Code {
        username: String,
        /// The challenge or the operation that the code is for.
        purpose: &'static str,
        code: String,
        /// The text that a function of the pool has written. If absent, the text is Cognito's, which is not known here.
        #[serde(skip_serializing_if = "Option::is_none")]
        subject: Option<String>,
        #[serde(skip_serializing_if = "Option::is_none")]
        text: Option<String>,
        /// Only of an e-mail.
        #[serde(skip_serializing_if = "Option::is_none")]
        html: Option<String>,
    },
    /// An e-mail that a function sent.
    Mail(Mail),
    /// A text message that a function sent.
    Text { text: String },
}

/// The parts of an e-mail that its reader sees, and the headers that its sender set.
#[derive(Serialize)]
pub(crate) struct Mail {
    pub(crate) from: String,
    pub(crate) subject: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) text: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) html: Option<String>,
    pub(crate) headers: Vec<Header>,
}

/// A header of an e-mail.
#[derive(Serialize)]
pub(crate) struct Header {
    pub(crate) name: String,
    pub(crate) value: String,
}

/// A stored message, as in `GET /debug/outbox`.
#[derive(Serialize)]
struct Sent {
    /// Counts from 1 in each run.
    id: u64,
    medium: &'static str,
    to: String,
    #[serde(rename = "sentAt", serialize_with = "timestamp")]
    time: Duration,
    #[serde(flatten)]
    content: Content,
}

fn timestamp<S: Serializer>(time: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    let seconds = i64::try_from(time.as_secs()).unwrap_or_default();
    let time = jiff::Timestamp::from_second(seconds).unwrap_or_default();
    serializer.collect_str(&time)
}

/// The latest messages.
#[derive(Default)]
pub(crate) struct Outbox(Mutex<Messages>);

/// The messages, newest first.
#[derive(Default, Serialize)]
struct Messages {
    messages: VecDeque<Sent>,
    #[serde(skip)]
    count: u64,
}

impl Outbox {
    /// Stores `message` and returns its number.
    pub(crate) fn add(&self, message: Message) -> u64 {
        let mut kept = self.lock();
        kept.count += 1;
        let id = kept.count;
        let Message {
            medium,
            to,
            content,
            time,
        } = message;
        kept.messages.truncate(MOST - 1);
        kept.messages.push_front(Sent {
            id,
            medium: medium.name(),
            to,
            time,
            content,
        });
        id
    }

    /// Returns the messages as JSON, newest first.
    pub(crate) fn json(&self) -> String {
        serde_json::to_string(&*self.lock()).unwrap_or_default()
    }

    /// Returns the HTML body of the mail with this number.
    pub(crate) fn html(&self, id: u64) -> Option<String> {
        let kept = self.lock();
        match &kept.messages.iter().find(|message| message.id == id)?.content {
            Content::Mail(Mail { html, .. }) | Content::Code { html, .. } => html.clone(),
            Content::Text { .. } => None,
        }
    }

    fn lock(&self) -> MutexGuard<'_, Messages> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl user_pools::Mail for Outbox {
    fn send(&self, message: user_pools::Message, now: Duration) {
        self.add_code(message, now);
    }
}

impl Outbox {
    /// Stores a message of Cognito itself and returns its number.
    pub(crate) fn add_code(&self, message: user_pools::Message, now: Duration) -> u64 {
        let user_pools::Message {
            medium,
            address,
            user,
            purpose,
            code,
            text,
            ..
        } = message;
        let (subject, body) = text.map_or((None, None), |text| (text.subject, Some(text.body)));
        let (text, html) = match medium {
            Medium::Email => (None, body),
            Medium::Sms => (body, None),
        };
        self.add(Message {
            medium,
            to: address,
            content: Content::Code {
                username: user,
                purpose,
                code,
                subject,
                text,
                html,
            },
            time: now,
        })
    }
}

impl fmt::Debug for Outbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Outbox(..)")
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn text(text: String) -> Message {
        Message {
            medium: Medium::Sms,
            to: "+12065550100".into(),
            content: Content::Text { text },
            time: Duration::from_secs(1_700_000_000),
        }
    }

    #[test]
    fn old_messages_do_not_fill_the_memory_and_the_newest_is_first() {
        let outbox = Outbox::default();
        for number in 1..=150 {
            assert_eq!(outbox.add(text(format!("code {number}"))), number);
        }
        let kept: Value = serde_json::from_str(&outbox.json()).unwrap();
        let messages = kept["messages"].as_array().unwrap();
        assert_eq!(messages.len(), MOST);
        let first = json!({"id": 150, "medium": "SMS", "to": "+12065550100", "sentAt": "2023-11-14T22:13:20Z",
            "text": "code 150"});
        assert_eq!(messages[0], first);
        assert_eq!(messages[MOST - 1]["text"], "code 51");
    }

    #[test]
    fn a_number_finds_the_html_of_its_mail_alone() {
        let outbox = Outbox::default();
        let mail = |html: Option<&str>| Message {
            medium: Medium::Email,
            content: Content::Mail(Mail {
                from: "a@example.com".into(),
                subject: "s".into(),
                text: Some("t".into()),
                html: html.map(str::to_owned),
                headers: Vec::new(),
            }),
            ..text(String::new())
        };
        let ids = [
            outbox.add(mail(Some("<p>one"))),
            outbox.add(mail(None)),
            outbox.add(text("x".into())),
        ];
        assert_eq!(ids.map(|id| outbox.html(id)), [Some("<p>one".to_owned()), None, None]);
        assert_eq!(outbox.html(9), None);
        let kept: Value = serde_json::from_str(&outbox.json()).unwrap();
        assert!(kept["messages"][1].get("html").is_none(), "{kept}");
    }
}
