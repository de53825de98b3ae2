//! Compares the decisions of flows with independent rules, for every session up to a given length.

use cognito_challenge::event::Entry;
use cognito_challenge::flow::{Decision, Flow};
use cognito_challenge::user::Existence;
use loop_tests::functions::{DEFAULT_FLOW, Functions, with_flow};
use loop_tests::oracle::{LONGEST_MIXED, Letter, Open, RULES, Rule};
use serde_json::{Value, json};

const OURS: &str = "CUSTOM_CHALLENGE";

/// Returns the Cognito name of an entry and its metadata from create.
fn entry(letter: Letter) -> (&'static str, Option<&'static str>) {
    match letter.to_ascii_uppercase() {
        'S' => ("SRP_A", None),
        'V' => ("PASSWORD_VERIFIER", None),
        'M' => ("SMS_MFA", None),
        'C' => (OURS, Some("CAPTCHA")),
        'P' => (OURS, Some("PROOF_OF_WORK")),
        'Q' => (OURS, Some("SECURITY_QUESTION")),
        'T' => (OURS, Some("CODE.c29tZSBzdGF0ZSBhbmQgYSBNQUM")),
        'U' => (OURS, Some("CODE")),
        'X' => (OURS, Some("PIN")),
        'Z' => (OURS, Some("CODE.")),
        'N' => (OURS, None),
        other => panic!("no entry has the letter {other}"),
    }
}

fn answered(letter: Letter) -> Entry<'static> {
    let (challenge, metadata) = entry(letter);
    Entry {
        challenge,
        metadata,
        correct: letter.is_ascii_uppercase(),
    }
}

/// Returns a decision in the letters of the rule: the right answers, or the end of the sign-in.
fn decided(decision: &Decision<'_>) -> String {
    match decision {
        Decision::Ask(ask) => {
            // A challenge that can leave a state may be answered with or without one.
            let named = |name: &str| match name {
                "CODE" => "TU".chars().collect::<Vec<_>>(),
                name => "CPQ".chars().filter(|letter| entry(*letter).1 == Some(name)).collect(),
            };
            let mut letters: Vec<_> = ask.alternatives().flat_map(|name| named(name.as_str())).collect();
            letters.sort_unstable();
            letters.into_iter().collect()
        }
        Decision::Deny(_) => "denied".into(),
        Decision::IssueTokens(_) => "tokens".into(),
        Decision::VerifyPassword => "V".into(),
    }
}

/// Returns the decision that the rule requires for a session.
fn ruled(open: &Open) -> String {
    if open.passed() {
        "tokens".into()
    } else if open.denied() {
        "denied".into()
    } else {
        // Cognito asks its own second factor without define.
        open.right().replace('M', "")
    }
}

#[test]
fn the_default_flow_is_among_the_rules() {
    assert_eq!(RULES[0].line, DEFAULT_FLOW);
}

#[test]
fn every_decision_follows_the_rule() {
    let counts: Vec<u64> = std::thread::scope(|scope| {
        let threads: Vec<_> = RULES
            .iter()
            .map(|rule| scope.spawn(|| World::of(rule).every_session()))
            .collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    for (rule, count) in RULES.iter().zip(&counts) {
        assert_eq!(*count, rule.sessions(2), "{}: not every session was checked", rule.line);
        println!(
            "{}: {count} sessions, {} with null results",
            rule.line,
            rule.sessions(3)
        );
    }
    println!("{} sessions in all", counts.iter().sum::<u64>());
}

/// A flow, its rule, and a session that grows and shrinks.
struct World<'a> {
    rule: &'a Rule,
    flow: Flow,
    session: Vec<Entry<'static>>,
}

impl<'a> World<'a> {
    fn of(rule: &'a Rule) -> Self {
        Self {
            rule,
            flow: Flow::parse(rule.line).unwrap(),
            session: Vec::new(),
        }
    }

    /// Checks every session and returns their number.
    fn every_session(&mut self) -> u64 {
        let mut count = 0;
        for start in self.rule.starts() {
            let mut open = self.rule.start();
            for letter in start.chars() {
                self.session.push(answered(letter));
                open = open.then(letter);
            }
            count += self.grow(self.rule.letters, self.rule.longest, &open);
            self.session.clear();
        }
        count + self.grow(&self.rule.mixed(), LONGEST_MIXED, &self.rule.start())
    }

    /// Checks the session and all its continuations by up to `more` entries.
    fn grow(&mut self, letters: &str, more: u32, open: &Open) -> u64 {
        self.look(open);
        let mut count = 1;
        if more > 0 {
            for right in letters.chars() {
                for letter in [right, right.to_ascii_lowercase()] {
                    self.session.push(answered(letter));
                    count += self.grow(letters, more - 1, &open.then(letter));
                    self.session.pop();
                }
            }
        }
        count
    }

    /// Compares the decision with the rule, for an existing and a nonexistent user.
    ///
    /// The rule guarantees that a denied session stays denied: after an unexpected entry, it accepts no further entry.
    fn look(&self, open: &Open) {
        if self.session.is_empty() {
            return self.begins(open);
        }
        let found = self.flow.decide(&self.session, Existence::Existing);
        let nonexistent = self.flow.decide(&self.session, Existence::Nonexistent);
        if open.denied() {
            let both = matches!((&found, &nonexistent), (Decision::Deny(_), Decision::Deny(_)));
            assert!(both, "{}: {:?} gives {found:?}", self.rule.line, self.session);
            return;
        }
        assert_eq!(decided(&found), ruled(open), "{}: {:?}", self.rule.line, self.session);
        if open.passed() {
            assert!(
                matches!(nonexistent, Decision::Deny(_)),
                "{}: {:?} issues tokens to a nonexistent user",
                self.rule.line,
                self.session
            );
        } else {
            assert_eq!(
                nonexistent, found,
                "{}: {:?} reveals that the user does not exist",
                self.rule.line, self.session
            );
        }
    }

    /// Checks the empty session. A flow with a password denies it, because its sessions start with Cognito's entry.
    fn begins(&self, open: &Open) {
        let decision = decided(&self.flow.decide(&[], Existence::Existing));
        let password = self.rule.starts().len() > 1;
        assert_eq!(
            decision,
            if password { "denied".into() } else { ruled(open) },
            "{}",
            self.rule.line
        );
    }
}

/// Returns client metadata that tries to change the sign-in.
fn hostile_metadata() -> Value {
    json!({"challenge": "PROOF_OF_WORK", "captcha": "audio", "locale": "es", "attemptsLeft": "99", "step": "3",
        "issueTokens": "true", "userNotFound": "false", "session": "[]"})
}

/// Returns an event with entries as Cognito sends them: right, wrong and without a result.
fn event(trigger: &str, session: &[(Letter, Value)], changed: &[(&str, Value)]) -> Value {
    let session: Vec<_> = session
        .iter()
        .map(|(letter, result)| {
            let (name, metadata) = entry(*letter);
            json!({"challengeName": name, "challengeResult": result, "challengeMetadata": metadata})
        })
        .collect();
    let mut event = json!({"triggerSource": format!("{trigger}_Authentication"), "userName": "demo",
        "request": {"userAttributes": {}, "session": session, "challengeName": OURS}, "response": {}});
    for (name, value) in changed {
        event["request"][*name] = value.clone();
    }
    event
}

/// The three functions with the flow of a rule. They receive one session after the other.
struct Handlers<'a> {
    rule: &'a Rule,
    functions: Functions,
    seen: u64,
}

