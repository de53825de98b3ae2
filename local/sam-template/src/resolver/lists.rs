//! The intrinsic functions over lists and mappings.

use serde_json::Value;

use super::Resolver;
use crate::error::{At, Problem, TemplateError};
use crate::node::{Entry, Node};

impl Resolver<'_> {
    pub(crate) fn join(&self, argument: &Node, at: &At) -> Result<String, TemplateError> {
        let [between, list] = argument.items().unwrap_or_default() else {
            return Err(at.error(Problem::Expected("`Fn::Join: [delimiter, [values]]`".to_owned())));
        };
        let between = self.string(between, at)?;
        Ok(self.strings(list, at)?.join(&between))
    }

    pub(crate) fn split(&self, argument: &Node, at: &At) -> Result<Value, TemplateError> {
        let [between, text] = argument.items().unwrap_or_default() else {
            return Err(at.error(Problem::Expected("`Fn::Split: [delimiter, text]`".to_owned())));
        };
        let (between, text) = (self.string(between, at)?, self.string(text, at)?);
        if between.is_empty() {
            return Err(at.error(Problem::Expected("a delimiter of at least one character".to_owned())));
        }
        Ok(text.split(&between).collect())
    }

    pub(crate) fn pick(&self, argument: &Node, at: &At) -> Result<Value, TemplateError> {
        let [index, list] = argument.items().unwrap_or_default() else {
            return Err(at.error(Problem::Expected("`Fn::Select: [index, [values]]`".to_owned())));
        };
        let index = self.string(index, at)?;
        let list = self.strings(list, at)?;
        let picked = index.parse::<usize>().ok().and_then(|index| list.get(index));
        let Some(picked) = picked else {
            let problem = format!("an index below {}, got `{index}`", list.len());
            return Err(at.error(Problem::Expected(problem)));
        };
        Ok(picked.as_str().into())
    }

    fn strings(&self, list: &Node, at: &At) -> Result<Vec<String>, TemplateError> {
        let Some(Value::Array(items)) = self.resolve(list, at)? else {
            return Err(at.on(list.line).error(Problem::Expected("a list".to_owned())));
        };
        let text = |item: Value| match item {
            Value::String(text) => Ok(text),
            Value::Bool(_) | Value::Number(_) => Ok(item.to_string()),
            _ => Err(at.on(list.line).error(Problem::Expected("a list of texts".to_owned()))),
        };
        items.into_iter().map(text).collect()
    }

    pub(crate) fn find_in_map(&self, argument: &Node, at: &At) -> Result<Value, TemplateError> {
        let [map, first, second] = argument.items().unwrap_or_default() else {
            return Err(at.error(Problem::Expected("`Fn::FindInMap: [map, key, key]`".to_owned())));
        };
        let map = lookup(self.mappings, "mapping", &self.string(map, at)?, at)?;
        let inner = map.entries().unwrap_or_default();
        let inner = lookup(inner, "mapping key", &self.string(first, at)?, at)?;
        let value = lookup(
            inner.entries().unwrap_or_default(),
            "mapping key",
            &self.string(second, at)?,
            at,
        )?;
        self.resolve(value, at)?.ok_or_else(|| at.error(Problem::Null))
    }
}

fn lookup<'n>(entries: &'n [Entry], what: &'static str, name: &str, at: &At) -> Result<&'n Node, TemplateError> {
    let found = entries.iter().find(|entry| entry.key == name).map(|entry| &entry.value);
    found.ok_or_else(|| {
        at.error(Problem::unknown(
            what,
            name,
            entries.iter().map(|entry| entry.key.as_str()),
        ))
    })
}
