//! Judging an answer is the same work for users and for who is none: instructions of the built functions, counted by
//! valgrind. A clock would tell less, and not always the same.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use benches::lambda::Program;
use loop_tests::folder::{fixtures, read};
use loop_tests::functions::{SECRET, enrolled};
use loop_tests::local::function;
use serde_json::{Value, json};
use tempfile::TempDir;

/// What the functions need to ask and judge a security question.
const VARIABLES: [(&str, &str); 3] = [
    ("AUTH_FLOW", "SECURITY_QUESTION:3"),
    ("AUTH_SESSION_MINUTES", "15"),
    ("CHALLENGE_SECRET", SECRET),
];

/// Who answers: the name of the kind, the attributes, and whether the user is missing.
fn kinds() -> [(&'static str, Value, bool); 3] {
    [
        (
            "enrolled",
            json!({"sub": "s", "custom:security_questions": enrolled()}),
            false,
        ),
        ("not enrolled", json!({"sub": "s"}), false),
        ("unknown", json!({}), true),
    ]
}

/// Create's event for a kind of user.
fn asking(attributes: &Value, missing: bool) -> Value {
    let mut event: Value = read(&fixtures("create").join("unknown-user-gets-a-decoy-question.event.json"));
    event["request"]["userAttributes"] = attributes.clone();
    event["request"]["userNotFound"] = missing.into();
    event["request"]["session"] = json!([]);
    event
}

/// Verify's event for a wrong answer to what create has asked.
fn answering(asked: &Value, attributes: &Value, missing: bool) -> Value {
    let mut event: Value = read(&fixtures("verify").join("wrong-security-answer.event.json"));
    event["request"]["userAttributes"] = attributes.clone();
    event["request"]["userNotFound"] = missing.into();
    event["request"]["privateChallengeParameters"] = asked["response"]["privateChallengeParameters"].clone();
    event
}

/// Starts a function under valgrind, lets it answer `events`, and gives how many instructions that took in all.
fn instructions(name: &str, events: &[&Value], folder: &Path) -> u64 {
    let counted = folder.join("callgrind.out");
    let mut valgrind = Command::new("valgrind");
    valgrind
        .args(["--quiet", "--tool=callgrind"])
        .arg(format!("--callgrind-out-file={}", counted.display()))
        .arg(function(name))
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    let program = Program::start(&mut valgrind, &VARIABLES);
    program.asks();
    for event in events {
        let (_, answer) = program.answer(&event.to_string());
        answer.expect("an answer, not an error");
        program.asks();
    }
    program.end();
    let text = fs::read_to_string(counted).unwrap();
    let total = text.lines().find_map(|line| line.strip_prefix("totals: "));
    total.unwrap().trim().parse().unwrap()
}

#[test]
fn an_answer_is_judged_with_the_same_work_whoever_gives_it() {
    if Command::new("valgrind").arg("--version").output().is_err() {
        println!("not counted: valgrind is missing");
        return;
    }
    let folder = TempDir::new().unwrap();
    let mut command = Command::new(function("create-auth-challenge"));
    let create = Program::start(command.stdout(Stdio::null()), &VARIABLES);
    create.asks();
    let start = instructions("verify-auth-challenge", &[], folder.path());
    let works = kinds().map(|(kind, attributes, missing)| {
        let (_, asked) = create.answer(&asking(&attributes, missing).to_string());
        let asked = serde_json::from_slice(&asked.expect("an answer, not an error")).unwrap();
        let event = answering(&asked, &attributes, missing);
        let work = instructions("verify-auth-challenge", &[&event, &event], folder.path()) - start;
        println!("{kind}: {work} instructions for two answers");
        work
    });
    let (least, most) = (works.iter().min().unwrap(), works.iter().max().unwrap());
    assert!(most - least < least / 100, "{works:?}");
}
