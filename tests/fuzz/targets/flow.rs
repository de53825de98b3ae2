//! Any text as a flow: it is rejected with a message, or a sign-in with it can succeed.

#![no_main]

use cognito_challenge::event::Entry;
use cognito_challenge::flow::{CUSTOM_CHALLENGE, Decision, Flow};
use cognito_challenge::user::Existence;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|line: &str| {
    let flow = match Flow::parse(line) {
        Ok(flow) => flow,
        Err(error) => return assert!(!error.to_string().is_empty()),
    };
    let password = ["SRP_A", "PASSWORD_VERIFIER"].map(|challenge| Entry {
        challenge,
        metadata: None,
        correct: true,
    });
    let mut session = Vec::new();
    // The name of a challenge may start with `PASSWORD` too.
    if line.split(',').next().is_some_and(|step| step.trim() == "PASSWORD") {
        session.extend(password);
    }
    let names: Vec<&str> = flow.challenges().map(|name| name.as_str()).collect();
    for _ in 0..=names.len() {
        let asked = match flow.decide(&session, Existence::Existing) {
            Decision::Ask(ask) => names.iter().copied().find(|name| *name == ask.first.as_str()),
            Decision::IssueTokens(_) => return,
            decision => panic!("`{line}` decides {decision:?} after only right answers"),
        };
        session.push(Entry {
            challenge: CUSTOM_CHALLENGE,
            metadata: asked,
            correct: true,
        });
    }
    panic!("`{line}` never ends");
});
