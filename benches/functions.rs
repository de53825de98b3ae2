//! The functions as they are deployed: release builds, each built alone, so that no function has dependencies of
//! another.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::SystemTime;
use std::{env, fs};

use serde_json::Value;

const SECRET: &str = "the benchmarks' secret, long enough";

/// The names of the measured functions.
pub const NAMES: [&str; 4] = [
    "define-auth-challenge",
    "verify-auth-challenge",
    "create-auth-challenge",
    "enrolment",
];

/// Builds the functions into the folder of `floor`, a program that was built in the release profile.
///
/// # Panics
///
/// Panics if a function does not build.
#[expect(
    clippy::disallowed_methods,
    reason = "another cargo must not receive cargo's own variables"
)]
pub fn build(floor: &Path) -> HashMap<&'static str, PathBuf> {
    NAMES
        .into_iter()
        .map(|name| {
            let mut cargo = Command::new(env!("CARGO"));
            cargo.args(["build", "--quiet", "--release", "--package", name]);
            // With these variables of cargo, some libraries would be built again.
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

/// Returns the folder of the workspace.
///
/// # Panics
///
/// Never panics.
pub fn workspace() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}

/// The variables that template.yaml sets for the functions, except those for pictures.
pub const VARIABLES: [(&str, &str); 7] = [
    ("AUTH_FLOW", "PASSWORD,CAPTCHA|PROOF_OF_WORK:3,SECURITY_QUESTION:3"),
    ("AUTH_SESSION_MINUTES", "3"),
    ("AWS_LAMBDA_LOG_FORMAT", "JSON"),
    ("CAPTCHA_BUCKET", "pictures"),
    ("CHALLENGE_SECRET", SECRET),
    ("DEFAULT_LOCALE", "en"),
    ("PROOF_OF_WORK_TRIES", "200"),
];

/// Returns the event of a fixture, such as `define/every-step-passed-issues-tokens`.
///
/// # Panics
///
/// Panics if the fixture does not exist.
pub fn event(fixture: &str) -> Value {
    let path = workspace().join(format!("tests/fixtures/{fixture}.event.json"));
    let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_str(&text).unwrap()
}

/// Returns an event for verify with what create stores: the secret `secret` in the parameter `name`, issued now for
/// `challenge`.
///
/// # Panics
///
/// Panics if the clock is before 1970.
#[expect(clippy::disallowed_methods, reason = "this is the edge, where the clock is read")]
pub fn answered(challenge: &str, name: &str, secret: &str) -> Value {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap();
    let mut event = event("verify/captcha-without-regard-to-case-and-blanks");
    event["request"]["privateChallengeParameters"] =
        serde_json::json!({ "challenge": challenge, "issuedAt": now.as_secs().to_string(), name: secret });
    event
}
