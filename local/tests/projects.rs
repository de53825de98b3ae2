//! Projects of other authors: their templates, and functions in JavaScript and Python, run unchanged.
#![expect(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "what fails here fails the test"
)]

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use serde_json::{Value, json};
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

const CLIENT: &str = "localclient000000000000000";

/// Follows what a `local` printed, when it has closed its output.
const END: &str = "(the end)";

fn project(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/projects").join(name)
}

fn command(template: &Path) -> Command {
    let mut command = keeping(template);
    command.arg("--ephemeral");
    command
}

/// Returns the command of a `local` that stores data in the folder of `--data-dir`.
fn keeping(template: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_cognito-loop"));
    command.args(["--listen", "127.0.0.1:0", "--template"]).arg(template);
    command
}

/// A `local` that runs the template of a project.
struct Local {
    process: Child,
    address: String,
    user: String,
    printed: Arc<(Mutex<String>, Condvar)>,
}

impl Local {
    fn start(template: &Path, more: &[&str]) -> Self {
        Self::of(command(template).args(more))
    }

    fn of(command: &mut Command) -> Self {
        let mut process = command.stdout(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let (mut address, mut user, mut all) = (String::new(), String::new(), String::new());
        loop {
            let Some(Ok(line)) = lines.next() else {
                panic!("`local` did not start:\n{all}")
            };
            let row = |name: &str| line.trim().strip_prefix(name).map(|value| value.trim().to_owned());
            if let Some(page) = row("Sign in at") {
                address = page.trim_matches('/').replace("http://", "");
            }
            user = row("User     ").unwrap_or(user);
            all.push_str(&line);
            all.push('\n');
            if line.contains("Ready") {
                break;
            }
        }
        let printed = Arc::new((Mutex::new(all), Condvar::new()));
        let sink = Arc::clone(&printed);
        std::thread::spawn(move || {
            for line in lines.map_while(Result::ok).chain([END.to_owned()]) {
                sink.0.lock().unwrap().push_str(&line);
                sink.1.notify_all();
            }
        });
        Self {
            process,
            address,
            user,
            printed,
        }
    }

    fn call(&self, operation: &str, body: &Value) -> Value {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        let (address, body) = (&self.address, body.to_string());
        write!(
            stream,
            "POST / HTTP/1.1\r\nHost: {address}\r\nContent-Type: application/x-amz-json-1.1\r\nX-Amz-Target: \
             AWSCognitoIdentityProviderService.{operation}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
            body.len()
        )
        .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (_, body) = answer.split_once("\r\n\r\n").unwrap();
        serde_json::from_str(body).unwrap()
    }

    /// Starts a sign-in of the demo user.
    fn start_sign_in(&self) -> Value {
        let body = json!({"AuthFlow": "CUSTOM_AUTH", "ClientId": CLIENT, "AuthParameters": {"USERNAME": self.user}});
        self.call("InitiateAuth", &body)
    }

    /// Returns the user called `name` with the fields for administrators.
    fn user(&self, name: &str) -> Value {
        let body = json!({"UserPoolId": "us-east-1_LocalPool", "Username": name});
        self.call("AdminGetUser", &body)
    }

    fn answer(&self, challenge: &Value, answer: &str) -> Value {
        let body = json!({
            "ChallengeName": "CUSTOM_CHALLENGE", "ClientId": CLIENT, "Session": challenge["Session"],
            "ChallengeResponses": {"USERNAME": self.user, "ANSWER": answer},
        });
        self.call("RespondToAuthChallenge", &body)
    }

    /// Gives a wrong answer, then the right one.
    fn signs_in(&self, right: &str) {
        let challenge = self.start_sign_in();
        assert_eq!(challenge["ChallengeName"], "CUSTOM_CHALLENGE", "{challenge}");
        assert!(challenge["ChallengeParameters"]["question"].is_string(), "{challenge}");
        let again = self.answer(&challenge, "wrong");
        assert_eq!(again["ChallengeName"], "CUSTOM_CHALLENGE", "{again}");
        let end = self.answer(&again, right);
        assert!(end["AuthenticationResult"]["AccessToken"].is_string(), "{end}");
    }

    /// Waits until the process has ended.
    fn ends(&mut self) {
        let (printed, news) = &*self.printed;
        let limit = Duration::from_mins(1);
        let waited = news
            .wait_timeout_while(printed.lock().unwrap(), limit, |printed| !printed.ends_with(END))
            .unwrap();
        assert!(!waited.1.timed_out(), "it still runs: {}", *waited.0);
        assert!(self.process.wait().unwrap().success());
    }

    /// Waits until `text` has been printed.
    fn prints(&self, text: &str) {
        let (printed, news) = &*self.printed;
        let limit = Duration::from_mins(1);
        let (printed, waited) = news
            .wait_timeout_while(printed.lock().unwrap(), limit, |printed| !printed.contains(text))
            .unwrap();
        assert!(!waited.timed_out(), "`{text}` is not in {printed}");
    }
}

impl Drop for Local {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Returns the error of `local` for a template that it cannot run.
fn refused(template: &Path) -> String {
    let Output { stderr, .. } = command(template).output().unwrap();
    String::from_utf8(stderr).unwrap()
}

/// Returns the SAM project with some texts of its template or of a function replaced.
fn changed(file: &str, changes: &[(&str, &str)]) -> tempfile::TempDir {
    let copy = tempfile::tempdir().unwrap();
    let from = project("sam-node");
    fs::create_dir_all(copy.path().join("functions/nested")).unwrap();
    for file in [
        "template.yaml",
        "functions/define.js",
        "functions/create.js",
        "functions/nested/verify.mjs",
    ] {
        fs::copy(from.join(file), copy.path().join(file)).unwrap();
    }
    let path = copy.path().join(file);
    let mut text = fs::read_to_string(&path).unwrap();
    for (old, new) in changes {
        assert!(text.contains(old), "{old}");
        text = text.replace(old, new);
    }
    fs::write(path, text).unwrap();
    copy
}

#[test]
fn a_sam_project_in_javascript_signs_in() {
    let local = Local::start(&project("sam-node/template.yaml"), &[]);
    local.signs_in("Peccy");
    local.prints("what a function prints is no answer");
}

#[test]
fn a_plain_project_in_python_with_two_pools_signs_in_by_email() {
    let local = Local::start(&project("plain-python/template.json"), &[]);
    assert_eq!(local.user, "demo@example.com");
    local.signs_in("42");
    local.prints("asked by Ask with True");
    let failed = local.answer(&local.start_sign_in(), "raise");
    assert_eq!(
        (&failed["__type"], &failed["message"]),
        (
            &json!("UserLambdaValidationException"),
            &json!("VerifyAuthChallengeResponse failed with error no luck.")
        )
    );
}

#[test]
fn a_synthesised_cdk_app_signs_in_by_the_stack_that_has_the_pool() {
    let local = Local::start(&project("cdk/cdk.out"), &[]);
    local.signs_in("4");
}

#[test]
fn a_program_in_a_zip_signs_in_and_a_zip_without_one_is_one_message() {
    let copy = tempfile::tempdir().unwrap();
    let template = copy.path().join("template.yaml");
    fs::copy(project("zip/template.yaml"), &template).unwrap();
    let zip = |name: &str| {
        let mut zip = ZipWriter::new(fs::File::create(copy.path().join("asset.zip")).unwrap());
        zip.start_file(name, SimpleFileOptions::default()).unwrap();
        zip.write_all(&fs::read(project("zip/bootstrap")).unwrap()).unwrap();
        zip.finish().unwrap();
    };
    assert!(refused(&template).contains("its code `asset.zip` is not a folder"));
    zip("index");
    let text = refused(&template);
    assert!(text.contains("asset.zip` cannot be unpacked"), "{text}");
    zip("bootstrap");
    Local::start(&template, &[]).signs_in("4");
}

#[test]
fn a_handler_that_fails_ends_as_on_lambda_and_the_next_call_works() {
    let local = Local::start(&project("sam-node/template.yaml"), &[]);
    for (answer, message) in [
        ("throw", "VerifyAuthChallengeResponse failed with error no luck."),
        ("exit", "Error: Runtime exited without providing a reason."),
        ("hang", "Error: Task timed out after 2.00 seconds."),
    ] {
        let failed = local.answer(&local.start_sign_in(), answer);
        assert_eq!(failed["__type"], "UserLambdaValidationException", "{failed}");
        assert!(failed["message"].as_str().unwrap().ends_with(message), "{failed}");
    }
    local.signs_in("Peccy");
}

#[test]
fn a_changed_source_is_run_from_the_next_call_on() {
    let copy = changed("template.yaml", &[]);
    let local = Local::start(&copy.path().join("template.yaml"), &["--watch"]);
    local.signs_in("Peccy");
    let create = copy.path().join("functions/create.js");
    let text = fs::read_to_string(&create).unwrap();
    fs::write(&create, text.replace("process.env.ANSWER", "\"Rex\"")).unwrap();
    local.prints("Create is new: calls go to it from now on");
    local.signs_in("Rex");
    fs::write(&create, "exports.handler = no javascript").unwrap();
    local.prints("calls go to the one before");
    local.signs_in("Rex");
}

#[test]
fn what_is_missing_is_one_message() {
    for (old, new, message) in [
        (
            "define.handler",
            "defin.handler",
            "function `Define` does not start: `Handler: defin.handler` has no file",
        ),
        ("define.handler", "define.run", "exports no function `run`"),
        ("define.handler", "define", "must be a file and a function"),
        ("Handler: define.handler", "Description: x", "has no `Handler`"),
        ("functions/\n", "function/\n", "its code `function/` is not a folder"),
        (
            "Runtime: nodejs22.x",
            "Runtime: ruby3.4",
            "`Runtime: ruby3.4` is not supported (supported: nodejs…, python…",
        ),
        (
            "Timeout: 2",
            "Layers: [arn:aws:lambda:us-east-1:123456789012:layer:a:1]",
            "`Layers` is not supported",
        ),
    ] {
        let copy = changed("template.yaml", &[(old, new)]);
        let text = refused(&copy.path().join("template.yaml"));
        assert!(text.contains(message), "{new}: {text}");
        assert_eq!(text.lines().count(), 1, "{text}");
    }
    let copy = changed(
        "functions/define.js",
        &[("exports.handler", "require('not-there'); exports.handler")],
    );
    let text = refused(&copy.path().join("template.yaml"));
    assert!(text.contains("Cannot find module 'not-there'"), "{text}");
    let without = command(&project("sam-node/template.yaml"))
        .env("PATH", "/nowhere")
        .output()
        .unwrap();
    let text = String::from_utf8(without.stderr).unwrap();
    assert!(
        text.contains("has `Runtime: nodejs22.x`, and no folder of PATH has `node` (Node.js): install it"),
        "{text}"
    );
}

#[test]
fn every_client_of_the_template_is_in_the_banner() {
    let local = Local::start(&project("plain-python/template.json"), &[]);
    local.prints("More clients");
}

#[test]
fn resources_that_do_not_run_are_named_if_that_is_asked_for() {
    let template = project("sam-node/template.yaml");
    let local = Local::start(&template, &["--verbose"]);
    local.prints("Table (AWS::Serverless::SimpleTable) is skipped: a sign-in does not need it");
    local.prints("Report (AWS::Serverless::Function) is skipped: no trigger or route calls it");
    let local = Local::start(&template, &[]);
    assert!(!local.printed.0.lock().unwrap().contains("is skipped"));
}

#[test]
fn nothing_but_the_interpreter_has_to_be_installed() {
    let path = tempfile::tempdir().unwrap();
    let found = Command::new("sh").args(["-c", "command -v node"]).output().unwrap();
    let node = String::from_utf8(found.stdout).unwrap();
    std::os::unix::fs::symlink(node.trim(), path.path().join("node")).unwrap();
    let elsewhere = tempfile::tempdir().unwrap();
    let template = project("sam-node/template.yaml").canonicalize().unwrap();
    let mut command = command(&template);
    let local = Local::of(command.env("PATH", path.path()).current_dir(elsewhere.path()));
    local.signs_in("Peccy");
}

#[test]
fn a_seed_is_in_the_pool_and_an_export_is_a_seed_of_another_folder() {
    let template = project("sam-node/template.yaml");
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    fs::copy(project("seed.yaml"), file("seed.yaml")).unwrap();
    let start = |data: &str, seed: &str| {
        let mut command = keeping(&template);
        Local::of(command.args(["--data-dir", &file(data), "--seed", &file(seed)]))
    };
    let export = |data: &str| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_cognito-loop"));
        command
            .args(["seed", "export", "--data-dir", &file(data)])
            .output()
            .unwrap()
    };
    let mut subs = Vec::new();
    for _ in 0..2 {
        let mut local = start("data", "seed.yaml");
        local.prints("The users (1) and groups (1) of ");
        local.user = "ana".to_owned();
        local.signs_in("Peccy");
        subs.push(local.user("ana")["UserAttributes"].clone());
        let while_it_runs = String::from_utf8(export("data").stderr).unwrap();
        assert!(
            while_it_runs.contains("another `local` uses the folder"),
            "{while_it_runs}"
        );
    }
    assert_eq!(subs[0], subs[1]);

