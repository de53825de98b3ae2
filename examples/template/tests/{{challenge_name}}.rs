//! Tests `{{ challenge_name | upcase }}` through create and verify, with a pager service on this machine.

mod pager;

use async_trait::async_trait;
use cognito_challenge::issue::{IssueError, Issued, Issuer, Request};
use cognito_challenge::verify::{Answer, CannotJudge, Verdict, Verifier};
use cognito_challenge_runtime::{ConfigError, Environment};
use cognito_challenge_testkit::fixtures;
use cognito_challenge_testkit::functions::{Functions, event};
use cognito_challenge_testkit::rules::{Rule, Subject, assert_holds, check};
use cognito_challenge_testkit::script::People;
use create_auth_challenge::Issuers;
use {{ project_name | replace: "-", "_" }}::{{ challenge_name }};
use pager::{Mood, Pager};
use rand::CryptoRng;
use serde_json::{Value, json};
use verify_auth_challenge::Verifiers;

const NUMBER: &str = "555-0100";

fn people() -> People {
    People {
        enrolled: json!({"sub": "1", "custom:pager": NUMBER}),
        not_enrolled: json!({"sub": "2"}),
    }
}

fn issuers() -> Issuers {
    Issuers::standard().with({{ challenge_name }}::NAME, {{ challenge_name }}::issuer)
}

fn verifiers() -> Verifiers {
    Verifiers::standard().with({{ challenge_name }}::NAME, {{ challenge_name }}::verifier)
}

fn functions(flow: &str, cannot_judge: &str, pager: &Pager) -> Functions {
    let environment = Environment::new([
        ("AUTH_FLOW", flow),
        ("AUTH_SESSION_MINUTES", "3"),
        ("CANNOT_JUDGE", cannot_judge),
        ("CHALLENGE_SECRET", "at least thirty-two bytes of secret"),
        ("PAGER_URL", &pager.url),
    ]);
    Functions::new(&environment, &issuers(), &verifiers()).unwrap()
}

/// The code is only in the private parameters and in the page.
fn right(_: &Value, private: &Value) -> String {
    private["code"].as_str().unwrap().to_owned()
}

fn subject(variables: &'static [(&'static str, &'static str)]) -> Subject<'static> {
    Subject {
        challenge: {{ challenge_name }}::NAME,
        variables,
        issuers: issuers(),
        verifiers: verifiers(),
        people: people(),
        right: &right,
        secrets: &[NUMBER],
        varying: &[],
    }
}

/// Returns the variables with a new service.
fn variables() -> &'static [(&'static str, &'static str)] {
    let url: &'static str = Pager::start().url.leak();
    Box::leak(Box::new([("PAGER_URL", url)]))
}

/// Creates a challenge after wrong answers with the given `challengeMetadata`.
fn create(functions: &Functions, attributes: &Value, found: bool, session: &[Value]) -> Result<Value, String> {
    let mut event = event("CreateAuthChallenge", attributes, !found);
    let entry = |metadata: &Value| json!({"challengeName": "CUSTOM_CHALLENGE", "challengeResult": false, "challengeMetadata": metadata});
    event["request"]["challengeName"] = "CUSTOM_CHALLENGE".into();
    event["request"]["session"] = session.iter().map(entry).collect();
    // Each attempt has other random numbers.
    let seed = 1 + session.len() as u64;
    functions
        .create_with(event, seed)
        .map(|mut created| created["response"].take())
}

fn verify(functions: &Functions, created: &Value, answer: &str) -> bool {
    let mut event = event("VerifyAuthChallengeResponse", &people().enrolled, false);
    event["request"]["privateChallengeParameters"] = created["privateChallengeParameters"].clone();
    event["request"]["challengeAnswer"] = answer.into();
    functions.verify(event).unwrap()["response"]["answerCorrect"] == true
}

#[test]
fn the_type_keeps_every_rule() {
    assert_holds(&subject(variables()));
}

#[test]
fn the_functions_match_the_fixtures() {
    let pager = Pager::start();
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures");
    let configure = |flow: &str| functions(flow, "closed", &pager);
    fixtures::run(folder.as_ref(), "{{ challenge_name | upcase }}:3", &configure, &people(), &right);
}

#[test]
fn every_attempt_of_a_step_has_the_same_code_and_one_page_is_sent() {
    let pager = Pager::start();
    let functions = functions("{{ challenge_name | upcase }}:3", "closed", &pager);
    let first = create(&functions, &people().enrolled, true, &[]).unwrap();
    let metadata = first["challengeMetadata"].clone();
    let second = create(&functions, &people().enrolled, true, &[metadata]).unwrap();
    assert_eq!(
        first["privateChallengeParameters"],
        second["privateChallengeParameters"]
    );
    let [page] = &pager.asked()[..] else {
        panic!("{:?}", pager.asked())
    };
    let code = right(&Value::Null, &first["privateChallengeParameters"]);
    assert!(page["number"] == NUMBER && page["text"].as_str().unwrap().contains(&code));
    assert!(verify(&functions, &second, &code));
}

