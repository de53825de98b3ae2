//! `local` as a process, and a client of it.

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

/// The locations of the binaries.
struct Built {
    admin: PathBuf,
    local: PathBuf,
    panics: PathBuf,
    /// The functions in the folder layout of cargo-lambda.
    functions: TempDir,
}

impl Built {
    fn now() -> Self {
        let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        // Builds the whole workspace, so that dependencies have the same features as in the tests.
        let profile = if cfg!(debug_assertions) { "dev" } else { "release" };
        let built = cargo()
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
            "enrolment",
        ] {
            let folder = functions.path().join(name);
            std::fs::create_dir(&folder).unwrap();
            let binary = shipped(name).unwrap_or_else(|| binaries[name].clone());
            std::os::unix::fs::symlink(binary, folder.join("bootstrap")).unwrap();
        }
        Self {
            admin: binaries["admin"].clone(),
            local: binaries["cognito-loop"].clone(),
            panics: binaries["panics"].clone(),
            functions,
        }
    }
}

/// Returns a cargo without the variables that cargo sets for a test. Build scripts that watch them would run again, and
/// then everything that depends on them.
#[expect(
    clippy::disallowed_methods,
    reason = "another cargo must not receive cargo's own variables"
)]
pub fn cargo() -> Command {
    let mut cargo = Command::new(env!("CARGO"));
    for (variable, _) in env::vars_os() {
        if variable.to_string_lossy().starts_with("CARGO_PKG_") || variable == "CARGO_MANIFEST_DIR" {
            cargo.env_remove(variable);
        }
    }
    cargo
}

/// Returns the binary of the function `name`, or the one called `panics`.
pub fn function(name: &str) -> PathBuf {
    if name == "panics" {
        BUILT.panics.clone()
    } else {
        BUILT.functions.path().join(name).join("bootstrap")
    }
}

/// Returns the program `admin`.
pub fn admin() -> &'static Path {
    &BUILT.admin
}

/// Returns the binary of `function` that SAM built into the folder `FUNCTIONS_DIR`, if this variable is set.
fn shipped(function: &str) -> Option<PathBuf> {
    let folder = PathBuf::from(env::var_os("FUNCTIONS_DIR")?);
    let words = function.split('-').map(|word| word[..1].to_uppercase() + &word[1..]);
    let binary = folder.join(words.collect::<String>() + "Function").join("bootstrap");
    assert!(binary.is_file(), "no function in {}", binary.display());
    Some(binary)
}

/// A running `local`. It ends when this value is dropped.
pub struct Local {
    process: Child,
    secret: String,
    /// The base address, without a slash at the end.
    pub endpoint: String,
    /// The time until `local` reported that it was ready.
    pub ready_after: Duration,
    output: Option<JoinHandle<String>>,
    errors: Option<JoinHandle<String>>,
}

impl Local {
    /// Starts `local` with `args` and the debug channel on a free port, and waits until it is ready.
    ///
    /// # Panics
    ///
    /// Panics if `local` does not start.
    pub fn start(args: &[&str]) -> Self {
        Self::start_with_secret(args, SECRET)
    }

    /// Starts `local` with another `CHALLENGE_SECRET`.
    ///
    /// # Panics
    ///
    /// Panics if `local` does not start.
    pub fn start_with_secret(args: &[&str], secret: &str) -> Self {
        Self::run(&[args, &["--debug-answers"]].concat(), secret)
    }

    /// Starts `local` without the debug channel.
    ///
    /// # Panics
    ///
    /// Panics if `local` does not start.
    pub fn start_without_answers(args: &[&str]) -> Self {
        Self::run(args, SECRET)
    }

