//! The functions as they are deployed: release builds, each by itself, so that none has what only another needs.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::SystemTime;
use std::{env, fs};

use serde_json::Value;

const SECRET: &str = "the benchmarks' secret, long enough";

/// The functions that are measured, by name.
pub const NAMES: [&str; 4] = [
    "define-auth-challenge",
    "verify-auth-challenge",
    "create-auth-challenge",
    "enrolment",
];

/// Builds them into the folder of `floor`, a program that was built in the release profile.
///
/// # Panics
///
/// Functions that do not build.
#[expect(
    clippy::disallowed_methods,
    reason = "cargo's own variables are not for another cargo"
)]
pub fn build(floor: &Path) -> HashMap<&'static str, PathBuf> {
    NAMES
        .into_iter()
        .map(|name| {
            let mut cargo = Command::new(env!("CARGO"));
            cargo.args(["build", "--quiet", "--release", "--package", name]);
            // What cargo says of this package would make it build some libraries anew.
            for (variable, _) in env::vars_os() {
                if variable.to_string_lossy().starts_with("CARGO_PKG_") || variable == "CARGO_MANIFEST_DIR" {
                    cargo.env_remove(variable);
                }
            }
            assert!(cargo.current_dir(workspace()).status().unwrap().success());
            (name, floor.with_file_name(name))
        })
        .collect()
}

/// The folder of the workspace.
///
/// # Panics
///
/// Never.
pub fn workspace() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}

/// What template.yaml sets for the functions, apart from where pictures go.
pub const VARIABLES: [(&str, &str); 7] = [
    ("AUTH_FLOW", "PASSWORD,CAPTCHA|PROOF_OF_WORK:3,SECURITY_QUESTION:3"),
    ("AUTH_SESSION_MINUTES", "3"),
    ("AWS_LAMBDA_LOG_FORMAT", "JSON"),
    ("CAPTCHA_BUCKET", "pictures"),
    ("CHALLENGE_SECRET", SECRET),
    ("DEFAULT_LOCALE", "en"),
    ("PROOF_OF_WORK_TRIES", "200"),
];

/// The event of a fixture, such as `define/every-step-passed-issues-tokens`.
///
/// # Panics
///
/// A fixture that is not there.
pub fn event(fixture: &str) -> Value {
    let path = workspace().join(format!("tests/fixtures/{fixture}.event.json"));
    let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_str(&text).unwrap()
}

/// An event for verify with what create stored: `secret` under `name`, asked at this moment for `challenge`.
///
/// # Panics
///
/// A clock before 1970.
#[expect(clippy::disallowed_methods, reason = "this is the edge, where the clock is read")]
pub fn answered(challenge: &str, name: &str, secret: &str) -> Value {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap();
    let mut event = event("verify/captcha-without-regard-to-case-and-blanks");
    event["request"]["privateChallengeParameters"] =
        serde_json::json!({ "challenge": challenge, "issuedAt": now.as_secs().to_string(), name: secret });
    event
}
