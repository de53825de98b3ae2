//! The command line.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use clap::{Args as Group, Parser, Subcommand};

use crate::init::Language;

/// Runs the sign-in of template.yaml on this machine: a local Amazon Cognito with the real trigger functions.
#[derive(Clone, Debug, Parser)]
#[command(
    name = "cognito-loop",
    version,
    max_term_width = 100,
    args_conflicts_with_subcommands = true
)]
#[expect(clippy::struct_excessive_bools, reason = "a flag is true or false")]
pub(crate) struct Args {
    #[command(subcommand)]
    pub(crate) command: Option<Command>,

    /// The address to listen on
    #[arg(long, value_name = "ADDR:PORT", default_value = "127.0.0.1:9229", value_parser = address)]
    pub(crate) listen: SocketAddr,

    #[command(flatten)]
    pub(crate) project: Project,

    /// Store nothing: users, clients and keys are lost when this ends
    #[arg(long, conflicts_with = "data_dir")]
    pub(crate) ephemeral: bool,

    /// The region of the user pools
    #[arg(long, value_name = "REGION", default_value = "us-east-1", value_parser = region)]
    pub(crate) region: String,

    /// The prefix of the pool id in the tokens' issuer [default: this server's address]
    #[arg(long, value_name = "URL", value_parser = url)]
    pub(crate) issuer: Option<String>,

    /// Show each event and response, without secrets
    #[arg(long)]
    pub(crate) trace: bool,

    /// Show one line for each resource of the template that does not run here
    #[arg(long)]
    pub(crate) verbose: bool,

    /// Answer `GET /debug/answer?session=…` with the answer of an open challenge, for tests
    #[arg(long)]
    pub(crate) debug_answers: bool,

    /// Run the functions that cargo-lambda or SAM built into this folder, or the zips of a release, instead of building
    /// them
    #[arg(long, value_name = "DIR")]
    pub(crate) functions_dir: Option<PathBuf>,

    /// Build the functions again when their sources change; open sessions continue in the new binaries
    #[arg(long)]
    pub(crate) watch: bool,

    /// A command that implements the Lambda Runtime API, in place of the function
    #[arg(long, value_name = "COMMAND", value_parser = filled)]
    pub(crate) define_auth_challenge: Option<String>,

    /// A command in place of the function that creates challenges
    #[arg(long, value_name = "COMMAND", value_parser = filled)]
    pub(crate) create_auth_challenge: Option<String>,

    /// A command in place of the function that verifies answers
    #[arg(long, value_name = "COMMAND", value_parser = filled)]
    pub(crate) verify_auth_challenge: Option<String>,

    /// A command in place of the function that runs before tokens are issued
    #[arg(long, value_name = "COMMAND", value_parser = filled)]
    pub(crate) pre_token_generation: Option<String>,

    /// The steps of a sign-in in place of the template's, such as `CAPTCHA:3,SECURITY_QUESTION:3`
    #[arg(long, value_name = "FLOW", value_parser = filled)]
    pub(crate) flow: Option<String>,

    /// A parameter of the template; can be repeated
    #[arg(long = "parameter", value_name = "NAME=VALUE", value_parser = parameter)]
    pub(crate) parameters: Vec<(String, String)>,

    /// The content of a secret that the template refers to but does not create; can be repeated
    #[arg(long = "secret", value_name = "NAME=VALUE", value_parser = parameter)]
    pub(crate) secrets: Vec<(String, String)>,

    /// An attribute of the demo user, set at each start, such as `custom:pager=555-0100`; can be repeated
    #[arg(long = "demo-attribute", value_name = "NAME=VALUE", value_parser = parameter, conflicts_with = "no_demo_user")]
    pub(crate) demo_attributes: Vec<(String, String)>,

    /// A file in YAML or JSON with users and groups to create at each start, or POOL=FILE; can be repeated
    #[arg(long = "seed", value_name = "FILE", value_parser = filled)]
    pub(crate) seeds: Vec<String>,