    let exported = export("data");
    assert!(exported.status.success(), "{exported:?}");
    fs::write(file("export.json"), &exported.stdout).unwrap();
    let local = start("other", "export.json");
    assert_eq!(local.user("ana")["UserAttributes"], subs[0]);
    drop(local);
    assert_eq!(export("other").stdout, exported.stdout);

    let nothing = String::from_utf8(export("nothing").stderr).unwrap();
    assert!(nothing.contains("no data is stored in"), "{nothing}");
}

#[test]
fn a_mistake_in_a_seed_is_one_message() {
    let template = project("sam-node/template.yaml");
    let folder = tempfile::tempdir().unwrap();
    let seed = folder.path().join("seed.yaml");
    for (text, message) in [
        (
            "users:\n  - username: ana\n    grups: []\n",
            "seed.yaml:3: users[0].grups: unknown field `grups`",
        ),
        (
            "users:\n  - username: ana\n    groups:\n      - staf\n",
            "seed.yaml:4: users[0].groups[0]: unknown group `staf` (known: none)",
        ),
        (
            "users:\n  - username: ana\n  - username: ana\n",
            "seed.yaml:3: users[1].username: user `ana` exists already, in users[0]",
        ),
        (
            "users:\n  - username: ana\n    attributes:\n      custom:size: L\n",
            "seed.yaml:4: users[0].attributes.custom:size: ",
        ),
        (
            "users:\n  - username: ana\n    password: short\n",
            "seed.yaml:3: users[0].password: Password did not conform with policy: Password not long enough",
        ),
    ] {
        fs::write(&seed, text).unwrap();
        let output = command(&template).arg("--seed").arg(&seed).output().unwrap();
        let printed = String::from_utf8(output.stderr).unwrap();
        assert!(printed.contains(message), "{printed}");
        assert_eq!(
            (printed.lines().count(), output.status.code()),
            (1, Some(2)),
            "{printed}"
        );
    }
    let other = format!("Other={}", seed.display());
    let output = command(&template).args(["--seed", &other]).output().unwrap();
    let printed = String::from_utf8(output.stderr).unwrap();
    assert!(
        printed.contains("the template has no user pool `Other` (known: Users)"),
        "{printed}"
    );
}

#[test]
fn two_on_one_folder_and_a_process_that_a_handler_leaves_hold_up_nothing() {
    let copy = changed(
        "functions/create.js",
        &[(
            "console.log(",
            "require('node:child_process').spawn('sleep', ['30'], { detached: true, stdio: 'inherit' }).unref(); \
             console.log(",
        )],
    );
    let (template, data) = (copy.path().join("template.yaml"), copy.path().join("data"));
    let start = || {
        let mut command = keeping(&template);
        command.arg("--data-dir").arg(&data);
        command
    };
    let mut local = Local::of(&mut start());
    local.signs_in("Peccy");
    let second = String::from_utf8(start().output().unwrap().stderr).unwrap();
    assert!(second.contains("another `local` uses the folder"), "{second}");
    assert_eq!(second.lines().count(), 1, "{second}");
    let id = local.process.id().to_string();
    assert!(Command::new("kill").arg(&id).status().unwrap().success());
    local.ends();
}
