//! The texts of messages: in the user's language, with an operator's replacements, and with values for placeholders.

use std::collections::BTreeMap;
use std::fmt;

use cognito_challenge::texts::{Text, Texts, direction, lookup};
use cognito_challenge_runtime::{ConfigError, Environment};

use super::{Medium, Message};

/// The variable that contains the path of a file of texts.
const TEMPLATE: &str = "MAIL_TEMPLATE";

/// The longest `PRODUCT_NAME`, in characters.
const MAX_PRODUCT_CHARS: usize = 64;

/// The texts of one kind of message, such as those of a challenge type.
pub struct Words {
    name: &'static str,
    medium: Medium,
    /// The placeholders that texts may have, besides `product`.
    placeholders: &'static [&'static str],
    product: Option<String>,
    /// The operator's texts.
    own: Texts,
}

/// No language has a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoText {
    key: String,
}

impl fmt::Display for NoText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "no language has the text `{}`: add it to the type's texts", self.key)
    }
}

impl std::error::Error for NoText {}

impl Words {
    /// Reads `PRODUCT_NAME` and the file `MAIL_TEMPLATE`. The keys of the texts are `NAME.account`, `NAME.prompt` and
    /// `NAME.text`, for e-mail also `NAME.subject` and `NAME.html`. They may have `placeholders` and `product` in
    /// braces. `NAME.text` and `NAME.html` must have the first placeholder.
    ///
    /// # Errors
    ///
    /// Returns an error if the name has line breaks, or if the file has another form, unknown keys or unknown
    /// placeholders.
    pub fn configure(
        name: &'static str,
        medium: Medium,
        placeholders: &'static [&'static str],
        environment: &Environment,
    ) -> Result<Self, ConfigError> {
        let mut words = Self {
            name,
            medium,
            placeholders,
            product: environment.optional("PRODUCT_NAME", product)?,
            own: Texts::default(),
        };
        let read = |path: &str| {
            let file =
                std::fs::read_to_string(path).map_err(|error| format!("cannot read the file: {}", error.kind()))?;
            words.texts(&file)
        };
        words.own = environment.optional(TEMPLATE, read)?.unwrap_or_default();
        Ok(words)
    }

    /// Parses `file`: for each language an object of texts by key.
    fn texts(&self, file: &str) -> Result<Texts, String> {
        let secret = self.placeholders.first().copied();
        let known: Vec<_> = secret.into_iter().chain(["product"]).collect();
        let known: Vec<_> = known
            .into_iter()
            .chain(self.placeholders.iter().skip(1).copied())
            .collect();
        let languages: BTreeMap<String, BTreeMap<String, String>> = serde_json::from_str(file).map_err(|_| {
            let (name, secret) = (self.name, braced(secret.unwrap_or("product")));
            format!("write JSON such as {{\"en\": {{\"{name}.text\": \"… {secret} …\"}}}}")
        })?;
        let mut texts = Texts::default();
        for (language, of_language) in languages {
            let own = of_language
                .into_iter()
                .filter_map(|(key, text)| Some((key.strip_prefix(self.name)?.strip_prefix('.')?.to_owned(), text)));
            let own: BTreeMap<String, String> = own.collect();
            for (key, text) in &own {
                let named = format!("text `{}.{key}` of language `{language}`", self.name);
                let keys = self.keys();
                if !keys.contains(&key.as_str()) {
                    return Err(format!("{named} is not known; known: {}", keys.join(", ")));
                }
                if let Some(unknown) = placeholders(text).find(|name| !known.contains(name)) {
                    let known: Vec<_> = known.iter().map(|name| braced(name)).collect();
                    let (unknown, known) = (braced(unknown), known.join(", "));
                    return Err(format!("{named} has the unknown placeholder {unknown}; known: {known}"));
                }
                let secret = secret.filter(|_| ["text", "html"].contains(&key.as_str()));
                if let Some(missing) = secret.filter(|secret| !placeholders(text).any(|name| name == *secret)) {
                    return Err(format!("{named} has no placeholder {}", braced(missing)));
                }
                if key == "subject" && text.contains(char::is_control) {
                    return Err(format!("{named} has a line break"));
                }
            }
            let own: BTreeMap<_, _> = own
                .into_iter()
                .map(|(key, text)| (format!("{}.{key}", self.name), text))
                .collect();
            let json = serde_json::to_string(&own).unwrap_or_default();
            texts.add(&language, &json).map_err(|error| error.to_string())?;
        }
        Ok(texts)
    }

    /// The keys of the texts, after the name of the challenge.
    fn keys(&self) -> &'static [&'static str] {
        match self.medium {
            Medium::Email => &["account", "html", "prompt", "subject", "text"],
            Medium::Sms => &["account", "prompt", "text"],
        }
    }

    /// Returns the text `key` in the best of the wanted `languages`: the operator's text if it exists, else the one in
    /// `texts`.
    ///
    /// # Errors
    ///
    /// Returns an error if no language has the key.
    pub fn text<'a>(&'a self, key: &str, texts: &'a Texts, languages: &[&str]) -> Result<Text<'a>, NoText> {
        let key = format!("{}.{key}", self.name);
        let all = [&self.own, texts];
        let best = languages.iter().find_map(|wanted| {
            let mut found = all.iter().filter_map(|texts| texts.text(&key, [*wanted]));
            found.find(|text| lookup(wanted, &[text.language]).is_some())
        });
        let best = best.or_else(|| texts.text(&key, languages.iter().copied()));
        best.ok_or(NoText { key })
    }

    /// Returns the message to `to`, with `values` in place of the placeholders.
    ///
    /// # Errors
    ///
    /// Returns an error if no language has the text.
    pub fn message(
        &self,
        to: &str,
        values: &[(&str, &str)],
        texts: &Texts,
        languages: &[&str],
    ) -> Result<Message, NoText> {
        let text = |key| self.text(key, texts, languages);
        let product = match &self.product {
            Some(product) => product,
            None => text("account")?.words,
        };
        let fill = |text: Text<'_>, escape: fn(&str) -> String| {
            fill(text.words, |name| {
                let own = [("product", product)];
                let mut values = values.iter().chain(&own);
                let found = values.find(|(known, _)| *known == name);
                found.map(|(_, value)| escape(value))
            })
        };
        let (subject, html) = match self.medium {
            Medium::Sms => (String::new(), String::new()),
            Medium::Email => {
                let html = text("html")?;
                let subject = fill(text("subject")?, str::to_owned);
                // A value can add a line break to this text.
                let subject = subject.replace(char::is_control, " ");
                (subject, page(html.language, &fill(html, escape)))
            }
        };
        Ok(Message {
            to: to.to_owned(),
            subject,
            text: fill(text("text")?, str::to_owned),
            html,
        })
    }
}

