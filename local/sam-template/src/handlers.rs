//! The functions of triggers in languages that Lambda has a runtime for.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

use serde_json::Value;

use super::error::{At, Problem, TemplateError};
use super::functions::{BUILD_METHOD, ENVIRONMENT, LOGGING, PROPERTIES, environment, function_globals, merged, whole};
use super::node::{Entry, Kind, Node};
use super::resolver::Resolver;
use super::resource::{FUNCTION, LAMBDA_FUNCTION, Resource};
use super::shape::{Fields, Shape};
use super::{Code, Function, Handler, Language};

/// The supported kinds of code, for messages.
const SUPPORTED: &str =
    "nodejs…, python…, a folder or zip with a `bootstrap`, and `Metadata.BuildMethod: rust-cargolambda`";

/// The properties of `AWS::Lambda::Function`. `Code` may be text or a mapping, and is read separately.
const LAMBDA_PROPERTIES: Fields = &[
    ("Architectures", Shape::Skip),
    ("CapacityProviderConfig", Shape::Skip),
    ("Code", Shape::Skip),
    ("CodeSigningConfigArn", Shape::Skip),
    ("DeadLetterConfig", Shape::Skip),
    ("Description", Shape::Skip),
    ("DurableConfig", Shape::Skip),
    ("Environment", ENVIRONMENT),
    ("EphemeralStorage", Shape::Skip),
    ("FileSystemConfigs", Shape::Skip),
    ("FunctionName", Shape::Text),
    ("FunctionScalingConfig", Shape::Skip),
    ("Handler", Shape::Text),
    ("ImageConfig", Shape::Skip),
    ("KmsKeyArn", Shape::Skip),
    ("Layers", Shape::Skip),
    ("LoggingConfig", LOGGING),
    ("MemorySize", Shape::Whole(128, 10_240)),
    ("PackageType", Shape::Text),
    ("PublishToLatestPublished", Shape::Skip),
    ("RecursiveLoop", Shape::Skip),
    ("ReservedConcurrentExecutions", Shape::Skip),
    ("Role", Shape::Skip),
    ("Runtime", Shape::Text),
    ("RuntimeManagementConfig", Shape::Skip),
    ("SnapStart", Shape::Skip),
    ("Tags", Shape::Skip),
    ("TenancyConfig", Shape::Skip),
    ("Timeout", Shape::Whole(1, 900)),
    ("TracingConfig", Shape::Skip),
    ("VpcConfig", Shape::Skip),
];

/// `Code` of `AWS::Lambda::Function`, as a mapping.
const CODE: Fields = &[
    ("ImageUri", Shape::Skip),
    ("S3Bucket", Shape::Skip),
    ("S3Key", Shape::Skip),
    ("S3ObjectStorageMode", Shape::Skip),
    ("S3ObjectVersion", Shape::Skip),
    ("SourceKMSKeyArn", Shape::Skip),
    ("ZipFile", Shape::Text),
];

/// Reads the functions whose ARN or name in the template is among `targets`, except those that cargo-lambda builds. It
/// skips all others, because no sign-in needs them. `folder` is the template's.
pub(super) fn read(
    resolver: &Resolver<'_>,
    globals: Option<&Entry>,
    folder: &Path,
    targets: &BTreeSet<String>,
) -> Result<Vec<Function>, TemplateError> {
    let globals = function_globals(globals)?;
    let mut functions = Vec::new();
    for kind in [FUNCTION, LAMBDA_FUNCTION] {
        for resource in resolver.created(kind)? {
            let metadata = resource.body.get("Metadata").map(|metadata| &metadata.value);
            let method = metadata.and_then(|metadata| metadata.get("BuildMethod")?.value.text());
            let arn = resolver.attribute(resource.id, "Arn", &resource.at)?;
            // An ARN with an alias is the same function.
            let calls = |target: &String| {
                let rest = target.strip_prefix(&arn);
                rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(':'))
            };
            let wanted = targets.contains(resource.id) || targets.iter().any(calls);
            if wanted && (kind == LAMBDA_FUNCTION || method != Some(BUILD_METHOD)) {
                let globals = globals.filter(|_| kind == FUNCTION);
                functions.push(function(resolver, resource, globals, folder)?);
            }
        }
    }
    Ok(functions)
}

