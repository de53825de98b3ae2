//! Small worlds, all of them: every session of up to six entries. Tokens only if each step was passed once, in order;
//! a denied session stays denied; a user that does not exist never gets tokens; define and create never disagree.

use std::collections::HashSet;

use loop_tests::functions::Functions;
use serde_json::{Value, json};
use shared::challenges::Registry;
use shared::event::Attempt;
use shared::flow::{Decision, Flow, User};

/// An entry of a session: Cognito's challenge name, our metadata, the result.
type Entry = (&'static str, Option<&'static str>, bool);

const OURS: &str = "CUSTOM_CHALLENGE";

/// What may stand in a session: every step's name, a foreign one, none, and Cognito's own, right and wrong.
fn entries(password: bool) -> Vec<Entry> {
    let mut names = vec![
        (OURS, Some("CAPTCHA")),
        (OURS, Some("SECURITY_QUESTION")),
        (OURS, Some("PIN")),
    ];
    if password {
        names.extend([("SRP_A", None), ("PASSWORD_VERIFIER", None), ("SMS_MFA", None)]);
    } else {
        names.push((OURS, None));
    }
    names
        .into_iter()
        .flat_map(|(name, metadata)| [(name, metadata, true), (name, metadata, false)])
        .collect()
}

/// Every session that should get tokens, made from the rule instead of the code: for each step wrong answers, fewer
/// than its attempts, then a right one, each to any of the step's challenges; before them the password's two entries
/// and at most one factor of Cognito's.
fn passing(password: bool, steps: &[(&[&'static str], usize)]) -> HashSet<Vec<Entry>> {
    let mut sessions: Vec<Vec<Entry>> = vec![vec![]];
    if password {
        let proven = vec![("SRP_A", None, true), ("PASSWORD_VERIFIER", None, true)];
        sessions = vec![proven.clone(), [proven, vec![("SMS_MFA", None, true)]].concat()];
    }
    for (names, attempts) in steps {
        sessions = sessions
            .iter()
            .flat_map(|session| {
                let mut passed = Vec::new();
                let mut unfinished = vec![session.clone()];
                for _ in 0..*attempts {
                    let answered = |result| {
                        let with = |name| {
                            move |session: &Vec<Entry>| [session.as_slice(), &[(OURS, Some(name), result)]].concat()
                        };
                        names
                            .iter()
                            .flat_map(|name| unfinished.iter().map(with(*name)))
                            .collect::<Vec<_>>()
                    };
                    passed.extend(answered(true));
                    unfinished = answered(false);
                }
                passed
            })
            .collect();
    }
    sessions.into_iter().collect()
}

fn decide<'a>(flow: &'a Flow, session: &[Entry], user: User) -> Decision<'a> {
    let attempts: Vec<_> = session
        .iter()
        .map(|(challenge, metadata, correct)| Attempt {
            challenge,
            metadata: *metadata,
            correct: *correct,
        })
        .collect();
    flow.decide(&attempts, user)
}

/// Visits every session of up to `longest` entries, and says for each whether a part of it was denied before.
fn every_session(alphabet: &[Entry], longest: usize, visit: &mut impl FnMut(&[Entry], bool) -> bool) -> usize {
    fn grow(
        session: &mut Vec<Entry>,
        denied: bool,
        alphabet: &[Entry],
        longest: usize,
        visit: &mut impl FnMut(&[Entry], bool) -> bool,
    ) -> usize {
        let denied = visit(session, denied);
        let mut count = 1;
        if session.len() < longest {
            for entry in alphabet {
                session.push(*entry);
                count += grow(session, denied, alphabet, longest, visit);
                session.pop();
            }
        }
        count
    }
    grow(&mut Vec::new(), false, alphabet, longest, visit)
}

fn small_world(line: &str, password: bool, steps: &[(&[&'static str], usize)], longest: usize) -> usize {
    let flow = Flow::parse(line, &Registry::standard()).unwrap();
    let passing = passing(password, steps);
    let mut seen = 0;
    let count = every_session(&entries(password), longest, &mut |session, denied_before| {
        let decision = decide(&flow, session, User::Found);
        let tokens = matches!(decision, Decision::IssueTokens(_));
        assert_eq!(
            tokens,
            passing.contains(session),
            "{line}: {session:?} gave {decision:?}"
        );
        seen += usize::from(tokens);
        // A start without the password is denied; a start with it is another sign-in, not what follows.
        let denied = matches!(decision, Decision::Deny(_)) && !session.is_empty();
        assert!(denied || !denied_before, "{line}: {session:?} was denied and goes on");
        match decide(&flow, session, User::NotFound) {
            Decision::IssueTokens(_) => panic!("{line}: {session:?} gave tokens to nobody"),
            nobody => assert!(
                tokens || nobody == decision,
                "{line}: {session:?} tells that nobody is there"
            ),
        }
        denied
    });
    assert_eq!(seen, passing.iter().filter(|session| session.len() <= longest).count());
    count
}

#[test]
fn tokens_only_after_every_step_passed() {
    let (captcha, question): (&[_], &[_]) = (&["CAPTCHA"], &["SECURITY_QUESTION"]);
    let captcha_then_question = [(captcha, 3), (question, 2)];
    let either: &[_] = &["CAPTCHA", "SECURITY_QUESTION"];
    let worlds = [
        ("CAPTCHA:3,SECURITY_QUESTION:2", false, &captcha_then_question[..], 6),
        ("CAPTCHA:1,CAPTCHA:2", false, &[(captcha, 1), (captcha, 2)], 5),
        (
            "CAPTCHA|SECURITY_QUESTION:2,CAPTCHA:1",
            false,
            &[(either, 2), (captcha, 1)],
            5,
        ),
        ("SECURITY_QUESTION:1", false, &[(question, 1)], 4),
        (
            "PASSWORD,CAPTCHA:3,SECURITY_QUESTION:2",
            true,
            &captcha_then_question,
            5,
        ),
    ];
    for (line, password, steps, longest) in worlds {
        let sessions = small_world(line, password, steps, longest);
        println!("{line}: {sessions} sessions");
    }
}

fn event(trigger: &str, session: &[Entry]) -> Value {
    let session: Vec<_> = session
        .iter()
        .map(|(name, metadata, result)| {
            json!({"challengeName": name, "challengeResult": result, "challengeMetadata": metadata})
        })
        .collect();
    json!({"triggerSource": format!("{trigger}_Authentication"), "userName": "demo",
        "request": {"userAttributes": {}, "session": session, "challengeName": OURS}, "response": {}})
}

#[test]
fn create_asks_exactly_where_define_asks() {
    for (line, password) in [
        ("PASSWORD,CAPTCHA:2,SECURITY_QUESTION:2", true),
        ("SECURITY_QUESTION:2,CAPTCHA:1", false),
    ] {
        let functions = Functions::with_flow(line);
        let flow = Flow::parse(line, &Registry::standard()).unwrap();
        every_session(&entries(password), 4, &mut |session, _| {
            let defined = functions.define(event("DefineAuthChallenge", session)).unwrap();
            let created = functions.create(event("CreateAuthChallenge", session));
            let asked = defined["response"]["challengeName"] == OURS;
            assert_eq!(asked, created.is_ok(), "{line}: {session:?}");
            if let (Ok(created), Decision::Ask(ask)) = (created, decide(&flow, session, User::Found)) {
                assert_eq!(created["response"]["challengeMetadata"], ask.first.as_str());
            }
            false
        });
    }
}
