//! The values that a property may have.

use serde_json::Value;

use super::error::{At, Problem, TemplateError, hint};
use super::node::{Kind, Node};
use super::resolver::Resolver;

/// The values that a property may have.
#[derive(Clone, Copy, Debug)]
pub(super) enum Shape {
    Bool,
    /// A mapping with arbitrary keys.
    Each(&'static Shape),
    List(&'static Shape),
    Object(Fields),
    /// One of these words.
    OneOf(&'static [&'static str]),
    /// Not supported: an error that says what is supported.
    Refused(&'static str),
    /// Allowed, but skipped because a sign-in does not need it.
    Skip,
    Text,
    /// An integer in this range.
    Whole(i64, i64),
}

/// Property names and the shapes of their values.
pub(super) type Fields = &'static [(&'static str, Shape)];

impl Resolver<'_> {
    /// Resolves `node` and checks it against `shape`. Returns `None` for `AWS::NoValue`.
    ///
    /// Like CloudFormation, it converts `"5"` to 5 and `true` to `"true"` if the property requires that.
    pub(super) fn shaped(&self, node: &Node, shape: Shape, at: &At) -> Result<Option<Value>, TemplateError> {
        if matches!(shape, Shape::Skip) {
            return Ok(None);
        }
        let node = self.select(node, at)?;
        let at = at.on(node.line);
        if node.intrinsic().is_some() {
            let resolved = self.value(node, &at)?;
            return resolved.map(|value| fit(value, shape, &at)).transpose();
        }
        match (&node.kind, shape) {
            (Kind::Map(_), Shape::Object(fields)) => self.object(node, fields, &at).map(|map| Some(map.into())),
            (Kind::Map(entries), Shape::Each(inner)) => {
                let mut map = serde_json::Map::new();
                for entry in entries {
                    let value = self.shaped(&entry.value, *inner, &at.key(&entry.key, entry.line))?;
                    map.extend(value.map(|value| (entry.key.clone(), value)));
                }
                Ok(Some(map.into()))
            }
            (Kind::List(items), Shape::List(inner)) => {
                let mut list = Vec::new();
                for (index, item) in items.iter().enumerate() {
                    list.extend(self.shaped(item, *inner, &at.item(index, item.line))?);
                }
                Ok(Some(list.into()))
            }
            _ => self.value(node, &at)?.map(|value| fit(value, shape, &at)).transpose(),
        }
    }

    /// Resolves a mapping whose keys are known.
    pub(super) fn object(
        &self,
        node: &Node,
        fields: Fields,
        at: &At,
    ) -> Result<serde_json::Map<String, Value>, TemplateError> {
        let Some(entries) = node.entries() else {
            return Err(at.error(Problem::Expected("a mapping of property names to values".to_owned())));
        };
        let mut map = serde_json::Map::new();
        for entry in entries {
            let Some((_, shape)) = fields.iter().find(|(name, _)| *name == entry.key) else {
                let known = fields.iter().map(|(name, _)| *name);
                return Err(at.on(entry.line).error(Problem::unknown("property", &entry.key, known)));
            };
            let at = at.key(&entry.key, entry.line);
            let value = self.shaped(&entry.value, *shape, &at)?;
            if let (Some(_), Shape::Refused(supported)) = (&value, shape) {
                return Err(at.error(Problem::NotSupported(entry.key.clone(), supported)));
            }
            map.extend(value.map(|value| (entry.key.clone(), value)));
        }
        Ok(map)
    }
}

/// Converts `value` to `shape`.
fn fit(value: Value, shape: Shape, at: &At) -> Result<Value, TemplateError> {
    let expected = |what: String| Err(at.error(Problem::Expected(what)));
    match (shape, value) {
        (Shape::Bool, value @ Value::Bool(_))
        | (Shape::Each(_), value @ Value::Object(_))
        | (Shape::Refused(_), value)
        | (Shape::Text, value @ Value::String(_)) => Ok(value),
        (Shape::Bool, Value::String(text)) if text == "true" || text == "false" => Ok(Value::Bool(text == "true")),
        (Shape::Bool, value) => expected(format!("`true` or `false`{}", got(&value))),
        (Shape::List(inner), Value::Array(items)) => items
            .into_iter()
            .map(|item| fit(item, *inner, at))
            .collect::<Result<_, _>>()
            .map(Value::Array),
        (Shape::List(_), value) => expected(format!("a list{}", got(&value))),
        (Shape::OneOf(words), Value::String(text)) if words.contains(&text.as_str()) => Ok(Value::String(text)),
        (Shape::OneOf(words), Value::Bool(_)) => {
            let hint = "in quotes: a bare ON, OFF, YES or NO is a boolean";
            expected(format!("one of {}, {hint}", words.join(", ")))
        }
        (Shape::OneOf(words), Value::String(text)) => Err(at.error(Problem::Unknown {
            what: "value",
            hint: hint(&text, words.iter().copied()),
            name: text,
        })),
        (Shape::OneOf(words), _) => expected(format!("one of {}", words.join(", "))),
        (Shape::Text, value @ (Value::Bool(_) | Value::Number(_))) => Ok(Value::String(value.to_string())),
        (Shape::Text, _) => expected("text".to_owned()),
        (Shape::Whole(least, most), value) => {
            let number = match &value {
                Value::Number(number) => number.as_i64(),
                Value::String(text) => text.parse().ok(),
                _ => None,
            };
            match number {
                Some(number) if (least..=most).contains(&number) => Ok(number.into()),
                _ => expected(format!("a whole number from {least} to {most}{}", got(&value))),
            }
        }
        (Shape::Object(_) | Shape::Each(_), _) => expected("a mapping".to_owned()),
        (Shape::Skip, _) => Ok(Value::Null),
    }
}

/// Formats a scalar. Other values are too long for a message.
fn got(value: &Value) -> String {
    match value {
        Value::Array(_) | Value::Object(_) => String::new(),
        Value::String(text) => format!(", got `{text}`"),
        other => format!(", got `{other}`"),
    }
}
