//! The texts of `EMAIL_CODE`, `MAGIC_LINK` and `SMS_CODE`: messages and prompts.

/// The languages: BCP 47 tag and JSON. The first language is the default if no other one fits.
pub(super) static TEXTS: &[(&str, &str)] = &[
    ("en", include_str!("../../../texts/en.json")),
    ("ar", include_str!("../../../texts/ar.json")),
    ("de", include_str!("../../../texts/de.json")),
    ("es", include_str!("../../../texts/es.json")),
    ("fr", include_str!("../../../texts/fr.json")),
    ("it", include_str!("../../../texts/it.json")),
    ("ja", include_str!("../../../texts/ja.json")),
    ("ko", include_str!("../../../texts/ko.json")),
    ("pt-BR", include_str!("../../../texts/pt-BR.json")),
    ("zh-Hans", include_str!("../../../texts/zh-Hans.json")),
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    type Read = BTreeMap<String, String>;

    fn read(json: &str) -> Read {
        serde_json::from_str(json).unwrap()
    }

    /// Returns each language other than English, together with English.
    fn others() -> impl Iterator<Item = (&'static str, Read, Read)> {
        let translated = TEXTS.iter().skip(1);
        translated.map(|(tag, json)| (*tag, read(json), read(TEXTS[0].1)))
    }

    /// Returns the placeholders and HTML tags in `text`, in alphabetical order.
    fn marks(text: &str) -> Vec<&str> {
        let mut marks: Vec<_> = ['{', '<']
            .into_iter()
            .flat_map(|start| text.split(start).skip(1))
            .map(|part| part.split(['}', '>']).next().unwrap())
            .collect();
        marks.sort_unstable();
        marks
    }

    #[test]
    fn the_languages_are_the_same_as_in_the_standard_texts() {
        let standard = cognito_challenge::texts::STANDARD.iter().map(|(tag, _)| tag);
        assert!(TEXTS.iter().map(|(tag, _)| tag).eq(standard));
    }

    #[test]
    fn every_language_has_the_keys_and_placeholders_of_english() {
        for (tag, texts, english) in others() {
            assert!(texts.keys().eq(english.keys()), "{tag}");
            for (key, text) in &texts {
                assert_eq!(marks(text), marks(&english[key]), "{tag} {key}");
            }
        }
    }

    #[test]
    fn every_text_is_translated() {
        for (tag, texts, english) in others() {
            for (key, text) in &texts {
                assert_ne!(text, &english[key], "{tag} {key}");
            }
        }
    }

    #[test]
    fn subjects_with_a_code_and_text_messages_start_with_it() {
        for (tag, json) in TEXTS {
            for key in ["EMAIL_CODE.subject", "EMAIL_CODE.text", "SMS_CODE.text"] {
                assert!(read(json)[key].starts_with("{code} "), "{tag} {key}");
            }
        }
    }

    #[test]
    fn a_text_message_fits_into_one_part() {
        /// The characters of the GSM 03.38 alphabet that are not ASCII, as far as the texts use them.
        const GSM: [char; 7] = ['à', 'è', 'é', 'ì', 'ò', 'ù', 'ü'];
        for (tag, json) in TEXTS {
            let text = read(json)["SMS_CODE.text"].clone();
            let fixed = text
                .replace("{product}", "")
                .replace("{code}", "12345678")
                .replace("{minutes}", "15");
            let is_gsm = fixed.chars().all(|c| c.is_ascii() || GSM.contains(&c));
            // A part has 160 characters of that alphabet, or 70 of UTF-16. The longest product name has 64.
            let rest = if is_gsm { 160 } else { 70 } - fixed.encode_utf16().count();
            let latin = fixed.chars().filter(|c| c.is_alphabetic()).all(|c| c < '\u{250}');
            assert_eq!(is_gsm, latin, "{tag}: {text}");
            assert!(rest >= if latin { 64 } else { 15 }, "{tag}: {rest}");
        }
    }
}
