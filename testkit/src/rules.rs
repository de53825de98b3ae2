//! The rules that every challenge type must keep.
//!
//! [`check`] signs in as an enrolled, a not enrolled and a nonexistent user. It uses right, wrong and hostile answers,
//! and hostile client metadata. It returns each violation of a rule.

use std::collections::BTreeMap;
use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use cognito_challenge::state::MAX_METADATA_CHARS;
use cognito_challenge_runtime::log::record;
use cognito_challenge_runtime::{ConfigError, Environment};
use create_auth_challenge::Issuers;
use serde_json::{Value, json};
use verify_auth_challenge::Verifiers;

use crate::functions::{Functions, event};
use crate::script::{People, RightAnswer, User};

/// The attempt limit of the checked step.
const ATTEMPTS: usize = 5;

/// A wrong answer that no output may contain.
const WRONG: &str = "marker of a wrong answer";

/// A secret that no output may contain.
pub const SECRET: &str = "marker of the deployment's secret: never shown";

/// A challenge type, and the data that the rules need to check it.
pub struct Subject<'a> {
    /// The type's name.
    pub challenge: &'a str,
    /// The variables that the type reads, in addition to `AUTH_FLOW`, `AUTH_SESSION_MINUTES` and `CHALLENGE_SECRET`.
    pub variables: &'a [(&'a str, &'a str)],
    /// A list with the asking half.
    pub issuers: Issuers,
    /// A list with the answering half.
    pub verifiers: Verifiers,
    /// The users' attributes. Put a marker into attributes that must stay secret.
    pub people: People,
    /// Finds the right answer for the enrolled user.
    pub right: &'a RightAnswer<'a>,
    /// Texts that no log line, error or public parameter may contain, such as a provider's key or an attribute.
    pub secrets: &'a [&'a str],
    /// Parameters whose length varies in the same way for all users, such as `captchaUrl`.
    pub varying: &'a [&'a str],
}

/// A rule that every challenge type must keep.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rule {
    /// The enrolled user passes with the right answer; a nonexistent user never gets tokens.
    RightAnswerPasses,
    /// A wrong answer of any kind is wrong and never causes an error.
    WrongIsNoError,
    /// If the private parameters of the type are empty or missing, no answer is right.
    EmptyMatchesNothing,
    /// All three kinds of users get the same number of challenges, with the same keys and lengths.
    SameForEveryUser,
    /// Each function logs the same fields for all three kinds of users.
    SameLog,
    /// No log line, error, public parameter or state contains a secret, a private parameter or an answer.
    NothingSecretShown,
    /// Client metadata does not affect the step, the attempts or the verdict.
    ClientMetadataDecidesNothing,
    /// The length of `challengeMetadata` is bounded for any number of attempts.
    StateIsBounded,
}

/// A broken rule and the observation that shows it. It contains no secret values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// The rule.
    pub rule: Rule,
    /// The observation.
    pub seen: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}: {}", self.rule, self.seen)
    }
}

/// Checks all rules. Returns an empty list if the type keeps them.
///
/// # Errors
///
/// Returns an error if a function rejects its configuration.
pub fn check(subject: &Subject<'_>) -> Result<Vec<Violation>, ConfigError> {
    let flow = format!("{}:{ATTEMPTS}", subject.challenge);
    let mut variables = vec![
        ("AUTH_FLOW", flow.as_str()),
        ("AUTH_SESSION_MINUTES", "3"),
        ("CHALLENGE_SECRET", SECRET),
    ];
    variables.extend(subject.variables);
    let functions = Functions::new(&Environment::new(variables), &subject.issuers, &subject.verifiers)?;
    let mut run = Run {
        subject,
        functions,
        violations: Vec::new(),
    };
    run.right_answers();
    run.wrong_answers();
    run.empty_parameters();
    run.client_metadata();
    Ok(run.violations)
}

/// Checks all rules and panics with the list of violations.
///
/// # Panics
///
/// Panics if a rule is broken, or if a function does not start.
pub fn assert_holds(subject: &Subject<'_>) {
    let violations = check(subject).unwrap_or_else(|error| panic!("{}: {error}", subject.challenge));
    let shown: Vec<_> = violations.iter().map(ToString::to_string).collect();
    assert!(
        shown.is_empty(),
        "{} breaks rules:\n{}",
        subject.challenge,
        shown.join("\n")
    );
}

const USERS: [User; 3] = [User::Demo, User::NotEnrolled, User::Unknown];

struct Run<'a> {
    subject: &'a Subject<'a>,
    functions: Functions,
    violations: Vec<Violation>,
}

