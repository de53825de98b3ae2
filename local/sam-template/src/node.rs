//! YAML with line numbers, and CloudFormation's short tags in their long form.

use std::collections::HashMap;

use saphyr_parser::{Event, Parser, ScalarStyle, ScanError, Span, StrInput, Tag};
use serde_json::{Number, Value};

use super::error::{At, Problem, TemplateError};

/// The maximum depth of a template. Without it, reading could exhaust the stack.
const MAX_DEPTH: usize = 64;

/// A YAML node.
#[derive(Clone, Debug)]
pub(super) struct Node {
    pub(super) line: usize,
    pub(super) kind: Kind,
}

#[derive(Clone, Debug)]
pub(super) enum Kind {
    Bool(bool),
    List(Vec<Node>),
    Map(Vec<Entry>),
    Null,
    Number(Number),
    Text(String),
}

/// A key and its value.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) key: String,
    pub(super) line: usize,
    pub(super) value: Node,
}

impl Node {
    /// Reads one YAML document.
    pub(super) fn parse(text: &str) -> Result<Self, TemplateError> {
        let mut reader = Reader {
            parser: Parser::new_from_str(text),
        };
        loop {
            let (event, span) = reader.next()?;
            match event {
                Event::StreamStart | Event::DocumentStart(_) | Event::Nothing => {}
                Event::StreamEnd => {
                    return Ok(Self {
                        line: span.start.line(),
                        kind: Kind::Null,
                    });
                }
                first => return reader.node(first, span, 0),
            }
        }
    }

    /// Returns the entries, if this is a mapping.
    pub(super) fn entries(&self) -> Option<&[Entry]> {
        match &self.kind {
            Kind::Map(entries) => Some(entries),
            _ => None,
        }
    }

    /// Returns the items, if this is a list.
    pub(super) fn items(&self) -> Option<&[Node]> {
        match &self.kind {
            Kind::List(items) => Some(items),
            _ => None,
        }
    }

    /// Returns the text, if this is text.
    pub(super) fn text(&self) -> Option<&str> {
        match &self.kind {
            Kind::Text(text) => Some(text),
            _ => None,
        }
    }

    /// Returns a scalar as text, like CloudFormation where it expects a string.
    pub(super) fn scalar(&self) -> Option<String> {
        match &self.kind {
            Kind::Bool(value) => Some(value.to_string()),
            Kind::Number(number) => Some(number.to_string()),
            Kind::Text(text) => Some(text.clone()),
            Kind::List(_) | Kind::Map(_) | Kind::Null => None,
        }
    }

    /// Returns the value of `key`, if this is a mapping that has it.
    pub(super) fn get(&self, key: &str) -> Option<&Entry> {
        self.entries()?.iter().find(|entry| entry.key == key)
    }

    /// Returns the function's name and its argument, if this is an intrinsic function.
    ///
    /// `Condition` is not one of them: outside of conditions it is an ordinary key, as in a policy statement.
    pub(super) fn intrinsic(&self) -> Option<(&str, &Node)> {
        match self.entries()? {
            [only] if only.key == "Ref" || only.key.starts_with("Fn::") => Some((&only.key, &only.value)),
            _ => None,
        }
    }

    /// Returns the value as JSON, or `None` if it is not a scalar.
    pub(super) fn json(&self) -> Option<Value> {
        match &self.kind {
            Kind::Bool(value) => Some(Value::Bool(*value)),
            Kind::Number(number) => Some(Value::Number(number.clone())),
            Kind::Text(text) => Some(Value::String(text.clone())),
            Kind::List(_) | Kind::Map(_) | Kind::Null => None,
        }
    }
}

struct Reader<'input> {
    parser: Parser<'input, StrInput<'input>>,
}

impl<'input> Reader<'input> {
    fn next(&mut self) -> Result<(Event<'input>, Span), TemplateError> {
        let event = self.parser.next_event().transpose().map_err(|error| at_mark(&error))?;
        Ok(event.unwrap_or_else(|| (Event::StreamEnd, Span::default())))
    }

