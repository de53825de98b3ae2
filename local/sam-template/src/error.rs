//! Errors in a template, with their places.

use std::fmt;

use thiserror::Error;

/// An error in a template, with its place.
#[derive(Debug, PartialEq, Eq, Error)]
pub struct TemplateError {
    file: String,
    at: At,
    problem: Box<Problem>,
}

impl fmt::Display for TemplateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { file, at, problem } = self;
        match at.line {
            Some(line) => write!(f, "{file}:{line}: ")?,
            None => write!(f, "{file}: ")?,
        }
        if !at.path.is_empty() {
            write!(f, "{}: ", at.path)?;
        }
        write!(f, "{problem}")
    }
}

impl TemplateError {
    /// Adds the name of the file.
    pub(super) fn in_file(mut self, file: impl Into<String>) -> Self {
        self.file = file.into();
        self
    }
}

/// A place in the template.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct At {
    line: Option<usize>,
    path: String,
}

impl At {
    /// A line without a known path.
    pub(super) fn line(line: usize) -> Self {
        Self {
            line: Some(line),
            path: String::new(),
        }
    }

    /// Returns another line of the same path.
    pub(super) fn on(&self, line: usize) -> Self {
        Self {
            line: Some(line),
            path: self.path.clone(),
        }
    }

    /// Returns the place of `key`, below this one.
    pub(super) fn key(&self, key: &str, line: usize) -> Self {
        let path = if self.path.is_empty() {
            key.to_owned()
        } else {
            format!("{}.{key}", self.path)
        };
        Self { line: Some(line), path }
    }

    /// Returns the place of the list item `index`, below this one.
    pub(super) fn item(&self, index: usize, line: usize) -> Self {
        Self {
            line: Some(line),
            path: format!("{}[{index}]", self.path),
        }
    }

    /// Returns the line, or zero if it is not known.
    pub(super) fn line_number(&self) -> usize {
        self.line.unwrap_or_default()
    }

    /// Returns an error at this place.
    pub(super) fn error(&self, problem: Problem) -> TemplateError {
        TemplateError {
            file: String::new(),
            at: self.clone(),
            problem: Box::new(problem),
        }
    }
}

/// The kinds of errors in a template.
#[derive(Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub(super) enum Problem {
    #[error("`{attribute}` is not an attribute of `{resource}` ({hint})")]
    Attribute {
        resource: String,
        attribute: String,
        hint: String,
    },
    #[error("contains a circular reference: {0}")]
    Circular(String),
    #[error("expected {0}")]
    Expected(String),
    #[error("{0}")]
    Invalid(String),
    #[error(
        "`{pool}` has no permission to invoke `{function}` (add an AWS::Lambda::Permission for it with Action `lambda:InvokeFunction`, Principal `cognito-idp.amazonaws.com` and SourceArn `!GetAtt {pool}.Arn`)"
    )]
    NotAllowed { pool: String, function: String },
    #[error("`{0}` is not created: its condition `{1}` is false")]
    NotCreated(String, String),
    #[error("`{0}` is not supported (supported: {1})")]
    NotSupported(String, &'static str),
    #[error("has no value: write one, or remove the line")]
    Null,
    #[error("unknown {what} `{name}` ({hint})")]
    Unknown {
        what: &'static str,
        name: String,
        hint: String,
    },
    #[error("cannot be read: {0}")]
    Unreadable(String),
    #[error("is not YAML: {0}")]
    Yaml(String),
}

impl Problem {
    /// Creates the error that `name` is not one of `known`.
    pub(super) fn unknown<'a>(what: &'static str, name: &str, known: impl IntoIterator<Item = &'a str>) -> Self {
        Self::Unknown {
            what,
            name: name.to_owned(),
            hint: hint(name, known),
        }
    }
}

/// Returns the one of `known` that is most similar to `name`, or else all of them.
pub(super) fn hint<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    const ALIKE: f64 = 0.7;
    let known: Vec<&str> = known.into_iter().collect();
    match nearest(name, &known) {
        Some((alike, candidate)) if alike >= ALIKE => format!("did you mean `{candidate}`?"),
        Some(_) => format!("known: {}", known.join(", ")),
        None => "no name is known here".to_owned(),
    }
}

/// Whether `name` is a misspelled name of `known`.
pub(super) fn is_misspelt(name: &str, known: &[&str]) -> bool {
    const ALL_BUT_THE_SAME: f64 = 0.9;
    !known.contains(&name) && nearest(name, known).is_some_and(|(alike, _)| alike >= ALL_BUT_THE_SAME)
}

/// Returns the one of `known` that is most similar to `name`, and the similarity.
fn nearest<'a>(name: &str, known: &[&'a str]) -> Option<(f64, &'a str)> {
    let folded = name.to_lowercase();
    let alike = |candidate: &&'a str| (likeness(&folded, &candidate.to_lowercase()), *candidate);
    known.iter().map(alike).max_by(|(a, _), (b, _)| a.total_cmp(b))
}

/// Returns the similarity from 0 to 1. A common prefix counts much.
fn likeness(name: &str, candidate: &str) -> f64 {
    const SHORTEST_BEGINNING: usize = 4;
    if name.len() >= SHORTEST_BEGINNING && candidate.starts_with(name) {
        return 0.9;
    }
    strsim::normalized_damerau_levenshtein(name, candidate)
}