impl Handlers<'_> {
    /// Checks every session that is not denied, and all its continuations by one entry.
    fn grow(&mut self, session: &mut Vec<(Letter, Value)>, open: &Open) {
        for right in self.rule.mixed().chars() {
            let wrong = right.to_ascii_lowercase();
            for (letter, result) in [(right, json!(true)), (wrong, json!(false)), (wrong, Value::Null)] {
                session.push((letter, result));
                let then = open.then(letter);
                self.look(session, &then);
                if !then.denied() && session.len() < 7 {
                    self.grow(session, &then);
                }
                session.pop();
            }
        }
    }

    fn look(&mut self, session: &[(Letter, Value)], open: &Open) {
        self.seen += 1;
        let line = self.rule.line;
        let define = |changed: &[(&str, Value)]| {
            let event = event("DefineAuthChallenge", session, changed);
            self.functions.define(event).unwrap()["response"].take()
        };
        let told = define(&[]);
        let expected = match ruled(open).as_str() {
            "tokens" => json!({"issueTokens": true, "failAuthentication": false, "challengeName": null}),
            "denied" => json!({"issueTokens": false, "failAuthentication": true, "challengeName": null}),
            "V" => json!({"issueTokens": false, "failAuthentication": false, "challengeName": "PASSWORD_VERIFIER"}),
            _ => json!({"issueTokens": false, "failAuthentication": false, "challengeName": OURS}),
        };
        assert_eq!(told, expected, "{line}: {session:?}");
        assert_eq!(
            define(&[("clientMetadata", hostile_metadata())]),
            told,
            "{line}: {session:?}: client metadata changes the response"
        );
        let nonexistent = define(&[("userNotFound", json!(true))]);
        assert_ne!(
            nonexistent["issueTokens"], true,
            "{line}: {session:?} issues tokens to a nonexistent user"
        );
        assert!(
            open.passed() || nonexistent == told,
            "{line}: {session:?} reveals that the user does not exist"
        );

        let asks = told["challengeName"] == OURS;
        let create = |changed: &[(&str, Value)]| {
            let created = self.functions.create(event("CreateAuthChallenge", session, changed));
            assert_eq!(created.is_ok(), asks, "{line}: {session:?}: define and create disagree");
            created.map(|mut created| created["response"].take())
        };
        let Ok(created) = create(&[]) else { return };
        let wished = create(&[("clientMetadata", hostile_metadata())]).expect("create asks without the metadata");
        let _ = create(&[("userNotFound", json!(true)), ("clientMetadata", hostile_metadata())]);
        for name in ["step", "steps", "attemptsLeft"] {
            let [told, wished] = [&created, &wished].map(|created| &created["publicChallengeParameters"][name]);
            assert_eq!(
                told, wished,
                "{line}: {session:?}: client metadata changes the response"
            );
        }
        for created in [created, wished] {
            let letter = "CPQ"
                .chars()
                .find(|letter| created["challengeMetadata"] == json!(entry(*letter).1));
            assert!(
                open.right().contains(letter.unwrap()),
                "{line}: {session:?} asks {created}"
            );
        }
    }
}

#[test]
fn define_and_create_follow_the_rule_with_any_client_metadata() {
    let counts: Vec<u64> = std::thread::scope(|scope| {
        let walk = |rule| {
            move || {
                let mut handlers = Handlers {
                    rule,
                    functions: with_flow(rule.line),
                    seen: 0,
                };
                handlers.grow(&mut Vec::new(), &rule.start());
                handlers.seen
            }
        };
        let standard = RULES.iter().filter(|rule| rule.is_standard());
        let threads: Vec<_> = standard.map(|rule| scope.spawn(walk(rule))).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    // All sessions that the rules allow, each followed by every entry.
    assert_eq!(counts, [8736, 168, 72, 14616, 1029, 252, 126, 3420, 3192]);
    println!("{} sessions through define and create", counts.iter().sum::<u64>());
}