/// The observations of a sign-in with only wrong answers, which must be the same for all users.
#[derive(Debug, Default, PartialEq, Eq)]
struct Shown {
    /// For each attempt, the length of each parameter. `None` if the length varies.
    parameters: Vec<BTreeMap<String, Option<usize>>>,
    /// For each invocation of create and verify, the log fields with a value.
    logged: Vec<Vec<String>>,
}

impl Run<'_> {
    fn broken(&mut self, rule: Rule, seen: impl Into<String>) {
        let seen = seen.into();
        if !self
            .violations
            .iter()
            .any(|known| known.rule == rule && known.seen == seen)
        {
            self.violations.push(Violation { rule, seen });
        }
    }

    /// Creates a challenge. An error is a violation of `rule`.
    fn create(&mut self, rule: Rule, user: User, session: &[Value], metadata: &Value) -> Option<(Value, Vec<String>)> {
        let mut event = self.event("CreateAuthChallenge", user, metadata);
        event["request"]["challengeName"] = "CUSTOM_CHALLENGE".into();
        event["request"]["session"] = session.into();
        // A different seed for each attempt.
        let seed = 1 + session.len() as u64;
        let (created, lines) = record(&self.functions.telemetry(), || self.functions.create_with(event, seed));
        match created {
            Err(error) => {
                self.shows(std::slice::from_ref(&error), &Value::Null, "");
                let of_state = error.contains(", step ") && error.contains("state");
                let rule = if of_state { Rule::StateIsBounded } else { rule };
                self.broken(rule, format!("create fails for {user:?}: {error}"));
                None
            }
            Ok(mut created) => {
                let created = created["response"].take();
                self.shows(&lines, &created["privateChallengeParameters"], "");
                self.shows_nothing_secret(&created);
                Some((created, fields(&lines)))
            }
        }
    }

    /// Returns whether verify accepts `answer`. An error is a violation and counts as wrong.
    fn verify(&mut self, user: User, private: &Value, answer: Value, metadata: &Value) -> (bool, Vec<String>) {
        let mut event = self.event("VerifyAuthChallengeResponse", user, metadata);
        let typed = answer.as_str().unwrap_or_default().to_owned();
        event["request"]["privateChallengeParameters"] = private.clone();
        event["request"]["challengeAnswer"] = answer;
        let (verified, lines) = record(&self.functions.telemetry(), || self.functions.verify(event));
        self.shows(&lines, private, &typed);
        match verified {
            Ok(verified) => (verified["response"]["answerCorrect"] == true, fields(&lines)),
            Err(error) => {
                self.broken(Rule::WrongIsNoError, format!("verify fails: {error}"));
                (false, fields(&lines))
            }
        }
    }

    fn event(&self, trigger: &str, user: User, metadata: &Value) -> Value {
        let mut event = event(trigger, &self.subject.people.attributes(user), user == User::Unknown);
        if !metadata.is_null() {
            event["request"]["clientMetadata"] = metadata.clone();
        }
        event
    }

    /// Records a violation if a log line or an error contains a secret.
    fn shows(&mut self, lines: &[String], private: &Value, typed: &str) {
        let secrets = secret_values(private);
        let answer = (typed == WRONG).then_some(typed);
        let known = self.subject.secrets.iter().copied().chain([SECRET]);
        let all: Vec<&str> = known.chain(secrets).chain(answer).collect();
        for line in lines {
            // JSON escapes quotes in a text.
            let found = all
                .iter()
                .any(|secret| line.contains(secret.escape_default().to_string().as_str()));
            if found || all.iter().any(|secret| line.contains(secret)) {
                self.broken(Rule::NothingSecretShown, "a secret is in the log or in an error");
            }
        }
    }

    fn shows_nothing_secret(&mut self, created: &Value) {
        let private = &created["privateChallengeParameters"];
        let public = created["publicChallengeParameters"].to_string();
        let metadata = created["challengeMetadata"].as_str().unwrap_or_default();
        let state = decoded(metadata);
        for secret in secret_values(private)
            .into_iter()
            .chain(self.subject.secrets.iter().copied())
            .chain([SECRET])
        {
            if public.contains(secret) {
                self.broken(Rule::NothingSecretShown, "a secret is in the public parameters");
            }
            if metadata.contains(secret) || state.windows(secret.len()).any(|window| window == secret.as_bytes()) {
                self.broken(Rule::NothingSecretShown, "a secret is in the state");
            }
        }
        if metadata.len() > MAX_METADATA_CHARS {
            self.broken(
                Rule::StateIsBounded,
                format!("challengeMetadata has {} characters", metadata.len()),
            );
        }
    }

    /// Tries the right answer at once, and after a wrong answer.
    fn right_answers(&mut self) {
        for wrong in [0, 1] {
            for user in USERS {
                let mut session = Vec::new();
                for _ in 0..wrong {
                    let Some((created, _)) = self.create(Rule::RightAnswerPasses, user, &session, &Value::Null) else {
                        return;
                    };
                    session.push(entry(&created, false));
                }
                let Some((created, _)) = self.create(Rule::RightAnswerPasses, user, &session, &Value::Null) else {
                    return;
                };
                let private = &created["privateChallengeParameters"];
                let answer = (self.subject.right)(&created["publicChallengeParameters"], private);
                let (right, _) = self.verify(user, private, answer.into(), &Value::Null);
                if user == User::Demo && !right {
                    self.broken(
                        Rule::RightAnswerPasses,
                        format!("the right answer is wrong after {wrong} wrong answers"),
                    );
                }
                session.push(entry(&created, right));
                let mut define = self.event("DefineAuthChallenge", user, &Value::Null);
                define["request"]["session"] = session.into();
                let defined = self.functions.define(define);
                let tokens = defined.is_ok_and(|defined| defined["response"]["issueTokens"] == true);
                if tokens != (user != User::Unknown && right) {
                    self.broken(Rule::RightAnswerPasses, format!("tokens for {user:?}: {tokens}"));
                }
            }
        }
    }

    /// Tries wrong answers until no attempts are left. The results must be the same for every user and never an error.
    fn wrong_answers(&mut self) {
        let shown = USERS.map(|user| {
            let mut shown = Shown::default();
            let mut session = Vec::new();
            for attempt in 0..ATTEMPTS {
                let Some((created, asked)) = self.create(Rule::SameForEveryUser, user, &session, &Value::Null) else {
                    break;
                };
                shown.parameters.push(self.lengths(&created));
                let private = &created["privateChallengeParameters"];
                let (right, judged) = self.verify(user, private, WRONG.into(), &Value::Null);
                if right {
                    self.broken(Rule::WrongIsNoError, format!("a wrong answer of {user:?} is right"));
                }
                shown.logged.extend([asked, judged]);
                if attempt == 0 {
                    for answer in hostile_answers() {
                        let shown = answer.to_string().chars().take(20).collect::<String>();
                        if self.verify(user, private, answer, &Value::Null).0 {
                            self.broken(Rule::WrongIsNoError, format!("the answer {shown} of {user:?} is right"));
                        }
                    }
                }
                session.push(entry(&created, false));
            }
            shown
        });
        let [enrolled, others @ ..] = &shown;
        for (user, other) in [User::NotEnrolled, User::Unknown].into_iter().zip(others) {
            if other.parameters != enrolled.parameters {
                let seen = format!(
                    "enrolled {:?}, {user:?} {:?}",
                    enrolled.parameters.first(),
                    other.parameters.first()
                );
                self.broken(Rule::SameForEveryUser, seen);
            }
            let different = enrolled
                .logged
                .iter()
                .zip(&other.logged)
                .find(|(enrolled, other)| enrolled != other);
            if let Some((enrolled, other)) = different {
                self.broken(Rule::SameLog, format!("enrolled {enrolled:?}, {user:?} {other:?}"));
            }
        }
    }

    /// Returns the lengths of all parameters and of `challengeMetadata`.
    fn lengths(&self, created: &Value) -> BTreeMap<String, Option<usize>> {
        let mut lengths = BTreeMap::new();
        for kind in ["publicChallengeParameters", "privateChallengeParameters"] {
            for (name, value) in created[kind].as_object().into_iter().flatten() {
                let length = value.as_str().map(|text| text.chars().count());
                let fixed = !self.subject.varying.contains(&name.as_str());
                lengths.insert(format!("{kind}.{name}"), length.filter(|_| fixed));
            }
        }
        let metadata = created["challengeMetadata"].as_str();
        lengths.insert("challengeMetadata".into(), metadata.map(str::len));
        lengths
    }

    /// Empties and removes the private parameters.
    fn empty_parameters(&mut self) {
        let Some((created, _)) = self.create(Rule::EmptyMatchesNothing, User::Demo, &[], &Value::Null) else {
            return;
        };
        let private = &created["privateChallengeParameters"];
        let right = (self.subject.right)(&created["publicChallengeParameters"], private);
        let standard = |name: &str| ["challenge", "issuedAt"].contains(&name);
        let (mut emptied, mut left_out) = (private.clone(), private.clone());
        for (_, value) in emptied
            .as_object_mut()
            .into_iter()
            .flatten()
            .filter(|(name, _)| !standard(name))
        {
            *value = "".into();
        }
        left_out
            .as_object_mut()
            .expect("an object")
            .retain(|name, _| standard(name));
        for private in [emptied, left_out] {
            for answer in ["", " ", "0", "null", right.as_str()] {
                if self.verify(User::Demo, &private, answer.into(), &Value::Null).0 {
                    self.broken(
                        Rule::EmptyMatchesNothing,
                        "an answer is right although nothing is expected",
                    );
                }
            }
        }
    }

    /// Sends client metadata that tries to affect the step, the attempts or the verdict.
    fn client_metadata(&mut self) {
        let Some((plain, _)) = self.create(Rule::ClientMetadataDecidesNothing, User::Demo, &[], &Value::Null) else {
            return;
        };
        let place = |created: &Value| {
            let public = &created["publicChallengeParameters"];
            ["challenge", "step", "steps", "attemptsLeft"].map(|name| public[name].clone())
        };
        for metadata in hostile_metadata(&plain, self.subject.challenge) {
            let rule = Rule::ClientMetadataDecidesNothing;
            let Some((created, _)) = self.create(rule, User::Demo, &[], &metadata) else {
                continue;
            };
            if place(&created) != place(&plain) {
                self.broken(rule, "client metadata changes the step or the attempts");
            }
            let private = &created["privateChallengeParameters"];
            for answer in [WRONG, "true", "1"] {
                if self.verify(User::Demo, private, answer.into(), &metadata).0 {
                    self.broken(rule, "client metadata makes a wrong answer right");
                }
            }
            let right = (self.subject.right)(&created["publicChallengeParameters"], private);
            if !self.verify(User::Demo, private, right.into(), &metadata).0 {
                self.broken(rule, "client metadata makes the right answer wrong");
            }
        }
    }
}

