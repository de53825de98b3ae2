//! Reads the part of `template.yaml` that a sign-in needs.
//!
//! `local` runs what is deployed: the functions and their environment, the pool's triggers and its app client come from
//! the SAM template. Every reference is resolved to a local value, which is always the same. Anything unsupported is an
//! error that names the place. A resource that a sign-in does not need is not read, but the names it refers to are
//! checked.

mod document;
mod error;
mod functions;
mod handlers;
mod http_apis;
mod naming;
mod node;
mod parameters;
mod properties;
mod pseudo;
mod reference_check;
mod resolver;
mod resource;
mod shape;
mod skipped;
mod sub;
mod tables;
#[cfg(test)]
mod tests;
mod user_pools;

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

pub use document::Document;
pub use error::TemplateError;
pub use http_apis::{Cors, HttpApi, JwtAuthorizer, Route, Throttle};
pub use skipped::Skipped;

use error::{At, Problem};
use node::{Entry, Node};
use resolver::Resolver;
use resource::Resource;

/// The resources of the template, with every reference resolved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template {
    /// The functions that can run here.
    pub functions: Vec<Function>,
    /// The user pools.
    pub user_pools: Vec<UserPool>,
    /// The app clients of the pools.
    pub clients: Vec<UserPoolClient>,
    /// Bucket names, by logical id.
    pub buckets: BTreeMap<String, String>,
    /// The tables, by logical id.
    pub tables: BTreeMap<String, Table>,
    /// The HTTP APIs.
    pub http_apis: Vec<HttpApi>,
    /// The resources that do not run here.
    pub skipped: Vec<Skipped>,
}

/// A function that can run here.
#[derive(Clone, PartialEq, Eq)]
pub struct Function {
    /// The name of the resource in the template.
    pub logical_id: String,
    /// The name of its binary. For other languages, its name in the template.
    pub binary: String,
    /// The folder of its code.
    pub folder: PathBuf,
    /// The code.
    pub code: Code,
    /// The variables of Globals and of the function, merged.
    pub environment: BTreeMap<String, String>,
    /// The time limit of an invocation.
    pub timeout: Duration,
    /// The memory in MB.
    pub memory: u32,
}

/// The code of a function.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Code {
    /// A binary, which cargo builds from the package in the folder unless a `bootstrap` exists.
    Binary,
    /// A function in a language that Lambda has a runtime for.
    Handler(Handler),
    /// A binary named `bootstrap` in the zip at this path.
    Zip(PathBuf),
}

/// A function in a language that Lambda has a runtime for.
#[derive(Clone, PartialEq, Eq)]
pub struct Handler {
    /// The language of its runtime.
    pub language: Language,
    /// The runtime, such as `nodejs22.x`.
    pub runtime: String,
    /// The file and the function that are called, such as `index.handler`.
    pub name: String,
    /// The source, if the template contains it. Otherwise it is in the folder.
    pub inline: Option<String>,
}

impl fmt::Debug for Handler {
    /// Hides the source, which may contain secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Handler")
            .field("runtime", &self.runtime)
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

/// A language of functions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    /// JavaScript, run by Node.js.
    Node,
    /// Python.
    Python,
}

impl fmt::Debug for Function {
    /// Hides the values of the environment, which contain secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Function")
            .field("logical_id", &self.logical_id)
            .field("binary", &self.binary)
            .field("folder", &self.folder)
            .field("code", &self.code)
            .field("environment", &self.environment.keys())
            .field("timeout", &self.timeout)
            .field("memory", &self.memory)
            .finish()
    }
}

/// An `AWS::Cognito::UserPool`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserPool {
    /// The name of the resource in the template.
    pub logical_id: String,
    /// The functions' logical ids, by the trigger's name in `LambdaConfig` (`DefineAuthChallenge`, …).
    pub triggers: BTreeMap<String, String>,
    /// The properties in CloudFormation's form, resolved.
    pub properties: serde_json::Map<String, serde_json::Value>,
}

/// An `AWS::Cognito::UserPoolClient`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserPoolClient {
    /// The name of the resource in the template.
    pub logical_id: String,
    /// The logical id of its pool.
    pub user_pool: String,
    /// The properties in CloudFormation's form, resolved.
    pub properties: serde_json::Map<String, serde_json::Value>,
}

/// An `AWS::DynamoDB::Table`, with the properties that are read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Table {
    /// The name of the table.
    pub name: String,
    /// The properties in CloudFormation's form, resolved.
    pub properties: serde_json::Map<String, serde_json::Value>,
}

/// The values that a deployment adds to the template: parameters, and values that AWS generates.
#[derive(Clone)]
pub struct Deployment {
    /// Overrides of the template's parameters, by name.
    pub parameters: BTreeMap<String, String>,
    /// The AWS region.
    pub region: String,
    /// The name of the stack.
    pub stack: String,
    /// The id of the (first) user pool.
    pub pool_id: String,
    /// The id of the (first) app client.
    pub client_id: String,
    /// The content of the template's secrets.
    pub secret: String,
    /// The contents of secrets that the template refers to but does not create, by name.
    pub secrets: BTreeMap<String, String>,
    /// Whether functions are built from their packages, which must then exist.
    pub builds: bool,
}

impl fmt::Debug for Deployment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Deployment")
            .field("parameters", &self.parameters.keys())
            .field("region", &self.region)
            .field("stack", &self.stack)
            .field("pool_id", &self.pool_id)
            .field("client_id", &self.client_id)
            .finish_non_exhaustive()
    }
}

