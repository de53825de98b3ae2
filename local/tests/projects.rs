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

fn project(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/projects").join(name)
}

fn command(template: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_local"));
    command.args(["--listen", "127.0.0.1:0", "--ephemeral", "--template"]);
    command.arg(template);
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
        let mut process = command(template).args(more).stdout(Stdio::piped()).spawn().unwrap();
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
            for line in lines.map_while(Result::ok) {
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