    /// Returns the command for `local` with the built functions on a free port. It stores no data, unless `args` say
    /// otherwise.
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
        if !args.contains(&"--data-dir") {
            command.arg("--ephemeral");
        }
        command.args(args);
        command
    }

    fn run(args: &[&str], secret: &str) -> Self {
        let mut command = Self::command(args);
        command.env("CHALLENGE_SECRET", secret);
        Self::spawn(command, secret)
    }

    fn spawn(mut command: Command, secret: &str) -> Self {
        let start = Instant::now();
        let mut process = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        // A thread reads the output: otherwise `local` would block when the pipe is full.
        let mut errors = process.stderr.take().unwrap();
        let errors = thread::spawn(move || {
            let mut printed = Vec::new();
            let _ = errors.read_to_end(&mut printed);
            let printed = String::from_utf8_lossy(&printed).into_owned();
            eprint!("{printed}");
            printed
        });
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
        let output = thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                shown.push_str(&line);
                shown.push('\n');
            }
            shown
        });
        Self {
            process,
            secret: secret.to_owned(),
            endpoint,
            ready_after,
            output: Some(output),
            errors: Some(errors),
        }
    }

    /// Starts a `local` that stores its data in `folder`, including the functions' secret.
    ///
    /// # Panics
    ///
    /// Panics if `local` does not start.
    pub fn start_in(folder: &Path, args: &[&str]) -> Self {
        let mut command = Self::command(&[&["--data-dir", folder.to_str().unwrap(), "--debug-answers"], args].concat());
        command.env_remove("CHALLENGE_SECRET");
        Self::spawn(command, "")
    }

    /// Starts `local` in the folder of a project, whose functions it finds or builds itself.
    ///
    /// # Panics
    ///
    /// Panics if `local` does not start.
    pub fn start_for(project: &Path) -> Self {
        let mut command = Command::new(&BUILT.local);
        command
            .current_dir(project)
            .args(["--listen", "127.0.0.1:0", "--ephemeral"]);
        Self::spawn(command, "")
    }

    /// Kills the process.
    ///
    /// # Panics
    ///
    /// Panics if the process cannot be killed.
    pub fn kill(&self) {
        let killed = Command::new("kill")
            .args(["-KILL", &self.process.id().to_string()])
            .status();
        assert!(killed.unwrap().success());
    }

    /// Runs `local reset` on a folder. Returns its exit code and its output.
    ///
    /// # Panics
    ///
    /// Panics if `local` cannot be run.
    pub fn reset(folder: &Path) -> (Option<i32>, String) {
        Self::alone(&["reset", "--data-dir", folder.to_str().unwrap()])
    }

    /// Runs `local` with `args` and nothing else. Returns its exit code and its output.
    ///
    /// # Panics
    ///
    /// Panics if `local` cannot be run.
    pub fn alone(args: &[&str]) -> (Option<i32>, String) {
        let output = Command::new(&BUILT.local).args(args).output().unwrap();
        let printed = [output.stdout, output.stderr].concat();
        (output.status.code(), String::from_utf8(printed).unwrap())
    }

    /// Ends the process and returns its output.
    ///
    /// # Panics
    ///
    /// Panics if the output was read before.
    pub fn printed(mut self) -> String {
        self.end();
        let read = |printed: &mut Option<JoinHandle<String>>| printed.take().unwrap().join().unwrap();
        read(&mut self.output) + &read(&mut self.errors)
    }

    fn end(&mut self) {
        // SIGTERM, so that `local` ends the functions too.
        let _ = Command::new("kill").arg(self.process.id().to_string()).status();
        let _ = self.process.wait();
    }

    /// Runs a `local` that should not start. Returns its exit code and its output.
    ///
    /// # Panics
    ///
    /// Panics if `local` cannot be run.
    pub fn fails(args: &[&str]) -> (Option<i32>, String) {
        let output = Self::command(args).output().unwrap();
        let printed = [output.stdout, output.stderr].concat();
        (output.status.code(), String::from_utf8(printed).unwrap())
    }

    /// Calls an operation on the pool that must succeed.
    ///
    /// # Panics
    ///
    /// Panics if `local` rejects the request.
    pub fn admin(&self, operation: &str, fields: &Value) -> Value {
        let mut body = fields.clone();
        body["UserPoolId"] = POOL.into();
        Client::new(self).call(operation, &body).unwrap()
    }

    /// Runs `admin questions ARGS` on the pool with `input`. Returns its exit code and its output.
    ///
    /// # Panics
    ///
    /// Panics if `admin` cannot be run.
    pub fn admin_questions(&self, args: &[&str], input: &str) -> (Option<i32>, String) {
        self.admin_command(&[&["questions"], args].concat(), &[], input)
    }

    /// Runs `admin ARGS` on the pool with `variables` and `input`. Returns its exit code and its output.
    ///
    /// # Panics
    ///
    /// Panics if `admin` cannot be run.
    pub fn admin_command(&self, args: &[&str], variables: &[(&str, &str)], input: &str) -> (Option<i32>, String) {
        let pool = ["--endpoint-url", &self.endpoint, "--user-pool-id", POOL];
        self.admin_alone(&[args, &pool].concat(), variables, input)
    }

    /// Runs `admin ARGS` with `variables` and `input`. Returns its exit code and its output.
    ///
    /// # Panics
    ///
    /// Panics if `admin` cannot be run.
    pub fn admin_alone(&self, args: &[&str], variables: &[(&str, &str)], input: &str) -> (Option<i32>, String) {
        let mut process = Command::new(&BUILT.admin)
            .args(args)
            .env("CHALLENGE_SECRET", &self.secret)
            .env("AWS_ACCESS_KEY_ID", "test")
            .env("AWS_SECRET_ACCESS_KEY", "test")
            .envs(variables.iter().copied())
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

    /// Invokes a function by its logical id with any `event`. Returns the response.
    ///
    /// # Panics
    ///
    /// Panics if there is no response.
    pub fn invoke(&self, function: &str, event: &str) -> String {
        let url = format!("{}/2015-03-31/functions/{function}/invocations", self.endpoint);
        agent()
            .post(url)
            .send(event)
            .unwrap()
            .body_mut()
            .read_to_string()
            .unwrap()
    }

    /// Returns the processor time of `local` itself, without the functions, in units of 10 ms.
    ///
    /// # Panics
    ///
    /// Panics on a system without `/proc`.
    pub fn cpu_time(&self) -> Duration {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.process.id())).unwrap();
        // User and system time are fields 14 and 15. The second field, the name in brackets, may contain spaces.
        let (_, fields) = stat.rsplit_once(')').unwrap();
        let ticks: u64 = fields
            .split_whitespace()
            .skip(11)
            .take(2)
            .map(|field| field.parse::<u64>().unwrap())
            .sum();
        Duration::from_millis(ticks * 10)
    }

    /// Returns the memory of `local` itself, in kilobytes.
    ///
    /// # Panics
    ///
    /// Panics on a system without `/proc`.
    pub fn resident_kilobytes(&self) -> u32 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.process.id())).unwrap();
        let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
        line.split_whitespace().nth(1).unwrap().parse().unwrap()
    }

    /// Gets `url` and returns the body.
    ///
    /// # Errors
    ///
    /// Returns the status if it is not 200.
    ///
    /// # Panics
    ///
    /// Panics if there is no response.
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

    /// Sends a request with JSON, or without a body if it is `null`. Returns the status and the JSON of the response.
    ///
    /// # Panics
    ///
    /// Panics if there is no response.
    pub fn send(method: &str, url: &str, authorization: &str, body: &Value) -> (u16, Value) {
        let request = ureq::http::Request::builder().method(method).uri(url);
        let request = match authorization {
            "" => request,
            value => request.header("Authorization", value),
        };
        let mut answer = if body.is_null() {
            agent().run(request.body(()).unwrap()).unwrap()
        } else {
            let request = request.header("Content-Type", "application/json");
            agent().run(request.body(body.to_string()).unwrap()).unwrap()
        };
        let text = answer.body_mut().read_to_string().unwrap();
        (
            answer.status().as_u16(),
            serde_json::from_str(&text).unwrap_or_default(),
        )
    }
}

