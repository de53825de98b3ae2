//! Users and groups of a pool in a form that people write, and that an export of a pool has.

mod apply;
mod check;
mod export;

use std::collections::BTreeMap;
use std::fmt;

use serde::de::{self, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

use crate::users::Status;
pub use export::ExportError;

/// Users and groups of a pool. It is read from JSON or the like: `{"groups": […], "users": […]}`.
#[derive(Clone, Default, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Seed {
    groups: Vec<Group>,
    users: Vec<User>,
}

/// A value that cannot be used, and its place in the seed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{problem}")]
pub struct SeedError {
    /// The way to it from the outside in; empty if it is not in the seed.
    pub place: Vec<Step>,
    /// The problem, and a right value. Quotes no password.
    pub problem: String,
}

/// A step on the way to a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Into a list, from zero.
    Item(usize),
    /// Into an object.
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
    /// The name, or what the pool takes in its place.
    username: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    sub: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    password: Option<String>,
    /// In the place of a password that is not known.
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

/// As `UserStatus` has it.
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

/// The record of a secret in a pool, both parts in base64.
#[derive(Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Verifier {
    salt: String,
    verifier: String,
}

#[derive(Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Mfa {
    /// As challenges name them, such as `SMS_MFA`.
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

/// The value of an attribute: text, or a truth value, which YAML writes without quotes.
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
    /// The number of users.
    pub fn users(&self) -> usize {
        self.users.len()
    }

    /// Whether it has a user who signs in as `login`, written the same way.
    pub fn has(&self, login: &str) -> bool {
        self.users.iter().any(|user| user.username == login)
    }

    /// The number of groups.
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
