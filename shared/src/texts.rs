//! The texts for users, by language. They are data, not code.
//!
//! A language is a JSON object that maps keys to texts, such as `texts/en.json` in this crate. A key starts with the
//! name of its challenge: `CAPTCHA.alt`. Challenge types can add their own texts, and operators can add languages.

mod tags;

use std::collections::BTreeMap;

pub use tags::{direction, lookup};

/// The languages of the standard challenge types: BCP 47 tag and JSON. The first language is the default if no other
/// one fits.
pub const STANDARD: &[(&str, &str)] = &[
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

/// Texts by language and key.
///
/// ```
/// use cognito_challenge::texts::Texts;
///
/// let mut texts = Texts::standard();
/// texts.add("en", r#"{"PAGER_CODE.prompt": "Enter the code."}"#)?;
/// texts.add("nl", r#"{"PAGER_CODE.prompt": "Voer de code in."}"#)?;
///
/// let text = texts.text("PAGER_CODE.prompt", ["nl-BE", "en"]).map(|text| (text.language, text.words));
/// assert_eq!(text, Some(("nl", "Voer de code in.")));
/// # Ok::<(), cognito_challenge::texts::TextsError>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Texts {
    languages: Vec<Language>,
}

#[derive(Clone, Debug)]
struct Language {
    tag: String,
    texts: BTreeMap<String, String>,
}

/// A text and its language.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Text<'t> {
    /// The language as a BCP 47 tag.
    pub language: &'t str,
    /// The text itself.
    pub words: &'t str,
}

impl Texts {
    /// Returns the texts of the standard challenge types.
    pub fn standard() -> Self {
        let mut texts = Self::default();
        for (tag, json) in STANDARD {
            let added = texts.add(tag, json);
            // INVARIANT: the test `every_standard_language_has_every_text_translated` reads these files.
            debug_assert!(added.is_ok());
        }
        texts
    }

    /// Adds texts in the language `tag` from a JSON object of strings. A new text replaces an existing one.
    ///
    /// # Errors
    ///
    /// Returns an error if `tag` is not a language tag, or the JSON is not an object of non-empty strings.
    pub fn add(&mut self, tag: &str, json: &str) -> Result<(), TextsError> {
        if !is_tag(tag) {
            return Err(TextsError::Tag { tag: tag.into() });
        }
        let added: BTreeMap<String, String> =
            serde_json::from_str(json).map_err(|_| TextsError::Json { tag: tag.into() })?;
        if let Some((key, _)) = added.iter().find(|(_, text)| text.trim().is_empty()) {
            return Err(TextsError::Empty {
                tag: tag.into(),
                key: key.clone(),
            });
        }
        match self
            .languages
            .iter_mut()
            .find(|known| known.tag.eq_ignore_ascii_case(tag))
        {
            Some(known) => known.texts.extend(added),
            None => self.languages.push(Language {
                tag: tag.to_owned(),
                texts: added,
            }),
        }
        Ok(())
    }

    /// Returns the language tags, in the order in which they were added.
    pub fn tags(&self) -> impl Iterator<Item = &str> {
        self.languages.iter().map(|language| language.tag.as_str())
    }

    /// Returns the language that fits `tag` best, for a variable of the operator.
    ///
    /// # Errors
    ///
    /// Returns a message with the known languages if none of them fits.
    pub fn find(&self, tag: &str) -> Result<String, String> {
        let known: Vec<_> = self.tags().collect();
        let found = lookup(tag, &known).map(str::to_owned);
        found.ok_or_else(|| format!("unknown language `{}`; known: {}", tag.escape_debug(), known.join(", ")))
    }

    /// Returns the text `key` in the first language of `wanted` that has it, else in any language that has it.
    pub fn text<'w>(&self, key: &str, wanted: impl IntoIterator<Item = &'w str>) -> Option<Text<'_>> {
        let having: Vec<_> = self
            .languages
            .iter()
            .filter(|language| language.texts.contains_key(key))
            .collect();
        let tags: Vec<_> = having.iter().map(|language| language.tag.as_str()).collect();
        let found = wanted.into_iter().find_map(|wanted| lookup(wanted, &tags));
        let language = having
            .into_iter()
            .find(|language| found.is_none_or(|tag| tag == language.tag))?;
        Some(Text {
            language: &language.tag,
            words: language.texts.get(key)?,
        })
    }

    /// Returns the text `key` in every language that has it.
    pub fn in_all_languages(&self, key: &str) -> impl Iterator<Item = &str> {
        let texts = self.languages.iter().map(|language| &language.texts);
        texts.filter_map(move |texts| texts.get(key).map(String::as_str))
    }
}

