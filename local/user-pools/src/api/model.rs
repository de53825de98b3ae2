//! Checks requests against Amazon's model of the API, with Cognito's error messages.
//!
//! `model.json` is the part about requests. `model.py` makes it from botocore.

use std::collections::{BTreeMap, HashMap};
use std::fmt::{Arguments, Display};
use std::sync::{LazyLock, OnceLock};

use regex_lite::Regex;
use serde::Deserialize;
use serde_json::{Map, Value};
use unicode_properties::{GeneralCategoryGroup, UnicodeGeneralCategory};

use crate::error::Error;
use crate::fields::FieldError;

static MODEL: LazyLock<Model> = LazyLock::new(|| serde_json::from_str(include_str!("model.json")).unwrap_or_default());

/// Rejects a request of an operation if it does not match the model.
///
/// # Errors
/// `SerializationException` for the first value of a wrong type, or else one error with all problems.
pub(super) fn check(operation: &str, request: &Map<String, Value>) -> Result<(), Error> {
    let shape = MODEL
        .operations
        .get(operation)
        .ok_or_else(|| Error::internal("the model has no such operation"))?;
    let mut check = Check::default();
    check.fields(find(shape)?, request, &Place::default())?;
    check.finish()
}

/// Rejects a text that does not match the shape called `shape`. The message calls it `member`.
pub(super) fn check_text(shape: &str, member: &str, text: &str) -> Result<(), Error> {
    let mut check = Check::default();
    check.text(find(shape)?, text, &Place::default().member(member));
    check.finish()
}

fn find(name: &str) -> Result<&'static Shape, Error> {
    let shape = MODEL.shapes.get(name);
    shape.ok_or_else(|| Error::internal("the model has no such shape"))
}

#[derive(Default, Deserialize)]
struct Model {
    /// The operations' names, and their requests' shapes.
    operations: HashMap<String, String>,
    shapes: HashMap<String, Shape>,
}

/// The constraints of a value.
#[derive(Deserialize)]
struct Shape {
    #[serde(rename = "type")]
    kind: Kind,
    /// The bounds of a string's length in characters, of a list's length, or of a number.
    min: Option<i64>,
    max: Option<i64>,
    pattern: Option<String>,
    #[serde(rename = "enum", default)]
    values: Vec<String>,
    /// The required members of a structure.
    #[serde(default)]
    required: Vec<String>,
    /// The members of a structure, and their shapes.
    #[serde(default)]
    members: BTreeMap<String, String>,
    /// The shape of a list's items, and of a map's keys and values.
    member: Option<String>,
    key: Option<String>,
    value: Option<String>,
    #[serde(skip)]
    expression: OnceLock<Option<Regex>>,
}

#[derive(Clone, Copy, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
enum Kind {
    Boolean,
    Integer,
    List,
    Map,
    String,
    Structure,
}

/// The place of a value, as written in requests and in Cognito's messages.
#[derive(Clone, Default)]
struct Place {
    path: String,
    member: String,
}

impl Place {
    fn member(&self, name: &str) -> Self {
        let dot = if self.path.is_empty() { "" } else { "." };
        let mut letters = name.chars();
        let first = letters.next().map(|first| first.to_ascii_lowercase());
        let lower: String = first.into_iter().chain(letters).collect();
        Self {
            path: format!("{}{dot}{name}", self.path),
            member: format!("{}{dot}{lower}", self.member),
        }
    }

    /// Messages count from 1.
    fn item(&self, index: usize) -> Self {
        Self {
            path: format!("{}[{index}]", self.path),
            member: format!("{}.{}.member", self.member, index + 1),
        }
    }

    fn entry(&self, key: &str) -> Self {
        Self {
            path: format!("{}.{key}", self.path),
            member: self.member.clone(),
        }
    }

    fn wrong_type(&self, expected: &'static str) -> Error {
        let path = self.path.clone();
        FieldError::Type { path, expected }.into()
    }
}

