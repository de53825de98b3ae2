//! Reads the fields of a request. Missing and null fields become empty; a wrong type is an error.

use std::collections::HashMap;
use std::fmt::Arguments;

use aws_lambda_events::event::cognito::CognitoEventUserPoolsChallengeResult;
use serde_json::{Map, Value};

use super::EventError;

/// A map of strings.
pub(super) type Strings = HashMap<String, String>;

/// Reads a map of strings. A missing or null map becomes empty, and null entries are omitted.
pub(super) fn strings(request: &Map<String, Value>, field: &str) -> Result<Strings, EventError> {
    let entries = match request.get(field) {
        None | Some(Value::Null) => return Ok(Strings::new()),
        Some(Value::Object(entries)) => entries,
        Some(_) => return Err(EventError::wrong_type(format!("request.{field}"))),
    };
    let entries = entries.iter().filter_map(|(name, value)| match value {
        Value::Null => None,
        Value::String(text) => Some(Ok((name.clone(), text.clone()))),
        _ => {
            let name = super::printable(name);
            Some(Err(EventError::wrong_type(format!("request.{field}.{name}"))))
        }
    });
    entries.collect()
}

/// Reads `clientMetadata` and omits values that are not strings: the client controls them and must not cause an error.
pub(super) fn client_metadata(request: &Map<String, Value>) -> Strings {
    let entries = request.get("clientMetadata").and_then(Value::as_object);
    let entries = entries.into_iter().flatten();
    entries
        .filter_map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned())))
        .collect()
}

/// Reads a string. Returns `None` if it is missing or null.
pub(super) fn text(object: &Map<String, Value>, path: Arguments, field: &str) -> Result<Option<String>, EventError> {
    match object.get(field) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.clone())),
        Some(_) => Err(EventError::wrong_type(format!("{path}.{field}"))),
    }
}

/// Reads a boolean. Missing and null mean false.
pub(super) fn flag(object: &Map<String, Value>, path: Arguments, field: &str) -> Result<bool, EventError> {
    match object.get(field) {
        None | Some(Value::Null) => Ok(false),
        Some(Value::Bool(flag)) => Ok(*flag),
        Some(_) => Err(EventError::wrong_type(format!("{path}.{field}"))),
    }
}

/// Reads `session`. Missing and null mean empty. A null entry is kept, so that later entries keep their positions.
pub(super) fn session(
    request: &Map<String, Value>,
) -> Result<Vec<Option<CognitoEventUserPoolsChallengeResult>>, EventError> {
    let entries = match request.get("session") {
        None | Some(Value::Null) => return Ok(Vec::new()),
        Some(Value::Array(entries)) => entries,
        Some(_) => return Err(EventError::wrong_type("request.session")),
    };
    let entries = entries.iter().enumerate();
    entries.map(|(index, entry)| session_entry(index, entry)).collect()
}

fn session_entry(index: usize, entry: &Value) -> Result<Option<CognitoEventUserPoolsChallengeResult>, EventError> {
    let path = format_args!("request.session[{index}]");
    match entry {
        Value::Null => Ok(None),
        Value::Object(entry) => {
            let mut result = CognitoEventUserPoolsChallengeResult::default();
            result.challenge_name = text(entry, path, "challengeName")?;
            result.challenge_result = flag(entry, path, "challengeResult")?;
            result.challenge_metadata = text(entry, path, "challengeMetadata")?;
            Ok(Some(result))
        }
        _ => Err(EventError::wrong_type(path.to_string())),
    }
}