fn function(
    resolver: &Resolver<'_>,
    resource: &Resource<'_>,
    globals: Option<&Node>,
    folder: &Path,
) -> Result<Function, TemplateError> {
    let none = Node {
        line: 0,
        kind: Kind::Map(Vec::new()),
    };
    let (own, at) = resource.properties().unwrap_or((&none, resource.at.clone()));
    let written = merged(own, globals);
    let known = if resource.kind == FUNCTION {
        PROPERTIES
    } else {
        LAMBDA_PROPERTIES
    };
    let properties = resolver.object(&written, known, &at)?;
    let text = |name: &str| properties.get(name).and_then(Value::as_str);
    if text("PackageType") == Some("Image") {
        return Err(at.error(Problem::NotSupported("PackageType: Image".to_owned(), SUPPORTED)));
    }
    let layers = written.get("Layers");
    if let Some(layers) = layers.filter(|layers| layers.value.items().is_none_or(|items| !items.is_empty())) {
        let supported = "code that has all that it needs in its own folder";
        return Err(at
            .on(layers.line)
            .error(Problem::NotSupported("Layers".to_owned(), supported)));
    }
    let (place, inline) = source(resolver, resource, &written, text("CodeUri"), text("InlineCode"), &at)?;
    let folder = place
        .as_ref()
        .map_or_else(|| folder.to_owned(), |place| folder.join(place));
    let runtime = text("Runtime").unwrap_or_default();
    let language = language(runtime);
    let zip = folder.is_file() && folder.extension().is_some_and(|extension| extension == "zip") && language.is_none();
    if let Some(place) = place.filter(|_| !zip && !folder.is_dir()) {
        return Err(at.error(Problem::Invalid(format!("its code `{place}` is not a folder"))));
    }
    if language.is_none() && !zip && !folder.join("bootstrap").is_file() {
        let runtime = if runtime.is_empty() { "none" } else { runtime };
        return Err(at.error(Problem::NotSupported(format!("Runtime: {runtime}"), SUPPORTED)));
    }
    let code = match (language, text("Handler")) {
        (None, _) if zip => Code::Zip(folder.clone()),
        (None, _) => Code::Binary,
        (Some(_), None) => {
            let missing = "has no `Handler`: name the file and its function, as in `index.handler`";
            return Err(at.error(Problem::Invalid(missing.to_owned())));
        }
        (Some(language), Some(name)) => Code::Handler(Handler {
            language,
            runtime: runtime.to_owned(),
            name: name.to_owned(),
            inline,
        }),
    };
    Ok(Function {
        logical_id: resource.id.to_owned(),
        binary: resource.id.to_owned(),
        folder,
        code,
        environment: environment(&properties),
        // Lambda's defaults.
        timeout: Duration::from_secs(whole(&properties, "Timeout").unwrap_or(3)),
        memory: whole(&properties, "MemorySize")
            .and_then(|size| u32::try_from(size).ok())
            .unwrap_or(128),
    })
}

fn language(runtime: &str) -> Option<Language> {
    if runtime.starts_with("nodejs") {
        Some(Language::Node)
    } else if runtime.starts_with("python") {
        Some(Language::Python)
    } else {
        None
    }
}

/// Returns the location of the code: a path from the template's folder, or the source itself.
fn source(
    resolver: &Resolver<'_>,
    resource: &Resource<'_>,
    written: &Node,
    code_uri: Option<&str>,
    inline: Option<&str>,
    at: &At,
) -> Result<(Option<String>, Option<String>), TemplateError> {
    if let Some(source) = inline {
        return Ok((None, Some(source.to_owned())));
    }
    if let Some(path) = code_uri {
        return Ok((Some(path.to_owned()), None));
    }
    // The CDK names the folder of an asset beside its later address.
    let metadata = resource.body.get("Metadata").map(|metadata| &metadata.value);
    let asset = metadata.and_then(|metadata| metadata.get("aws:asset:path")?.value.text());
    if let Some(path) = asset {
        return Ok((Some(path.to_owned()), None));
    }
    let missing = || {
        let missing = "has no code on this machine: give it a folder, or its source";
        at.error(Problem::Invalid(missing.to_owned()))
    };
    let code = written.get("Code").ok_or_else(missing)?;
    let at = at.key("Code", code.line);
    if code.value.intrinsic().is_none()
        && let Some(path) = code.value.text()
    {
        return Ok((Some(path.to_owned()), None));
    }
    let code = resolver.object(&code.value, CODE, &at)?;
    match code.get("ZipFile").and_then(Value::as_str) {
        Some(source) => Ok((None, Some(source.to_owned()))),
        None => Err(missing()),
    }
}
