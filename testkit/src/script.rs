//! A sign-in as a file: the flow, the user, the answers, and how it ends.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value, json};

use crate::functions::{Functions, event};

/// A scripted sign-in. Unknown keys are refused, so that a typo cannot disable a check.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Script {
    /// What it shows.
    pub description: String,
    /// The flow of define and create.
    pub flow: String,
    /// The user.
    #[serde(default)]
    pub user: User,
    /// Whether the client starts with the password; by default if the flow does.
    pub starts_with_password: Option<bool>,
    /// What is answered, one for each challenge.
    pub answers: Vec<Answer>,
    /// What the client sends with every answer.
    #[serde(default)]
    pub client_metadata: BTreeMap<String, String>,
    /// What the client is asked, one for each challenge: its name and the attempts left.
    pub asked: Option<Vec<String>>,
    /// How it ends.
    pub expect: End,
}

/// The user who signs in.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub enum User {
    /// A user who has enrolled.
    #[default]
    Demo,
    /// A user who has not enrolled.
    NotEnrolled,
    /// A nonexistent user, with `PreventUserExistenceErrors` on.
    Unknown,
}

/// What is answered.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub enum Answer {
    /// A blank.
    Blank,
    /// The right answer, in other letters than expected.
    Right,
    /// Another answer.
    Wrong,
}

/// How a sign-in ends.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub enum End {
    /// Refused.
    Denied,
    /// Still asked something when the answers are used up.
    Asked,
    /// Signed in.
    Tokens,
}

impl Script {
    /// Whether the client starts with the password.
    pub fn password(&self) -> bool {
        self.starts_with_password.unwrap_or(self.flow.starts_with("PASSWORD"))
    }
}

/// The attributes of the people who sign in, as JSON objects of strings. A nonexistent user has none.
#[derive(Clone, Debug)]
pub struct People {
    /// Of the user who has enrolled.
    pub enrolled: Value,
    /// Of the user who has not.
    pub not_enrolled: Value,
}

impl People {
    /// The attributes of `user` in an event.
    pub fn attributes(&self, user: User) -> Value {
        match user {
            User::Demo => self.enrolled.clone(),
            User::NotEnrolled => self.not_enrolled.clone(),
            User::Unknown => json!({}),
        }
    }
}

/// Finds the right answer to a challenge from its public and its private parameters.
pub type RightAnswer<'a> = dyn Fn(&Value, &Value) -> String + 'a;

/// Plays a sign-in through the three functions in this process, as Cognito would.
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
    /// A sign-in that has not started.
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
    /// A function's error, and an answer that is left over.
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
        // What the client sends at the start does not reach define or create.
        if !self.session.is_empty() && !self.script.client_metadata.is_empty() {
            event["request"]["clientMetadata"] = json!(self.script.client_metadata);
        }
        event
    }
}
