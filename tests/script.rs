//! A sign-in as a file: the flow, who signs in, what they answer, how it ends.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::functions::{ANSWERS, Functions, enrolled};

/// A scripted sign-in. Unknown keys are refused, so that a typo cannot disable a check.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Script {
    /// What it shows.
    pub description: String,
    /// The flow of define and create.
    pub flow: String,
    /// Who signs in.
    #[serde(default)]
    pub user: User,
    /// Whether the client starts with the password; by default where the flow does.
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

/// Who signs in.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub enum User {
    /// A user who has enrolled answers.
    #[default]
    Demo,
    /// A user who has enrolled none.
    NotEnrolled,
    /// Nobody, with PreventUserExistenceErrors on.
    Unknown,
}

/// What is answered.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub enum Answer {
    /// Nothing but blanks.
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

/// The right answer to a challenge, from what the client is shown and what only verify and tests see.
///
/// # Panics
///
/// A challenge that tests do not know.
pub fn right_answer(public: &Value, private: &Value) -> String {
    match public["challenge"].as_str() {
        Some("CAPTCHA") => private["answer"].as_str().unwrap().to_lowercase(),
        Some("SECURITY_QUESTION") => {
            let asked = ANSWERS.iter().find(|(id, _)| public["questionId"] == *id);
            // A decoy may ask what nobody enrolled.
            asked.map_or("no such answer".into(), |(_, answer)| {
                format!(" {} ", answer.to_uppercase())
            })
        }
        Some("PROOF_OF_WORK") => proof(public["proofOfWork"].as_str().unwrap()),
        other => panic!("no answer known to {other:?}"),
    }
}

/// Solves a puzzle with the library that defines its format, and answers as its widget would.
fn proof(challenge: &str) -> String {
    let challenge: altcha::Challenge = serde_json::from_str(challenge).unwrap();
    let solution = altcha::solve_challenge(altcha::SolveChallengeOptions::new(&challenge))
        .unwrap()
        .unwrap();
    let payload = altcha::Payload { challenge, solution };
    STANDARD.encode(serde_json::to_string(&payload).unwrap())
}

/// Plays a sign-in through the three functions in this process, as Cognito would.
pub struct Player<'a> {
    functions: &'a Functions,
    script: &'a Script,
    session: Vec<Value>,
    /// The challenges asked so far, as in [`Script::asked`].
    pub asked: Vec<String>,
}

impl<'a> Player<'a> {
    /// Starts with the password entries that Cognito would have made, if the script starts so.
    pub fn new(functions: &'a Functions, script: &'a Script) -> Self {
        Self {
            functions,
            script,
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
            self.enter("SRP_A", true, Value::Null);
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
                    self.enter("PASSWORD_VERIFIER", true, Value::Null);
                }
                (Value::Bool(false), Value::Bool(false), Some("CUSTOM_CHALLENGE")) => {
                    let created = self.create();
                    let Some(answer) = answers.next() else {
                        return End::Asked;
                    };
                    let correct = self.verify(&created, *answer);
                    self.enter("CUSTOM_CHALLENGE", correct, created["challengeMetadata"].clone());
                }
                other => panic!("{}: define answered {other:?}", self.script.description),
            }
        }
    }

    fn end(&self, end: End, left_over: usize) -> End {
        assert_eq!(left_over, 0, "{}: answers left over", self.script.description);
        end
    }

    fn enter(&mut self, name: &str, result: bool, metadata: Value) {
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
            Answer::Right => right_answer(public, private),
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

    /// An event as Cognito sends it, with its nulls.
    fn event(&self, trigger: &str, fields: &[(&str, Value)]) -> Value {
        let mut attributes = json!({"sub": "8a1f2b3c-0000-4000-8000-00000000abcd", "cognito:user_status": "CONFIRMED"});
        match self.script.user {
            User::Demo => attributes["custom:security_questions"] = enrolled().into(),
            User::NotEnrolled => {}
            User::Unknown => attributes = json!({}),
        }
        let mut request = json!({"userAttributes": attributes, "userNotFound": self.script.user == User::Unknown});
        for (name, value) in fields {
            request[*name] = value.clone();
        }
        // Nothing sent at the start reaches define or create.
        if !self.session.is_empty() && !self.script.client_metadata.is_empty() {
            request["clientMetadata"] = json!(self.script.client_metadata);
        }
        let response: Map<String, Value> = match trigger {
            "DefineAuthChallenge" => ["challengeName", "issueTokens", "failAuthentication"].as_slice(),
            "CreateAuthChallenge" => &[
                "publicChallengeParameters",
                "privateChallengeParameters",
                "challengeMetadata",
            ],
            _ => &["answerCorrect"],
        }
        .iter()
        .map(|name| ((*name).to_owned(), Value::Null))
        .collect();
        json!({
            "version": "1",
            "region": "us-east-1",
            "userPoolId": "us-east-1_LocalPool",
            "userName": "8a1f2b3c-0000-4000-8000-00000000abcd",
            "callerContext": {"awsSdkVersion": "aws-sdk-unknown-unknown", "clientId": "localclient000000000000000"},
            "triggerSource": format!("{trigger}_Authentication"),
            "request": request,
            "response": response,
        })
    }
}
