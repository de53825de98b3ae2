//! Tests that create and verify do the same work for existing and nonexistent users.
//!
//! Valgrind counts the instructions of the built functions, which is more precise and reproducible than a clock.

use std::env;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use benches::functions::event;
use benches::kinds::{Kind, kinds};
use benches::lambda::Program;
use cognito_challenge::challenges::security_question::{ATTRIBUTE, Enrollment, Question};
use cognito_challenge::keys::Keys;
use loop_tests::functions::{ANSWERS, SECRET};
use loop_tests::local::function;
use serde_json::{Value, json};
use tempfile::TempDir;

/// The variables that the functions need for a security question.
const VARIABLES: [(&str, &str); 3] = [
    ("AUTH_FLOW", "SECURITY_QUESTION:3"),
    ("AUTH_SESSION_MINUTES", "15"),
    ("CHALLENGE_SECRET", SECRET),
];

/// Returns create's event for a kind of user.
fn asking(kind: &Kind) -> Value {
    let mut event = event("create/unknown-user-gets-a-decoy-question");
    event["request"]["session"] = json!([]);
    kind.signs_in(event)
}

/// Returns an event of the same length for all kinds of users. Cognito sends more attributes for some users, and
/// reading them takes time.
fn asking_at_length(kind: &Kind) -> Value {
    let mut event = asking(kind);
    let attributes = event["request"]["userAttributes"].as_object_mut().unwrap();
    if !attributes.contains_key(ATTRIBUTE) {
        let [enrolled, ..] = kinds();
        *attributes = serde_json::from_value(asking(&enrolled)["request"]["userAttributes"].take()).unwrap();
        let unread = attributes.remove(ATTRIBUTE).unwrap();
        attributes.insert(ATTRIBUTE.replace("questions", "elsewhere"), unread);
    }
    event
}

/// Returns verify's event for a wrong answer to the challenge from `create`.
fn answering(kind: &Kind, create: &Program) -> Value {
    let asked = create.reply(&asking(kind));
    create.asks();
    let mut event = event("verify/wrong-security-answer");
    event["request"]["privateChallengeParameters"] = asked["response"]["privateChallengeParameters"].clone();
    kind.signs_in(event)
}

/// Returns the event with a stored hash under another key.
fn answering_under(keyed: &str, create: &Program) -> Value {
    let [enrolled, ..] = kinds();
    let mut event = answering(&enrolled, create);
    let hash = Enrollment::new(ANSWERS, &Keys::parse(keyed).unwrap(), || [7; 16]).unwrap();
    let hash = hash.hash(Question::with_id("first-pet").unwrap()).unwrap().to_string();
    event["request"]["privateChallengeParameters"]["answerHash"] = hash.into();
    event
}

/// Runs a function under valgrind with `events`. Returns the total number of instructions.
fn instructions(name: &str, events: &[&Value], folder: &Path) -> u64 {
    instructions_with(name, &VARIABLES, events, folder)
}

/// Returns [`instructions`] with other variables.
fn instructions_with(name: &str, variables: &[(&str, &str)], events: &[&Value], folder: &Path) -> u64 {
    let counted = folder.join("callgrind.out");
    let mut valgrind = Command::new("valgrind");
    valgrind
        .args(["--quiet", "--tool=callgrind"])
        .arg(format!("--callgrind-out-file={}", counted.display()))
        .arg(function(name))
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    let program = Program::start(&mut valgrind, variables);
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

/// Returns whether valgrind is installed. It must be if `CI` is set.
fn counts() -> bool {
    let found = Command::new("valgrind").arg("--version").output().is_ok();
    assert!(
        found || env::var_os("CI").is_none_or(|ci| ci.is_empty()),
        "valgrind is missing: install it (Debian: `apt-get install valgrind`)"
    );
    if !found {
        println!("not counted: valgrind is missing");
    }
    found
}

/// Returns the number of instructions for two responses to the event of each kind, without the start of the function.
fn works(name: &str, event: impl Fn(&Kind) -> Value) -> [u64; 3] {
    let folder = TempDir::new().unwrap();
    let start = instructions(name, &[], folder.path());
    kinds().map(|kind| {
        let event = event(&kind);
        let work = instructions(name, &[&event, &event], folder.path()) - start;
        println!("{name}, {}: {work} instructions for two answers", kind.name);
        work
    })
}

/// Compares the numbers with a tolerance in thousandths.
fn are_the_same(works: [u64; 3], thousandths: u64) {
    let (least, most) = (works.iter().min().unwrap(), works.iter().max().unwrap());
    assert!((most - least) * 1000 < least * thousandths, "{works:?}");
}

#[test]
fn an_answer_is_checked_with_the_same_work_for_every_kind_of_user() {
    if counts() {
        let mut command = Command::new(function("create-auth-challenge"));
        let create = Program::start(command.stdout(Stdio::null()), &VARIABLES);
        create.asks();
        are_the_same(works("verify-auth-challenge", |kind| answering(kind, &create)), 10);
    }
}

#[test]
fn an_answer_is_checked_with_the_same_work_under_every_secret() {
    if counts() {
        let [current, gone] = [
            "the current secret, long enough, too",
            "a secret that is gone, long enough",
        ];
        let changing = json!({"current": current, "previous": SECRET, "first": SECRET}).to_string();
        let mut variables = VARIABLES;
        variables[2].1 = &changing;
        let folder = TempDir::new().unwrap();
        let counted = |events: &[&Value]| instructions_with("verify-auth-challenge", &variables, events, folder.path());
        let start = counted(&[]);
        let mut command = Command::new(function("create-auth-challenge"));
        let create = Program::start(command.stdout(Stdio::null()), &variables);
        create.asks();
        are_the_same(
            [("current", current), ("previous", SECRET), ("gone", gone)].map(|(name, secret)| {
                let event = answering_under(secret, &create);
                let work = counted(&[&event, &event]) - start;
                println!("verify-auth-challenge, {name} secret: {work} instructions for two answers");
                work
            }),
            10,
        );
    }
}

#[test]
fn a_question_is_asked_with_the_same_work_for_every_kind_of_user() {
    if counts() {
        // The log line of a user without answers has a reason. Without optimization, this takes nearly one percent.
        are_the_same(works("create-auth-challenge", asking_at_length), 15);
    }
}
