//! Conditions.

use super::Resolver;
use crate::error::{At, Problem, TemplateError};
use crate::node::Node;

impl Resolver<'_> {
    /// Whether the condition `name` holds.
    pub(crate) fn condition(&self, name: &str, at: &At) -> Result<bool, TemplateError> {
        let Some(entry) = self.conditions.iter().find(|entry| entry.key == name) else {
            let known = self.conditions.iter().map(|entry| entry.key.as_str());
            return Err(at.error(Problem::unknown("condition", name, known)));
        };
        let at = At::default().key("Conditions", entry.line).key(name, entry.line);
        self.guarded(name, &at, || self.truth(&entry.value, &at))
    }

    /// Whether the condition function `node` holds.
    pub(crate) fn truth(&self, node: &Node, at: &At) -> Result<bool, TemplateError> {
        let at = &at.on(node.line);
        let expected = |what: &str| at.error(Problem::Expected(what.to_owned()));
        let Some([function]) = node.entries() else {
            return Err(expected(
                "a condition (Fn::And, Fn::Equals, Fn::Not, Fn::Or or Condition)",
            ));
        };
        let arguments = function.value.items().unwrap_or_default();
        match (function.key.as_str(), arguments) {
            ("Condition", _) => match function.value.text() {
                Some(name) => self.condition(name, at),
                None => Err(expected("the name of a condition")),
            },
            ("Fn::Equals", [left, right]) => Ok(self.string(left, at)? == self.string(right, at)?),
            ("Fn::Equals", _) => Err(expected("`Fn::Equals: [value, value]`")),
            ("Fn::Not", [only]) => Ok(!self.truth(only, at)?),
            ("Fn::Not", _) => Err(expected("`Fn::Not: [condition]`")),
            ("Fn::And" | "Fn::Or", [] | [_]) => Err(expected("at least two conditions in `Fn::And` and `Fn::Or`")),
            (name @ ("Fn::And" | "Fn::Or"), conditions) => {
                let mut truths = Vec::new();
                for condition in conditions {
                    truths.push(self.truth(condition, at)?);
                }
                Ok(if name == "Fn::And" {
                    truths.iter().all(|truth| *truth)
                } else {
                    truths.contains(&true)
                })
            }
            (other, _) => {
                let supported = "in a condition: Fn::And, Fn::Equals, Fn::Not, Fn::Or, Condition";
                Err(at.error(Problem::NotSupported(other.to_owned(), supported)))
            }
        }
    }
}
