//! From the template and the command line to the functions that run.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::args::Args;
use crate::functions::{Program, Settings, Spec, environment};
use crate::shipped::zip_name;
use crate::template::{Function, Template};

/// The variable that holds the steps of a sign-in.
const FLOW: &str = "AUTH_FLOW";

/// The variable that holds the address of the page that a mail's link opens.
const LINK: &str = "MAGIC_LINK_URL";

/// The variable that holds the address that mails come from.
const SENDER: &str = "MAIL_FROM";

/// The step that the AWS CLI cannot do.
const PASSWORD: &str = "PASSWORD";

/// Ends the names of the functions that run the flow without a password.
const TWIN: &str = "NoPassword";

/// What the command line asks for and the template does not have.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum LaunchError {
    #[error("`--flow` has nothing to set: no function of the template has `{FLOW}` in its environment")]
    UnusedFlow,
    #[error(
        "no function `{binary}` in `{folder}` (looked for `{zip}`, `{binary}/bootstrap`, `{id}/bootstrap` and `{binary}`)"
    )]
    MissingFunction {
        binary: String,
        id: String,
        folder: PathBuf,
        zip: String,
    },
    #[error("no user pool of the template has a `{trigger}` trigger that the command could stand in for")]
    MissingTrigger { trigger: &'static str },
}

/// Sets the flow of every function that has one.
pub(crate) fn set_flow(template: &mut Template, flow: &str) -> Result<(), LaunchError> {
    let mut flows: Vec<_> = template
        .functions
        .iter_mut()
        .filter_map(|function| function.environment.get_mut(FLOW))
        .collect();
    if flows.is_empty() {
        return Err(LaunchError::UnusedFlow);
    }
    for value in &mut flows {
        flow.clone_into(value);
    }
    Ok(())
}

/// Has links in mails lead to the page of `local`, unless the template says where they lead.
pub(crate) fn set_link(template: &mut Template, page: &str) {
    for function in &mut template.functions {
        if let Some(link) = function.environment.get_mut(LINK).filter(|link| link.is_empty()) {
            page.clone_into(link);
        }
    }
}

/// The addresses that the template's functions send mail from.
pub(crate) fn senders(template: &Template) -> impl Iterator<Item = &str> {
    let functions = template.functions.iter();
    let senders = functions.filter_map(|function| function.environment.get(SENDER));
    senders.map(String::as_str).filter(|sender| !sender.is_empty())
}

/// The flow that the template's functions run.
pub(crate) fn flow(template: &Template) -> Option<&str> {
    template
        .functions
        .iter()
        .find_map(|function| function.environment.get(FLOW))
        .map(String::as_str)
}

/// The variable `name` of the first function that has it.
pub(crate) fn variable<'a>(template: &'a Template, name: &str) -> Option<&'a str> {
    let mut functions = template.functions.iter();
    functions
        .find_map(|function| function.environment.get(name))
        .map(String::as_str)
}

/// `flow` without its password, if it has one and more.
pub(crate) fn without_password(flow: &str) -> Option<&str> {
    let (first, rest) = flow.split_once(',')?;
    (first.trim() == PASSWORD).then_some(rest)
}

/// Whether the function called `logical_id` has a flow that starts with a password.
pub(crate) fn has_twin(template: &Template, logical_id: &str) -> bool {
    let mut functions = template
        .functions
        .iter()
        .filter(|function| function.logical_id == logical_id);
    functions.any(|function| {
        function
            .environment
            .get(FLOW)
            .is_some_and(|flow| without_password(flow).is_some())
    })
}

/// The name of the function that does what `logical_id` does, in the flow without a password.
pub(crate) fn twin(logical_id: &str) -> String {
    format!("{logical_id}{TWIN}")
}

/// The commands that stand in for functions, by the functions' logical ids.
pub(crate) fn commands(template: &Template, args: &Args) -> Result<BTreeMap<String, Program>, LaunchError> {
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
            return Err(LaunchError::MissingTrigger { trigger });
        }
        commands.extend(functions.map(|function| (function.clone(), Program::Shell(line.to_owned()))));
    }
    Ok(commands)
}

/// The binary of `function` in a folder that cargo-lambda, SAM or cargo has filled.
pub(crate) fn find(function: &Function, folder: &Path) -> Result<Program, LaunchError> {
    let Function { binary, logical_id, .. } = function;
    [
        folder.join(binary).join("bootstrap"),
        folder.join(logical_id).join("bootstrap"),
        folder.join(binary),
    ]
    .into_iter()
    .find(|path| path.is_file())
    // The process starts in another folder.
    .and_then(|path| path.canonicalize().ok())
    .map(Program::Binary)
    .ok_or_else(|| LaunchError::MissingFunction {
        binary: binary.clone(),
        id: logical_id.clone(),
        folder: folder.to_owned(),
        zip: zip_name(binary),
    })
}

/// What the functions have from this run of `local`.
#[derive(Debug)]
pub(crate) struct Surroundings<'a> {
    pub(crate) region: &'a str,
    pub(crate) s3_endpoint: &'a str,
    pub(crate) dynamodb_endpoint: &'a str,
    pub(crate) messages_endpoint: &'a str,
    pub(crate) access_key: &'a str,
    pub(crate) secret_key: &'a str,
    /// `PATH` and `HOME`.
    pub(crate) inherited: &'a [(String, String)],
    /// Where commands run.
    pub(crate) folder: &'a Path,
}

