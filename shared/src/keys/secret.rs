//! Parses the value of `CHALLENGE_SECRET`.

use serde::Deserialize;
use serde_json::error::Category;

use super::{Key, Keys};

/// The members of the JSON value.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Secrets {
    current: String,
    next: Option<String>,
    previous: Option<String>,
    first: String,
}

/// The member names in quotes. A text that contains one but does not start with a brace is malformed JSON.
const MEMBERS: [&str; 4] = ["\"current\"", "\"next\"", "\"previous\"", "\"first\""];

pub(super) fn parse(value: &str) -> Result<Keys, KeyError> {
    let json = value.trim_start().starts_with('{');
    if !json && MEMBERS.iter().any(|member| value.contains(member)) {
        return Err(KeyError::NoBrace);
    }
    if !json {
        let only = Key::new(value)?;
        return Ok(Keys {
            first: only.clone(),
            current: only,
            other: None,
        });
    }
    let secrets: Secrets = serde_json::from_str(value).map_err(|error| KeyError::json(&error))?;
    let key = |member, secret: &str| {
        Key::new(secret).map_err(|error| match error {
            KeyError::TooShort { length } => KeyError::MemberTooShort { member, length },
            other => other,
        })
    };
    let other = match (&secrets.next, &secrets.previous) {
        (Some(_), Some(_)) => return Err(KeyError::Three),
        (Some(next), None) => Some(key("next", next)?),
        (None, Some(previous)) => Some(key("previous", previous)?),
        (None, None) => None,
    };
    let (current, first) = (key("current", &secrets.current)?, key("first", &secrets.first)?);
    if other.as_ref().is_some_and(|other| other.id() == current.id()) {
        return Err(KeyError::Same);
    }
    Ok(Keys { current, other, first })
}

/// The reason why a `CHALLENGE_SECRET` cannot be used. The message does not quote it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// The JSON has other members.
    #[error(
        "the JSON has a missing, unknown or repeated member, or one that is not text: write `current` and `first`, and \
         during a rotation `next` or `previous`; `admin secret` prints each value"
    )]
    Members,
    /// A member is too short.
    #[error("`{member}` has {length} bytes: use at least 32 random ones")]
    MemberTooShort {
        /// The name of the member.
        member: &'static str,
        /// The length in bytes.
        length: usize,
    },
    /// The value is not JSON, but contains a JSON member.
    #[error("the secret contains a member of the JSON form, but does not start with `{{`: write the whole JSON object")]
    NoBrace,
    /// The value starts with a brace, but is not JSON.
    #[error(
        "the secret starts with `{{`, but is not valid JSON at line {line}, column {column}: write \
         {{\"current\":\"…\",\"first\":\"…\"}}, or a secret that does not start with a brace"
    )]
    Syntax {
        /// The line, from 1.
        line: usize,
        /// The column, from 1.
        column: usize,
    },
    /// Both secrets are the same.
    #[error("the two secrets are the same: create a new one with `admin secret next`")]
    Same,
    /// The value has both `next` and `previous`.
    #[error(
        "the value has both `next` and `previous`: finish this rotation with `admin secret finish` before the next one"
    )]
    Three,
    /// The secret is too short.
    #[error("the secret has {length} bytes: use at least 32 random ones")]
    TooShort {
        /// The length in bytes.
        length: usize,
    },
}

