//! Combines the template and the command line to the functions that run.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use lambda_host::{Environment, Program, Spec, environment};
use sam_template::{Code, Function, Template};

use crate::args::Args;
use crate::flow;
use crate::zips::zip_name;

/// An option of the command line that does not fit the template.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum FunctionsError {
    #[error(
        "no function `{binary}` in `{folder}` (looked for `{zip}`, `{binary}/bootstrap`, `{id}/bootstrap` and `{binary}`)"
    )]
    MissingFunction {
        binary: String,
        id: String,
        folder: PathBuf,
        zip: String,
    },
    #[error("no user pool of the template has a `{trigger}` trigger that the command could replace")]
    MissingTrigger { trigger: &'static str },
}

/// Returns the commands in place of functions, by the functions' logical ids.
pub(crate) fn commands(template: &Template, args: &Args) -> Result<BTreeMap<String, Program>, FunctionsError> {
    let mut commands = BTreeMap::new();
    for trigger in [
        "DefineAuthChallenge",
        "CreateAuthChallenge",
        "VerifyAuthChallengeResponse",
        "PreTokenGeneration",
    ] {
        let Some(line) = args.command(trigger) else { continue };
        let mut functions = template
            .user_pools
            .iter()
            .filter_map(|pool| {
                let other_name = || pool.triggers.get(&format!("{trigger}Config"));
                pool.triggers.get(trigger).or_else(other_name)
            })
            .peekable();
        if functions.peek().is_none() {
            return Err(FunctionsError::MissingTrigger { trigger });
        }
        commands.extend(functions.map(|function| (function.clone(), Program::Shell(line.to_owned()))));
    }
    Ok(commands)
}

/// Returns the binary of `function` in a folder that cargo-lambda, SAM or cargo has filled.
pub(crate) fn find(function: &Function, folder: &Path) -> Result<Program, FunctionsError> {
    let Function { binary, logical_id, .. } = function;
    [
        folder.join(binary).join("bootstrap"),
        folder.join(logical_id).join("bootstrap"),
        folder.join(binary),
    ]
    .into_iter()
    .find(|path| path.is_file())
    // The working directory of the process is another folder.
    .and_then(|path| path.canonicalize().ok())
    .map(Program::Binary)
    .ok_or_else(|| FunctionsError::MissingFunction {
        binary: binary.clone(),
        id: logical_id.clone(),
        folder: folder.to_owned(),
        zip: zip_name(binary),
    })
}

/// The values of this run for the functions.
#[derive(Debug)]
pub(crate) struct Run<'a> {
    pub(crate) region: &'a str,
    pub(crate) cognito_endpoint: &'a str,
    pub(crate) s3_endpoint: &'a str,
    pub(crate) dynamodb_endpoint: &'a str,
    pub(crate) messages_endpoint: &'a str,
    pub(crate) access_key: &'a str,
    pub(crate) secret_key: &'a str,
    /// `PATH` and `HOME`.
    pub(crate) inherited: &'a [(String, String)],
    /// The working directory of commands.
    pub(crate) folder: &'a Path,
}

/// Returns the functions of `template` that have a program. A function whose flow starts with a password gets a twin
/// without it. Twins are not started before their first call.
pub(crate) fn specs(template: &Template, programs: &BTreeMap<String, Program>, run: &Run<'_>) -> Vec<Spec> {
    let mut specs = Vec::new();
    for function in &template.functions {
        let Some(program) = programs.get(&function.logical_id) else {
            continue;
        };
        specs.push(spec(function, program, template, run, true));
        if let Some(second) = flow::twin_of(function) {
            specs.push(spec(&second, program, template, run, false));
        }
    }
    specs
}