pub(super) fn product(name: &str) -> Result<String, String> {
    if name.trim().is_empty() || name.contains(char::is_control) || name.chars().nth(MAX_PRODUCT_CHARS).is_some() {
        return Err(format!(
            "write a name of 1 to {MAX_PRODUCT_CHARS} characters without line breaks"
        ));
    }
    Ok(name.to_owned())
}

fn braced(name: &str) -> String {
    format!("{{{name}}}")
}

/// Returns the names of the placeholders in `text`: letters and `_` in braces.
fn placeholders(text: &str) -> impl Iterator<Item = &str> {
    text.split('{').skip(1).filter_map(placeholder).map(|(name, _)| name)
}

/// Splits `after`, the text after a brace, into the name of a placeholder and the rest.
fn placeholder(after: &str) -> Option<(&str, &str)> {
    let (name, rest) = after.split_once('}')?;
    let letters = |c: char| c.is_ascii_alphabetic() || c == '_';
    (!name.is_empty() && name.chars().all(letters)).then_some((name, rest))
}

/// Replaces each placeholder of `text` by the result of `value`. Placeholders in these results are not replaced.
fn fill(text: &str, value: impl Fn(&str) -> Option<String>) -> String {
    let mut parts = text.split('{');
    let mut filled = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let value = placeholder(part).and_then(|(name, rest)| Some((value(name)?, rest)));
        match value {
            Some((value, rest)) => filled.extend([value.as_str(), rest]),
            None => filled.extend(["{", part]),
        }
    }
    filled
}

/// Escapes `text` for an HTML element or attribute.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            c => escaped.push(c),
        }
    }
    escaped
}

