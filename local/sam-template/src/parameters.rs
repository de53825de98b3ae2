//! The template's parameters: defaults, overrides and constraints.

use std::collections::BTreeMap;

use regex_lite::Regex;
use serde_json::Value;

use super::error::{At, Problem, TemplateError, hint};
use super::node::{Entry, Node};

const FIELDS: [&str; 11] = [
    "AllowedPattern",
    "AllowedValues",
    "ConstraintDescription",
    "Default",
    "Description",
    "MaxLength",
    "MaxValue",
    "MinLength",
    "MinValue",
    "NoEcho",
    "Type",
];

/// Returns the value of every parameter: its override, or else its default.
pub(super) fn read(
    section: Option<&Entry>,
    overrides: &BTreeMap<String, String>,
) -> Result<BTreeMap<String, Value>, TemplateError> {
    let at = At::default();
    let declared = section.and_then(|section| section.value.entries()).unwrap_or_default();
    if let Some(unknown) = overrides
        .keys()
        .find(|name| !declared.iter().any(|entry| entry.key == **name))
    {
        return Err(at.error(Problem::unknown(
            "parameter",
            unknown,
            declared.iter().map(|entry| entry.key.as_str()),
        )));
    }
    declared
        .iter()
        .map(|entry| {
            let at = at.key("Parameters", entry.line).key(&entry.key, entry.line);
            Ok((entry.key.clone(), value(entry, overrides.get(&entry.key), &at)?))
        })
        .collect()
}

fn value(entry: &Entry, given: Option<&String>, at: &At) -> Result<Value, TemplateError> {
    let Entry {
        key,
        value: declaration,
        ..
    } = entry;
    for field in declaration.entries().unwrap_or_default() {
        if !FIELDS.contains(&field.key.as_str()) {
            return Err(at.on(field.line).error(Problem::unknown("field", &field.key, FIELDS)));
        }
    }
    let default = declaration.get("Default").and_then(|default| default.value.scalar());
    let Some(text) = given.cloned().or(default) else {
        return Err(at.error(Problem::Invalid(format!(
            "has no default: give it a value, as in `{key}=…`"
        ))));
    };
    let kind = field(declaration, "Type").unwrap_or_default();
    let list = match kind.as_str() {
        // The value in the Systems Manager is not known here, so the parameter has its name.
        "String" | "Number" | "AWS::SSM::Parameter::Value<String>" => false,
        "CommaDelimitedList" | "List<Number>" => true,
        _ => {
            let supported = "String, Number, CommaDelimitedList, List<Number>, AWS::SSM::Parameter::Value<String>";
            return Err(at.error(Problem::NotSupported(format!("Type: {kind}"), supported)));
        }
    };
    let items: Vec<&str> = if list {
        text.split(',').map(str::trim).collect()
    } else {
        vec![&text]
    };
    for item in &items {
        if let Some(wrong) = objection(declaration, item, kind.contains("Number"), at)? {
            return Err(at.error(Problem::Invalid(refusal(declaration, item, &wrong))));
        }
    }
    // References see a list as a list of strings, and a number as a string.
    let list_value = || items.iter().map(|item| Value::from(*item)).collect();
    Ok(if list { list_value() } else { Value::from(text.as_str()) })
}

/// Returns the message with the allowed values.
fn refusal(declaration: &Node, item: &str, wrong: &str) -> String {
    let shown = if field(declaration, "NoEcho").is_some_and(|hidden| hidden == "true") {
        "the value".to_owned()
    } else {
        format!("`{item}`")
    };
    match field(declaration, "ConstraintDescription") {
        Some(rule) => format!("{shown} {wrong}: it {rule}"),
        None => format!("{shown} {wrong}"),
    }
}

/// Returns why `item` is not allowed, or `None` if it is.
fn objection(declaration: &Node, item: &str, number: bool, at: &At) -> Result<Option<String>, TemplateError> {
    if number && item.parse::<f64>().is_err() {
        return Ok(Some("is not a number".to_owned()));
    }
    if let Some(allowed) = declaration
        .get("AllowedValues")
        .and_then(|allowed| allowed.value.items())
    {
        let allowed: Vec<String> = allowed.iter().filter_map(Node::scalar).collect();
        if !allowed.iter().any(|value| value == item) {
            let hint = hint(item, allowed.iter().map(String::as_str));
            return Ok(Some(format!(
                "is not allowed ({})",
                hint.replacen("known", "allowed", 1)
            )));
        }
    }
    if let Some(pattern) = field(declaration, "AllowedPattern") {
        // CloudFormation matches the whole value.
        let whole = Regex::new(&format!("^(?:{pattern})$"));
        let Ok(whole) = whole else {
            let why = "is not a supported regular expression";
            return Err(at.error(Problem::Invalid(format!("AllowedPattern `{pattern}` {why}"))));
        };
        if !whole.is_match(item) {
            return Ok(Some(format!("does not match `{pattern}`")));
        }
    }
    let length = f64::from(u32::try_from(item.chars().count()).unwrap_or(u32::MAX));
    let size = item.parse().unwrap_or(f64::NAN);
    // A value that is not a number is outside of every limit.
    for (name, inside, side, measure) in [
        (
            "MinLength",
            limit(declaration, "MinLength").is_none_or(|limit| length >= limit),
            "below",
            " characters",
        ),
        (
            "MaxLength",
            limit(declaration, "MaxLength").is_none_or(|limit| length <= limit),
            "above",
            " characters",
        ),
        (
            "MinValue",
            limit(declaration, "MinValue").is_none_or(|limit| size >= limit),
            "below",
            "",
        ),
        (
            "MaxValue",
            limit(declaration, "MaxValue").is_none_or(|limit| size <= limit),
            "above",
            "",
        ),
    ] {
        if !inside {
            let limit = field(declaration, name).unwrap_or_default();
            return Ok(Some(format!("is {side} the {name} of {limit}{measure}")));
        }
    }
    Ok(None)
}

fn field(declaration: &Node, name: &str) -> Option<String> {
    declaration.get(name)?.value.scalar()
}

fn limit(declaration: &Node, name: &str) -> Option<f64> {
    field(declaration, name)?.parse().ok()
}
