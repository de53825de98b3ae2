//! What a function finds in its environment.

use std::collections::BTreeMap;
use std::path::Path;

use crate::template::Function;

/// What the environment has from this machine rather than from the template.
#[derive(Debug)]
pub(crate) struct Settings<'a> {
    pub(crate) region: &'a str,
    /// Where the function's code lies.
    pub(crate) folder: &'a Path,
    /// Access key id and secret access key of the function's role.
    pub(crate) credentials: (&'a str, &'a str),
    /// Address of the embedded S3.
    pub(crate) s3_endpoint: &'a str,
    /// Address of the embedded DynamoDB.
    pub(crate) dynamodb_endpoint: &'a str,
    /// Address of the embedded SES and SNS.
    pub(crate) messages_endpoint: &'a str,
    /// `PATH` and `HOME` of this machine: a command that stands in for a function has to be found.
    pub(crate) inherited: &'a [(String, String)],
}

/// The environment of `function`: the template's, and what Lambda itself sets, which wins.
pub(crate) fn environment(function: &Function, settings: &Settings<'_>) -> BTreeMap<String, String> {
    let name = &function.logical_id;
    let folder = settings.folder.to_string_lossy();
    let (access_key, secret_key) = settings.credentials;
    let mut environment: BTreeMap<String, String> = settings.inherited.iter().cloned().collect();
    environment.extend(function.environment.clone());
    let lambda = [
        ("AWS_ACCESS_KEY_ID", access_key.to_owned()),
        ("AWS_DEFAULT_REGION", settings.region.to_owned()),
        ("AWS_EC2_METADATA_DISABLED", "true".to_owned()),
        ("AWS_ENDPOINT_URL_DYNAMODB", settings.dynamodb_endpoint.to_owned()),
        ("AWS_ENDPOINT_URL_S3", settings.s3_endpoint.to_owned()),
        ("AWS_ENDPOINT_URL_SESV2", settings.messages_endpoint.to_owned()),
        ("AWS_ENDPOINT_URL_SNS", settings.messages_endpoint.to_owned()),
        ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", function.memory.to_string()),
        ("AWS_LAMBDA_FUNCTION_NAME", name.clone()),
        ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST".to_owned()),
        ("AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand".to_owned()),
        ("AWS_LAMBDA_LOG_GROUP_NAME", format!("/aws/lambda/{name}")),
        ("AWS_LAMBDA_LOG_STREAM_NAME", "local/[$LATEST]".to_owned()),
        ("AWS_REGION", settings.region.to_owned()),
        ("AWS_SECRET_ACCESS_KEY", secret_key.to_owned()),
        ("LAMBDA_RUNTIME_DIR", folder.clone().into_owned()),
        ("LAMBDA_TASK_ROOT", folder.into_owned()),
        ("LANG", "en_US.UTF-8".to_owned()),
        ("TZ", ":UTC".to_owned()),
        ("_HANDLER", "bootstrap".to_owned()),
    ];
    environment.extend(lambda.map(|(name, value)| (name.to_owned(), value)));
    environment
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;
    use std::time::Duration;

    use super::*;

    #[test]
    fn lambdas_own_variables_win_over_the_templates() {
        let function = Function {
            logical_id: "Create".into(),
            binary: "create".into(),
            folder: PathBuf::new(),
            environment: BTreeMap::from([
                ("AWS_REGION".into(), "mars".into()),
                ("AUTH_FLOW".into(), "CAPTCHA:3".into()),
            ]),
            timeout: Duration::from_secs(3),
            memory: 256,
        };
        let settings = Settings {
            region: "us-east-1",
            folder: Path::new("/var/task"),
            credentials: ("id", "secret"),
            s3_endpoint: "http://127.0.0.1:1",
            dynamodb_endpoint: "http://127.0.0.1:1",
            messages_endpoint: "http://127.0.0.1:2",
            inherited: &[
                ("HOME".into(), "/home/me".into()),
                ("AUTH_FLOW".into(), "not this".into()),
            ],
        };
        let environment = environment(&function, &settings);
        assert_eq!(environment["AWS_REGION"], "us-east-1");
        assert_eq!(environment["AUTH_FLOW"], "CAPTCHA:3");
        assert_eq!(environment["HOME"], "/home/me");
        for service in ["SESV2", "SNS"] {
            let name = format!("AWS_ENDPOINT_URL_{service}");
            assert_eq!(environment[&name], "http://127.0.0.1:2", "{name}");
        }
        assert_eq!(environment["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"], "256");
    }
}