impl Drop for Local {
    fn drop(&mut self) {
        // If the output was read, the process has already ended.
        if let Some(output) = self.output.take() {
            self.end();
            let _ = output.join();
        }
    }
}

/// Returns the HTTP client. All threads share it, because it keeps connections open.
fn agent() -> &'static ureq::Agent {
    static AGENT: LazyLock<ureq::Agent> =
        LazyLock::new(|| ureq::Agent::config_builder().http_status_as_error(false).build().into());
    &AGENT
}

/// An error of Cognito.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The name of the exception.
    pub kind: String,
    /// The message.
    pub message: String,
}

impl Refusal {
    /// Returns the error that reveals nothing.
    pub fn incorrect() -> Self {
        Self {
            kind: "NotAuthorizedException".into(),
            message: "Incorrect username or password.".into(),
        }
    }
}

/// A client that signs in.
pub struct Client<'a> {
    local: &'a Local,
    pool: String,
    id: String,
}

impl<'a> Client<'a> {
    /// Creates a client for the template's app client.
    pub fn new(local: &'a Local) -> Self {
        Self {
            local,
            pool: POOL.into(),
            id: CLIENT.into(),
        }
    }

    /// Creates a client for an app client that allows `flows`, in a new pool with one user.
    ///
    /// # Panics
    ///
    /// Panics if `local` rejects the pool, the app client or the user.
    pub fn of_new_pool(local: &'a Local, flows: &[&str], user: &str, password: &str) -> Self {
        let mut client = Self::new(local);
        let made = |operation: &str, body: Value| client.call(operation, &body).unwrap();
        let pool = made("CreateUserPool", json!({"PoolName": "other"}));
        let pool = pool["UserPool"]["Id"].as_str().unwrap();
        let named = json!({"UserPoolId": pool, "ClientName": "other", "ExplicitAuthFlows": flows});
        let id = made("CreateUserPoolClient", named)["UserPoolClient"]["ClientId"].clone();
        made(
            "AdminCreateUser",
            json!({"UserPoolId": pool, "Username": user, "MessageAction": "SUPPRESS"}),
        );
        made(
            "AdminSetUserPassword",
            json!({"UserPoolId": pool, "Username": user, "Password": password, "Permanent": true}),
        );
        client.pool = pool.into();
        client.id = id.as_str().unwrap().into();
        client
    }

