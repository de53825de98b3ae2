//! Reads a request: types first, then Cognito's constraints, with its texts.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::error::Error;
use crate::fields::{FieldError, Fields};

/// A request's fields, and the problems found so far.
pub(super) struct Request<'a> {
    pub(super) fields: Fields<'a>,
    problems: Vec<String>,
}

/// The constraints of a string.
pub(super) struct Shape {
    pub(super) shortest: usize,
    pub(super) longest: usize,
    pub(super) pattern: Option<Pattern>,
}

/// The pattern in Cognito's notation, and as a check.
pub(super) type Pattern = (&'static str, fn(&str) -> bool);

pub(super) const CLIENT_ID: Shape = Shape {
    shortest: 1,
    longest: 128,
    pattern: Some((r"[\w+]+", |text| {
        text.bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"_+".contains(&byte))
    })),
};

pub(super) const POOL_ID: Shape = Shape {
    shortest: 1,
    longest: 55,
    pattern: Some((r"[\w-]+_[0-9a-zA-Z]+", is_pool_id)),
};

pub(super) const USERNAME: Shape = Shape {
    shortest: 1,
    longest: 128,
    pattern: Some((r"[\p{L}\p{M}\p{S}\p{N}\p{P}]+", is_visible)),
};

pub(super) const PASSWORD: Shape = Shape {
    shortest: 1,
    longest: 256,
    pattern: Some((r"[\S]+", is_visible)),
};

pub(super) const SESSION: Shape = Shape {
    shortest: 20,
    longest: 8192,
    pattern: None,
};

pub(super) const NAME: Shape = Shape {
    shortest: 1,
    longest: 128,
    pattern: None,
};

pub(super) const ANY: Shape = Shape {
    shortest: 0,
    longest: 131_072,
    pattern: None,
};

fn is_pool_id(text: &str) -> bool {
    text.rsplit_once('_').is_some_and(|(region, name)| {
        let word = |byte: u8| byte.is_ascii_alphanumeric() || b"_-".contains(&byte);
        !region.is_empty()
            && region.bytes().all(word)
            && !name.is_empty()
            && name.bytes().all(|b| b.is_ascii_alphanumeric())
    })
}

fn is_visible(text: &str) -> bool {
    !text.chars().any(|c| c.is_whitespace() || c.is_control())
}

impl<'a> Request<'a> {
    pub(super) fn new(fields: Fields<'a>) -> Self {
        Self {
            fields,
            problems: Vec::new(),
        }
    }

