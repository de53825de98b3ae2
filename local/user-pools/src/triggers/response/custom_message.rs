//! The answer of the function for messages.

use super::{Response, ResponseFields};

/// The placeholder of the code in a message.
pub(crate) const CODE: &str = "{####}";
/// The placeholder of the name of a new user.
pub(crate) const USERNAME: &str = "{username}";
/// The placeholder of a link. `local` does not replace it.
pub(crate) const LINK: &str = "{##Click Here##}";

/// The maximum number of characters of a text message.
const LONGEST_SMS: usize = 140;
/// The maximum number of characters of an e-mail.
const LONGEST_EMAIL: usize = 20_000;
/// The maximum number of characters of an e-mail's subject.
const LONGEST_SUBJECT: usize = 140;

/// A message with the text of a function. Cognito's own text replaces a missing part.
#[derive(Default)]
pub(crate) struct CustomMessage {
    pub(crate) email: Option<String>,
    pub(crate) sms: Option<String>,
    pub(crate) subject: Option<String>,
}

impl Response for CustomMessage {
    fn read(fields: &mut ResponseFields<'_>) -> Result<Self, String> {
        let mut text = |key, longest| {
            let text = fields.text(key)?.filter(|text| !text.is_empty());
            match &text {
                Some(text) if text.chars().count() > longest => {
                    Err(format!("`response.{key}` is longer than {longest} characters"))
                }
                _ => Ok(text),
            }
        };
        Ok(Self {
            sms: text("smsMessage", LONGEST_SMS)?,
            email: text("emailMessage", LONGEST_EMAIL)?,
            subject: text("emailSubject", LONGEST_SUBJECT)?,
        })
    }

    fn decision(&self) -> String {
        let said = [(&self.sms, "text message"), (&self.email, "e-mail")];
        let said: Vec<&str> = said
            .iter()
            .filter(|(text, _)| text.is_some())
            .map(|(_, what)| *what)
            .collect();
        if said.is_empty() {
            "the usual message".to_owned()
        } else {
            format!("own {}", said.join(" and "))
        }
    }
}
