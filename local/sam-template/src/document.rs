//! A YAML or JSON document that is not a template, with the lines of its values.

use std::path::Path;

use serde_json::Value;

use super::error::{At, Problem, TemplateError};
use super::node::{Kind, Node};

/// A document in YAML or JSON.
#[derive(Debug)]
pub struct Document(Node);

impl Document {
    /// Reads the document at `path`.
    ///
    /// # Errors
    ///
    /// Returns an error if it cannot be read or is not YAML. The message names the file and the line.
    pub fn read(path: &Path) -> Result<Self, TemplateError> {
        let text = std::fs::read_to_string(path)
            .map_err(|error| At::default().error(Problem::Unreadable(error.to_string().to_lowercase())));
        let node = text.and_then(|text| Node::parse(&text));
        node.map(Self)
            .map_err(|error| error.in_file(path.display().to_string()))
    }

    /// Returns the document as JSON.
    pub fn json(&self) -> Value {
        json(&self.0)
    }

    /// Returns the line of the value at the end of `steps`: keys, and indexes of items from zero. If a step does not
    /// exist, returns the line of the value before it.
    pub fn line(&self, steps: impl IntoIterator<Item = impl AsRef<str>>) -> usize {
        let (mut node, mut line) = (&self.0, self.0.line);
        for step in steps {
            let step = step.as_ref();
            if let Some(entry) = node.get(step) {
                (node, line) = (&entry.value, entry.line);
            } else if let Some(item) = step.parse().ok().and_then(|index: usize| node.items()?.get(index)) {
                (node, line) = (item, item.line);
            } else {
                break;
            }
        }
        line
    }
}

fn json(node: &Node) -> Value {
    match &node.kind {
        Kind::Bool(value) => Value::Bool(*value),
        Kind::List(items) => items.iter().map(json).collect(),
        Kind::Map(entries) => entries
            .iter()
            .map(|entry| (entry.key.clone(), json(&entry.value)))
            .collect(),
        Kind::Null => Value::Null,
        Kind::Number(number) => Value::Number(number.clone()),
        Kind::Text(text) => Value::String(text.clone()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_value_is_found_by_its_way_and_a_missing_one_by_what_is_around_it() {
        let document = Document(Node::parse("users:\n  - name: ana\n    age: '3'\n  - name: bea\nflag: on\n").unwrap());
        let expected = json!({"users": [{"name": "ana", "age": "3"}, {"name": "bea"}], "flag": true});
        assert_eq!(document.json(), expected);
        for (steps, line) in [
            (&["users", "0", "age"][..], 3),
            (&["users", "1", "age"], 4),
            (&["users", "7"], 1),
            (&["flag"], 5),
            (&[], 1),
        ] {
            assert_eq!(document.line(steps), line, "{steps:?}");
        }
    }
}
