//! Reads a request that matches Amazon's model.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::model;
use crate::error::Error;
use crate::fields::{FieldError, Fields};

/// The fields of a request that [`model::check`] has accepted.
pub(super) struct Request<'a> {
    pub(super) fields: Fields<'a>,
}

impl<'a> Request<'a> {
    /// Reads the request of the operation called `name`.
    ///
    /// # Errors
    /// If it does not match the model.
    pub(super) fn read(name: &str, body: &'a Map<String, Value>) -> Result<Self, Error> {
        model::check(name, body)?;
        let fields = Fields::new("", body);
        Ok(Self { fields })
    }

    /// Returns the string at `key`, if it exists.
    pub(super) fn text(&self, key: &str) -> Result<Option<&'a str>, Error> {
        Ok(self.fields.text(key)?)
    }

    /// Returns the string at `key`, which is required.
    pub(super) fn required(&self, key: &str) -> Result<&'a str, Error> {
        self.text(key)?.ok_or_else(|| Error::missing(key))
    }

    /// The strings in the list at `key`.
    pub(super) fn texts(&self, key: &str) -> Result<Vec<&'a str>, Error> {
        Ok(self.fields.texts(key)?.unwrap_or_default())
    }

    /// The objects in the list at `key`.
    pub(super) fn objects(&self, key: &str) -> Result<Vec<&'a Map<String, Value>>, Error> {
        // Checks their types.
        self.fields.list(key)?;
        let given = self.fields.value(key).and_then(Value::as_array);
        Ok(given.into_iter().flatten().filter_map(Value::as_object).collect())
    }

    /// Returns the map of strings at `key`.
    pub(super) fn strings(&self, key: &str) -> Result<Fields<'a>, Error> {
        Ok(self.fields.strings(key)?)
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
    model::check_text("UsernameType", "userName", username)?;
    Ok(username)
}

/// The password at `key` of `ChallengeResponses`, which is required.
pub(super) fn password<'a>(fields: &Fields<'a>, key: &str) -> Result<&'a str, Error> {
    let password = parameter(fields, key)?;
    model::check_text("PasswordType", "password", password)?;
    Ok(password)
}

impl From<FieldError> for Error {
    fn from(error: FieldError) -> Self {
        match &error {
            FieldError::Type { .. } => Self::new("SerializationException", error.to_string()),
            FieldError::Told(_) | FieldError::Value { .. } => Self::invalid_parameter(error.to_string()),
        }
    }
}
