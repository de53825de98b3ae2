//! The mails to users: a link that sets answers, and the notice that answers were changed.

use std::collections::HashMap;
use std::time::{Duration, SystemTime};

use cognito_challenge::attempts::messages_key;
use cognito_challenge::challenges::security_question::Link;
use cognito_challenge::keys::Keys;
use cognito_challenge::page::Page;
use cognito_challenge::texts::Texts;
use cognito_challenge::user::{self, Existence};
use cognito_challenge_messages::{Delivery, Medium, NoText, SendError, Ses, Words};
use cognito_challenge_runtime::{ConfigError, Environment};
use rand::CryptoRng;
use tracing::warn;

use crate::users::User;

/// The validity of a link that a user has asked for.
const VALID: Duration = Duration::from_hours(1);

/// Texts by language.
const TEXTS: &[(&str, &str)] = &[
    ("en", include_str!("../texts/en.json")),
    ("ar", include_str!("../texts/ar.json")),
    ("de", include_str!("../texts/de.json")),
    ("es", include_str!("../texts/es.json")),
    ("fr", include_str!("../texts/fr.json")),
    ("it", include_str!("../texts/it.json")),
    ("ja", include_str!("../texts/ja.json")),
    ("ko", include_str!("../texts/ko.json")),
    ("pt-BR", include_str!("../texts/pt-BR.json")),
    ("zh-Hans", include_str!("../texts/zh-Hans.json")),
];

/// The name of the limit for links. It is separate, so that links do not reduce the codes of sign-ins.
const LINKS: &str = "ENROLMENT_LINK";
const NOTICES: &str = "ENROLMENT_NOTICE";

/// Mails that Amazon SES sends.
pub(crate) struct Mails {
    delivery: Delivery,
    link: Words,
    /// `None` if the operator wants no notices.
    notice: Option<Words>,
}

impl Mails {
    /// Reads `MAIL_FROM`, which enables mails, `ENROLMENT_NOTICES` (default `Enabled`), `MAIL_TEMPLATE`,
    /// `MESSAGES_PER_HOUR`, `ATTEMPTS_TABLE`, `PRODUCT_NAME` and the variables of the AWS SDK.
    ///
    /// # Errors
    ///
    /// Returns an error if a variable is invalid.
    pub(crate) fn configure(environment: &Environment) -> Result<Option<Self>, ConfigError> {
        let notices = environment.optional("ENROLMENT_NOTICES", enabled)?.unwrap_or(true);
        if environment.get("MAIL_FROM").is_none() {
            return Ok(None);
        }
        let words = |name, placeholders| Words::configure(name, Medium::Email, placeholders, environment);
        Ok(Some(Self {
            delivery: Delivery::configure(Box::new(Ses::configure(environment)?), environment)?,
            link: words(LINKS, &["link", "minutes"])?,
            notice: notices.then(|| words(NOTICES, &[])).transpose()?,
        }))
    }

    /// Adds the texts of the mails to `texts`.
    pub(crate) fn add_texts(texts: &mut Texts) -> Result<(), ConfigError> {
        for (tag, json) in TEXTS {
            texts
                .add(tag, json)
                .map_err(|error| ConfigError::Types(error.to_string()))?;
        }
        Ok(())
    }

    /// Mails a link to `user` if the user has no answers and a verified address. Else it waits as long. `typed` is the
    /// username in the request.
    ///
    /// # Errors
    ///
    /// Returns an error if the mail cannot be counted or sent.
    pub(crate) async fn send_link(
        &self,
        user: Option<&User>,
        typed: &str,
        about: &About<'_>,
        page: &Page,
        rng: &mut (dyn CryptoRng + Send),
    ) -> Result<(), MailError> {
        let address = user.and_then(|user| user.address_for_a_link(about.pool));
        let (name, sub) = user.map_or((typed, typed), |user| (&user.name, user.sub()));
        let token = Link::new(name, sub, about.now, VALID).token(about.keys, about.pool);
        let url = page.with(Link::PARAMETER, &token);
        let minutes = (VALID.as_secs() / 60).to_string();
        let values = [("link", url.as_str()), ("minutes", minutes.as_str())];
        // No mail is sent to this address.
        let to = address.as_deref().unwrap_or("unused@invalid.example");
        let message = self.link.message(to, &values, about.texts, about.languages)?;
        let existence = Existence::from_not_found(user.is_none());
        let key = about.limit_key(name, existence, LINKS);
        if user.is_some() && address.is_none() {
            warn!("no link is mailed: the user has answers, is not confirmed, or has no verified e-mail address");
        }
        let reachable = address.is_some();
        Ok(self.delivery.deliver(&key, &message, reachable, about.now, rng).await?)
    }