/// Returns `body` as an HTML page, unless it is one already.
///
/// Webmail moves the content of `body` into a page of its own, so an element inside has the language and direction too.
fn page(language: &str, body: &str) -> String {
    let start = body.trim_start().to_ascii_lowercase();
    if start.starts_with("<!doctype") || start.starts_with("<html") {
        return body.to_owned();
    }
    let direction = direction(language);
    let written = format!("lang=\"{language}\" dir=\"{direction}\"");
    format!(
        "<!doctype html><html {written}><head><meta charset=\"utf-8\"></head><body><div {written}>{body}</div></body></html>"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words() -> Words {
        Words {
            name: "EMAIL_CODE",
            medium: Medium::Email,
            placeholders: &["code", "minutes"],
            product: None,
            own: Texts::default(),
        }
    }

    fn refused(file: &str) -> String {
        words().texts(file).err().unwrap()
    }

    #[test]
    fn a_file_that_would_send_nonsense_is_refused_with_what_would_have_been_right() {
        for (file, message) in [
            ("", r#"write JSON such as {"en": {"EMAIL_CODE.text": "… {code} …"}}"#),
            (
                r#"{"en": {"EMAIL_CODE.text": "{code} {cod}"}}"#,
                "text `EMAIL_CODE.text` of language `en` has the unknown placeholder {cod}; known: {code}, {product}, {minutes}",
            ),
            (
                r#"{"en": {"EMAIL_CODE.subject": "{link}"}}"#,
                "text `EMAIL_CODE.subject` of language `en` has the unknown placeholder {link}; known: {code}, {product}, {minutes}",
            ),
            (
                r#"{"en": {"EMAIL_CODE.html": "<b>hello</b>"}}"#,
                "text `EMAIL_CODE.html` of language `en` has no placeholder {code}",
            ),
            (
                r#"{"en": {"EMAIL_CODE.subject": "a\nBcc: b@c"}}"#,
                "text `EMAIL_CODE.subject` of language `en` has a line break",
            ),
            (
                r#"{"en": {"EMAIL_CODE.body": "x"}}"#,
                "text `EMAIL_CODE.body` of language `en` is not known; known: account, html, prompt, subject, text",
            ),
            (r#"{"e n": {"EMAIL_CODE.subject": "x"}}"#, "`e n` is not a language tag"),
        ] {
            let error = refused(file);
            assert!(error.starts_with(message), "{error}");
        }
    }

    #[test]
    fn styles_are_no_placeholders_and_texts_of_other_types_are_left_alone() {
        let file = r#"{"en": {"EMAIL_CODE.html": "<style>b {color: red} i{}</style>{code}", "SMS_CODE.text": "{x}"}}"#;
        assert!(words().texts(file).is_ok());
    }

    #[test]
    fn what_is_filled_in_is_escaped_and_not_looked_at_again() {
        let value = |name: &str| (name == "a").then(|| escape("<{a}&\"'>"));
        assert_eq!(fill("x{a}{b}{ {a", value), "x&lt;{a}&amp;&quot;&#39;&gt;{b}{ {a");
        assert_eq!(page("en", "<HTML>x"), "<HTML>x");
    }

    #[test]
    fn a_page_has_the_language_and_direction_of_its_text() {
        let arabic = page("ar", "<p>x</p>");
        assert!(
            arabic.starts_with("<!doctype html><html lang=\"ar\" dir=\"rtl\">"),
            "{arabic}"
        );
        assert!(
            arabic.contains("<body><div lang=\"ar\" dir=\"rtl\"><p>x</p></div></body>"),
            "{arabic}"
        );
        assert!(page("pt-BR", "x").contains("<html lang=\"pt-BR\" dir=\"ltr\">"));
    }

    #[test]
    fn a_product_name_has_no_line_breaks() {
        for name in [" ", "a\nb", "a\r\nBcc: b@c", &"x".repeat(65)] {
            assert!(product(name).is_err(), "{name}");
        }
        assert!(product("Grüße & Co.").is_ok());
    }

    #[test]
    fn a_message_without_a_secret_needs_no_placeholder() {
        let notice = Words {
            name: "NOTICE",
            placeholders: &[],
            ..words()
        };
        assert!(notice.texts(r#"{"en": {"NOTICE.text": "changed"}}"#).is_ok());
        let error = notice.texts(r#"{"en": {"NOTICE.text": "{code}"}}"#).err().unwrap();
        assert!(
            error.ends_with("has the unknown placeholder {code}; known: {product}"),
            "{error}"
        );
    }
}