    /// Start without the demo user
    #[arg(long)]
    pub(crate) no_demo_user: bool,
}

/// A command other than running the sign-in.
#[derive(Clone, Debug, Subcommand)]
pub(crate) enum Command {
    /// Print the completions of a shell
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
    /// Write a first project: a template, three functions, an event and a README
    Init {
        /// The folder of the project; new or empty
        folder: PathBuf,

        /// The language of the functions
        #[arg(long, value_name = "LANGUAGE")]
        language: Language,
    },
    /// Delete all stored data: users, pools, clients, keys, tokens
    Reset(Project),
    /// Users and groups in a file
    #[command(subcommand)]
    Seed(Seed),
}

/// A command for users and groups.
#[derive(Clone, Debug, Subcommand)]
pub(crate) enum Seed {
    /// Print the stored users and groups for `--seed`; passwords are verifiers, so the output contains secrets
    Export {
        #[command(flatten)]
        project: Project,

        /// The pool [default: the first one of the template, in us-east-1]
        #[arg(
            long,
            value_name = "ID",
            default_value = "us-east-1_LocalPool",
            hide_default_value = true
        )]
        pool_id: String,
    },
}

/// The template that is run, and the folder of its data.
#[derive(Clone, Debug, Group)]
pub(crate) struct Project {
    /// The template to run, or its folder: of SAM, CloudFormation or the CDK [default: that of this folder or its
    /// workspace]
    #[arg(long, value_name = "PATH")]
    pub(crate) template: Option<PathBuf>,

    /// The folder that stores users, clients and keys; it contains secrets [default: .local beside the template]
    #[arg(long, value_name = "FOLDER")]
    pub(crate) data_dir: Option<PathBuf>,
}

/// The default folder for data, beside the template.
const DATA_FOLDER: &str = ".local";

impl Project {
    /// Returns the folder for data.
    pub(crate) fn data_folder(&self, template: &Path) -> PathBuf {
        let beside = || template.parent().unwrap_or(Path::new("")).join(DATA_FOLDER);
        self.data_dir.clone().unwrap_or_else(beside)
    }
}

impl Args {
    /// Returns the command in place of the function of this trigger.
    pub(crate) fn command(&self, trigger: &str) -> Option<&str> {
        match trigger {
            "CreateAuthChallenge" => self.create_auth_challenge.as_deref(),
            "DefineAuthChallenge" => self.define_auth_challenge.as_deref(),
            "PreTokenGeneration" => self.pre_token_generation.as_deref(),
            "VerifyAuthChallengeResponse" => self.verify_auth_challenge.as_deref(),
            _ => None,
        }
    }

    /// Whether a function must be built.
    pub(crate) fn builds(&self) -> bool {
        let commands = [
            &self.create_auth_challenge,
            &self.define_auth_challenge,
            &self.verify_auth_challenge,
            &self.pre_token_generation,
        ];
        self.functions_dir.is_none() && commands.iter().any(|command| command.is_none())
    }
}

fn address(text: &str) -> Result<SocketAddr, String> {
    text.parse()
        .map_err(|_| "write an IP address and a port, as in `127.0.0.1:9229`".to_owned())
}

fn filled(text: &str) -> Result<String, String> {
    if text.trim().is_empty() {
        return Err("it is empty: remove the flag".to_owned());
    }
    Ok(text.to_owned())
}

fn url(text: &str) -> Result<String, String> {
    let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    let plain = |rest: &str| !rest.is_empty() && !rest.contains(|c: char| c.is_whitespace() || "?#".contains(c));
    match rest {
        Some(rest) if plain(rest) => Ok(text.to_owned()),
        _ => Err("write it as in `https://cognito-idp.us-east-1.amazonaws.com`".to_owned()),
    }
}

