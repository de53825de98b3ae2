//! What Lambda itself puts into the environment of a function.

use std::collections::BTreeMap;
use std::path::Path;

/// What the environment says of a function.
#[derive(Clone, Copy, Debug)]
pub struct Environment<'a> {
    /// The function's name.
    pub name: &'a str,
    /// Megabytes.
    pub memory: u32,
    /// Which code of the function is called, in the words of its runtime.
    pub handler: &'a str,
    /// The AWS region that the function is in.
    pub region: &'a str,
    /// The folder of the function's code.
    pub folder: &'a Path,
}

/// The variables that Lambda sets, which win over those of the function's own configuration.
pub fn environment(function: Environment<'_>) -> BTreeMap<String, String> {
    let Environment {
        name,
        memory,
        handler,
        region,
        folder,
    } = function;
    let folder = folder.to_string_lossy();
    let variables = [
        ("AWS_DEFAULT_REGION", region.to_owned()),
        ("AWS_EC2_METADATA_DISABLED", "true".to_owned()),
        ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", memory.to_string()),
        ("AWS_LAMBDA_FUNCTION_NAME", name.to_owned()),
        ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST".to_owned()),
        ("AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand".to_owned()),
        ("AWS_LAMBDA_LOG_GROUP_NAME", format!("/aws/lambda/{name}")),
        ("AWS_LAMBDA_LOG_STREAM_NAME", "local/[$LATEST]".to_owned()),
        ("AWS_REGION", region.to_owned()),
        ("LAMBDA_RUNTIME_DIR", folder.clone().into_owned()),
        ("LAMBDA_TASK_ROOT", folder.into_owned()),
        ("LANG", "en_US.UTF-8".to_owned()),
        ("TZ", ":UTC".to_owned()),
        ("_HANDLER", handler.to_owned()),
    ];
    variables.map(|(name, value)| (name.to_owned(), value)).into()
}