/// The problems of a request so far.
#[derive(Default)]
struct Check {
    problems: Vec<String>,
}

impl Check {
    fn finish(self) -> Result<(), Error> {
        if self.problems.is_empty() {
            return Ok(());
        }
        let count = self.problems.len();
        let errors = if count == 1 { "error" } else { "errors" };
        Err(Error::invalid_parameter(format!(
            "{count} validation {errors} detected: {}",
            self.problems.join("; ")
        )))
    }

    /// Checks the members of a structure. Unknown members are ignored, and null counts as absent.
    fn fields(&mut self, shape: &Shape, fields: &Map<String, Value>, place: &Place) -> Result<(), Error> {
        for (name, member) in &shape.members {
            match fields.get(name).filter(|value| !value.is_null()) {
                Some(value) => self.value(find(member)?, value, &place.member(name))?,
                None if shape.required.contains(name) => {
                    let member = place.member(name).member;
                    self.problems.push(format!(
                        "Value null at '{member}' failed to satisfy constraint: Member must not be null"
                    ));
                }
                None => {}
            }
        }
        Ok(())
    }

    fn value(&mut self, shape: &Shape, value: &Value, place: &Place) -> Result<(), Error> {
        match (shape.kind, value) {
            (Kind::String, Value::String(text)) => self.text(shape, text, place),
            (Kind::Structure, Value::Object(fields)) => self.fields(shape, fields, place)?,
            (Kind::List, Value::Array(items)) => self.items(shape, items, place)?,
            (Kind::Map, Value::Object(entries)) => self.entries(shape, entries, place)?,
            (Kind::Boolean, Value::Bool(_)) => {}
            (Kind::Integer, Value::Number(number)) => {
                let number = number.as_i64().ok_or_else(|| place.wrong_type("a whole number"))?;
                self.range(shape, number, place);
            }
            (Kind::Boolean, Value::String(text)) if ["true", "false"].contains(&text.as_str()) => {}
            (Kind::Integer, Value::String(text)) => {
                let number = text.parse().map_err(|_| place.wrong_type("a whole number"))?;
                self.range(shape, number, place);
            }
            _ => return Err(place.wrong_type(shape.expected())),
        }
        Ok(())
    }

    fn text(&mut self, shape: &Shape, text: &str, place: &Place) {
        if let Some(bound) = shape.length(text.chars().count()) {
            return self.fail(place, format_args!("Member must have length {bound}"));
        }
        if let Some(pattern) = shape.mismatch(text) {
            let constraint = format_args!("Member must satisfy regular expression pattern: {pattern}");
            return self.fail(place, constraint);
        }
        if !shape.values.is_empty() && !shape.values.iter().any(|value| value == text) {
            let values = shape.values.join(", ");
            self.fail(place, format_args!("Member must satisfy enum value set: [{values}]"));
        }
    }

    fn range(&mut self, shape: &Shape, number: i64, place: &Place) {
        if let Some(bound) = shape.bound(number) {
            self.fail(place, format_args!("Member must have value {bound}"));
        }
    }

    fn items(&mut self, shape: &Shape, items: &[Value], place: &Place) -> Result<(), Error> {
        if let Some(bound) = shape.length(items.len()) {
            self.fail(place, format_args!("Member must have length {bound}"));
        }
        let item_shape = find(shape.member.as_deref().unwrap_or_default())?;
        for (index, item) in items.iter().enumerate() {
            match item {
                Value::String(text) if item_shape.kind == Kind::String => {
                    let mut inner = Self::default();
                    inner.text(item_shape, text, place);
                    self.wrap("Member", inner, place);
                }
                _ if item_shape.kind == Kind::String => return Err(place.wrong_type(shape.expected())),
                item => self.value(item_shape, item, &place.item(index))?,
            }
        }
        Ok(())
    }