const SECTIONS: [&str; 11] = [
    "AWSTemplateFormatVersion",
    "Conditions",
    "Description",
    "Globals",
    "Mappings",
    "Metadata",
    "Outputs",
    "Parameters",
    "Resources",
    "Rules",
    "Transform",
];

/// The maximum size of a template in CloudFormation, in bytes.
const LARGEST: usize = 1_048_576;

const TRANSFORM: &str = "AWS::Serverless-2016-10-31";

impl Template {
    /// Reads the template at `path`.
    ///
    /// # Errors
    ///
    /// Returns an error if it cannot be read, is not YAML, uses an unsupported feature, or contradicts itself. The
    /// message is one line that names the place and says what would have been right.
    pub fn read(path: &Path, deployment: &Deployment) -> Result<Self, TemplateError> {
        let file = path.display().to_string();
        let folder = path.parent().unwrap_or(Path::new(""));
        let text = std::fs::read_to_string(path)
            .map_err(|error| At::default().error(Problem::Unreadable(error.to_string().to_lowercase())));
        text.and_then(|text| check_size(text.len()).map(|()| text))
            .and_then(|text| Self::parse(&text, folder, deployment))
            .map_err(|error| error.in_file(file))
    }

    /// Reads a template that is in `folder`.
    fn parse(text: &str, folder: &Path, deployment: &Deployment) -> Result<Self, TemplateError> {
        let root = Node::parse(text)?;
        let Some(sections) = root.entries() else {
            return Err(At::default().error(Problem::Expected("a template with a `Resources` section".to_owned())));
        };
        if let Some(unknown) = sections
            .iter()
            .find(|section| !SECTIONS.contains(&section.key.as_str()))
        {
            return Err(At::line(unknown.line).error(Problem::unknown("section", &unknown.key, SECTIONS)));
        }
        let Some(section) = root.get("Resources") else {
            return Err(At::default().error(Problem::Invalid("has no `Resources` section".to_owned())));
        };
        check_transform(root.get("Transform"), section)?;
        let entries = |name: &str| {
            root.get(name)
                .and_then(|section| section.value.entries())
                .unwrap_or_default()
        };
        let resolver = Resolver::new(
            deployment,
            parameters::read(root.get("Parameters"), &deployment.parameters)?,
            entries("Mappings"),
            entries("Conditions"),
            Resource::list(section)?,
            root.get("Globals").and_then(functions::alias),
        );
        reference_check::check(&resolver, root.get("Outputs").map(|outputs| &outputs.value))?;

        let built = functions::read(&resolver, root.get("Globals"), folder)?;
        let mut functions: Vec<Function> = built.iter().map(|built| built.function.clone()).collect();
        let mut targets = user_pools::targets(&resolver)?;
        targets.extend(http_apis::targets(&resolver)?);
        functions.extend(handlers::read(&resolver, root.get("Globals"), folder, &targets)?);
        let user_pools = user_pools::pools(&resolver, &functions)?;
        let clients = user_pools::clients(&resolver, &user_pools)?;
        let mut buckets = BTreeMap::new();
        for bucket in resolver.created(resource::BUCKET)? {
            buckets.insert(
                bucket.id.to_owned(),
                resolver.resource_reference(bucket.id, &bucket.at)?,
            );
        }
        let tables = tables::read(&resolver)?;
        let http_apis = http_apis::read(&resolver, root.get("Globals"))?;
        // Last: if the packages are missing, errors of the template itself are still reported first.
        for built in built.iter().filter(|_| deployment.builds) {
            let folder = &built.function.folder;
            if !folder.join("Cargo.toml").is_file() && !folder.join("bootstrap").is_file() {
                let missing = format!("`CodeUri: {}` has no `Cargo.toml`", built.code_uri);
                return Err(built.at.error(Problem::Invalid(missing)));
            }
        }
        let skipped = skipped::skipped(&resolver, &functions)?;
        Ok(Self {
            functions,
            user_pools,
            clients,
            buckets,
            tables,
            http_apis,
            skipped,
        })
    }
}

fn check_size(bytes: usize) -> Result<(), TemplateError> {
    if bytes <= LARGEST {
        return Ok(());
    }
    let problem = format!("has {bytes} bytes: CloudFormation accepts at most {LARGEST}");
    Err(At::default().error(Problem::Invalid(problem)))
}

/// Without its transform, CloudFormation does not know serverless functions.
fn check_transform(transform: Option<&Entry>, resources: &Entry) -> Result<(), TemplateError> {
    let Some(transform) = transform else {
        let mut resources = resources.value.entries().unwrap_or_default().iter();
        let kind = |resource: &Entry| {
            resource
                .value
                .get("Type")
                .and_then(|kind| kind.value.text().map(str::to_owned))
        };
        if resources.any(|resource| kind(resource).is_some_and(|kind| kind.starts_with("AWS::Serverless::"))) {
            return Err(At::default().error(Problem::Invalid(format!("has no `Transform: {TRANSFORM}`"))));
        }
        return Ok(());
    };
    let at = At::default().key("Transform", transform.line);
    let single = std::slice::from_ref(&transform.value);
    for name in transform.value.items().unwrap_or(single) {
        if name.text() != Some(TRANSFORM) {
            let name = name.text().unwrap_or("Transform").to_owned();
            return Err(at.error(Problem::NotSupported(name, TRANSFORM)));
        }
    }
    Ok(())
}
