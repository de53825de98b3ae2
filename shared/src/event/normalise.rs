//! Copies of request fields that `aws_lambda_events` reads: missing and null become empty, a wrong type is an error.

use serde_json::{Map, Value};

use super::EventError;

/// A map of strings: missing or null is empty, null entries are left out.
pub(super) fn strings(request: &Map<String, Value>, field: &str) -> Result<Value, EventError> {
    let mut copy = Map::new();
    match request.get(field) {
        None | Some(Value::Null) => {}
        Some(Value::Object(entries)) => {
            for (name, value) in entries {
                match value {
                    Value::Null => {}
                    Value::String(_) => drop(copy.insert(name.clone(), value.clone())),
                    _ => {
                        return Err(EventError::wrong_type(format!(
                            "request.{field}.{}",
                            super::printable(name)
                        )));
                    }
                }
            }
        }
        Some(_) => return Err(EventError::wrong_type(format!("request.{field}"))),
    }
    Ok(Value::Object(copy))
}

/// `clientMetadata`: whatever is not a string is left out, because the client chooses it and may not cause an error.
pub(super) fn client_metadata(request: &Map<String, Value>) -> Value {
    let entries = request
        .get("clientMetadata")
        .and_then(Value::as_object)
        .into_iter()
        .flatten();
    entries
        .filter(|(_, value)| value.is_string())
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect()
}

/// A string or null.
pub(super) fn text(object: &Map<String, Value>, path: &str, field: &str) -> Result<Value, EventError> {
    match object.get(field) {
        None | Some(Value::Null) => Ok(Value::Null),
        Some(Value::String(text)) => Ok(Value::from(text.as_str())),
        Some(_) => Err(EventError::wrong_type(format!("{path}.{field}"))),
    }
}

/// A boolean: missing or null is false.
pub(super) fn flag(object: &Map<String, Value>, path: &str, field: &str) -> Result<Value, EventError> {
    match object.get(field) {
        None | Some(Value::Null) => Ok(Value::Bool(false)),
        Some(Value::Bool(flag)) => Ok(Value::Bool(*flag)),
        Some(_) => Err(EventError::wrong_type(format!("{path}.{field}"))),
    }
}

/// `session`: missing or null is empty. A null entry stays, because leaving it out would move the others up.
pub(super) fn session(request: &Map<String, Value>) -> Result<Value, EventError> {
    let entries = match request.get("session") {
        None | Some(Value::Null) => return Ok(Value::Array(Vec::new())),
        Some(Value::Array(entries)) => entries,
        Some(_) => return Err(EventError::wrong_type("request.session")),
    };
    entries
        .iter()
        .enumerate()
        .map(|(index, entry)| session_entry(index, entry))
        .collect()
}

fn session_entry(index: usize, entry: &Value) -> Result<Value, EventError> {
    let path = format!("request.session[{index}]");
    match entry {
        Value::Null => Ok(Value::Null),
        Value::Object(entry) => {
            let mut copy = Map::new();
            copy.insert("challengeName".into(), text(entry, &path, "challengeName")?);
            copy.insert("challengeResult".into(), flag(entry, &path, "challengeResult")?);
            copy.insert("challengeMetadata".into(), text(entry, &path, "challengeMetadata")?);
            Ok(Value::Object(copy))
        }
        _ => Err(EventError::wrong_type(path)),
    }
}