/// Returns the names of the fields that have a value in `lines`. It omits `reason`, which may differ because it is for
/// the operator.
fn fields(lines: &[String]) -> Vec<String> {
    let parsed = lines.iter().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let named = |line: Value| {
        let fields = line.as_object().cloned().unwrap_or_default();
        let set = fields
            .into_iter()
            .filter(|(name, value)| !value.is_null() && name != "reason");
        set.map(|(name, _)| name).collect::<Vec<_>>()
    };
    parsed.flat_map(named).collect()
}

/// Returns the session entry for an answered challenge.
fn entry(created: &Value, right: bool) -> Value {
    json!({"challengeName": "CUSTOM_CHALLENGE", "challengeResult": right,
        "challengeMetadata": created["challengeMetadata"]})
}

/// Returns the type's private parameters that are too long to occur in other texts by chance.
fn secret_values(private: &Value) -> Vec<&str> {
    let parameters = private.as_object().into_iter().flatten();
    let own = parameters.filter(|(name, _)| !["alternatives", "challenge", "issuedAt"].contains(&name.as_str()));
    own.filter_map(|(_, value)| value.as_str())
        .filter(|value| value.len() >= 4)
        .collect()
}

/// Returns the bytes of MAC and state in `metadata`.
fn decoded(metadata: &str) -> Vec<u8> {
    let sealed = metadata.split_once('.').map_or("", |(_, sealed)| sealed);
    URL_SAFE_NO_PAD.decode(sealed).unwrap_or_default()
}

