//! Which passwords a pool takes.

use crate::cognito::error::Error;
use crate::cognito::fields::{FieldError, Fields};

/// A pool's password policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct PasswordPolicy {
    pub(crate) minimum_length: usize,
    pub(crate) lowercase: bool,
    pub(crate) numbers: bool,
    pub(crate) symbols: bool,
    pub(crate) uppercase: bool,
}

/// What Cognito counts as a symbol; a blank counts inside a password only, which is left out here.
const SYMBOLS: &str = "^$*.[]{}()?\"!@#%&/\\,><':;|_~`=+-";

impl PasswordPolicy {
    /// The policy in `Policies.PasswordPolicy`; with none given, Cognito's own.
    pub(crate) fn new(fields: &Fields<'_>) -> Result<Self, FieldError> {
        let default = fields.is_empty();
        let length = fields.number("MinimumLength")?.unwrap_or(8);
        if !(6..=99).contains(&length) {
            return Err(fields.wrong_value("MinimumLength", "has to be from 6 to 99"));
        }
        Ok(Self {
            minimum_length: usize::try_from(length).unwrap_or(usize::MAX),
            lowercase: fields.flag("RequireLowercase")?.unwrap_or(default),
            numbers: fields.flag("RequireNumbers")?.unwrap_or(default),
            symbols: fields.flag("RequireSymbols")?.unwrap_or(default),
            uppercase: fields.flag("RequireUppercase")?.unwrap_or(default),
        })
    }

    /// Refuses a password that does not conform.
    pub(crate) fn check(&self, password: &str) -> Result<(), Error> {
        let has = |class: fn(char) -> bool| password.chars().any(class);
        let problem = if password.chars().count() < self.minimum_length {
            "Password not long enough"
        } else if self.lowercase && !has(|c| c.is_ascii_lowercase()) {
            "Password must have lowercase characters"
        } else if self.uppercase && !has(|c| c.is_ascii_uppercase()) {
            "Password must have uppercase characters"
        } else if self.numbers && !has(|c| c.is_ascii_digit()) {
            "Password must have numeric characters"
        } else if self.symbols && !has(|c| SYMBOLS.contains(c)) {
            "Password must have symbol characters"
        } else {
            return Ok(());
        };
        Err(Error::new(
            "InvalidPasswordException",
            format!("Password did not conform with policy: {problem}"),
        ))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn check(policy: &Value, password: &str) -> bool {
        PasswordPolicy::new(&Fields::new("", policy.as_object().unwrap()))
            .unwrap()
            .check(password)
            .is_ok()
    }

    #[test]
    fn the_default_asks_for_every_class() {
        assert!(check(&json!({}), "Passw0rd!"));
        for password in ["Pass0!", "PASSW0RD!", "passw0rd!", "Password!", "Passw0rd1"] {
            assert!(!check(&json!({}), password), "{password}");
        }
    }

    #[test]
    fn a_given_policy_asks_for_what_it_names_only() {
        assert!(check(&json!({"MinimumLength": 6}), "aaaaaa"));
        assert!(!check(&json!({"MinimumLength": 6}), "aaaaa"));
        assert!(!check(&json!({"RequireNumbers": true}), "aaaaaaaa"));
    }
}
