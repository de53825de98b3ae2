//! A sign-in as a file: the flow, the user, the answers, and the expected end.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value, json};

use crate::functions::{Functions, event};

/// A scripted sign-in. Unknown keys are rejected, so that a typo cannot disable a check.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Script {
    /// The rule that the script shows.
    pub description: String,
    /// The flow of define and create.
    pub flow: String,
    /// The user.
    #[serde(default)]
    pub user: User,
    /// Whether the client starts with the password. The default is whether the flow does.
    pub starts_with_password: Option<bool>,
    /// The answers, one for each challenge.
    pub answers: Vec<Answer>,
    /// The client metadata that the client sends with every answer.
    #[serde(default)]
    pub client_metadata: BTreeMap<String, String>,
    /// The expected challenges, in order: the name and the attempts left of each.
    pub asked: Option<Vec<String>>,
    /// The expected end.
    pub expect: End,
}

/// The user who signs in.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub enum User {
    /// An enrolled user.
    #[default]
    Demo,
    /// A user who is not enrolled.
    NotEnrolled,
    /// A nonexistent user, with `PreventUserExistenceErrors` on.
    Unknown,
}

/// An answer of a script.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub enum Answer {
    /// Only whitespace.
    Blank,
    /// The right answer.
    Right,
    /// A wrong answer.
    Wrong,
}

/// The end of a sign-in.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub enum End {
    /// Denied.
    Denied,
    /// A challenge is open, but the script has no more answers.
    Asked,
    /// Tokens are issued.
    Tokens,
}

impl Script {
    /// Returns whether the client starts with the password.
    pub fn password(&self) -> bool {
        self.starts_with_password.unwrap_or(self.flow.starts_with("PASSWORD"))
    }
}

/// The attributes of the users, as JSON objects of strings. A nonexistent user has none.
#[derive(Clone, Debug)]
pub struct People {
    /// The attributes of the enrolled user.
    pub enrolled: Value,
    /// The attributes of the user who is not enrolled.
    pub not_enrolled: Value,
}

impl People {
    /// Returns the attributes of `user` in an event.
    pub fn attributes(&self, user: User) -> Value {
        match user {
            User::Demo => self.enrolled.clone(),
            User::NotEnrolled => self.not_enrolled.clone(),
            User::Unknown => json!({}),
        }
    }
}

/// A function that returns the right answer to a challenge, given its public and private parameters.
pub type RightAnswer<'a> = dyn Fn(&Value, &Value) -> String + 'a;

/// Plays a sign-in through the three functions in this process, in the role of Cognito.
pub struct Player<'a> {
    functions: &'a Functions,
    script: &'a Script,
    people: &'a People,
    right: &'a RightAnswer<'a>,
    session: Vec<Value>,
    /// The challenges asked so far, as in [`Script::asked`].
    pub asked: Vec<String>,
}

impl<'a> Player<'a> {
    /// Creates a sign-in that has not started.
    pub fn new(functions: &'a Functions, script: &'a Script, people: &'a People, right: &'a RightAnswer<'a>) -> Self {
        Self {
            functions,
            script,
            people,
            right,
            session: Vec::new(),
            asked: Vec::new(),
        }
    }

    /// Plays the script to its end.
    ///
    /// # Panics
    ///
    /// Panics if a function fails, or if answers are left over.
    pub fn play(&mut self) -> End {
        let mut answers = self.script.answers.iter();
        if self.script.password() {
            self.enter("SRP_A", true, &Value::Null);
        }
        loop {
            let defined = self.define();
            match (
                &defined["issueTokens"],
                &defined["failAuthentication"],
                defined["challengeName"].as_str(),
            ) {
                (Value::Bool(true), Value::Bool(false), _) => return self.end(End::Tokens, answers.len()),
                (Value::Bool(false), Value::Bool(true), _) => return self.end(End::Denied, answers.len()),
                (Value::Bool(false), Value::Bool(false), Some("PASSWORD_VERIFIER")) => {
                    self.enter("PASSWORD_VERIFIER", true, &Value::Null);
                }
                (Value::Bool(false), Value::Bool(false), Some("CUSTOM_CHALLENGE")) => {
                    let created = self.create();
                    let Some(answer) = answers.next() else {
                        return End::Asked;
                    };
                    let correct = self.verify(&created, *answer);
                    self.enter("CUSTOM_CHALLENGE", correct, &created["challengeMetadata"]);
                }
                other => panic!("{}: define answered {other:?}", self.script.description),
            }
        }
    }

    fn end(&self, end: End, left_over: usize) -> End {
        assert_eq!(left_over, 0, "{}: answers left over", self.script.description);
        end
    }

    fn enter(&mut self, name: &str, result: bool, metadata: &Value) {
        self.session
            .push(json!({"challengeName": name, "challengeResult": result, "challengeMetadata": metadata}));
    }

    fn define(&self) -> Value {
        let event = self.event("DefineAuthChallenge", &[("session", self.session.clone().into())]);
        self.functions.define(event).unwrap()["response"].take()
    }

    fn create(&mut self) -> Value {
        let fields = [
            ("challengeName", "CUSTOM_CHALLENGE".into()),
            ("session", self.session.clone().into()),
        ];
        let created = self
            .functions
            .create(self.event("CreateAuthChallenge", &fields))
            .unwrap()["response"]
            .take();
        let public = &created["publicChallengeParameters"];
        let text = |name: &str| {
            public[name]
                .as_str()
                .unwrap_or_else(|| panic!("no {name} in {public}"))
                .to_owned()
        };
        self.asked
            .push(format!("{} {}", text("challenge"), text("attemptsLeft")));
        created
    }

    fn verify(&self, created: &Value, answer: Answer) -> bool {
        let (public, private) = (
            &created["publicChallengeParameters"],
            &created["privateChallengeParameters"],
        );
        let answer = match answer {
            Answer::Blank => " ".into(),
            Answer::Right => (self.right)(public, private),
            Answer::Wrong => "not this".into(),
        };
        let fields = [
            ("privateChallengeParameters", private.clone()),
            ("challengeAnswer", answer.into()),
        ];
        let verified = self
            .functions
            .verify(self.event("VerifyAuthChallengeResponse", &fields))
            .unwrap();
        verified["response"]["answerCorrect"].as_bool().unwrap()
    }

    fn event(&self, trigger: &str, fields: &[(&str, Value)]) -> Value {
        let mut event = event(
            trigger,
            &self.people.attributes(self.script.user),
            self.script.user == User::Unknown,
        );
        for (name, value) in fields {
            event["request"][*name] = value.clone();
        }
        // Cognito does not pass client metadata of the first request to define and create.
        if !self.session.is_empty() && !self.script.client_metadata.is_empty() {
            event["request"]["clientMetadata"] = json!(self.script.client_metadata);
        }
        event
    }
}
