//! The responses of the functions, read as strictly as Cognito does.

pub(crate) mod custom_challenge;
pub(crate) mod custom_message;
pub(crate) mod pre_sign_up;
pub(crate) mod pre_token_generation;
pub(crate) mod user_migration;

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::event::Context;
use super::label::readable;
use super::source::Trigger;
use crate::error::Error;

/// The `response` of one kind of function.
pub(crate) trait Response: Sized {
    /// Reads the fields. An error names the wrong field and the expected value.
    fn read(fields: &mut ResponseFields<'_>) -> Result<Self, String>;

    /// Describes the response in one line for the terminal, without secrets.
    fn decision(&self) -> String;
}

/// The response of a function that can only accept.
pub(crate) struct Nothing;

impl Response for Nothing {
    fn read(_: &mut ResponseFields<'_>) -> Result<Self, String> {
        Ok(Self)
    }

    fn decision(&self) -> String {
        "go on".to_owned()
    }
}

/// Reads the response of a function: the event that was sent, with `response` filled in.
pub(crate) fn read<A: Response>(bytes: &[u8], trigger: Trigger, context: &Context<'_>) -> Result<A, Error> {
    let answer: Value = serde_json::from_slice(bytes).map_err(|_| {
        Error::new(
            "InvalidLambdaResponseException",
            "Invalid lambda function output : Invalid JSON",
        )
        .because("the response is not JSON: return the event, with `response` filled in")
    })?;
    let answer = answer.as_object().ok_or_else(|| {
        Error::unrecognizable("the response is not an object: return the event, with `response` filled in".to_owned())
    })?;
    check_envelope(answer, trigger, context).map_err(Error::unrecognizable)?;
    let response = answer.get("response").and_then(Value::as_object);
    let response = response.ok_or_else(|| Error::unrecognizable("`response` is not an object".to_owned()))?;
    let mut response = ResponseFields::new("response".to_owned(), response);
    let read = A::read(&mut response).map_err(Error::unrecognizable)?;
    response
        .finish(trigger.response_fields())
        .map_err(Error::unrecognizable)?;
    Ok(read)
}

/// Everything except `response` must be returned unchanged. Of `request`, only the presence is checked: some
/// libraries add nulls to it and drop fields, and Cognito accepts that.
fn check_envelope(answer: &Map<String, Value>, trigger: Trigger, context: &Context<'_>) -> Result<(), String> {
    let texts = [
        ("version", trigger.version()),
        ("region", context.region),
        ("userPoolId", &context.pool.id),
        ("userName", context.user_name),
        ("triggerSource", trigger.source()),
    ];
    for (key, sent) in texts {
        match answer.get(key) {
            Some(Value::String(text)) if text == sent => {}
            Some(_) => return Err(format!("`{key}` was changed: return the event that was sent")),
            None => return Err(format!("`{key}` is missing: return the event that was sent")),
        }
    }
    for key in ["callerContext", "request"] {
        if !answer.get(key).is_some_and(Value::is_object) {
            return Err(format!("`{key}` is not an object: return the event that was sent"));
        }
    }
    let known = |key: &str| {
        texts.iter().any(|(name, _)| *name == key) || ["callerContext", "request", "response"].contains(&key)
    };
    match answer.keys().find(|key| !known(key)) {
        Some(key) => Err(format!(
            "`{}` is not a field of the event: whether Cognito accepts it is not known, so it is an error here",
            readable(key)
        )),
        None => Ok(()),
    }
}

/// The fields of `response`, or of an object in it. A field that is not read is an error.
pub(crate) struct ResponseFields<'a> {
    /// The path, such as `response.claimsOverrideDetails`.
    path: String,
    map: &'a Map<String, Value>,
    /// The number of fields that were read.
    read: usize,
}

impl<'a> ResponseFields<'a> {
    fn new(path: String, map: &'a Map<String, Value>) -> Self {
        Self { path, map, read: 0 }
    }

    /// Returns the value at `key`. Null counts as absent.
    pub(crate) fn field(&mut self, key: &str) -> Option<&'a Value> {
        let value = self.map.get(key)?;
        self.read += 1;
        Some(value).filter(|value| !value.is_null())
    }

    /// Whether `key` exists, even with the value null.
    pub(crate) fn has(&self, key: &str) -> bool {
        self.map.contains_key(key)
    }

    pub(crate) fn flag(&mut self, key: &str) -> Result<bool, String> {
        let value = self.field(key);
        value.map_or(Ok(false), |value| {
            value.as_bool().ok_or_else(|| self.wrong(key, value, "true or false"))
        })
    }

    pub(crate) fn text(&mut self, key: &str) -> Result<Option<String>, String> {
        let value = self.field(key);
        let text = value.map(|value| {
            let text = value.as_str().map(str::to_owned);
            text.ok_or_else(|| self.wrong(key, value, "a string"))
        });
        text.transpose()
    }

    /// Returns the strings in the list at `key`.
    pub(crate) fn list(&mut self, key: &str) -> Result<Vec<String>, String> {
        let Some(value) = self.field(key) else {
            return Ok(Vec::new());
        };
        let texts = value
            .as_array()
            .and_then(|items| items.iter().map(|item| item.as_str().map(str::to_owned)).collect());
        texts.ok_or_else(|| self.wrong(key, value, "a list of strings"))
    }

    /// Returns the object at `key`, all of whose values must be strings.
    pub(crate) fn texts(&mut self, key: &str) -> Result<BTreeMap<String, String>, String> {
        let Some(map) = self.map(key, "an object of strings")? else {
            return Ok(BTreeMap::new());
        };
        let text = |(name, value): (&String, &Value)| match value {
            Value::String(text) => Ok((name.clone(), text.clone())),
            _ => Err(self.wrong(&format!("{key}.{}", readable(name)), value, "a string")),
        };
        map.iter().map(text).collect()
    }

    /// Returns the object at `key`, to be read like this one.
    pub(crate) fn object(&mut self, key: &str) -> Result<Option<ResponseFields<'a>>, String> {
        let map = self.map(key, "an object")?;
        Ok(map.map(|map| ResponseFields::new(format!("{}.{key}", self.path), map)))
    }

    /// Returns the object at `key` unchanged.
    pub(crate) fn map(&mut self, key: &str, expected: &str) -> Result<Option<&'a Map<String, Value>>, String> {
        let value = self.field(key);
        let map = value.map(|value| value.as_object().ok_or_else(|| self.wrong(key, value, expected)));
        map.transpose()
    }

    /// Returns an error if a field was not read. Only the `known` fields are.
    pub(crate) fn finish(&self, known: &[&str]) -> Result<(), String> {
        if self.read == self.map.len() {
            return Ok(());
        }
        let unknown = self.map.keys().find(|key| !known.contains(&key.as_str()));
        Err(format!(
            "`{}.{}` is not a field of this trigger's response (known: {})",
            self.path,
            readable(unknown.map_or("", String::as_str)),
            if known.is_empty() {
                "none".to_owned()
            } else {
                known.join(", ")
            }
        ))
    }

    fn wrong(&self, key: &str, value: &Value, expected: &str) -> String {
        format!("`{}.{key}` is {}, should be {expected}", self.path, kind(value))
    }
}

/// Returns the JSON type of a value, with its article.
fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a truth value",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}
