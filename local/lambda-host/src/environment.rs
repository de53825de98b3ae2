//! The variables that Lambda sets in the environment of a function.

use std::collections::BTreeMap;
use std::path::Path;

/// The properties of a function that its environment contains.
#[derive(Clone, Copy, Debug)]
pub struct Environment<'a> {
    /// The function's name.
    pub name: &'a str,
    /// The memory in MB.
    pub memory: u32,
    /// The handler, in the syntax of the runtime.
    pub handler: &'a str,
    /// The AWS region of the function.
    pub region: &'a str,
    /// The folder of the function's code.
    pub folder: &'a Path,
}

/// Returns the variables that Lambda sets. They override the function's own.
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
