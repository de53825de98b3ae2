//! The passwords that a pool accepts.

use std::time::Duration;

use crate::error::Error;
use crate::fields::{FieldError, Fields};
use crate::random::Random;

/// The characters of generated passwords, by class, without characters that look alike or need escaping.
const LETTERS: [&str; 4] = [
    "abcdefghijkmnpqrstuvwxyz",
    "ABCDEFGHJKLMNPQRSTUVWXYZ",
    "23456789",
    "!#%*+-.?",
];

/// A pool's password policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PasswordPolicy {
    pub(crate) minimum_length: usize,
    /// The validity of a temporary password, in days.
    pub(crate) temporary_days: u64,
    required: Vec<Class>,
}

/// A class of characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Class {
    Lowercase,
    Numbers,
    Symbols,
    Uppercase,
}

impl Class {
    pub(crate) const ALL: [Self; 4] = [Self::Lowercase, Self::Uppercase, Self::Numbers, Self::Symbols];

    /// The property that requires it.
    pub(crate) fn property(self) -> &'static str {
        match self {
            Self::Lowercase => "RequireLowercase",
            Self::Numbers => "RequireNumbers",
            Self::Symbols => "RequireSymbols",
            Self::Uppercase => "RequireUppercase",
        }
    }

    fn holds(self, c: char) -> bool {
        /// The characters that Cognito counts as symbols.
        const SYMBOLS: &str = "^$*.[]{}()?\"!@#%&/\\,><':;|_~`=+-";
        match self {
            Self::Lowercase => c.is_ascii_lowercase(),
            Self::Numbers => c.is_ascii_digit(),
            Self::Symbols => SYMBOLS.contains(c),
            Self::Uppercase => c.is_ascii_uppercase(),
        }
    }

    fn problem(self) -> &'static str {
        match self {
            Self::Lowercase => "Password must have lowercase characters",
            Self::Numbers => "Password must have numeric characters",
            Self::Symbols => "Password must have symbol characters",
            Self::Uppercase => "Password must have uppercase characters",
        }
    }
}

impl PasswordPolicy {
    /// Reads `Policies.PasswordPolicy`. The defaults are Cognito's.
    pub(crate) fn new(fields: &Fields<'_>) -> Result<Self, FieldError> {
        let default = fields.is_empty();
        let length = fields.number("MinimumLength")?.unwrap_or(8);
        if !(6..=99).contains(&length) {
            return Err(fields.wrong_value("MinimumLength", "must be from 6 to 99"));
        }
        let temporary_days = match fields.number("TemporaryPasswordValidityDays")? {
            None | Some(0) => 7,
            Some(days @ 1..=365) => days,
            Some(_) => return Err(fields.wrong_value("TemporaryPasswordValidityDays", "must be from 0 to 365")),
        };
        let mut required = Vec::new();
        for class in Class::ALL {
            if fields.flag(class.property())?.unwrap_or(default) {
                required.push(class);
            }
        }
        Ok(Self {
            minimum_length: usize::try_from(length).unwrap_or(usize::MAX),
            temporary_days,
            required,
        })
    }

    /// Whether every password needs a character of this class.
    pub(crate) fn requires(&self, class: Class) -> bool {
        self.required.contains(&class)
    }

    /// Returns a valid password with at least twelve characters. The last four are one of each class.
    pub(crate) fn generate(&self, random: &Random) -> Result<String, Error> {
        let length = self.minimum_length.max(12);
        let drawn = random.bytes::<128>()?;
        let letter = |byte: &u8, from: &str| {
            let letters: Vec<char> = from.chars().collect();
            letters.get(usize::from(*byte) % letters.len().max(1)).copied()
        };
        let (last, others) = drawn.split_first_chunk::<4>().unwrap_or((&[0; 4], &[]));
        let others = others.iter().take(length - last.len());
        let others = others.filter_map(|byte| letter(byte, &LETTERS.concat()));
        let last = last.iter().zip(LETTERS).filter_map(|(byte, class)| letter(byte, class));
        Ok(others.chain(last).collect())
    }

    /// Returns an error if a temporary password has expired. Both times are since 1970.
    pub(crate) fn check_temporary(&self, given: Duration, now: Duration) -> Result<(), Error> {
        if now < given + Duration::from_hours(24 * self.temporary_days) {
            return Ok(());
        }
        Err(Error::not_authorized(
            "Temporary password has expired and must be reset by an administrator.",
        ))
    }

    /// Returns an error if a password does not conform.
    pub(crate) fn check(&self, password: &str) -> Result<(), Error> {
        let missing = self
            .required
            .iter()
            .find(|class| !password.chars().any(|c| class.holds(c)));
        let problem = if password.chars().count() < self.minimum_length {
            "Password not long enough"
        } else if let Some(class) = missing {
            class.problem()
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