#[test]
fn without_a_pager_the_service_is_called_but_sends_nothing() {
    let pager = Pager::start();
    let functions = functions("{{ challenge_name | upcase }}:3", "closed", &pager);
    for (attributes, found) in [(people().not_enrolled, true), (people().enrolled, false)] {
        create(&functions, &attributes, found, &[]).unwrap();
    }
    let asked = pager.asked();
    assert_eq!(asked.len(), 2);
    assert!(
        asked.iter().all(|page| page["send"] == false && page["number"] == ""),
        "{asked:?}"
    );
}

#[test]
fn a_revoked_code_is_wrong_and_the_operator_decides_if_the_service_fails() {
    let pager = Pager::start();
    let [closed, open] = ["closed", "open"].map(|setting| functions("{{ challenge_name | upcase }}:3", setting, &pager));
    let created = create(&closed, &people().enrolled, true, &[]).unwrap();
    let code = right(&Value::Null, &created["privateChallengeParameters"]);
    pager.turn(Mood::Revoked);
    assert!(!verify(&closed, &created, &code) && !verify(&open, &created, &code));
    for mood in [Mood::Down, Mood::Garbled] {
        pager.turn(mood);
        assert!(!verify(&closed, &created, &code) && verify(&open, &created, &code));
        // For a wrong code, the service does not matter.
        assert!(!verify(&open, &created, "000000 "));
    }
}

#[test]
fn a_service_that_rejects_a_page_ends_the_sign_in_with_a_message_for_the_operator() {
    let pager = Pager::start();
    pager.turn(Mood::Down);
    let functions = functions("{{ challenge_name | upcase }}:3", "closed", &pager);
    assert_eq!(
        create(&functions, &people().enrolled, true, &[]).unwrap_err(),
        "challenge `{{ challenge_name | upcase }}`: the pager service returned an error status: check PAGER_URL and the service"
    );
}

/// `{{ challenge_name | upcase }}` with an asking half that changes the challenge, or an answering half that changes the verdict.
struct Altered<T: ?Sized, A> {
    inner: Box<T>,
    alter: A,
}

#[async_trait]
impl<A: Fn(&Request<'_>, Issued) -> Issued + Send + Sync> Issuer for Altered<dyn Issuer, A> {
    async fn issue(&self, request: &Request<'_>, rng: &mut (dyn CryptoRng + Send)) -> Result<Issued, IssueError> {
        Ok((self.alter)(request, self.inner.issue(request, rng).await?))
    }

    fn leaves_state(&self) -> bool {
        self.inner.leaves_state()
    }

    fn texts(&self) -> &'static [(&'static str, &'static str)] {
        self.inner.texts()
    }
}

#[async_trait]
impl<A: Fn(&Answer<'_>, Verdict) -> Verdict + Send + Sync> Verifier for Altered<dyn Verifier, A> {
    async fn check(&self, answer: &Answer<'_>) -> Result<Verdict, CannotJudge> {
        Ok((self.alter)(answer, self.inner.check(answer).await?))
    }
}

fn reveals_who_has_a_pager(environment: &Environment) -> Result<Box<dyn Issuer>, ConfigError> {
    let alter = |request: &Request<'_>, issued: Issued| match request.user.attribute({{ challenge_name }}::ATTRIBUTE) {
        Some(_) => issued.public("sentTo", "***00"),
        None => issued,
    };
    Ok(Box::new(Altered {
        inner: {{ challenge_name }}::issuer(environment)?,
        alter,
    }))
}

fn shows_the_code(environment: &Environment) -> Result<Box<dyn Issuer>, ConfigError> {
    let alter = |_: &Request<'_>, issued: Issued| {
        let code = issued.private["code"].clone();
        issued.public("hint", format!("not {code}"))
    };
    Ok(Box::new(Altered {
        inner: {{ challenge_name }}::issuer(environment)?,
        alter,
    }))
}

fn accepts_any_answer_without_a_code(environment: &Environment) -> Result<Box<dyn Verifier>, ConfigError> {
    let alter = |answer: &Answer<'_>, verdict: Verdict| match answer.private.get("code") {
        Some(_) => verdict,
        None => Verdict::Right,
    };
    Ok(Box::new(Altered {
        inner: {{ challenge_name }}::verifier(environment)?,
        alter,
    }))
}

#[test]
fn the_test_kit_finds_broken_types() {
    let broken = |issuer, verifier| Subject {
        issuers: Issuers::none().with({{ challenge_name }}::NAME, issuer),
        verifiers: Verifiers::none().with({{ challenge_name }}::NAME, verifier),
        ..subject(variables())
    };
    for (rule, subject) in [
        (
            Rule::SameForEveryUser,
            broken(reveals_who_has_a_pager, {{ challenge_name }}::verifier),
        ),
        (Rule::NothingSecretShown, broken(shows_the_code, {{ challenge_name }}::verifier)),
        (
            Rule::EmptyMatchesNothing,
            broken({{ challenge_name }}::issuer, accepts_any_answer_without_a_code),
        ),
    ] {
        let found = check(&subject).unwrap();
        assert!(
            found.iter().all(|violation| violation.rule == rule) && !found.is_empty(),
            "{rule:?}: {found:?}"
        );
    }
}
