//! The output of a command: text for a person, or JSON for a program.

use serde_json::Value;

/// The result of a command.
#[derive(Debug)]
pub(crate) struct Said {
    text: String,
    json: Value,
}

impl Said {
    /// Creates a result in both forms.
    pub(crate) fn new(text: impl Into<String>, json: Value) -> Self {
        Self {
            text: text.into(),
            json,
        }
    }

    /// Returns the output.
    pub(crate) fn printed(self, json: bool) -> String {
        if json { self.json.to_string() } else { self.text }
    }
}