fn parameter(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => Err("write it as NAME=VALUE".to_owned()),
    }
}

fn region(text: &str) -> Result<String, String> {
    let parts: Vec<_> = text.split('-').collect();
    let letters = |part: &&str| !part.is_empty() && part.bytes().all(|letter| letter.is_ascii_lowercase());
    match parts.as_slice() {
        [words @ .., number]
            if words.len() >= 2 && words.iter().all(letters) && matches!(number.as_bytes(), [b'0'..=b'9']) =>
        {
            Ok(text.to_owned())
        }
        _ => Err("write it as in `us-east-1`".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_folder_is_beside_the_template_unless_one_is_named() {
        let folder = |data_dir: Option<&str>, template: &str| {
            let project = Project {
                template: None,
                data_dir: data_dir.map(PathBuf::from),
            };
            project.data_folder(Path::new(template))
        };
        assert_eq!(folder(None, "a/template.yaml"), Path::new("a/.local"));
        assert_eq!(folder(None, "template.yaml"), Path::new(".local"));
        assert_eq!(folder(Some("b"), "a/template.yaml"), Path::new("b"));
    }

    #[test]
    fn the_command_line_is_consistent() {
        <Args as CommandFactory>::command().debug_assert();
    }

    #[test]
    fn values_that_cannot_be_right_are_refused() {
        for wrong in [
            ["--parameter", "AuthFlow"],
            ["--parameter", "=x"],
            ["--secret", "captcha"],
            ["--demo-attribute", "custom:pager"],
            ["--region", "mars"],
            ["--region", "us/east-1"],
            ["--listen", "9229"],
            ["--listen", "localhost:9229"],
            ["--issuer", "example.com"],
            ["--issuer", "https://"],
            ["--issuer", "https://a b"],
            ["--flow", ""],
            ["--verify-auth-challenge", " "],
        ] {
            let error = Args::try_parse_from(["local"].into_iter().chain(wrong)).unwrap_err();
            assert_eq!(error.exit_code(), 2, "{wrong:?}");
        }
    }

    #[test]
    fn nothing_is_built_that_is_there_or_stood_in_for() {
        let builds = |flags: &[&str]| Args::parse_from([&["local"], flags].concat()).builds();
        let commands = [
            "--define-auth-challenge=a",
            "--create-auth-challenge=b",
            "--verify-auth-challenge=c",
            "--pre-token-generation=d",
        ];
        assert!(builds(&[]));
        assert!(builds(&commands[..3]));
        assert!(!builds(&commands));
        assert!(!builds(&["--functions-dir", "built"]));
    }

    #[test]
    fn what_is_kept_in_a_folder_is_not_ephemeral_and_a_reset_runs_nothing() {
        for wrong in [
            &["--ephemeral", "--data-dir", "x"][..],
            &["--data-dir", "x", "reset"],
            &["--ephemeral", "reset"],
            &["reset", "--ephemeral"],
        ] {
            let error = Args::try_parse_from([&["local"], wrong].concat()).unwrap_err();
            assert_eq!(error.exit_code(), 2, "{wrong:?}");
        }
        let args = Args::parse_from(["local", "reset", "--data-dir", "x"]);
        let Some(Command::Reset(project)) = args.command else {
            panic!("{args:?}")
        };
        assert_eq!(project.data_dir, Some(PathBuf::from("x")));
    }

    #[test]
    fn attributes_are_not_for_a_user_that_is_left_out() {
        let given = ["local", "--no-demo-user", "--demo-attribute", "custom:pager=1"];
        assert_eq!(Args::try_parse_from(given).unwrap_err().exit_code(), 2);
    }

    #[test]
    fn a_parameter_may_hold_an_equals_sign() {
        let args = Args::parse_from(["local", "--parameter", "A=b=c", "--region", "ap-southeast-2"]);
        assert_eq!(args.parameters, [("A".to_owned(), "b=c".to_owned())]);
    }
}
