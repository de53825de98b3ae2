//! The functions, with the template's Globals merged in as SAM does.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use serde_json::Value;

use super::error::{At, Problem, TemplateError};
use super::node::{Entry, Kind, Node};
use super::resolver::Resolver;
use super::resource::{FUNCTION, Resource};
use super::shape::{Fields, Shape};
use super::{Code, Function};

/// The supported build method.
pub(super) const BUILD_METHOD: &str = "rust-cargolambda";

/// `Environment` of a function.
pub(super) const ENVIRONMENT: Shape = Shape::Object(&[("Variables", Shape::Each(&Shape::Text))]);

/// `LoggingConfig` of a function.
pub(super) const LOGGING: Shape = Shape::Object(&[
    ("ApplicationLogLevel", Shape::Text),
    ("LogFormat", Shape::Text),
    ("LogGroup", Shape::Skip),
    ("SystemLogLevel", Shape::Skip),
]);

pub(super) const PROPERTIES: Fields = &[
    ("Architectures", Shape::Skip),
    ("AssumeRolePolicyDocument", Shape::Skip),
    ("AutoPublishAlias", Shape::Skip),
    ("AutoPublishAliasAllProperties", Shape::Skip),
    ("AutoPublishCodeSha256", Shape::Skip),
    ("CapacityProviderConfig", Shape::Skip),
    ("CodeSigningConfigArn", Shape::Skip),
    ("CodeUri", Shape::Text),
    ("DeadLetterQueue", Shape::Skip),
    ("DeploymentPreference", Shape::Skip),
    ("Description", Shape::Skip),
    ("DurableConfig", Shape::Skip),
    ("Environment", ENVIRONMENT),
    ("EphemeralStorage", Shape::Skip),
    ("EventInvokeConfig", Shape::Skip),
    ("Events", Shape::Skip),
    ("FileSystemConfigs", Shape::Skip),
    ("FunctionName", Shape::Text),
    ("FunctionScalingConfig", Shape::Skip),
    ("FunctionUrlConfig", Shape::Skip),
    ("Handler", Shape::Text),
    ("ImageConfig", Shape::Skip),
    ("ImageUri", Shape::Skip),
    ("InlineCode", Shape::Text),
    ("KmsKeyArn", Shape::Skip),
    ("Layers", Shape::Skip),
    ("LoggingConfig", LOGGING),
    ("MemorySize", Shape::Whole(128, 10_240)),
    ("PackageType", Shape::Skip),
    ("PermissionsBoundary", Shape::Skip),
    ("Policies", Shape::Skip),
    ("PropagateTags", Shape::Skip),
    ("ProvisionedConcurrencyConfig", Shape::Skip),
    ("PublishToLatestPublished", Shape::Skip),
    ("RecursiveLoop", Shape::Skip),
    ("ReservedConcurrentExecutions", Shape::Skip),
    ("Role", Shape::Skip),
    ("RolePath", Shape::Skip),
    ("Runtime", Shape::Text),
    ("RuntimeManagementConfig", Shape::Skip),
    ("SnapStart", Shape::Skip),
    ("SourceKMSKeyArn", Shape::Skip),
    ("Tags", Shape::Skip),
    ("TenancyConfig", Shape::Skip),
    ("Timeout", Shape::Whole(1, 900)),
    ("Tracing", Shape::Skip),
    ("VersionDeletionPolicy", Shape::Skip),
    ("VersionDescription", Shape::Skip),
    ("VpcConfig", Shape::Skip),
];

/// Properties that Globals cannot have, because each function has its own.
const NEVER_GLOBAL: [&str; 4] = ["Events", "FunctionName", "Policies", "Role"];

/// The folder of a function's package, and the properties that others need.
pub(super) struct Built {
    pub(super) function: Function,
    pub(super) code_uri: String,
    pub(super) at: At,
}

/// Reads the functions that cargo-lambda builds, and skips others. `folder` is the template's.
pub(super) fn read(
    resolver: &Resolver<'_>,
    globals: Option<&Entry>,
    folder: &Path,
) -> Result<Vec<Built>, TemplateError> {
    let globals = function_globals(globals)?;
    let functions = resolver.created(FUNCTION)?;
    functions
        .iter()
        .filter_map(|resource| built(resolver, resource, globals, folder).transpose())
        .collect()
}

/// Returns the alias that Globals define for the last version of every function.
pub(super) fn alias(globals: &Entry) -> Option<&str> {
    let function = globals.value.get("Function")?;
    function.value.get("AutoPublishAlias")?.value.text()
}