/// Returns whether `tag` has the form of a language tag: subtags of 1 to 8 letters and digits. The first has only
/// letters.
fn is_tag(tag: &str) -> bool {
    let subtag = |subtag: &str| (1..=8).contains(&subtag.len()) && subtag.chars().all(|c| c.is_ascii_alphanumeric());
    let primary = tag.split('-').next().unwrap_or_default();
    primary.len() >= 2 && primary.chars().all(|c| c.is_ascii_alphabetic()) && tag.split('-').all(subtag)
}

/// The reason why texts cannot be added.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TextsError {
    /// A text is empty.
    #[error("text `{key}` of language `{tag}` is empty: write it, or leave the key out")]
    Empty {
        /// The language.
        tag: String,
        /// The key of the text.
        key: String,
    },
    /// The texts are not a JSON object of strings.
    #[error("the texts of language `{tag}` are not a JSON object of strings, such as {{\"CAPTCHA.alt\": \"…\"}}")]
    Json {
        /// The language.
        tag: String,
    },
    /// The tag is not a language tag.
    #[error("`{tag}` is not a language tag: write one of BCP 47, such as `de` or `pt-BR`")]
    Tag {
        /// The tag.
        tag: String,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts() -> Texts {
        let mut texts = Texts::default();
        texts.add("en", r#"{"a": "one", "b": "two"}"#).unwrap();
        texts.add("pt-BR", r#"{"a": "um"}"#).unwrap();
        texts.add("zh-Hant", r#"{"a": "一"}"#).unwrap();
        texts
    }

    #[test]
    fn the_first_wanted_language_that_has_the_text_wins() {
        let texts = texts();
        let words = |key, wanted: &[&'static str]| texts.text(key, wanted.iter().copied()).unwrap();
        assert_eq!(words("a", &["fr", "pt-BR", "en"]).words, "um");
        assert_eq!(
            words("b", &["fr", "pt-BR", "en"]),
            Text {
                language: "en",
                words: "two"
            }
        );
        assert_eq!(words("b", &[]).words, "two");
        assert_eq!(texts.text("c", ["en"]), None);
    }

    #[test]
    fn an_added_text_replaces_the_existing_one() {
        let mut texts = texts();
        texts.add("EN", r#"{"a": "uno"}"#).unwrap();
        assert_eq!(texts.text("a", ["en"]).unwrap().words, "uno");
        assert_eq!(texts.tags().collect::<Vec<_>>(), ["en", "pt-BR", "zh-Hant"]);
    }

    #[test]
    fn an_invalid_tag_or_invalid_json_is_rejected() {
        for tag in ["", "e", "e n", "en-", "-en", "12", "abcdefghi", "en_GB"] {
            assert!(
                matches!(Texts::default().add(tag, "{}"), Err(TextsError::Tag { .. })),
                "{tag}"
            );
        }
        for json in ["", "[]", r#"{"a": 1}"#, r#"{"a": {"b": "c"}}"#] {
            assert!(
                matches!(Texts::default().add("de", json), Err(TextsError::Json { .. })),
                "{json}"
            );
        }
        assert!(Texts::default().add("de", r#"{"a": " "}"#).is_err());
    }

    #[test]
    fn every_standard_language_has_every_text_translated() {
        let read = |(tag, json): &(&str, &str)| {
            assert_eq!(Texts::default().add(tag, json), Ok(()), "{tag}");
            serde_json::from_str::<BTreeMap<String, String>>(json).unwrap()
        };
        let english = read(&STANDARD[0]);
        for language in &STANDARD[1..] {
            let texts = read(language);
            assert!(texts.keys().eq(english.keys()), "{}", language.0);
            for (key, text) in &texts {
                assert_ne!(text, &english[key], "{} {key}", language.0);
                assert!(!text.contains(['{', '}']), "{} {key}", language.0);
            }
        }
    }

    #[test]
    fn traditional_chinese_does_not_fall_back_to_simplified() {
        let texts = Texts::standard();
        let language = |wanted: &[&'static str]| {
            let text = texts.text("CAPTCHA.alt", wanted.iter().copied());
            text.unwrap().language.to_owned()
        };
        assert_eq!(language(&["zh-TW", "en"]), "en");
        assert_eq!(language(&["zh-TW", "ja", "en"]), "ja");
        assert_eq!(language(&["zh-CN", "en"]), "zh-Hans");
        assert_eq!(language(&["pt-PT", "en"]), "pt-BR");
        assert_eq!(language(&["ja-JP", "en"]), "ja");
        assert_eq!(language(&["ar-EG", "en"]), "ar");
    }
}