impl KeyError {
    /// Converts an error without its text, because `serde_json` quotes names and values.
    fn json(error: &serde_json::Error) -> Self {
        match error.classify() {
            Category::Data => Self::Members,
            Category::Eof | Category::Io | Category::Syntax => Self::Syntax {
                line: error.line(),
                column: error.column(),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: &str = "hunter2-hunter2-hunter2-hunter2-";
    const B: &str = "hunter3-hunter3-hunter3-hunter3-";
    const C: &str = "hunter4-hunter4-hunter4-hunter4-";

    fn refused(value: &str) -> KeyError {
        let error = Keys::parse(value).unwrap_err();
        assert!(!error.to_string().contains("hunter"), "{error}");
        error
    }

    #[test]
    fn one_secret_or_two_are_read() {
        for value in [
            A.to_owned(),
            format!(r#"{{"current":"{A}","first":"{A}"}}"#),
            format!(r#"{{"current":"{A}","next":"{B}","first":"{A}"}}"#),
            format!(" {{\n \"current\": \"{B}\", \"previous\": \"{A}\", \"first\": \"{A}\" }}\n"),
            format!(r#"{{"current":"{B}","previous":null,"first":"{A}"}}"#),
        ] {
            assert!(Keys::parse(&value).is_ok(), "{value}");
        }
    }

    #[test]
    fn a_plain_secret_equals_a_json_value_with_it_as_current_and_first() {
        let [plain, json] =
            [A.to_owned(), format!(r#"{{"current":"{A}","first":"{A}"}}"#)].map(|value| Keys::parse(&value).unwrap());
        assert_eq!(plain.derive("x"), json.derive("x"));
        assert_eq!(plain.first().derive("x"), json.first().derive("x"));
    }

    #[test]
    fn json_with_a_typo_is_rejected_and_not_used_as_a_secret() {
        let member = |value: &str| assert_eq!(refused(value), KeyError::Members, "{value}");
        member(&format!(r#"{{"current":"{A}"}}"#));
        member(&format!(r#"{{"first":"{A}"}}"#));
        member(&format!(r#"{{"current":"{B}","previuos":"{A}","first":"{A}"}}"#));
        member(&format!(r#"{{"current":"{B}","{A}":"x","first":"{A}"}}"#));
        member(&format!(r#"{{"current":["{B}","{A}"],"first":"{A}"}}"#));
        member(&format!(r#"{{"current":"{B}","current":"{A}","first":"{A}"}}"#));
        member(&format!(
            r#"{{"current":"{B}","previous":["{A}","{C}"],"first":"{A}"}}"#
        ));
        assert_eq!(
            refused(&format!(r#"{{"current":"{B}" "first":"{A}"}}"#)).to_string(),
            "the secret starts with `{`, but is not valid JSON at line 1, column 47: write \
             {\"current\":\"…\",\"first\":\"…\"}, or a secret that does not start with a brace"
        );
        let column = |value: &str| assert!(matches!(refused(value), KeyError::Syntax { .. }), "{value}");
        column(&format!(r#"{{"current":"{B}","first":"{A}""#));
        column(&format!(r#"{{"current":"{B}","first":"{A}"}} {C}"#));
        column(&format!("{{{A}"));
        for value in [
            format!(r#""current":"{B}","first":"{A}"}}"#),
            format!(r#"'{{"current":"{B}","first":"{A}"}}'"#),
            format!(r#"[{{"current":"{B}","first":"{A}"}}]"#),
        ] {
            assert_eq!(refused(&value), KeyError::NoBrace, "{value}");
        }
    }

    #[test]
    fn three_secrets_and_repeated_secrets_are_rejected() {
        let three = format!(r#"{{"current":"{B}","previous":"{A}","next":"{C}","first":"{A}"}}"#);
        assert_eq!(refused(&three), KeyError::Three);
        for other in ["next", "previous"] {
            let twice = format!(r#"{{"current":"{A}","{other}":"{A}","first":"{A}"}}"#);
            assert_eq!(refused(&twice), KeyError::Same);
        }
    }

    #[test]
    fn each_secret_has_at_least_32_bytes() {
        let short = &A[..31];
        for (value, member) in [
            (format!(r#"{{"current":"{short}","first":"{A}"}}"#), "current"),
            (format!(r#"{{"current":"{A}","first":"{short}"}}"#), "first"),
            (format!(r#"{{"current":"{A}","next":"{short}","first":"{A}"}}"#), "next"),
            (
                format!(r#"{{"current":"{A}","previous":"{short}","first":"{A}"}}"#),
                "previous",
            ),
        ] {
            let expected = format!("`{member}` has 31 bytes: use at least 32 random ones");
            assert_eq!(refused(&value).to_string(), expected);
        }
    }
}