    /// Returns the string at `key`, if it exists.
    pub(super) fn text(&mut self, key: &str, shape: &Shape) -> Result<Option<&'a str>, Error> {
        let text = self.fields.text(key)?;
        if let Some(text) = text {
            self.check_shape(key, text, shape);
        }
        Ok(text)
    }

    /// Returns the string at `key`, which is required.
    pub(super) fn required(&mut self, key: &str, shape: &Shape) -> Result<&'a str, Error> {
        let text = self.text(key, shape)?;
        if text.is_none() {
            self.missing(key);
        }
        Ok(text.unwrap_or_default())
    }

    /// Returns the objects in the list at `key`, which is required: at least one, and at most `most`.
    pub(super) fn objects(&mut self, key: &str, most: usize) -> Result<Vec<&'a Map<String, Value>>, Error> {
        // Checks their types.
        self.fields.list(key)?;
        let given = self.fields.value(key).and_then(Value::as_array);
        match given {
            None => self.missing(key),
            Some(given) => {
                self.check_length(key, given.len(), 1, most);
            }
        }
        Ok(given.into_iter().flatten().filter_map(Value::as_object).collect())
    }

    /// Returns an error if there are problems.
    pub(super) fn check(&mut self) -> Result<(), Error> {
        let problems = std::mem::take(&mut self.problems);
        if problems.is_empty() {
            return Ok(());
        }
        let count = problems.len();
        let errors = if count == 1 { "error" } else { "errors" };
        Err(Error::invalid_parameter(format!(
            "{count} validation {errors} detected: {}",
            problems.join("; ")
        )))
    }

    /// Adds the problem that the value at `key` is not one of `values`.
    pub(super) fn not_one_of(&mut self, key: &str, values: &[&str]) {
        let values = values.join(", ");
        self.fail(key, format_args!("Member must satisfy enum value set: [{values}]"));
    }

    /// Returns the map of strings at `key`.
    pub(super) fn strings(&self, key: &str) -> Result<Fields<'a>, Error> {
        let strings = self.fields.strings(key)?;
        if strings
            .iter()
            .any(|(key, value)| key.len().max(value.len()) > ANY.longest)
        {
            return Err(Error::invalid_parameter(format!(
                "1 validation error detected: Value at '{}' failed to satisfy constraint: Map value must satisfy \
                 constraint: [Member must have length less than or equal to {}]",
                member(key),
                ANY.longest
            )));
        }
        Ok(strings)
    }

    /// Returns `ClientMetadata`. The three functions do not receive that of an initiating request.
    pub(super) fn client_metadata(&self) -> Result<BTreeMap<String, String>, Error> {
        let metadata = self.strings("ClientMetadata")?;
        Ok(metadata
            .iter()
            .map(|(key, value)| (key.to_owned(), value.to_owned()))
            .collect())
    }

    /// Returns a list of attributes, each `{"Name": …, "Value": …}`.
    pub(super) fn attributes(&self, key: &str) -> Result<BTreeMap<String, String>, Error> {
        let mut attributes = BTreeMap::new();
        for attribute in self.fields.list(key)? {
            let name = attribute
                .text("Name")?
                .ok_or_else(|| attribute.wrong_value("Name", "is required"))?;
            attributes.insert(name.to_owned(), attribute.text("Value")?.unwrap_or_default().to_owned());
        }
        Ok(attributes)
    }

    fn check_shape(&mut self, key: &str, text: &str, shape: &Shape) {
        let fits = self.check_length(key, text.chars().count(), shape.shortest, shape.longest);
        if fits
            && let Some((pattern, matches)) = shape.pattern
            && !matches(text)
        {
            self.fail(
                key,
                format_args!("Member must satisfy regular expression pattern: {pattern}"),
            );
        }
    }

    /// Whether the value at `key` has an allowed length. If not, adds the problem.
    fn check_length(&mut self, key: &str, length: usize, shortest: usize, longest: usize) -> bool {
        let (bound, limit) = if length > longest {
            ("less", longest)
        } else if length < shortest {
            ("greater", shortest)
        } else {
            return true;
        };
        self.fail(
            key,
            format_args!("Member must have length {bound} than or equal to {limit}"),
        );
        false
    }

    fn missing(&mut self, key: &str) {
        let member = member(key);
        self.problems.push(format!(
            "Value null at '{member}' failed to satisfy constraint: Member must not be null"
        ));
    }

    fn fail(&mut self, key: &str, constraint: std::fmt::Arguments<'_>) {
        let member = member(key);
        self.problems.push(format!(
            "Value at '{member}' failed to satisfy constraint: {constraint}"
        ));
    }
}

/// Returns a key as error texts write it: `clientId`.
fn member(key: &str) -> String {
    let mut letters = key.chars();
    letters
        .next()
        .map(|first| first.to_ascii_lowercase())
        .into_iter()
        .chain(letters)
        .collect()
}

/// Returns the value at `key` of `AuthParameters` or `ChallengeResponses`, which is required.
pub(super) fn parameter<'a>(fields: &Fields<'a>, key: &str) -> Result<&'a str, Error> {
    fields.text(key)?.ok_or_else(|| Error::missing(key))
}

/// Returns the username or alias in `USERNAME`.
pub(super) fn username<'a>(fields: &Fields<'a>) -> Result<&'a str, Error> {
    let username = fields
        .text("USERNAME")?
        .filter(|name| !name.is_empty())
        .ok_or_else(|| Error::missing("USERNAME"))?;
    let mut request = Request::new(fields.clone());
    request.check_shape("userName", username, &USERNAME);
    request.check()?;
    Ok(username)
}

/// Returns the value at `key` of `ChallengeResponses`, which is required and must match a shape. Error texts call it
/// `member`.
pub(super) fn shaped<'a>(fields: &Fields<'a>, key: &str, member: &str, shape: &Shape) -> Result<&'a str, Error> {
    let value = parameter(fields, key)?;
    let mut request = Request::new(fields.clone());
    request.check_shape(member, value, shape);
    request.check()?;
    Ok(value)
}

impl From<FieldError> for Error {
    fn from(error: FieldError) -> Self {
        match &error {
            FieldError::Type { .. } => Self::new("SerializationException", error.to_string()),
            FieldError::Told(_) | FieldError::Value { .. } => Self::invalid_parameter(error.to_string()),
        }
    }
}
