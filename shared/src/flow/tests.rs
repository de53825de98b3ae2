use super::*;

fn flow(flow: &str) -> Flow {
    Flow::parse(flow).unwrap()
}

fn cognito(challenge: &'static str, correct: bool) -> Entry<'static> {
    Entry {
        challenge,
        metadata: None,
        correct,
    }
}

fn ours(name: &'static str, correct: bool) -> Entry<'static> {
    Entry {
        challenge: CUSTOM_CHALLENGE,
        metadata: Some(name),
        correct,
    }
}

/// Returns the decision as text: `CAPTCHA 2/3 left 1`, `tokens`, `password`, or the denial.
fn decide(line: &str, session: &[Entry<'_>]) -> String {
    match flow(line).decide(session, Existence::Existing) {
        Decision::Ask(ask) => {
            format!(
                "{} {}/{} left {}",
                ask.first.as_str(),
                ask.step,
                ask.steps,
                ask.attempts_left
            )
        }
        Decision::Deny(denial) => format!("{denial:?}"),
        Decision::IssueTokens(_) => "tokens".into(),
        Decision::VerifyPassword => "password".into(),
    }
}

const DEFAULT: &str = "PASSWORD,CAPTCHA:3,SECURITY_QUESTION:3";
const SRP: Entry<'static> = Entry {
    challenge: SRP_A,
    metadata: None,
    correct: true,
};
const VERIFIED: Entry<'static> = Entry {
    challenge: PASSWORD_VERIFIER,
    metadata: None,
    correct: true,
};

#[test]
fn session_lengths_ask_the_challenges_of_the_aws_page() {
    let session = [SRP, VERIFIED, ours("CAPTCHA", true), ours("SECURITY_QUESTION", true)];
    let expected = [
        "PasswordSkipped",
        "password",
        "CAPTCHA 2/3 left 3",
        "SECURITY_QUESTION 3/3 left 3",
        "tokens",
    ];
    for (length, expected) in expected.into_iter().enumerate() {
        assert_eq!(decide(DEFAULT, &session[..length]), expected, "session length {length}");
    }
}

#[test]
fn a_wrong_answer_spends_an_attempt_of_its_own_step_only() {
    let mut session = vec![SRP, VERIFIED, ours("CAPTCHA", false)];
    assert_eq!(decide(DEFAULT, &session), "CAPTCHA 2/3 left 2");
    session.push(ours("CAPTCHA", true));
    assert_eq!(decide(DEFAULT, &session), "SECURITY_QUESTION 3/3 left 3");
}

#[test]
fn a_wrong_answer_starts_the_next_attempt_and_a_new_step_starts_at_one() {
    let attempts: Vec<_> = [&[][..], &[false], &[false, false], &[false, true]]
        .into_iter()
        .map(|answers| {
            let session: Vec<_> = answers.iter().map(|correct| ours("CAPTCHA", *correct)).collect();
            match flow("CAPTCHA:3,SECURITY_QUESTION:3").decide(&session, Existence::Existing) {
                Decision::Ask(ask) => ask.attempt(),
                decision => panic!("{decision:?}"),
            }
        })
        .collect();
    assert_eq!(attempts, [1, 2, 3, 1]);
}

#[test]
fn spent_attempts_deny_even_if_a_right_answer_follows() {
    let mut session = vec![ours("CAPTCHA", false); 3];
    assert_eq!(decide("CAPTCHA:3", &session), "AttemptsSpent");
    session.push(ours("CAPTCHA", true));
    assert_eq!(decide("CAPTCHA:3", &session), "AttemptsSpent");
}

#[test]
fn starting_srp_does_not_prove_the_password() {
    assert_eq!(decide(DEFAULT, &[SRP, ours("CAPTCHA", true)]), "SessionMismatch");
    assert_eq!(decide(DEFAULT, &[SRP, SRP]), "SessionMismatch");
    assert_eq!(decide(DEFAULT, &[cognito(SRP_A, false), VERIFIED]), "SessionMismatch");
    assert_eq!(
        decide(DEFAULT, &[SRP, cognito(PASSWORD_VERIFIER, false)]),
        "PasswordNotVerified"
    );
}

#[test]
fn a_client_that_skips_the_password_is_denied() {
    assert_eq!(decide(DEFAULT, &[]), "PasswordSkipped");
    assert_eq!(
        decide(DEFAULT, &[ours("CAPTCHA", true), ours("SECURITY_QUESTION", true)]),
        "PasswordSkipped"
    );
}

#[test]
fn srp_is_denied_if_the_flow_has_no_password() {
    assert_eq!(decide("CAPTCHA:3", &[SRP]), "SessionMismatch");
    assert_eq!(decide("CAPTCHA:3", &[SRP, VERIFIED]), "SessionMismatch");
}

#[test]
fn cognitos_second_factor_is_accepted_after_the_password_but_passes_no_step() {
    for factor in COGNITO_MFA {
        assert_eq!(
            decide(DEFAULT, &[SRP, VERIFIED, cognito(factor, true)]),
            "CAPTCHA 2/3 left 3"
        );
        assert_eq!(
            decide(DEFAULT, &[SRP, VERIFIED, cognito(factor, false)]),
            "MfaNotPassed"
        );
        let late = [SRP, VERIFIED, ours("CAPTCHA", true), cognito(factor, true)];
        assert_eq!(decide(DEFAULT, &late), "SessionMismatch");
        assert_eq!(decide("CAPTCHA:3", &[cognito(factor, true)]), "SessionMismatch");
        let twice = [SRP, VERIFIED, cognito(factor, true), cognito(factor, true)];
        assert_eq!(decide(DEFAULT, &twice), "SessionMismatch");
    }
}

#[test]
fn a_step_out_of_order_or_without_its_name_is_denied() {
    for entry in [
        ours("SECURITY_QUESTION", true),
        ours("captcha", true),
        ours("", true),
        cognito(CUSTOM_CHALLENGE, true),
        cognito("CAPTCHA", true),
        Entry {
            challenge: "SMS_MFA",
            metadata: Some("CAPTCHA"),
            correct: true,
        },
    ] {
        assert_eq!(
            decide("CAPTCHA:3,SECURITY_QUESTION:3", &[entry]),
            "SessionMismatch",
            "{entry:?}"
        );
    }
}

#[test]
fn an_entry_after_the_last_step_is_denied() {
    let session = [ours("CAPTCHA", true), ours("CAPTCHA", true)];
    assert_eq!(decide("CAPTCHA:3", &session), "SessionMismatch");
}

#[test]
fn the_same_challenge_twice_is_two_steps_with_their_own_attempts() {
    let line = "CAPTCHA:1,CAPTCHA:2";
    assert_eq!(decide(line, &[]), "CAPTCHA 1/2 left 1");
    assert_eq!(decide(line, &[ours("CAPTCHA", true)]), "CAPTCHA 2/2 left 2");
    assert_eq!(
        decide(line, &[ours("CAPTCHA", true), ours("CAPTCHA", false)]),
        "CAPTCHA 2/2 left 1"
    );
    assert_eq!(
        decide(
            line,
            &[ours("CAPTCHA", true), ours("CAPTCHA", false), ours("CAPTCHA", true)]
        ),
        "tokens"
    );
    assert_eq!(
        decide(line, &[ours("CAPTCHA", false), ours("CAPTCHA", true)]),
        "AttemptsSpent"
    );
}

#[test]
fn a_nonexistent_user_is_asked_the_same_and_gets_no_tokens() {
    let flow = flow(DEFAULT);
    let session = [SRP, VERIFIED, ours("CAPTCHA", true), ours("SECURITY_QUESTION", true)];
    for length in 0..session.len() {
        let session = &session[..length];
        assert_eq!(
            flow.decide(session, Existence::Nonexistent),
            flow.decide(session, Existence::Existing)
        );
    }
    assert_eq!(
        flow.decide(&session, Existence::Nonexistent),
        Decision::Deny(Denial::UserNotFound)
    );
}

#[test]
fn alternatives_pass_a_step_and_share_its_attempts() {
    let line = "CAPTCHA|SECURITY_QUESTION:3";
    assert_eq!(decide(line, &[ours("CAPTCHA", true)]), "tokens");
    assert_eq!(decide(line, &[ours("SECURITY_QUESTION", true)]), "tokens");
    assert_eq!(
        decide(line, &[ours("CAPTCHA", false), ours("SECURITY_QUESTION", false)]),
        "CAPTCHA 1/1 left 1"
    );
    let spent = [
        ours("CAPTCHA", false),
        ours("SECURITY_QUESTION", false),
        ours("CAPTCHA", false),
    ];
    assert_eq!(decide(line, &spent), "AttemptsSpent");
}

#[test]
fn the_alternatives_of_each_step_come_in_the_order_of_the_flow() {
    let flow = flow("PASSWORD,CAPTCHA|PROOF_OF_WORK:3,CAPTCHA:1");
    let steps: Vec<Vec<_>> = flow
        .alternatives()
        .map(|step| step.map(Name::as_str).collect())
        .collect();
    assert_eq!(steps, [&["CAPTCHA", "PROOF_OF_WORK"][..], &["CAPTCHA"]]);
}

#[test]
fn only_challenges_of_the_step_can_be_chosen() {
    let flow = flow("CAPTCHA|SECURITY_QUESTION:3");
    let Decision::Ask(ask) = flow.decide(&[], Existence::Existing) else {
        panic!("asks")
    };
    let names: Vec<_> = ask.alternatives().map(Name::as_str).collect();
    assert_eq!(names, ["CAPTCHA", "SECURITY_QUESTION"]);
    assert_eq!(ask.choose(Some("SECURITY_QUESTION")).as_str(), "SECURITY_QUESTION");
    for wanted in [
        None,
        Some("CAPTCHA"),
        Some(""),
        Some("PASSWORD"),
        Some("security_question"),
        Some("PIN"),
    ] {
        assert_eq!(ask.choose(wanted).as_str(), "CAPTCHA", "{wanted:?}");
    }
}

#[test]
fn a_flow_lists_every_challenge_that_it_can_ask() {
    let flow = flow("PASSWORD,CAPTCHA|PROOF_OF_WORK:3,CAPTCHA:1");
    let names: Vec<_> = flow.challenges().map(Name::as_str).collect();
    assert_eq!(names, ["CAPTCHA", "PROOF_OF_WORK", "CAPTCHA"]);
    assert_eq!(flow.len(), 3);
}

#[test]
fn a_name_with_a_state_counts_as_the_name() {
    let line = "CAPTCHA|CODE:3";
    let left = ours("CODE.c3RhdGU", false);
    assert_eq!(decide(line, &[left]), "CAPTCHA 1/1 left 2");
    assert_eq!(decide(line, &[left, ours("CAPTCHA", false), left]), "AttemptsSpent");
    assert_eq!(decide(line, &[left, ours("CODE.b3RoZXI", true)]), "tokens");
    let long = format!("CODE.{}", "a".repeat(10_240));
    let long: &'static str = long.leak();
    for metadata in [
        "CODE.",
        "CODE.a.b",
        "CODE. ",
        "OTHER.c3RhdGU",
        ".c3RhdGU",
        "CODE|c3RhdGU",
        long,
    ] {
        assert_eq!(decide(line, &[ours(metadata, true)]), "SessionMismatch", "{metadata}");
    }
}

#[test]
fn create_receives_only_the_entries_of_the_current_step() {
    let session = [
        ours("CAPTCHA", false),
        ours("CAPTCHA", true),
        ours("CODE.c3RhdGU", false),
    ];
    let flow = flow("CAPTCHA:3,CODE:3");
    let Decision::Ask(ask) = flow.decide(&session, Existence::Existing) else {
        panic!("asks")
    };
    assert_eq!((ask.answered, ask.attempt()), (&session[2..], 2));
}