    /// Calls an operation.
    ///
    /// # Errors
    ///
    /// Returns the error of Cognito.
    ///
    /// # Panics
    ///
    /// Panics if the response does not have Cognito's format.
    pub fn call(&self, operation: &str, body: &Value) -> Result<Value, Refusal> {
        self.try_call(operation, body).expect("local answers")
    }

    /// Calls an operation. Returns `None` if `local` does not respond.
    ///
    /// # Panics
    ///
    /// Panics if the response does not have Cognito's format.
    pub fn try_call(&self, operation: &str, body: &Value) -> Option<Result<Value, Refusal>> {
        let mut answer = agent()
            .post(&self.local.endpoint)
            .header("X-Amz-Target", format!("AWSCognitoIdentityProviderService.{operation}"))
            .header("Content-Type", "application/x-amz-json-1.1")
            .send(body.to_string())
            .ok()?;
        let text = answer.body_mut().read_to_string().ok()?;
        let reply: Value = serde_json::from_str(&text).unwrap_or(Value::Null);
        Some(match answer.status().as_u16() {
            200 => Ok(reply),
            400 => Err(Refusal {
                kind: reply["__type"].as_str().unwrap().into(),
                message: reply["message"].as_str().unwrap().into(),
            }),
            status => panic!("{operation} answered {status}: {text}"),
        })
    }

    /// Starts a custom sign-in without the password.
    ///
    /// # Errors
    ///
    /// Returns the error of Cognito.
    pub fn start(&self, user: &str) -> Result<Value, Refusal> {
        let parameters = json!({"USERNAME": user});
        self.initiate("CUSTOM_AUTH", &parameters)
    }