/// Returns answers that no challenge expects.
fn hostile_answers() -> Vec<Value> {
    let texts = [
        "",
        " ",
        "\u{3000}\t\n",
        "\0",
        "null",
        "true",
        "0",
        "-1",
        "{}",
        "[]",
        "{\"token\":1}",
        "' OR 1=1 --",
        "\u{202e}\u{feff}",
        "𝟘𝟙٠١",
        "%00%0d%0a",
        "eyJhbGciOiJub25lIn0.e30.",
    ];
    let mut answers: Vec<Value> = texts.map(Value::from).to_vec();
    answers.extend(["x".repeat(1024), "é".repeat(1024), "x".repeat(10_240)].map(Value::from));
    answers.extend([json!(null), json!(5), json!(true), json!(["x"]), json!({"a": 1})]);
    answers
}

/// Returns client metadata with the names of all parameters, and with other names that code might read.
fn hostile_metadata(created: &Value, challenge: &str) -> Vec<Value> {
    let mut names: Vec<&str> = ["publicChallengeParameters", "privateChallengeParameters"]
        .iter()
        .flat_map(|kind| created[kind].as_object().into_iter().flatten())
        .map(|(name, _)| name.as_str())
        .collect();
    names.extend([
        "userNotFound",
        "issueTokens",
        "answerCorrect",
        "session",
        "state",
        "code",
        "skip",
        "debug",
        "admin",
    ]);
    let values = ["", "true", "0", "1", "none", "PASSWORD", challenge, "99", "{}"];
    let all = |value: &str| {
        names
            .iter()
            .map(|name| ((*name).to_owned(), Value::from(value)))
            .collect::<Value>()
    };
    let mut metadata: Vec<Value> = values.map(all).to_vec();
    metadata.extend(["xx", "../../etc", "\0", "zz-zz-zz"].map(|locale| json!({ "locale": locale })));
    metadata
}