pub(super) fn function_globals(globals: Option<&Entry>) -> Result<Option<&Node>, TemplateError> {
    let Some(function) = globals.and_then(|globals| globals.value.get("Function")) else {
        return Ok(None);
    };
    let at = At::default()
        .key("Globals", function.line)
        .key("Function", function.line);
    let known = || {
        PROPERTIES
            .iter()
            .map(|(name, _)| *name)
            .filter(|name| !NEVER_GLOBAL.contains(name))
    };
    for entry in function.value.entries().unwrap_or_default() {
        if !known().any(|name| name == entry.key) {
            return Err(at
                .on(entry.line)
                .error(Problem::unknown("property", &entry.key, known())));
        }
    }
    Ok(Some(&function.value))
}

/// Returns the properties of a function, with Globals merged in.
pub(super) fn merged(own: &Node, globals: Option<&Node>) -> Node {
    globals.map_or_else(|| own.clone(), |globals| merge(globals, own))
}

fn built(
    resolver: &Resolver<'_>,
    resource: &Resource<'_>,
    globals: Option<&Node>,
    folder: &Path,
) -> Result<Option<Built>, TemplateError> {
    let metadata = resource.body.get("Metadata").map(|metadata| &metadata.value);
    let method = metadata.and_then(|metadata| metadata.get("BuildMethod")?.value.text());
    if method != Some(BUILD_METHOD) {
        return Ok(None);
    }
    let missing = |what: &str| Problem::Invalid(format!("has no {what}"));
    // Globals may contain all properties that a function needs.
    let none = Node {
        line: 0,
        kind: Kind::Map(Vec::new()),
    };
    let (own, at) = resource.properties().unwrap_or((&none, resource.at.clone()));
    let mut properties = resolver.object(&merged(own, globals), PROPERTIES, &at)?;

    let Some(Value::String(code_uri)) = properties.remove("CodeUri") else {
        return Err(at.error(missing("`CodeUri`: name the folder of the package")));
    };
    let binary = metadata.and_then(|metadata| metadata.get("BuildProperties")?.value.get("Binary")?.value.text());
    let Some(binary) = binary else {
        let what = "`Metadata.BuildProperties.Binary`: name the binary of the package";
        return Err(resource.at.error(missing(what)));
    };
    let function = Function {
        logical_id: resource.id.to_owned(),
        binary: binary.to_owned(),
        folder: folder.join(&code_uri),
        code: Code::Binary,
        environment: environment(&properties),
        // Lambda's defaults.
        timeout: Duration::from_secs(whole(&properties, "Timeout").unwrap_or(3)),
        memory: whole(&properties, "MemorySize")
            .and_then(|size| u32::try_from(size).ok())
            .unwrap_or(128),
    };
    Ok(Some(Built { function, code_uri, at }))
}

/// Merges Globals into a function's own properties: mappings are merged, lists concatenated, and other values of the
/// function take precedence.
fn merge(global: &Node, own: &Node) -> Node {
    let plain = global.intrinsic().is_none() && own.intrinsic().is_none();
    let kind = match (&global.kind, &own.kind) {
        (Kind::Map(global), Kind::Map(own)) if plain => {
            let mut entries = global.clone();
            for entry in own {
                match entries.iter_mut().find(|existing| existing.key == entry.key) {
                    Some(existing) => {
                        existing.value = merge(&existing.value, &entry.value);
                        existing.line = entry.line;
                    }
                    None => entries.push(entry.clone()),
                }
            }
            Kind::Map(entries)
        }
        (Kind::List(global), Kind::List(own)) => Kind::List(global.iter().chain(own).cloned().collect()),
        _ => return own.clone(),
    };
    Node { line: own.line, kind }
}

/// Returns the variables of the template, and those that Lambda derives from `LoggingConfig`.
pub(super) fn environment(properties: &serde_json::Map<String, Value>) -> BTreeMap<String, String> {
    let variables = properties
        .get("Environment")
        .and_then(|environment| environment.get("Variables")?.as_object());
    let text = |(name, value): (&String, &Value)| Some((name.clone(), value.as_str()?.to_owned()));
    let mut environment: BTreeMap<String, String> = variables.into_iter().flatten().filter_map(text).collect();
    for (setting, variable) in [
        ("ApplicationLogLevel", "AWS_LAMBDA_LOG_LEVEL"),
        ("LogFormat", "AWS_LAMBDA_LOG_FORMAT"),
    ] {
        let value = properties.get("LoggingConfig").and_then(|logging| logging.get(setting));
        environment.extend(value.and_then(|value| text((&variable.to_owned(), value))));
    }
    environment
}

pub(super) fn whole(properties: &serde_json::Map<String, Value>, name: &str) -> Option<u64> {
    properties.get(name)?.as_u64()
}
