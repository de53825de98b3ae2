//! Reads JSON objects whose values may have any type: requests, and properties of a template.

use serde_json::{Map, Value};
use thiserror::Error;

/// The value of a field is invalid.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub(crate) enum FieldError {
    /// The value has the wrong JSON type.
    #[error("`{path}` must be {expected}")]
    Type {
        /// The path of the field.
        path: String,
        /// The expected type.
        expected: &'static str,
    },
    /// Cognito's error text.
    #[error("{0}")]
    Told(String),
    /// The value has the right type but is not allowed.
    #[error("`{path}` {problem}")]
    Value {
        /// The path of the field.
        path: String,
        /// The problem, and the allowed values.
        problem: String,
    },
}

/// A JSON object and its path. A key with the value `null` counts as absent.
#[derive(Clone, Debug)]
pub(crate) struct Fields<'a> {
    path: String,
    map: Option<&'a Map<String, Value>>,
}

impl<'a> Fields<'a> {
    /// Returns the fields of `map`, which errors call `path`.
    pub(crate) fn new(path: impl Into<String>, map: &'a Map<String, Value>) -> Self {
        Self {
            path: path.into(),
            map: Some(map),
        }
    }

    /// Returns the string at `key`.
    pub(crate) fn text(&self, key: &str) -> Result<Option<&'a str>, FieldError> {
        self.value(key)
            .map(|value| value.as_str().ok_or_else(|| self.wrong_type(key, "a string")))
            .transpose()
    }

    /// Returns the boolean at `key`. Like in templates, it may be the string `"true"` or `"false"`.
    pub(crate) fn flag(&self, key: &str) -> Result<Option<bool>, FieldError> {
        self.value(key)
            .map(|value| match value {
                Value::Bool(flag) => Some(*flag),
                Value::String(text) => text.parse().ok(),
                _ => None,
            })
            .map(|flag| flag.ok_or_else(|| self.wrong_type(key, "true or false")))
            .transpose()
    }

    /// Returns the integer at `key`. Like in templates, it may be in a string.
    pub(crate) fn number(&self, key: &str) -> Result<Option<u64>, FieldError> {
        self.value(key)
            .map(|value| match value {
                Value::Number(number) => number.as_u64(),
                Value::String(text) => text.parse().ok(),
                _ => None,
            })
            .map(|number| number.ok_or_else(|| self.wrong_type(key, "a whole number")))
            .transpose()
    }

    /// Returns the integer at `key`, which may be negative. It may be in a string.
    pub(crate) fn integer(&self, key: &str) -> Result<Option<i64>, FieldError> {
        self.value(key)
            .map(|value| match value {
                Value::Number(number) => number.as_i64(),
                Value::String(text) => text.parse().ok(),
                _ => None,
            })
            .map(|number| number.ok_or_else(|| self.wrong_type(key, "a whole number")))
            .transpose()
    }

    /// Returns the strings in the list at `key`.
    pub(crate) fn texts(&self, key: &str) -> Result<Option<Vec<&'a str>>, FieldError> {
        let Some(value) = self.value(key) else { return Ok(None) };
        let texts = value
            .as_array()
            .and_then(|items| items.iter().map(Value::as_str).collect());
        texts.map(Some).ok_or_else(|| self.wrong_type(key, "a list of strings"))
    }

    /// Returns the object at `key`, or an empty one.
    pub(crate) fn fields(&self, key: &str) -> Result<Fields<'a>, FieldError> {
        let map = self
            .value(key)
            .map(|value| value.as_object().ok_or_else(|| self.wrong_type(key, "an object")))
            .transpose()?;
        Ok(Fields {
            path: self.path_of(key),
            map,
        })
    }

    /// Returns the object at `key`. All its values must be strings or null.
    pub(crate) fn strings(&self, key: &str) -> Result<Fields<'a>, FieldError> {
        let strings = self.fields(key)?;
        for (key, value) in strings.map.into_iter().flatten() {
            if !value.is_string() && !value.is_null() {
                return Err(strings.wrong_type(key, "a string"));
            }
        }
        Ok(strings)
    }

    /// Returns the objects in the list at `key`.
    pub(crate) fn list(&self, key: &str) -> Result<Vec<Fields<'a>>, FieldError> {
        let Some(value) = self.value(key) else {
            return Ok(Vec::new());
        };
        let items = value
            .as_array()
            .ok_or_else(|| self.wrong_type(key, "a list of objects"))?;
        items
            .iter()
            .enumerate()
            .map(|(index, item)| {
                let path = format!("{}[{index}]", self.path_of(key));
                match item.as_object() {
                    Some(map) => Ok(Fields { path, map: Some(map) }),
                    None => Err(FieldError::Type {
                        path,
                        expected: "an object",
                    }),
                }
            })
            .collect()
    }

    /// Returns every key whose value is a string, with this string.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&'a str, &'a str)> + use<'a> {
        self.map
            .into_iter()
            .flatten()
            .filter_map(|(key, value)| Some((key.as_str(), value.as_str()?)))
    }

    /// Whether the object is empty.
    pub(crate) fn is_empty(&self) -> bool {
        self.map.is_none_or(|map| map.values().all(Value::is_null))
    }

    /// Returns the value at `key` unchanged.
    pub(crate) fn value(&self, key: &str) -> Option<&'a Value> {
        self.map?.get(key).filter(|value| !value.is_null())
    }

    /// Creates an error for the value at `key`.
    pub(crate) fn wrong_value(&self, key: &str, problem: impl Into<String>) -> FieldError {
        FieldError::Value {
            path: self.path_of(key),
            problem: problem.into(),
        }
    }

    fn wrong_type(&self, key: &str, expected: &'static str) -> FieldError {
        FieldError::Type {
            path: self.path_of(key),
            expected,
        }
    }

    fn path_of(&self, key: &str) -> String {
        if self.path.is_empty() {
            key.to_owned()
        } else {
            format!("{}.{key}", self.path)
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read<T>(value: &Value, read: impl Fn(&Fields<'_>) -> T) -> T {
        read(&Fields::new("", value.as_object().unwrap()))
    }

    #[test]
    fn null_counts_as_absent() {
        let value = json!({"a": null, "b": {"c": null}});
        read(&value, |fields| {
            assert_eq!(fields.text("a"), Ok(None));
            assert_eq!(fields.number("a"), Ok(None));
            assert!(fields.strings("a").unwrap().is_empty());
            assert!(fields.strings("b").unwrap().is_empty());
            assert_eq!(fields.strings("b").unwrap().text("c"), Ok(None));
        });
    }

    #[test]
    fn a_wrong_type_is_named_by_its_path_and_never_by_its_value() {
        let value = json!({"a": {"b": 12345}, "l": [{}, 12345], "t": ["x", 1]});
        read(&value, |fields| {
            let error = fields.strings("a").unwrap_err().to_string();
            assert_eq!(error, "`a.b` must be a string");
            assert_eq!(fields.list("l").unwrap_err().to_string(), "`l[1]` must be an object");
            assert_eq!(
                fields.texts("t").unwrap_err().to_string(),
                "`t` must be a list of strings"
            );
            assert_eq!(fields.flag("a").unwrap_err().to_string(), "`a` must be true or false");
        });
    }

    #[test]
    fn templates_may_have_numbers_and_truth_values_as_strings() {
        read(
            &json!({"n": "15", "m": 3, "t": "true", "f": false, "x": "3.5"}),
            |fields| {
                assert_eq!(fields.number("n"), Ok(Some(15)));
                assert_eq!(fields.number("m"), Ok(Some(3)));
                assert_eq!(fields.flag("t"), Ok(Some(true)));
                assert_eq!(fields.flag("f"), Ok(Some(false)));
                assert!(fields.number("x").is_err());
            },
        );
    }
}