    /// Notifies `user` that the answers were changed. It does nothing if notices are off or if the user has no verified
    /// address.
    ///
    /// # Errors
    ///
    /// Returns an error if the mail cannot be counted or sent.
    pub(crate) async fn notify(
        &self,
        user: &User,
        about: &About<'_>,
        rng: &mut (dyn CryptoRng + Send),
    ) -> Result<(), MailError> {
        let Some((notice, address)) = self.notice.as_ref().zip(user.address(about.pool)) else {
            return Ok(());
        };
        let message = notice.message(&address, &[], about.texts, about.languages)?;
        let key = about.limit_key(&user.name, Existence::Existing, NOTICES);
        Ok(self.delivery.deliver(&key, &message, true, about.now, rng).await?)
    }

    /// Whether notices are sent.
    pub(crate) fn notifies(&self) -> bool {
        self.notice.is_some()
    }
}

/// The input of every mail.
pub(crate) struct About<'a> {
    pub(crate) pool: &'a str,
    pub(crate) keys: &'a Keys,
    pub(crate) texts: &'a Texts,
    pub(crate) languages: &'a [&'a str],
    pub(crate) now: SystemTime,
}

impl About<'_> {
    fn limit_key(&self, name: &str, existence: Existence, what: &str) -> String {
        let no_attributes = HashMap::new();
        let user = user::User::new(self.pool, name, existence, &no_attributes);
        messages_key(self.keys, &user, what)
    }
}

/// The reason why a mail was not sent. It contains no part of the mail.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum MailError {
    #[error(transparent)]
    Send(#[from] SendError),
    #[error(transparent)]
    Text(#[from] NoText),
}

fn enabled(word: &str) -> Result<bool, &'static str> {
    match word {
        "Disabled" => Ok(false),
        "Enabled" => Ok(true),
        _ => Err("write `Enabled` or `Disabled`"),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn every_language_has_the_keys_placeholders_and_tags_of_english_in_its_own_words() {
        let standard = cognito_challenge::texts::STANDARD.iter().map(|(tag, _)| tag);
        assert!(TEXTS.iter().map(|(tag, _)| tag).eq(standard));
        let read = |json| serde_json::from_str::<BTreeMap<String, String>>(json).unwrap();
        let marks = |text: &str| {
            let parts = ['{', '<'].into_iter().flat_map(|start| text.split(start).skip(1));
            let mut marks: Vec<_> = parts
                .filter_map(|part| part.split(['}', '>']).next())
                .map(str::to_owned)
                .collect();
            marks.sort_unstable();
            marks
        };
        let english = read(TEXTS[0].1);
        for (tag, json) in &TEXTS[1..] {
            let texts = read(json);
            assert!(texts.keys().eq(english.keys()), "{tag}");
            for (key, text) in &texts {
                assert_eq!(marks(text), marks(&english[key]), "{tag} {key}");
                assert_ne!(text, &english[key], "{tag} {key}");
            }
        }
    }

    #[test]
    fn every_language_has_every_text_with_its_placeholders() {
        for (tag, json) in TEXTS {
            let texts: BTreeMap<String, String> = serde_json::from_str(json).unwrap();
            for (name, secret) in [(LINKS, "{link}"), (NOTICES, "")] {
                for key in ["account", "html", "subject", "text"] {
                    let text = &texts[&format!("{name}.{key}")];
                    let needs = ["html", "text"].contains(&key);
                    assert!(!needs || text.contains(secret), "{tag} {name}.{key}");
                    assert!(
                        !text.contains("{link}") || (name == LINKS && needs),
                        "{tag} {name}.{key}"
                    );
                }
            }
        }
    }
}
