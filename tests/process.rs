//! `local` as a process, and a client that speaks to it.

use std::collections::BTreeMap;
use std::env;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::LazyLock;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use aws_cognito_srp::{SrpClient, User};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::functions::SECRET;

const POOL: &str = "us-east-1_LocalPool";
const CLIENT: &str = "localclient000000000000000";

/// The binaries of this workspace, built once for all tests of a process.
static BUILT: LazyLock<Built> = LazyLock::new(Built::now);

/// Where the binaries are.
struct Built {
    admin: PathBuf,
    local: PathBuf,
    /// The functions as cargo-lambda would lay them out.
    functions: TempDir,
}

impl Built {
    fn now() -> Self {
        let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        // The whole workspace, so that no dependency is built with other features than the tests have it.
        let profile = if cfg!(debug_assertions) { "dev" } else { "release" };
        let built = Command::new(env!("CARGO"))
            .args([
                "build",
                "--quiet",
                "--workspace",
                "--bins",
                "--message-format=json-render-diagnostics",
                "--profile",
                profile,
            ])
            .current_dir(workspace)
            .output()
            .unwrap();
        assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
        let binaries: BTreeMap<String, PathBuf> = String::from_utf8(built.stdout)
            .unwrap()
            .lines()
            .filter_map(|line| {
                let artifact: Value = serde_json::from_str(line).unwrap();
                Some((
                    artifact["target"]["name"].as_str()?.to_owned(),
                    artifact["executable"].as_str()?.into(),
                ))
            })
            .collect();
        let functions = TempDir::new().unwrap();
        for name in [
            "define-auth-challenge",
            "create-auth-challenge",
            "verify-auth-challenge",
            "pre-token-generation",
        ] {
            let folder = functions.path().join(name);
            std::fs::create_dir(&folder).unwrap();
            let binary = shipped(name).unwrap_or_else(|| binaries[name].clone());
            std::os::unix::fs::symlink(binary, folder.join("bootstrap")).unwrap();
        }
        Self {
            admin: binaries["admin"].clone(),
            local: binaries["local"].clone(),
            functions,
        }
    }
}

/// The binary of `function` that SAM has built into the folder `FUNCTIONS_DIR`, where that is set: what is shipped.
fn shipped(function: &str) -> Option<PathBuf> {
    let folder = PathBuf::from(env::var_os("FUNCTIONS_DIR")?);
    let words = function.split('-').map(|word| word[..1].to_uppercase() + &word[1..]);
    let binary = folder.join(words.collect::<String>() + "Function").join("bootstrap");
    assert!(binary.is_file(), "no function in {}", binary.display());
    Some(binary)
}

/// A running `local`, ended when dropped.
pub struct Local {
    process: Child,
    /// The address of everything, without a slash at the end.
    pub endpoint: String,
    /// How long it took until it said so.
    pub ready_after: Duration,
    output: Option<JoinHandle<Vec<String>>>,
}

/// The built binary of a function.
///
/// # Panics
///
/// A workspace that does not build.
pub fn binary(function: &str) -> PathBuf {
    BUILT.functions.path().join(function).join("bootstrap")
}

impl Local {
    /// Starts `local` with `args` and the debug channel on a free port, and waits until it is ready.
    ///
    /// # Panics
    ///
    /// A `local` that does not start.
    pub fn start(args: &[&str]) -> Self {
        Self::run(&[args, &["--debug-answers"]].concat())
    }

    /// The same without the debug channel.
    ///
    /// # Panics
    ///
    /// A `local` that does not start.
    pub fn start_without_answers(args: &[&str]) -> Self {
        Self::run(args)
    }