    /// Starts a sign-in with any authentication flow.
    ///
    /// # Errors
    ///
    /// Returns the error of Cognito.
    pub fn initiate(&self, flow: &str, parameters: &Value) -> Result<Value, Refusal> {
        self.call(
            "InitiateAuth",
            &json!({"AuthFlow": flow, "ClientId": self.id, "AuthParameters": parameters}),
        )
    }

    /// Starts a custom sign-in, proves the password by SRP, and returns the next challenge.
    ///
    /// # Errors
    ///
    /// Returns the error of Cognito.
    ///
    /// # Panics
    ///
    /// Panics if Cognito's password challenge does not follow the start.
    pub fn start_with_password(&self, user: &str, password: &str, metadata: &Value) -> Result<Value, Refusal> {
        self.prove_password("CUSTOM_AUTH", user, password, metadata)
    }

    /// Starts a sign-in with the authentication flow `flow`, proves the password by SRP, and returns the next
    /// challenge.
    ///
    /// # Errors
    ///
    /// Returns the error of Cognito.
    ///
    /// # Panics
    ///
    /// Panics if Cognito's password challenge does not follow the start.
    pub fn prove_password(&self, flow: &str, user: &str, password: &str, metadata: &Value) -> Result<Value, Refusal> {
        let srp = SrpClient::new(User::new(&self.pool, user, password), &self.id, None);
        let parameters = json!({"USERNAME": user, "CHALLENGE_NAME": "SRP_A", "SRP_A": srp.get_auth_parameters().a});
        let reply = self.initiate(flow, &parameters)?;
        assert_eq!(reply["ChallengeName"], "PASSWORD_VERIFIER");
        let given = |name: &str| reply["ChallengeParameters"][name].as_str().unwrap();
        let user_id = given("USER_ID_FOR_SRP");
        let proof = srp
            .verify(given("SECRET_BLOCK"), user_id, given("SALT"), given("SRP_B"))
            .unwrap();
        self.call(
            "RespondToAuthChallenge",
            &json!({"ChallengeName": "PASSWORD_VERIFIER", "ClientId": self.id, "Session": reply["Session"],
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
    /// Returns the error of Cognito.
    pub fn answer(&self, user: &str, reply: &Value, answer: &str, metadata: &Value) -> Result<Value, Refusal> {
        self.call(
            "RespondToAuthChallenge",
            &json!({"ChallengeName": "CUSTOM_CHALLENGE", "ClientId": self.id, "Session": reply["Session"],
            "ClientMetadata": metadata, "ChallengeResponses": {"USERNAME": user, "ANSWER": answer}}),
        )
    }

    /// Answers `NEW_PASSWORD_REQUIRED` in `reply`.
    ///
    /// # Errors
    ///
    /// Returns the error of Cognito.
    pub fn choose_password(&self, user: &str, reply: &Value, password: &str) -> Result<Value, Refusal> {
        self.call(
            "RespondToAuthChallenge",
            &json!({"ChallengeName": "NEW_PASSWORD_REQUIRED", "ClientId": CLIENT, "Session": reply["Session"],
            "ChallengeResponses": {"USERNAME": user, "NEW_PASSWORD": password}}),
        )
    }

    /// Returns the private parameters of the challenge in `reply`, from the debug channel.
    ///
    /// # Panics
    ///
    /// Panics if the debug channel does not know the session.
    pub fn private_parameters(&self, reply: &Value) -> Value {
        self.try_private_parameters(reply)
            .expect("the debug channel knows the session")
    }

    /// Returns the private parameters, or `None` without the debug channel.
    ///
    /// # Panics
    ///
    /// Panics if the response is not JSON.
    pub fn try_private_parameters(&self, reply: &Value) -> Option<Value> {
        let session = reply["Session"].as_str().unwrap();
        let encoded: String = session.bytes().map(|byte| format!("%{byte:02X}")).collect();
        let answer = Local::get(&format!("{}/debug/answer?session={encoded}", self.local.endpoint)).ok()?;
        let mut answer: Value = serde_json::from_slice(&answer).unwrap();
        Some(answer["privateChallengeParameters"].take())
    }
}
