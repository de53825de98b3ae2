//! A line of a function's log, formatted for people.

use std::fmt::Write;

use serde_json::{Map, Value};

/// The fields that are shown besides the level and the message, in this order.
const SHOWN: [&str; 6] = ["decision", "challenge", "step", "attempt", "reason", "user"];

/// Shortens `line` if its `fields` are those of this project's functions. Others are unchanged.
pub(crate) fn in_short(line: &str, fields: &Map<String, Value>) -> String {
    let text = |name: &str| fields.get(name).and_then(Value::as_str);
    let (Some(level), Some(message)) = (text("level"), text("message")) else {
        return line.to_owned();
    };
    let mut short = format!("{level} {message}");
    for name in SHOWN {
        // Writing to a string does not fail.
        let _ = match fields.get(name) {
            None | Some(Value::Null) => Ok(()),
            Some(Value::String(value)) => write!(short, " {name}={value}"),
            Some(value) => write!(short, " {name}={value}"),
        };
    }
    short
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn shown(line: &Value) -> String {
        in_short("as it is", line.as_object().unwrap())
    }

    #[test]
    fn a_line_of_ours_is_its_message_and_what_applies() {
        let line = json!({"timestamp": "t", "level": "WARN", "message": "asked", "challenge": "CAPTCHA", "step": 2,
            "reason": null, "decision": "issue", "_aws": {"Timestamp": 1}});
        assert_eq!(shown(&line), "WARN asked decision=issue challenge=CAPTCHA step=2");
    }

    #[test]
    fn other_json_stays_as_it_is() {
        assert_eq!(shown(&json!({"level": 30, "msg": "from elsewhere"})), "as it is");
    }
}