/// The functions of `template` for which there is a program. Those whose flow starts with a password come a second
/// time without it, and these are not started before they are called.
pub(crate) fn specs(template: &Template, programs: &BTreeMap<String, Program>, around: &Surroundings<'_>) -> Vec<Spec> {
    let mut specs = Vec::new();
    for function in &template.functions {
        let Some(program) = programs.get(&function.logical_id) else {
            continue;
        };
        specs.push(spec(function, program, template, around, true));
        if let Some(rest) = function.environment.get(FLOW).and_then(|flow| without_password(flow)) {
            let mut second = function.clone();
            second.logical_id = twin(&function.logical_id);
            second.environment.insert(FLOW.to_owned(), rest.to_owned());
            specs.push(spec(&second, program, template, around, false));
        }
    }
    specs
}

fn spec(function: &Function, program: &Program, template: &Template, around: &Surroundings<'_>, warm: bool) -> Spec {
    // A function that names no bucket has no rights to one.
    let uses_s3 = function
        .environment
        .values()
        .any(|value| template.buckets.values().any(|bucket| bucket == value));
    let credentials = if uses_s3 {
        (around.access_key, around.secret_key)
    } else {
        ("NORIGHTS", "none")
    };
    let folder = match program {
        Program::Binary(path) => path.parent().unwrap_or(around.folder),
        Program::Shell(_) => around.folder,
    };
    let settings = Settings {
        region: around.region,
        folder,
        credentials,
        s3_endpoint: around.s3_endpoint,
        dynamodb_endpoint: around.dynamodb_endpoint,
        messages_endpoint: around.messages_endpoint,
        inherited: around.inherited,
    };
    Spec {
        logical_id: function.logical_id.clone(),
        binary: function.binary.clone(),
        program: program.clone(),
        environment: environment(function, &settings),
        timeout: function.timeout,
        warm,
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use clap::Parser;

    use super::*;
    use crate::template::UserPool;

    fn function(id: &str, environment: &[(&str, &str)]) -> Function {
        Function {
            logical_id: id.into(),
            binary: id.to_lowercase(),
            folder: PathBuf::new(),
            environment: environment
                .iter()
                .map(|(name, value)| ((*name).into(), (*value).into()))
                .collect(),
            timeout: Duration::from_secs(5),
            memory: 128,
        }
    }

    fn template() -> Template {
        Template {
            functions: vec![
                function("Define", &[(FLOW, "PASSWORD,CAPTCHA:3")]),
                function(
                    "Create",
                    &[(FLOW, "PASSWORD,CAPTCHA:3"), ("CAPTCHA_BUCKET", "pictures")],
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
        }
    }

    fn specs_of(template: &Template) -> Vec<Spec> {
        let programs = template
            .functions
            .iter()
            .map(|function| (function.logical_id.clone(), Program::Shell("true".into())))
            .collect();
        let around = Surroundings {
            region: "us-east-1",
            s3_endpoint: "http://127.0.0.1:1",
            dynamodb_endpoint: "http://127.0.0.1:1",
            messages_endpoint: "http://127.0.0.1:1",
            access_key: "KEY",
            secret_key: "SECRET",
            inherited: &[],
            folder: Path::new("/tmp"),
        };
        specs(template, &programs, &around)
    }

    #[test]
    fn a_flow_with_a_password_runs_a_second_time_without_it() {
        let specs = specs_of(&template());
        let ids: Vec<_> = specs.iter().map(|spec| spec.logical_id.as_str()).collect();
        assert_eq!(
            ids,
            ["Define", "DefineNoPassword", "Create", "CreateNoPassword", "Other"]
        );
        assert_eq!(specs[1].environment[FLOW], "CAPTCHA:3");
        assert_eq!(
            specs.iter().map(|spec| spec.warm).collect::<Vec<_>>(),
            [true, false, true, false, true]
        );
    }

    #[test]
    fn a_flow_without_a_password_runs_once() {
        let mut template = template();
        set_flow(&mut template, "CAPTCHA:2").unwrap();
        assert_eq!(flow(&template), Some("CAPTCHA:2"));
        assert_eq!(specs_of(&template).len(), 3);
        assert_eq!(without_password("PASSWORD"), None);
        assert_eq!(without_password("PASSWORDLESS:1,CAPTCHA:3"), None);
    }

    #[test]
    fn a_link_leads_to_the_page_unless_the_template_says_otherwise() {
        let mut template = template();
        for (function, link) in template.functions.iter_mut().zip(["", "https://example.com/in"]) {
            function.environment.insert(LINK.into(), link.into());
        }
        set_link(&mut template, "http://127.0.0.1:9229/");
        let links: Vec<_> = template
            .functions
            .iter()
            .map(|function| function.environment.get(LINK))
            .collect();
        let text = |link: &str| link.to_owned();
        let expected = [
            Some(&text("http://127.0.0.1:9229/")),
            Some(&text("https://example.com/in")),
            None,
        ];
        assert_eq!(links, expected);
    }

    #[test]
    fn an_empty_sender_is_none() {
        let mut template = template();
        for (function, sender) in template.functions.iter_mut().zip(["", "a@example.com"]) {
            function.environment.insert(SENDER.into(), sender.into());
        }
        assert_eq!(senders(&template).collect::<Vec<_>>(), ["a@example.com"]);
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
