//! A resource of the template, before it is resolved.

use super::error::{At, Problem, TemplateError, is_misspelt};
use super::node::{Entry, Node};

const ATTRIBUTES: [&str; 11] = [
    "Condition",
    "Connectors",
    "CreationPolicy",
    "DeletionPolicy",
    "DependsOn",
    "Metadata",
    "Properties",
    "Type",
    "UpdatePolicy",
    "UpdateReplacePolicy",
    "Version",
];

pub(super) const FUNCTION: &str = "AWS::Serverless::Function";
pub(super) const LAMBDA_FUNCTION: &str = "AWS::Lambda::Function";
/// The alias that SAM creates for a function's `AutoPublishAlias`. Templates call it `FUNCTION.Alias`.
pub(super) const ALIAS: &str = "AWS::Lambda::Alias";
pub(super) const PERMISSION: &str = "AWS::Lambda::Permission";
pub(super) const USER_POOL: &str = "AWS::Cognito::UserPool";
pub(super) const USER_POOL_CLIENT: &str = "AWS::Cognito::UserPoolClient";
pub(super) const BUCKET: &str = "AWS::S3::Bucket";
pub(super) const SECRET: &str = "AWS::SecretsManager::Secret";
pub(super) const TABLE: &str = "AWS::DynamoDB::Table";
pub(super) const HTTP_API: &str = "AWS::Serverless::HttpApi";
pub(super) const ROLE: &str = "AWS::IAM::Role";

/// The types that are read.
pub(super) const READ: [&str; 9] = [
    FUNCTION,
    LAMBDA_FUNCTION,
    PERMISSION,
    USER_POOL,
    USER_POOL_CLIENT,
    BUCKET,
    SECRET,
    TABLE,
    HTTP_API,
];

/// A resource of the template.
#[derive(Clone, Debug)]
pub(super) struct Resource<'a> {
    pub(super) id: &'a str,
    /// Its type, such as `AWS::S3::Bucket`.
    pub(super) kind: &'a str,
    pub(super) body: &'a Node,
    pub(super) at: At,
}

impl<'a> Resource<'a> {
    /// Reads the outermost level of the `Resources` section.
    pub(super) fn list(section: &'a Entry) -> Result<Vec<Self>, TemplateError> {
        let entries = section.value.entries().unwrap_or_default();
        entries
            .iter()
            .map(|entry| Self::new(entry, &At::default().key("Resources", entry.line)))
            .collect()
    }

    fn new(entry: &'a Entry, at: &At) -> Result<Self, TemplateError> {
        let at = at.key(&entry.key, entry.line);
        if entry.key.starts_with("Fn::") {
            return Err(at.error(Problem::NotSupported(
                entry.key.clone(),
                "resources written out one by one",
            )));
        }
        for attribute in entry.value.entries().unwrap_or_default() {
            if !ATTRIBUTES.contains(&attribute.key.as_str()) {
                return Err(at
                    .on(attribute.line)
                    .error(Problem::unknown("attribute", &attribute.key, ATTRIBUTES)));
            }
        }
        let Some(kind) = entry.value.get("Type").and_then(|kind| kind.value.text()) else {
            return Err(at.error(Problem::Invalid("has no `Type`".to_owned())));
        };
        // Other types are skipped. A misspelled one would be skipped too, so it is an error.
        if is_misspelt(kind, &READ) {
            return Err(at.error(Problem::unknown("type", kind, READ)));
        }
        Ok(Self {
            id: &entry.key,
            kind,
            body: &entry.value,
            at,
        })
    }

    /// Returns the name of the resource's condition.
    pub(super) fn condition(&self) -> Option<&'a str> {
        self.body.get("Condition")?.value.text()
    }

    /// Returns the properties and their place.
    pub(super) fn properties(&self) -> Option<(&'a Node, At)> {
        let properties = self.body.get("Properties")?;
        Some((&properties.value, self.at.key("Properties", properties.line)))
    }

    pub(super) fn property(&self, name: &str) -> Option<(&'a Entry, At)> {
        let (properties, at) = self.properties()?;
        let property = properties.get(name)?;
        Some((property, at.key(name, property.line)))
    }
}
