//! The names of challenge types.

use std::fmt;

/// The maximum length of a name, in characters, so that a name and a state fit into `challengeMetadata`.
pub const MAX_CHARS: usize = 32;

/// The names that Cognito uses, and `PASSWORD`, which means Cognito's password check in a flow.
pub const RESERVED: [&str; 18] = [
    "ADMIN_NO_SRP_AUTH",
    "CUSTOM_CHALLENGE",
    "DEVICE_PASSWORD_VERIFIER",
    "DEVICE_SRP_AUTH",
    "EMAIL_MFA",
    "EMAIL_OTP",
    "MFA_SETUP",
    "NEW_PASSWORD_REQUIRED",
    "PASSWORD",
    "PASSWORD_SRP",
    "PASSWORD_VERIFIER",
    "SELECT_CHALLENGE",
    "SELECT_MFA_TYPE",
    "SMS_MFA",
    "SMS_OTP",
    "SOFTWARE_TOKEN_MFA",
    "SRP_A",
    "WEB_AUTHN",
];

/// The name of a challenge type, as written in the flow, in `challengeMetadata` and in the parameters: 1 to 32
/// characters, `A` to `Z`, `0` to `9` and `_`, starting with a letter.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Name(Box<str>);

impl Name {
    /// Parses a name.
    ///
    /// # Errors
    ///
    /// Returns an error if the text is not a valid name, or is in [`RESERVED`].
    pub fn parse(name: &str) -> Result<Self, NameError> {
        let letters = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_';
        if !name.starts_with(|c: char| c.is_ascii_uppercase()) || name.len() > MAX_CHARS || !name.chars().all(letters) {
            return Err(NameError::Malformed);
        }
        if RESERVED.contains(&name) {
            return Err(NameError::Reserved);
        }
        Ok(Self(name.into()))
    }

    /// Returns the name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The reason why a text is not the name of a challenge type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NameError {
    /// The text has invalid characters, or too many characters.
    #[error("write 1 to {MAX_CHARS} characters of A-Z, 0-9 and _, starting with a letter, such as `EMAIL_CODE`")]
    Malformed,
    /// Cognito uses the name.
    #[error("the name is reserved for Cognito: choose another, such as `MY_CODE`")]
    Reserved,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_upper_case_texts_of_up_to_32_characters_are_names() {
        for name in ["A", "CAPTCHA", "PAGER_CODE", "C3PO", &"A".repeat(32)] {
            assert_eq!(Name::parse(name).unwrap().as_str(), name);
        }
        for name in [
            "",
            "_A",
            "3A",
            "captcha",
            "CAPTCHA ",
            "A-B",
            "A.B",
            "É",
            "A|B",
            &"A".repeat(33),
        ] {
            assert_eq!(Name::parse(name), Err(NameError::Malformed), "{name}");
        }
    }

    #[test]
    fn the_names_of_cognito_are_reserved() {
        for name in RESERVED {
            assert_eq!(Name::parse(name), Err(NameError::Reserved), "{name}");
        }
    }
}
