//! Asking and judging are the same work for users and for who is none: instructions of the built functions, counted by
//! valgrind. A clock would tell less, and not always the same.

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

/// What the functions need to ask and judge a security question.
const VARIABLES: [(&str, &str); 3] = [
    ("AUTH_FLOW", "SECURITY_QUESTION:3"),
    ("AUTH_SESSION_MINUTES", "15"),
    ("CHALLENGE_SECRET", SECRET),
];

/// Create's event for a kind of user.
fn asking(kind: &Kind) -> Value {
    let mut event = event("create/unknown-user-gets-a-decoy-question");
    event["request"]["session"] = json!([]);
    kind.signs_in(event)
}

/// The same, as long for everybody: Cognito sends more of some users than of others, and reading that takes time.
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

/// Verify's event for a wrong answer to what `create` asks.
fn answering(kind: &Kind, create: &Program) -> Value {
    let asked = create.reply(&asking(kind));
    create.asks();
    let mut event = event("verify/wrong-security-answer");
    event["request"]["privateChallengeParameters"] = asked["response"]["privateChallengeParameters"].clone();
    kind.signs_in(event)
}

/// The same with a stored hash that has another key.
fn answering_under(keyed: &str, create: &Program) -> Value {
    let [enrolled, ..] = kinds();
    let mut event = answering(&enrolled, create);
    let hash = Enrollment::new(ANSWERS, &Keys::parse(keyed).unwrap(), || [7; 16]).unwrap();
    let hash = hash.hash(Question::with_id("first-pet").unwrap()).unwrap().to_string();
    event["request"]["privateChallengeParameters"]["answerHash"] = hash.into();
    event
}

/// Starts a function under valgrind, lets it answer `events`, and gives how many instructions that took in all.
fn instructions(name: &str, events: &[&Value], folder: &Path) -> u64 {
    instructions_with(name, &VARIABLES, events, folder)
}

/// The same with other variables.
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

/// Whether there is valgrind; where `CI` is set there has to be.
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

/// What two answers of the function `name` to the event of each kind take, besides its start.
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

/// To one part in a hundred.
fn are_the_same(works: [u64; 3]) {
    let (least, most) = (works.iter().min().unwrap(), works.iter().max().unwrap());
    assert!(most - least < least / 100, "{works:?}");
}

#[test]
fn an_answer_is_judged_with_the_same_work_whoever_gives_it() {
    if counts() {
        let mut command = Command::new(function("create-auth-challenge"));
        let create = Program::start(command.stdout(Stdio::null()), &VARIABLES);
        create.asks();
        are_the_same(works("verify-auth-challenge", |kind| answering(kind, &create)));
    }
}

#[test]
fn an_answer_is_judged_with_the_same_work_whichever_secret_it_was_enrolled_under() {
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
        );
    }
}

#[test]
fn a_question_is_asked_with_the_same_work_whoever_is_asked() {
    if counts() {
        are_the_same(works("create-auth-challenge", asking_at_length));
    }
}