    fn entries(&mut self, shape: &Shape, entries: &Map<String, Value>, place: &Place) -> Result<(), Error> {
        let (key_shape, value_shape) = (
            find(shape.key.as_deref().unwrap_or_default())?,
            find(shape.value.as_deref().unwrap_or_default())?,
        );
        if let Some(bound) = shape.length(entries.len()) {
            self.fail(place, format_args!("Member must have length {bound}"));
        }
        for (key, value) in entries {
            let mut inner = Self::default();
            inner.text(key_shape, key, place);
            self.wrap("Map keys", inner, place);
            let mut inner = Self::default();
            if !value.is_null() {
                inner.value(value_shape, value, &place.entry(key))?;
            }
            self.wrap("Map value", inner, place);
        }
        Ok(())
    }

    /// Adds a problem with a part of the value at `place`, in Cognito's words.
    fn wrap(&mut self, part: &str, inner: Self, place: &Place) {
        for problem in inner.problems {
            let constraint = problem
                .split_once("constraint: ")
                .map_or("", |(_, constraint)| constraint);
            self.fail(place, format_args!("{part} must satisfy constraint: [{constraint}]"));
        }
    }

    fn fail(&mut self, place: &Place, constraint: Arguments<'_>) {
        let member = &place.member;
        self.problems.push(format!(
            "Value at '{member}' failed to satisfy constraint: {constraint}"
        ));
    }
}

impl Shape {
    /// The type's name in the message about a value of another type.
    fn expected(&self) -> &'static str {
        match self.kind {
            Kind::Boolean => "true or false",
            Kind::Integer => "a whole number",
            Kind::Map | Kind::Structure => "an object",
            Kind::String => "a string",
            Kind::List => {
                let items = self.member.as_deref().and_then(|name| MODEL.shapes.get(name));
                if items.is_some_and(|shape| shape.kind == Kind::String) {
                    "a list of strings"
                } else {
                    "a list of objects"
                }
            }
        }
    }

    fn length(&self, length: usize) -> Option<impl Display + use<>> {
        self.bound(i64::try_from(length).unwrap_or(i64::MAX))
    }

    /// Returns the violated bound in words, if any.
    fn bound(&self, number: i64) -> Option<String> {
        match (self.min, self.max) {
            (_, Some(max)) if number > max => Some(format!("less than or equal to {max}")),
            (Some(min), _) if number < min => Some(format!("greater than or equal to {min}")),
            _ => None,
        }
    }

    /// Returns the pattern if `text` as a whole does not match it.
    fn mismatch(&self, text: &str) -> Option<&str> {
        let pattern = self.pattern.as_deref()?;
        let expression = self.expression.get_or_init(|| Regex::new(&translated(pattern)).ok());
        let matches = expression
            .as_ref()
            .is_some_and(|expression| expression.is_match(&spelled(text)));
        (!matches).then_some(pattern)
    }
}

/// These replace characters outside of ASCII: the visible ones, and separators.
const VISIBLE: char = '\u{e000}';
const SEPARATOR: char = '\u{e001}';
/// This replaces all others.
const OTHER: char = '\u{e002}';

/// Converts a pattern of the model for a library without the categories of Unicode. [`spelled`] converts texts in the same way.
fn translated(pattern: &str) -> String {
    let visible = format!(r"\x21-\x7E{VISIBLE}");
    let pattern = pattern
        .replace(r"\p{L}\p{M}\p{S}\p{N}\p{P}", &visible)
        .replace(r"\p{Z}", &format!(r"\x20{SEPARATOR}"));
    format!("^(?:{pattern})$")
}