    /// `local` with the built functions on a free port, unless `args` say otherwise.
    fn command(args: &[&str]) -> Command {
        let mut command = Command::new(&BUILT.local);
        command.env("CHALLENGE_SECRET", SECRET);
        command.current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap());
        if !args.contains(&"--functions-dir") {
            command.arg("--functions-dir").arg(BUILT.functions.path());
        }
        if !args.contains(&"--listen") {
            command.args(["--listen", "127.0.0.1:0"]);
        }
        command.args(args);
        command
    }

    fn run(args: &[&str]) -> Self {
        let mut command = Self::command(args);
        let start = Instant::now();
        let mut process = command.stdout(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let mut shown = String::new();
        let endpoint = loop {
            let line = lines
                .next()
                .unwrap_or_else(|| panic!("local ended before it was ready:\n{shown}"))
                .unwrap();
            shown.push_str(&line);
            shown.push('\n');
            if line.trim_start().starts_with("Sign in at") {
                let address = line.split_whitespace().last().unwrap();
                break address.trim_end_matches('/').to_owned();
            }
        };
        let ready_after = start.elapsed();
        // Someone has to read on, or `local` would wait for room in the pipe.
        let output = thread::spawn(move || lines.map_while(Result::ok).collect());
        Self {
            process,
            endpoint,
            ready_after,
            output: Some(output),
        }
    }

    /// Runs a `local` that should not start: its exit code and all that it printed.
    ///
    /// # Panics
    ///
    /// A `local` that cannot be run at all.
    pub fn fails(args: &[&str]) -> (Option<i32>, String) {
        let output = Self::command(args).output().unwrap();
        let printed = [output.stdout, output.stderr].concat();
        (output.status.code(), String::from_utf8(printed).unwrap())
    }

    /// Calls an operation on the pool that must succeed.
    ///
    /// # Panics
    ///
    /// A refusal.
    pub fn admin(&self, operation: &str, fields: &Value) -> Value {
        let mut body = fields.clone();
        body["UserPoolId"] = POOL.into();
        Client::new(self).call(operation, &body).unwrap()
    }

    /// Runs `admin questions ARGS` on the pool with `input`: its exit code and all that it printed.
    ///
    /// # Panics
    ///
    /// An `admin` that cannot be run at all.
    pub fn admin_questions(&self, args: &[&str], input: &str) -> (Option<i32>, String) {
        let mut process = Command::new(&BUILT.admin)
            .arg("questions")
            .args(args)
            .args(["--endpoint-url", &self.endpoint, "--user-pool-id", POOL])
            .env("CHALLENGE_SECRET", SECRET)
            .env("AWS_ACCESS_KEY_ID", "test")
            .env("AWS_SECRET_ACCESS_KEY", "test")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        process.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
        let output = process.wait_with_output().unwrap();
        (
            output.status.code(),
            String::from_utf8([output.stdout, output.stderr].concat()).unwrap(),
        )
    }

    /// Gets `url`: its bytes, or the status that was not 200.
    ///
    /// # Errors
    ///
    /// A status other than 200.
    ///
    /// # Panics
    ///
    /// No answer at all.
    pub fn get(url: &str) -> Result<Vec<u8>, u16> {
        let mut answer = agent().get(url).call().unwrap();
        let mut bytes = Vec::new();
        answer.body_mut().as_reader().read_to_end(&mut bytes).unwrap();
        if answer.status() == 200 {
            Ok(bytes)
        } else {
            Err(answer.status().as_u16())
        }
    }
}

impl Local {
    /// Ends it as Ctrl-C would: the lines that it printed after it was ready.
    pub fn stop(mut self) -> Vec<String> {
        self.end()
    }

    fn end(&mut self) -> Vec<String> {
        let Some(output) = self.output.take() else {
            return Vec::new();
        };
        // Asked politely, so that it ends the functions too.
        let _ = Command::new("kill").arg(self.process.id().to_string()).status();
        let _ = self.process.wait();
        output.join().unwrap_or_default()
    }
}

impl Drop for Local {
    fn drop(&mut self) {
        self.end();
    }
}

/// One for all threads, because it keeps connections.
fn agent() -> &'static ureq::Agent {
    static AGENT: LazyLock<ureq::Agent> =
        LazyLock::new(|| ureq::Agent::config_builder().http_status_as_error(false).build().into());
    &AGENT
}

/// What Cognito refuses with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The exception's name.
    pub kind: String,
    /// Its text.
    pub message: String,
}

impl Refusal {
    /// The refusal that tells nothing.
    pub fn incorrect() -> Self {
        Self {
            kind: "NotAuthorizedException".into(),
            message: "Incorrect username or password.".into(),
        }
    }
}

/// Someone who signs in.
pub struct Client<'a> {
    local: &'a Local,
}

impl<'a> Client<'a> {
    /// A client of the template's app client.
    pub fn new(local: &'a Local) -> Self {
        Self { local }
    }

    /// Calls an operation.
    ///
    /// # Errors
    ///
    /// What Cognito refuses with.
    ///
    /// # Panics
    ///
    /// An answer that is not Cognito's.
    pub fn call(&self, operation: &str, body: &Value) -> Result<Value, Refusal> {
        let mut answer = agent()
            .post(&self.local.endpoint)
            .header("X-Amz-Target", format!("AWSCognitoIdentityProviderService.{operation}"))
            .header("Content-Type", "application/x-amz-json-1.1")
            .send(body.to_string())
            .unwrap();
        let text = answer.body_mut().read_to_string().unwrap();
        let reply: Value = serde_json::from_str(&text).unwrap_or(Value::Null);
        match answer.status().as_u16() {
            200 => Ok(reply),
            400 => Err(Refusal {
                kind: reply["__type"].as_str().unwrap().into(),
                message: reply["message"].as_str().unwrap().into(),
            }),
            status => panic!("{operation} answered {status}: {text}"),
        }
    }

