//! Users and groups of a pool in a form that people can write. An export of a pool has it too.

mod apply;
mod check;
mod export;

use std::collections::BTreeMap;
use std::fmt;

use serde::de::{self, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

use crate::users::Status;
pub use export::ExportError;

/// Users and groups of a pool. It is read from JSON or a similar format: `{"groups": […], "users": […]}`.
#[derive(Clone, Default, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Seed {
    groups: Vec<Group>,
    users: Vec<User>,
}

/// An invalid value, and its place in the seed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{problem}")]
pub struct SeedError {
    /// The path to the value, from the outside in. Empty if the value is not in the seed.
    pub place: Vec<Step>,
    /// The problem, and a valid value. Quotes no password.
    pub problem: String,
}

/// A step of a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// An item of a list, from zero.
    Item(usize),
    /// A member of an object.
    Key(String),
}

#[derive(Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Group {
    name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    precedence: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    role_arn: Option<String>,
}

#[derive(Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct User {
    /// The username, or the attribute that replaces it.
    username: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    sub: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    password: Option<String>,
    /// In place of an unknown password.
    #[serde(skip_serializing_if = "Option::is_none")]
    password_verifier: Option<Verifier>,
    #[serde(default = "confirmed", with = "StatusName")]
    status: Status,
    #[serde(default = "enabled")]
    enabled: bool,
    #[serde(default)]
    attributes: BTreeMap<String, Text>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    groups: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    mfa: Option<Mfa>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    devices: Vec<Device>,
}

/// The names of `UserStatus`.
#[derive(Deserialize, Serialize)]
#[serde(remote = "Status", rename_all = "SCREAMING_SNAKE_CASE")]
enum StatusName {
    Confirmed,
    ForceChangePassword,
    ResetRequired,
    Unconfirmed,
}

fn confirmed() -> Status {
    Status::Confirmed
}

fn enabled() -> bool {
    true
}

/// The verifier of a secret, both parts in base64.
#[derive(Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Verifier {
    salt: String,
    verifier: String,
}

#[derive(Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Mfa {
    /// The names in challenges, such as `SMS_MFA`.
    #[serde(default)]
    enabled: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    preferred: Option<String>,
    /// The secret of the authenticator app, in base32.
    #[serde(skip_serializing_if = "Option::is_none")]
    software_token: Option<String>,
}

#[derive(Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Device {
    key: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    password_verifier: Verifier,
    #[serde(default)]
    remembered: bool,
}

/// The value of an attribute: text, or a boolean, which YAML writes without quotes.
#[derive(Clone, Serialize)]
struct Text(String);

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader;

        impl Visitor<'_> for Reader {
            type Value = Text;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("text (put numbers in quotes)")
            }

            fn visit_bool<E: de::Error>(self, value: bool) -> Result<Text, E> {
                Ok(Text(value.to_string()))
            }

            fn visit_str<E: de::Error>(self, value: &str) -> Result<Text, E> {
                Ok(Text(value.to_owned()))
            }
        }

        deserializer.deserialize_any(Reader)
    }
}

impl Seed {
    /// Returns the number of users.
    pub fn users(&self) -> usize {
        self.users.len()
    }

    /// Whether it has a user with the username or alias `login`, in the same letter case.
    pub fn has(&self, login: &str) -> bool {
        self.users.iter().any(|user| user.username == login)
    }

    /// Returns the number of groups.
    pub fn groups(&self) -> usize {
        self.groups.len()
    }
}

impl User {
    fn attributes(&self) -> BTreeMap<String, String> {
        let attributes = self.attributes.iter();
        attributes
            .map(|(name, Text(value))| (name.clone(), value.clone()))
            .collect()
    }
}

impl fmt::Debug for Seed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Seed")
            .field("groups", &self.groups.len())
            .field("users", &self.users.len())
            .finish()
    }
}

/// A place in a seed.
#[derive(Clone)]
struct At(Vec<Step>);

impl At {
    fn user(index: usize) -> Self {
        Self(vec![Step::Key("users".to_owned()), Step::Item(index)])
    }

    fn group(index: usize) -> Self {
        Self(vec![Step::Key("groups".to_owned()), Step::Item(index)])
    }

    fn key(&self, key: &str) -> Self {
        let mut place = self.clone();
        place.0.push(Step::Key(key.to_owned()));
        place
    }

    fn item(&self, index: usize) -> Self {
        let mut place = self.clone();
        place.0.push(Step::Item(index));
        place
    }

    fn error(self, problem: impl Into<String>) -> SeedError {
        SeedError {
            place: self.0,
            problem: problem.into(),
        }
    }
}

#[cfg(test)]
mod tests;