fn spelled(text: &str) -> String {
    let stand_in = |c: char| match c.general_category_group() {
        _ if c.is_ascii() => c,
        GeneralCategoryGroup::Letter
        | GeneralCategoryGroup::Mark
        | GeneralCategoryGroup::Number
        | GeneralCategoryGroup::Punctuation
        | GeneralCategoryGroup::Symbol => VISIBLE,
        GeneralCategoryGroup::Separator => SEPARATOR,
        GeneralCategoryGroup::Other => OTHER,
    };
    text.chars().map(stand_in).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::api::operations::OPERATIONS;

    fn problem(operation: &str, request: &Value) -> String {
        let error = check(operation, request.as_object().unwrap()).unwrap_err();
        error.message.into_owned()
    }

    #[test]
    fn the_model_has_every_operation_shape_and_pattern() {
        let mut known: Vec<&str> = MODEL.operations.keys().map(String::as_str).collect();
        known.sort_unstable();
        assert_eq!(known, OPERATIONS);
        for (name, shape) in &MODEL.shapes {
            let below = [&shape.member, &shape.key, &shape.value].into_iter().flatten();
            for below in below.chain(shape.members.values()) {
                assert!(MODEL.shapes.contains_key(below), "{name}: {below}");
            }
            if let Some(pattern) = &shape.pattern {
                assert!(!translated(pattern).contains(r"\p"), "{pattern}");
                assert!(Regex::new(&translated(pattern)).is_ok(), "{pattern}");
            }
        }
    }

    #[test]
    fn all_that_is_wrong_is_said_at_once() {
        let request = json!({"UserPoolId": "no underscore", "Limit": 61, "PaginationToken": ""});
        assert_eq!(
            problem("ListUsers", &request),
            "3 validation errors detected: Value at 'limit' failed to satisfy constraint: Member must have value less than \
             or equal to 60; Value at 'paginationToken' failed to satisfy constraint: Member must have length greater than \
             or equal to 1; Value at 'userPoolId' failed to satisfy constraint: Member must satisfy regular expression \
             pattern: [\\w-]+_[0-9a-zA-Z]+"
        );
        assert_eq!(
            problem("ListUsers", &json!({})),
            "1 validation error detected: Value null at 'userPoolId' failed to satisfy constraint: Member must not be null"
        );
    }

    #[test]
    fn parts_of_values_are_named() {
        let admin = |more: Value| {
            let mut request = json!({"UserPoolId": "us-east-1_x", "Username": "ana"});
            request
                .as_object_mut()
                .unwrap()
                .extend(more.as_object().unwrap().clone());
            problem("AdminCreateUser", &request)
        };
        for (more, expected) in [
            (
                json!({"UserAttributes": [{"Name": "a"}, {"Name": "x".repeat(33)}]}),
                "Value at 'userAttributes.2.member.name' failed to satisfy constraint: Member must have length less than or \
                 equal to 32",
            ),
            (
                json!({"UserAttributes": [{"Value": "a"}]}),
                "Value null at 'userAttributes.1.member.name' failed to satisfy constraint: Member must not be null",
            ),
            (
                json!({"DesiredDeliveryMediums": ["EMAIL", "PIGEON"]}),
                "Value at 'desiredDeliveryMediums' failed to satisfy constraint: Member must satisfy constraint: [Member \
                 must satisfy enum value set: [SMS, EMAIL]]",
            ),
            (
                json!({"ClientMetadata": {"k": "x".repeat(131_073)}}),
                "Value at 'clientMetadata' failed to satisfy constraint: Map value must satisfy constraint: [Member must \
                 have length less than or equal to 131072]",
            ),
        ] {
            assert_eq!(admin(more), format!("1 validation error detected: {expected}"));
        }
        assert_eq!(
            admin(json!({"UserAttributes": [1]})),
            "`UserAttributes[0]` must be an object"
        );
        assert_eq!(
            admin(json!({"DesiredDeliveryMediums": [1]})),
            "`DesiredDeliveryMediums` must be a list of strings"
        );
    }

    #[test]
    fn names_are_of_visible_characters_of_any_script() {
        for name in ["ana", "añá", "名前", "a\u{301}", "😀", "a+b@c"] {
            assert!(check_text("UsernameType", "userName", name).is_ok(), "{name}");
        }
        for name in ["", "a b", "a\u{a0}b", "a\u{200b}", "a\n", "\u{e000}", "a\u{ad}"] {
            assert!(check_text("UsernameType", "userName", name).is_err(), "{name:?}");
        }
    }
}