    /// Starts a custom sign-in without the password.
    ///
    /// # Errors
    ///
    /// What Cognito refuses with.
    pub fn start(&self, user: &str) -> Result<Value, Refusal> {
        let parameters = json!({"USERNAME": user});
        self.call(
            "InitiateAuth",
            &json!({"AuthFlow": "CUSTOM_AUTH", "ClientId": CLIENT, "AuthParameters": parameters}),
        )
    }

    /// Starts a custom sign-in with the password, proven by SRP, and gives what comes after it.
    ///
    /// # Errors
    ///
    /// What Cognito refuses with.
    ///
    /// # Panics
    ///
    /// A start that is not followed by Cognito's password challenge.
    pub fn start_with_password(&self, user: &str, password: &str, metadata: &Value) -> Result<Value, Refusal> {
        let srp = SrpClient::new(User::new(POOL, user, password), CLIENT, None);
        let parameters = json!({"USERNAME": user, "CHALLENGE_NAME": "SRP_A", "SRP_A": srp.get_auth_parameters().a});
        let reply = self.call(
            "InitiateAuth",
            &json!({"AuthFlow": "CUSTOM_AUTH", "ClientId": CLIENT, "AuthParameters": parameters}),
        )?;
        assert_eq!(reply["ChallengeName"], "PASSWORD_VERIFIER");
        let given = |name: &str| reply["ChallengeParameters"][name].as_str().unwrap();
        let user_id = given("USER_ID_FOR_SRP");
        let proof = srp
            .verify(given("SECRET_BLOCK"), user_id, given("SALT"), given("SRP_B"))
            .unwrap();
        self.call(
            "RespondToAuthChallenge",
            &json!({"ChallengeName": "PASSWORD_VERIFIER", "ClientId": CLIENT, "Session": reply["Session"],
            "ClientMetadata": metadata,
            "ChallengeResponses": {
                "USERNAME": user_id,
                "PASSWORD_CLAIM_SECRET_BLOCK": proof.password_claim_secret_block,
                "PASSWORD_CLAIM_SIGNATURE": proof.password_claim_signature,
                "TIMESTAMP": proof.timestamp,
            }}),
        )
    }

    /// Answers the custom challenge in `reply`.
    ///
    /// # Errors
    ///
    /// What Cognito refuses with.
    pub fn answer(&self, user: &str, reply: &Value, answer: &str, metadata: &Value) -> Result<Value, Refusal> {
        self.call(
            "RespondToAuthChallenge",
            &json!({"ChallengeName": "CUSTOM_CHALLENGE", "ClientId": CLIENT, "Session": reply["Session"],
            "ClientMetadata": metadata, "ChallengeResponses": {"USERNAME": user, "ANSWER": answer}}),
        )
    }

    /// Answers `NEW_PASSWORD_REQUIRED` in `reply`.
    ///
    /// # Errors
    ///
    /// What Cognito refuses with.
    pub fn choose_password(&self, user: &str, reply: &Value, password: &str) -> Result<Value, Refusal> {
        self.call(
            "RespondToAuthChallenge",
            &json!({"ChallengeName": "NEW_PASSWORD_REQUIRED", "ClientId": CLIENT, "Session": reply["Session"],
            "ChallengeResponses": {"USERNAME": user, "NEW_PASSWORD": password}}),
        )
    }

    /// What verify will be given for the challenge in `reply`, from the debug channel.
    ///
    /// # Panics
    ///
    /// A debug channel that does not know it.
    pub fn private_parameters(&self, reply: &Value) -> Value {
        self.try_private_parameters(reply)
            .expect("the debug channel knows the session")
    }

    /// The same, `None` where there is no debug channel.
    ///
    /// # Panics
    ///
    /// An answer that is not JSON.
    pub fn try_private_parameters(&self, reply: &Value) -> Option<Value> {
        let session = reply["Session"].as_str().unwrap();
        let encoded: String = session.bytes().map(|byte| format!("%{byte:02X}")).collect();
        let answer = Local::get(&format!("{}/debug/answer?session={encoded}", self.local.endpoint)).ok()?;
        let mut answer: Value = serde_json::from_slice(&answer).unwrap();
        Some(answer["privateChallengeParameters"].take())
    }
}
