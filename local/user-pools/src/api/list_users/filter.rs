//! The filter of `ListUsers`: `email ^= "ana"`.
//!
//! An attribute's name, which may be in quotes, `=` or `^=`, and a value in quotes, in which a backslash makes a quote or
//! a backslash part of the value. Blanks may be between them.

use crate::error::Error;
use crate::users::User;

/// One comparison. Cognito accepts no combinations.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Filter {
    attribute: Attribute,
    /// Whether it compares only the beginning.
    prefix: bool,
    value: String,
}

/// An attribute that can be searched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Attribute {
    Name,
    /// Whether the account is enabled.
    Enabled,
    Sub,
    UserStatus,
    /// A standard attribute of the user.
    Standard(&'static str),
}

/// The standard attributes that can be searched by.
const STANDARD: [&str; 6] = [
    "email",
    "phone_number",
    "name",
    "given_name",
    "family_name",
    "preferred_username",
];

impl Attribute {
    fn parse(name: &str) -> Result<Self, Error> {
        match name {
            "username" => Ok(Self::Name),
            "status" => Ok(Self::Enabled),
            "sub" => Ok(Self::Sub),
            "cognito:user_status" => Ok(Self::UserStatus),
            _ => match STANDARD.iter().find(|known| **known == name) {
                Some(known) => Ok(Self::Standard(known)),
                None => Err(
                    Error::invalid_parameter(format!("Invalid search attribute: {name}")).because(format!(
                        "a filter may be over username, sub, status, cognito:user_status, {}",
                        STANDARD.join(", ")
                    )),
                ),
            },
        }
    }
}

impl Filter {
    /// Reads a filter.
    pub(super) fn parse(text: &str) -> Result<Self, Error> {
        let (name, rest) = attribute(text.trim()).ok_or_else(malformed)?;
        let rest = rest.trim_start();
        let (prefix, rest) = match rest.strip_prefix("^=") {
            Some(rest) => (true, rest),
            None => (false, rest.strip_prefix('=').ok_or_else(malformed)?),
        };
        let (value, rest) = quoted(rest.trim_start()).ok_or_else(malformed)?;
        if !rest.is_empty() {
            return Err(malformed());
        }
        Ok(Self {
            attribute: Attribute::parse(&name)?,
            prefix,
            value,
        })
    }

    /// Whether the filter matches `user`.
    pub(super) fn matches(&self, user: &User) -> bool {
        match self.attribute {
            Attribute::Name => self.fits(&user.name),
            Attribute::Enabled => self.fits(if user.disabled { "Disabled" } else { "Enabled" }),
            Attribute::Sub => self.fits(&user.sub),
            // Only here, upper and lower case do not matter.
            Attribute::UserStatus => {
                let (status, value) = (user.status.name(), self.value.to_ascii_uppercase());
                if self.prefix {
                    status.starts_with(&value)
                } else {
                    status == value
                }
            }
            Attribute::Standard(name) => user.attributes.get(name).is_some_and(|value| self.fits(value)),
        }
    }

    fn fits(&self, value: &str) -> bool {
        if self.prefix {
            value.starts_with(&self.value)
        } else {
            value == self.value
        }
    }
}

fn malformed() -> Error {
    Error::invalid_parameter("Error while parsing filter.")
        .because("a filter looks like `email = \"ana@example.com\"` or `email ^= \"ana\"`")
}

/// Returns the attribute's name at the beginning of `text`, and the rest.
fn attribute(text: &str) -> Option<(String, &str)> {
    if text.starts_with('"') {
        return quoted(text);
    }
    let is_name = |c: char| c.is_alphanumeric() || "_:-.".contains(c);
    let end = text.find(|c| !is_name(c)).unwrap_or(text.len());
    let (name, rest) = text.split_at_checked(end)?;
    (!name.is_empty()).then(|| (name.to_owned(), rest))
}

/// Returns the quoted text at the beginning of `text`, and the rest.
fn quoted(text: &str) -> Option<(String, &str)> {
    let mut letters = text.strip_prefix('"')?.chars();
    let mut value = String::new();
    loop {
        match letters.next()? {
            '"' => return Some((value, letters.as_str())),
            '\\' => match letters.next()? {
                letter @ ('"' | '\\') => value.push(letter),
                letter => value.extend(['\\', letter]),
            },
            letter => value.push(letter),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filter_is_an_attribute_a_comparison_and_a_value() {
        let filter = |attribute, prefix, value: &str| Filter {
            attribute,
            prefix,
            value: value.into(),
        };
        let email = Attribute::Standard("email");
        for (text, expected) in [
            ("email = \"a@b\"", filter(email, false, "a@b")),
            ("email^=\"a\"", filter(email, true, "a")),
            ("  email   ^=   \"\"  ", filter(email, true, "")),
            (
                "\"name\" = \"a = \\\"b\\\" \\\\ \\n\"",
                filter(Attribute::Standard("name"), false, "a = \"b\" \\ \\n"),
            ),
            ("cognito:user_status=\"x\"", filter(Attribute::UserStatus, false, "x")),
            ("status = \"Enabled\"", filter(Attribute::Enabled, false, "Enabled")),
        ] {
            assert_eq!(Filter::parse(text), Ok(expected), "{text}");
        }
    }

    #[test]
    fn everything_else_is_refused_in_cognitos_words() {
        for malformed in [
            "email",
            "email = a",
            "email == \"a\"",
            "email ^ = \"a\"",
            "email != \"a\"",
            "=",
            "= \"a\"",
            "email = \"",
            "email = \"a\\\"",
            "\"= \"",
            "email = \"a\" and name = \"b\"",
            "email = 'a'",
        ] {
            let error = Filter::parse(malformed).unwrap_err();
            assert_eq!(error.message, "Error while parsing filter.", "{malformed}");
        }
        for name in ["custom:x", "birthdate", "Email", "locale"] {
            let error = Filter::parse(&format!("{name} = \"a\"")).unwrap_err();
            assert_eq!(error.message, format!("Invalid search attribute: {name}"));
        }
    }
}
