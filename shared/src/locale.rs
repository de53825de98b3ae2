//! The languages that people are spoken to in.

use std::str::FromStr;

/// A language that every text of ours exists in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Locale {
    /// English.
    En,
    /// Spanish.
    Es,
}

impl Locale {
    /// Every locale.
    pub const ALL: [Self; 2] = [Self::En, Self::Es];

    /// The BCP 47 tag.
    pub fn tag(self) -> &'static str {
        match self {
            Self::En => "en",
            Self::Es => "es",
        }
    }

    /// The first of `wanted` that there is, else `default`.
    ///
    /// A tag is looked up by its language alone (RFC 4647 §3.4 with nothing more specific to offer), so `es-MX`
    /// and `es_MX` are Spanish.
    pub fn lookup<'a>(wanted: impl IntoIterator<Item = &'a str>, default: Self) -> Self {
        wanted.into_iter().find_map(|tag| tag.parse().ok()).unwrap_or(default)
    }
}

impl FromStr for Locale {
    type Err = UnknownLocale;

    fn from_str(tag: &str) -> Result<Self, UnknownLocale> {
        let language = tag.split(['-', '_']).next().unwrap_or_default();
        Self::ALL
            .into_iter()
            .find(|locale| locale.tag().eq_ignore_ascii_case(language))
            .ok_or(UnknownLocale)
    }
}

/// A language that our texts do not exist in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown locale (known: en, es)")]
pub struct UnknownLocale;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_known_language_wins() {
        assert_eq!(Locale::lookup(["fr-CA", "es-MX", "en"], Locale::En), Locale::Es);
        assert_eq!(Locale::lookup(["ES_419"], Locale::En), Locale::Es);
        assert_eq!(Locale::lookup(["fr", "", "english", "-es"], Locale::En), Locale::En);
    }
}
