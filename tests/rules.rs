//! Checks that the standard challenge types keep the rules of the test kit, and that it finds types that break a rule.

use async_trait::async_trait;
use cognito_challenge::issue::{IssueError, Issued, Issuer, Request};
use cognito_challenge::verify::{Answer, CannotJudge, Verdict, Verifier, Why};
use cognito_challenge_testkit::rules::{Rule, Subject, assert_holds, check};
use cognito_challenge_testkit::script::People;
use create_auth_challenge::Issuers;
use loop_tests::functions::{PICTURES, REACHABLE, enrolled_under, messages};
use loop_tests::script::right_answer;
use rand::CryptoRng;
use serde_json::json;
use tracing::info;
use verify_auth_challenge::Verifiers;

/// Returns the users for the rules. Their answers are hashed with the secret of the rules.
fn people() -> People {
    let mut enrolled = json!({"sub": "s", "cognito:user_status": "CONFIRMED",
        "custom:security_questions": enrolled_under(cognito_challenge_testkit::rules::SECRET)});
    for (name, value) in REACHABLE {
        enrolled[name] = value.into();
    }
    People {
        enrolled,
        not_enrolled: json!({"sub": "s", "cognito:user_status": "CONFIRMED", "email": "bob@example.com",
            "email_verified": "false"}),
    }
}

fn standard<'a>(challenge: &'a str, varying: &'a [&'a str]) -> Subject<'a> {
    const VARIABLES: [(&str, &str); 6] = [
        PICTURES[0],
        PICTURES[1],
        PICTURES[2],
        PICTURES[3],
        PICTURES[4],
        ("PROOF_OF_WORK_TRIES", "2"),
    ];
    Subject {
        challenge,
        variables: &VARIABLES,
        issuers: Issuers::standard(),
        verifiers: Verifiers::standard(),
        people: people(),
        right: &right_answer,
        secrets: &["ada@example.com", "Seattle"],
        varying,
    }
}

#[test]
fn every_standard_type_has_both_halves() {
    let asked: Vec<_> = Issuers::standard().names().collect();
    let checked: Vec<_> = Verifiers::standard().names().collect();
    assert_eq!(asked, checked);
}

#[test]
fn the_standard_types_keep_every_rule() {
    assert_holds(&standard("CAPTCHA", &["captchaUrl"]));
    assert_holds(&standard("PROOF_OF_WORK", &[]));
    assert_holds(&standard("SECURITY_QUESTION", &["securityQuestion", "questionId"]));
}

#[test]
fn the_standard_types_that_send_messages_keep_every_rule() {
    // A shorter code could occur by chance in a time in the log.
    let variables = [&PICTURES[..], &messages(), &[("CODE_DIGITS", "10")]].concat();
    for challenge in ["EMAIL_CODE", "MAGIC_LINK", "SMS_CODE"] {
        assert_holds(&Subject {
            variables: &variables,
            secrets: &["ada@example.com", "bob@example.com", "+12065550100"],
            ..standard(challenge, &[])
        });
    }
}

/// A challenge type that breaks the given rule.
struct Breaks(Rule);

#[async_trait]
impl Issuer for Breaks {
    async fn issue(&self, request: &Request<'_>, _: &mut (dyn CryptoRng + Send)) -> Result<Issued, IssueError> {
        let mut issued = Issued::new()
            .public("hint", "four words")
            .private("word", "correct horse");
        match self.0 {
            Rule::ClientMetadataDecidesNothing if request.client_metadata.contains_key("skip") => {
                issued = issued.private("word", "true");
            }
            Rule::NothingSecretShown => issued = issued.public("hint", "it is correct horse"),
            Rule::SameForEveryUser if request.user.exists() => issued = issued.public("email", "a***"),
            Rule::SameLog if request.user.exists() => info!(target: "cognito_challenge", NotEnrolled = 0, "sent"),
            Rule::StateIsBounded => return Ok(issued.state(vec![1; 40 + 5 * usize::from(request.wrong)])),
            _ => {}
        }
        Ok(issued)
    }

    fn leaves_state(&self) -> bool {
        self.0 == Rule::StateIsBounded
    }
}

#[async_trait]
impl Verifier for Breaks {
    async fn check(&self, answer: &Answer<'_>) -> Result<Verdict, CannotJudge> {
        let expected = match (self.0, answer.private.get("word")) {
            (Rule::EmptyMatchesNothing, word) => word.unwrap_or_default(),
            (Rule::RightAnswerPasses, _) => "something else",
            (_, Some(word)) => word,
            (_, None) => return Ok(Verdict::Wrong(Why::NoSecret)),
        };
        let lenient = self.0 == Rule::WrongIsNoError && answer.text == "0";
        Ok(Verdict::of(lenient || answer.text.trim_matches('0') == expected))
    }
}

#[test]
fn the_test_kit_finds_a_type_that_breaks_a_rule() {
    macro_rules! subject {
        ($rule:expr) => {
            Subject {
                challenge: "BREAKS",
                variables: &[],
                issuers: Issuers::none().with("BREAKS", |_| Ok(Box::new(Breaks($rule)))),
                verifiers: Verifiers::none().with("BREAKS", |_| Ok(Box::new(Breaks($rule)))),
                people: people(),
                right: &|_, _| "correct horse".into(),
                secrets: &[],
                varying: &[],
            }
        };
    }
    for (rule, subject) in [
        (
            Rule::ClientMetadataDecidesNothing,
            subject!(Rule::ClientMetadataDecidesNothing),
        ),
        (Rule::EmptyMatchesNothing, subject!(Rule::EmptyMatchesNothing)),
        (Rule::NothingSecretShown, subject!(Rule::NothingSecretShown)),
        (Rule::RightAnswerPasses, subject!(Rule::RightAnswerPasses)),
        (Rule::SameForEveryUser, subject!(Rule::SameForEveryUser)),
        (Rule::SameLog, subject!(Rule::SameLog)),
        (Rule::StateIsBounded, subject!(Rule::StateIsBounded)),
        (Rule::WrongIsNoError, subject!(Rule::WrongIsNoError)),
    ] {
        let found = check(&subject).unwrap();
        let rules: Vec<_> = found.iter().map(|violation| violation.rule).collect();
        assert!(rules.contains(&rule), "{rule:?}: {found:?}");
    }
}
