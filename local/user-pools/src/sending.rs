//! Sends messages, with the text of the pool's function if it has one.

use std::collections::BTreeMap;

use crate::State;
use crate::error::Error;
use crate::mail::{Medium, Message, Text};
use crate::pools::Pool;
use crate::triggers::Context;
use crate::triggers::response::custom_message::{CODE, CustomMessage, USERNAME};
use crate::triggers::source::MessageSource;
use crate::users::User;

/// A code or a temporary password for a user.
pub(crate) struct Parcel<'a> {
    pub(crate) medium: Medium,
    pub(crate) address: String,
    /// The occasion, as the terminal shows it.
    pub(crate) purpose: &'static str,
    pub(crate) source: MessageSource,
    /// A secret.
    pub(crate) code: String,
    /// The data for the event of the function for messages.
    pub(crate) context: Context<'a>,
}

/// The caller of an operation that sends a message, outside of a sign-in.
#[derive(Clone, Copy)]
pub(crate) struct Sender<'a> {
    /// `None` for an administrator.
    pub(crate) client: Option<&'a str>,
    pub(crate) metadata: &'a BTreeMap<String, String>,
}

/// The client in `callerContext` of an administrator's request.
pub(crate) const NO_CLIENT: &str = "CLIENT_ID_NOT_APPLICABLE";

impl State {
    /// Returns the part of an event about `user` and `sender`.
    pub(crate) fn context_of<'a>(&'a self, pool: &'a Pool, user: &'a User, sender: Sender<'a>) -> Context<'a> {
        self.context(pool, sender.client.unwrap_or(NO_CLIENT), user, sender.metadata)
    }

    /// Sends a message, with the text of the pool's function if it has one, and prints the code.
    ///
    /// # Errors
    /// If the function fails, or if the pool has its own sender, which needs AWS KMS.
    pub(crate) async fn send(&self, parcel: Parcel<'_>) -> Result<(), Error> {
        let Parcel {
            medium,
            address,
            purpose,
            source,
            code,
            context,
        } = parcel;
        may_send(context.pool, medium)?;
        let sign_in = context.sign_in;
        let user = context.user.map_or(context.user_name, |user| &user.name).to_owned();
        let written = self.invoker_of(context).custom_message(source).await?;
        let text = written
            .and_then(|written| written.text(medium))
            .map(|text| fill_in(text, source, &code, &user))
            .transpose()?;
        let shown = (medium.name(), address.escape_debug());
        self.journal
            .warn(&format!("{} to {}: the code for {purpose} is {code}", shown.0, shown.1));
        let message = Message {
            medium,
            address,
            user,
            purpose,
            code,
            sign_in,
            text,
        };
        self.settings.mail.send(message, self.clock.now());
        Ok(())
    }
}

/// Rejects a message that a function of the pool would send.
pub(crate) fn may_send(pool: &Pool, medium: Medium) -> Result<(), Error> {
    let sender = match medium {
        Medium::Email => "CustomEmailSender",
        Medium::Sms => "CustomSMSSender",
    };
    if pool.triggers.others.contains_key(sender) {
        return Err(Error::not_offered(sender).because(format!(
            "the pool's `LambdaConfig.{sender}` gets codes that AWS KMS has encrypted, and there is no KMS here: leave \
             it out to read the code in the outbox"
        )));
    }
    Ok(())
}

impl CustomMessage {
    fn text(self, medium: Medium) -> Option<Text> {
        match medium {
            Medium::Email => self.email.map(|body| Text {
                subject: self.subject,
                body,
            }),
            Medium::Sms => self.sms.map(|body| Text { subject: None, body }),
        }
    }
}

/// Replaces the function's placeholders with the code and the name of a new user.
fn fill_in(text: Text, source: MessageSource, code: &str, user: &str) -> Result<Text, Error> {
    let needs_name = source == MessageSource::AdminCreateUser;
    for (placeholder, needed) in [(CODE, true), (USERNAME, needs_name)] {
        if needed && !text.body.contains(placeholder) {
            return Err(Error::unrecognizable(format!(
                "the message of CustomMessage must contain the placeholder `{placeholder}` of the event"
            )));
        }
    }
    let filled = |text: &str| text.replace(CODE, code).replace(USERNAME, user);
    Ok(Text {
        subject: text.subject,
        body: filled(&text.body),
    })
}