    fn node(&mut self, event: Event<'input>, span: Span, depth: usize) -> Result<Node, TemplateError> {
        let line = span.start.line();
        let here = At::line(line);
        if depth > MAX_DEPTH {
            return Err(here.error(Problem::Yaml(format!("nested deeper than {MAX_DEPTH} levels"))));
        }
        match event {
            Event::Scalar(text, style, _, tag) => {
                let plain = style == ScalarStyle::Plain;
                Ok(tagged(
                    tag.as_deref(),
                    Node {
                        line,
                        kind: scalar(&text, plain && !is_core_string(tag.as_deref())),
                    },
                ))
            }
            Event::SequenceStart(_, tag) => {
                let mut items = Vec::new();
                loop {
                    match self.next()? {
                        (Event::SequenceEnd, _) => break,
                        (event, span) => items.push(self.node(event, span, depth + 1)?),
                    }
                }
                Ok(tagged(
                    tag.as_deref(),
                    Node {
                        line,
                        kind: Kind::List(items),
                    },
                ))
            }
            Event::MappingStart(_, tag) => {
                let entries = self.entries(depth)?;
                Ok(tagged(
                    tag.as_deref(),
                    Node {
                        line,
                        kind: Kind::Map(entries),
                    },
                ))
            }
            Event::Alias(_) => Err(here.error(Problem::Yaml(
                "aliases (`*name`) are not supported: repeat the value".into(),
            ))),
            _ => Err(here.error(Problem::Yaml("ends too early".into()))),
        }
    }

    fn entries(&mut self, depth: usize) -> Result<Vec<Entry>, TemplateError> {
        let mut entries: Vec<Entry> = Vec::new();
        let mut lines = HashMap::new();
        loop {
            let (key, line) = match self.next()? {
                (Event::MappingEnd, _) => return Ok(entries),
                (Event::Scalar(key, ..), span) => (key.into_owned(), span.start.line()),
                (_, span) => {
                    let here = At::line(span.start.line());
                    return Err(here.error(Problem::Yaml("a key must be text".into())));
                }
            };
            if let Some(first) = lines.insert(key.clone(), line) {
                let problem = Problem::Yaml(format!("`{key}` exists already, on line {first}"));
                return Err(At::line(line).error(problem));
            }
            let (event, span) = self.next()?;
            let value = self.node(event, span, depth + 1)?;
            entries.push(Entry { key, line, value });
        }
    }
}

fn at_mark(error: &ScanError) -> TemplateError {
    At::line(error.marker().line()).error(Problem::Yaml(error.info().to_owned()))
}

fn is_core_string(tag: Option<&Tag>) -> bool {
    tag.is_some_and(|tag| tag.is_yaml_core_schema() && tag.suffix == "str")
}

/// Reads a scalar as CloudFormation does, by YAML 1.1: a bare `OFF` or `yes` is a boolean.
fn scalar(text: &str, plain: bool) -> Kind {
    if !plain {
        return Kind::Text(text.to_owned());
    }
    match text {
        "" | "~" | "null" | "Null" | "NULL" => Kind::Null,
        "true" | "True" | "TRUE" | "yes" | "Yes" | "YES" | "on" | "On" | "ON" => Kind::Bool(true),
        "false" | "False" | "FALSE" | "no" | "No" | "NO" | "off" | "Off" | "OFF" => Kind::Bool(false),
        _ => number(text).map_or_else(|| Kind::Text(text.to_owned()), Kind::Number),
    }
}

fn number(text: &str) -> Option<Number> {
    // Rust parses `inf` and `nan` as numbers, YAML does not.
    let looks_like_one = text.starts_with(|first: char| first.is_ascii_digit() || "+-.".contains(first));
    let text = looks_like_one.then_some(text)?;
    let whole = text.parse::<i64>().ok().map(Number::from);
    whole.or_else(|| text.parse().ok().and_then(Number::from_f64))
}

/// Writes `!Ref x` as `{Ref: x}` and `!GetAtt a.b` as `{Fn::GetAtt: a.b}`.
fn tagged(tag: Option<&Tag>, node: Node) -> Node {
    let Some(tag) = tag.filter(|tag| !tag.is_yaml_core_schema()) else {
        return node;
    };
    let key = match tag.suffix.as_str() {
        "Ref" | "Condition" => tag.suffix.clone(),
        other => format!("Fn::{other}"),
    };
    let line = node.line;
    Node {
        line,
        kind: Kind::Map(vec![Entry { key, line, value: node }]),
    }
}