fn spec(function: &Function, program: &Program, template: &Template, run: &Run<'_>, warm: bool) -> Spec {
    // A function that does not name a bucket has no permission for one.
    let uses_s3 = function
        .environment
        .values()
        .any(|value| template.buckets.values().any(|bucket| bucket == value));
    let credentials = if uses_s3 {
        (run.access_key, run.secret_key)
    } else {
        ("NORIGHTS", "none")
    };
    let folder = match program {
        Program::Binary(path) => path.parent().unwrap_or(run.folder),
        Program::Command { folder, .. } => folder,
        Program::Shell(_) => run.folder,
    };
    let handler = match &function.code {
        Code::Binary | Code::Zip(_) => "bootstrap",
        Code::Handler(handler) => &handler.name,
    };
    let mut variables: BTreeMap<String, String> = run.inherited.iter().cloned().collect();
    variables.extend(function.environment.clone());
    let own = [
        ("AWS_ACCESS_KEY_ID", credentials.0),
        ("AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER", run.cognito_endpoint),
        ("AWS_ENDPOINT_URL_DYNAMODB", run.dynamodb_endpoint),
        ("AWS_ENDPOINT_URL_S3", run.s3_endpoint),
        ("AWS_ENDPOINT_URL_SESV2", run.messages_endpoint),
        ("AWS_ENDPOINT_URL_SNS", run.messages_endpoint),
        ("AWS_SECRET_ACCESS_KEY", credentials.1),
    ];
    variables.extend(own.map(|(name, value)| (name.to_owned(), value.to_owned())));
    variables.extend(environment(Environment {
        name: &function.logical_id,
        memory: function.memory,
        handler,
        region: run.region,
        folder,
    }));
    Spec {
        logical_id: function.logical_id.clone(),
        binary: function.binary.clone(),
        program: program.clone(),
        environment: variables,
        timeout: function.timeout,
        warm,
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use clap::Parser;

    use super::*;
    use sam_template::UserPool;

    fn function(id: &str, environment: &[(&str, &str)]) -> Function {
        Function {
            logical_id: id.into(),
            binary: id.to_lowercase(),
            folder: PathBuf::new(),
            code: Code::Binary,
            environment: environment
                .iter()
                .map(|(name, value)| ((*name).into(), (*value).into()))
                .collect(),
            timeout: Duration::from_secs(5),
            memory: 128,
        }
    }

    #[test]
    fn lambdas_own_variables_win_over_the_templates() {
        let mut template = template();
        template.functions = vec![function(
            "Define",
            &[("AWS_REGION", "mars"), ("AUTH_FLOW", "CAPTCHA:3")],
        )];
        let environment = &specs_of(&template)[0].environment;
        assert_eq!(environment["AWS_REGION"], "us-east-1");
        assert_eq!(environment["AUTH_FLOW"], "CAPTCHA:3");
        assert_eq!(environment["HOME"], "/home/me");
        for service in ["SESV2", "SNS"] {
            let name = format!("AWS_ENDPOINT_URL_{service}");
            assert_eq!(environment[&name], "http://127.0.0.1:2", "{name}");
        }
        assert_eq!(
            environment["AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER"],
            "http://127.0.0.1:3"
        );
        assert_eq!(environment["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"], "128");
    }

    fn template() -> Template {
        Template {
            functions: vec![
                function("Define", &[("AUTH_FLOW", "PASSWORD,CAPTCHA:3")]),
                function(
                    "Create",
                    &[("AUTH_FLOW", "PASSWORD,CAPTCHA:3"), ("CAPTCHA_BUCKET", "pictures")],
                ),
                function("Other", &[]),
            ],
            user_pools: vec![UserPool {
                logical_id: "UserPool".into(),
                triggers: BTreeMap::from([("DefineAuthChallenge".into(), "Define".into())]),
                properties: serde_json::Map::new(),
            }],
            clients: Vec::new(),
            buckets: BTreeMap::from([("CaptchaBucket".into(), "pictures".into())]),
            tables: BTreeMap::new(),
            http_apis: Vec::new(),
            skipped: Vec::new(),
        }
    }

    fn specs_of(template: &Template) -> Vec<Spec> {
        let programs = template
            .functions
            .iter()
            .map(|function| (function.logical_id.clone(), Program::Shell("true".into())))
            .collect();
        let run = Run {
            region: "us-east-1",
            cognito_endpoint: "http://127.0.0.1:3",
            s3_endpoint: "http://127.0.0.1:1",
            dynamodb_endpoint: "http://127.0.0.1:1",
            messages_endpoint: "http://127.0.0.1:2",
            access_key: "KEY",
            secret_key: "SECRET",
            inherited: &[
                ("HOME".into(), "/home/me".into()),
                ("AUTH_FLOW".into(), "not this".into()),
            ],
            folder: Path::new("/tmp"),
        };
        specs(template, &programs, &run)
    }

    #[test]
    fn a_flow_with_a_password_runs_a_second_time_without_it() {
        let specs = specs_of(&template());
        let ids: Vec<_> = specs.iter().map(|spec| spec.logical_id.as_str()).collect();
        assert_eq!(
            ids,
            ["Define", "DefineNoPassword", "Create", "CreateNoPassword", "Other"]
        );
        assert_eq!(specs[1].environment["AUTH_FLOW"], "CAPTCHA:3");
        assert_eq!(
            specs.iter().map(|spec| spec.warm).collect::<Vec<_>>(),
            [true, false, true, false, true]
        );
    }

    #[test]
    fn a_flow_without_a_password_runs_once() {
        let mut template = template();
        flow::set(&mut template, "CAPTCHA:2").unwrap();
        assert_eq!(flow::of(&template), Some("CAPTCHA:2"));
        assert_eq!(specs_of(&template).len(), 3);
        assert_eq!(flow::without_password("PASSWORD"), None);
        assert_eq!(flow::without_password("PASSWORDLESS:1,CAPTCHA:3"), None);
    }

    #[test]
    fn only_a_function_that_names_a_bucket_may_use_s3() {
        for spec in specs_of(&template()) {
            let has_key = spec.environment["AWS_SECRET_ACCESS_KEY"] == "SECRET";
            assert_eq!(has_key, spec.logical_id.starts_with("Create"), "{}", spec.logical_id);
        }
    }

    #[test]
    fn a_command_stands_in_for_the_function_of_its_trigger() {
        let args = Args::parse_from(["local", "--define-auth-challenge", "python3 define.py"]);
        let found = commands(&template(), &args).unwrap();
        assert_eq!(
            found,
            BTreeMap::from([("Define".to_owned(), Program::Shell("python3 define.py".into()))])
        );

        let args = Args::parse_from(["local", "--create-auth-challenge", "x"]);
        let error = commands(&template(), &args).unwrap_err().to_string();
        assert!(error.contains("`CreateAuthChallenge`"), "{error}");
    }

    #[test]
    fn a_missing_binary_says_where_it_was_looked_for() {
        let error = find(&function("Define", &[]), Path::new("/nowhere"))
            .unwrap_err()
            .to_string();
        assert_eq!(
            error,
            format!(
                "no function `define` in `/nowhere` (looked for `{}`, `define/bootstrap`, `Define/bootstrap` and `define`)",
                zip_name("define")
            )
        );
    }
}
