//! Language tags of BCP 47: finds the best language and its writing direction.

/// The regions in which Chinese has traditional characters, unless the tag names a script.
const TRADITIONAL: [&str; 3] = ["HK", "MO", "TW"];

/// The languages that are written from right to left, unless the tag names a script.
const FROM_RIGHT: [&str; 10] = ["ar", "ckb", "dv", "fa", "he", "ps", "sd", "ug", "ur", "yi"];

/// The scripts that are written from right to left, by ISO 15924 code.
const SCRIPTS_FROM_RIGHT: [&str; 6] = ["Adlm", "Arab", "Hebr", "Nkoo", "Syrc", "Thaa"];

/// Returns the tag in `available` that fits `wanted` best, or `None`. Case does not matter, and `_` counts as `-`.
///
/// First, it uses the lookup of BCP 47 (RFC 4647 §3.4): it removes subtags from the end of `wanted` until a tag
/// matches, so `es_MX` matches `es`. Then it takes the first tag with the same language and script: `pt-PT` matches
/// `pt-BR`, and `zh-CN` matches `zh-Hans`. Chinese in another script never fits: `zh-TW` does not match `zh-Hans`.
///
/// ```
/// use cognito_challenge::texts::lookup;
///
/// assert_eq!(lookup("pt-PT", &["en", "pt-BR", "zh-Hans"]), Some("pt-BR"));
/// assert_eq!(lookup("zh-TW", &["en", "pt-BR", "zh-Hans"]), None);
/// ```
pub fn lookup<'t>(wanted: &str, available: &[&'t str]) -> Option<&'t str> {
    let wanted = wanted.replace('_', "-");
    let fitting = available.iter().copied().filter(|tag| same_script(tag, &wanted));
    let mut range = wanted.as_str();
    loop {
        if let Some(found) = fitting.clone().find(|tag| tag.eq_ignore_ascii_case(range)) {
            return Some(found);
        }
        let Some((shorter, _)) = range.rsplit_once('-') else {
            break;
        };
        // A single letter or digit introduces the subtag after it, so RFC 4647 removes both.
        range = match shorter.rsplit_once('-') {
            Some((before, single)) if single.len() == 1 => before,
            _ => shorter,
        };
    }
    fitting
        .clone()
        .find(|tag| language(tag).eq_ignore_ascii_case(language(&wanted)))
}

/// Returns the writing direction of the language `tag`, as in HTML's `dir`: `ltr` or `rtl`.
pub fn direction(tag: &str) -> &'static str {
    let is = |other: &&str, one: &str| other.eq_ignore_ascii_case(one);
    let from_right = match script(tag) {
        Some(script) => SCRIPTS_FROM_RIGHT.iter().any(|other| is(other, script)),
        None => FROM_RIGHT.iter().any(|other| is(other, language(tag))),
    };
    if from_right { "rtl" } else { "ltr" }
}

fn language(tag: &str) -> &str {
    tag.split('-').next().unwrap_or_default()
}

/// Returns whether both tags have the same script, as far as known.
fn same_script(one: &str, other: &str) -> bool {
    match (script(one), script(other)) {
        (Some(one), Some(other)) => one.eq_ignore_ascii_case(other),
        _ => true,
    }
}

/// Returns the script that `tag` names or, for Chinese, implies.
fn script(tag: &str) -> Option<&str> {
    // Subtags after a single letter are an extension.
    let subtags = || tag.split('-').skip(1).take_while(|subtag| subtag.len() > 1);
    let is_script = |subtag: &&str| subtag.len() == 4 && subtag.chars().all(|c| c.is_ascii_alphabetic());
    let implied = || {
        let traditional = subtags().any(|subtag| TRADITIONAL.iter().any(|region| region.eq_ignore_ascii_case(subtag)));
        let is_chinese = language(tag).eq_ignore_ascii_case("zh");
        is_chinese.then_some(if traditional { "Hant" } else { "Hans" })
    };
    subtags().find(is_script).or_else(implied)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_is_shortened_until_it_is_found() {
        let tags = ["en", "pt-BR", "pt", "zh-Hant"];
        for (wanted, found) in [
            ("en", Some("en")),
            ("EN_gb", Some("en")),
            ("zh-Hant-TW", Some("zh-Hant")),
            ("zh-Hant-x-own", Some("zh-Hant")),
            ("pt-br", Some("pt-BR")),
            ("pt-BR-x-own", Some("pt-BR")),
            ("pt-PT", Some("pt")),
            ("english", None),
            ("-en", None),
            ("", None),
            ("----", None),
        ] {
            assert_eq!(lookup(wanted, &tags), found, "{wanted}");
        }
    }

    #[test]
    fn the_same_language_in_the_same_script_fits_as_a_fallback() {
        let tags = ["en", "pt-BR", "zh-Hans", "sr-Latn"];
        for (wanted, found) in [
            ("pt", Some("pt-BR")),
            ("pt-PT", Some("pt-BR")),
            ("zh", Some("zh-Hans")),
            ("zh-CN", Some("zh-Hans")),
            ("zh_cn", Some("zh-Hans")),
            ("zh-SG", Some("zh-Hans")),
            ("zh-Hans-HK", Some("zh-Hans")),
            ("zh-TW", None),
            ("zh-HK", None),
            ("zh-Hant", None),
            ("zh-Hant-CN", None),
            ("zh-x-TW", Some("zh-Hans")),
            ("sr", Some("sr-Latn")),
            ("sr-Cyrl", None),
            ("p", None),
        ] {
            assert_eq!(lookup(wanted, &tags), found, "{wanted}");
        }
        // The shortened tag does not match either, if its script differs.
        assert_eq!(lookup("zh-TW", &["zh"]), None);
        assert_eq!(lookup("zh-HK", &["zh-Hans", "zh-TW"]), Some("zh-TW"));
    }

    #[test]
    fn the_direction_depends_on_the_script() {
        for tag in ["ar", "AR-eg", "he", "fa-IR", "az-Arab"] {
            assert_eq!(direction(tag), "rtl", "{tag}");
        }
        for tag in ["en", "zh-Hans", "ku-Latn", "ar-Latn", "", "arn"] {
            assert_eq!(direction(tag), "ltr", "{tag}");
        }
    }
}
