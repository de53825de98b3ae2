//! The resources that do not run here.

use std::fmt;

use super::Function;
use super::error::TemplateError;
use super::resolver::Resolver;
use super::resource::{ALIAS, FUNCTION, LAMBDA_FUNCTION, READ};

/// A resource that does not run here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Skipped {
    /// The name in the template.
    pub logical_id: String,
    /// The type, such as `AWS::SNS::Topic`.
    pub kind: String,
    /// The first line.
    pub line: usize,
    /// The reason why it does not run.
    pub why: &'static str,
}

impl fmt::Display for Skipped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            logical_id,
            kind,
            line,
            why,
        } = self;
        write!(f, "line {line}: {logical_id} ({kind}) is skipped: {why}")
    }
}

/// Returns the resources that do not run, in the order of the template.
pub(super) fn skipped(resolver: &Resolver<'_>, functions: &[Function]) -> Result<Vec<Skipped>, TemplateError> {
    let mut skipped = Vec::new();
    for resource in &resolver.resources {
        let is_function = [FUNCTION, LAMBDA_FUNCTION].contains(&resource.kind);
        let why = if !resolver.is_created(resource)? {
            "its condition is false"
        } else if is_function && !functions.iter().any(|function| function.logical_id == resource.id) {
            "no trigger or route calls it"
        } else if !READ.contains(&resource.kind) && resource.kind != ALIAS {
            "a sign-in does not need it"
        } else {
            continue;
        };
        skipped.push(Skipped {
            logical_id: resource.id.to_owned(),
            kind: resource.kind.to_owned(),
            line: resource.at.line_number(),
            why,
        });
    }
    Ok(skipped)
}
