use async_trait::async_trait;
use cognito_challenge::challenges::security_question::AnswerHash;
use serde_json::json;
use tokio::time::Instant;

use super::*;

const SECRET: &str = "at least thirty-two bytes of secret";
const ASKED: u64 = 1_767_225_600;
const FLOW: &str = "CAPTCHA:3,SECURITY_QUESTION:3,CODE:3";

/// A verifier whose result depends on the text of the answer.
struct Moody;

#[async_trait]
impl Verifier for Moody {
    async fn check(&self, answer: &Answer<'_>) -> Result<Verdict, CannotJudge> {
        match answer.text {
            "right" => Ok(Verdict::Right),
            "hang" => std::future::pending().await,
            "panic" => panic!("hunter2"),
            "unreachable" => Err(CannotJudge::new("no answer")),
            _ => Ok(Verdict::Wrong(Why::Own("Revoked"))),
        }
    }

    fn telemetry(&self) -> &'static Telemetry {
        &TELEMETRY
    }
}

static TELEMETRY: Telemetry = Telemetry {
    krate: "moody",
    fields: &["mood"],
    metrics: &[],
};

fn function(cannot_judge: &str) -> Function {
    let verifiers = Verifiers::standard().with("CODE", |_| Ok(Box::new(Moody)));
    let variables = [
        ("AUTH_FLOW", FLOW),
        ("AUTH_SESSION_MINUTES", "3"),
        ("CANNOT_JUDGE", cannot_judge),
        ("CHALLENGE_SECRET", SECRET),
    ];
    Function::configure(&Environment::new(variables), &verifiers).unwrap()
}

async fn answered(function: &Function, parameters: Value, answer: &str, not_found: bool, seconds: u64) -> bool {
    let event = json!({"request": {"userNotFound": not_found, "challengeAnswer": answer,
        "privateChallengeParameters": parameters}});
    let now = UNIX_EPOCH + Duration::from_secs(seconds);
    let answered = function.handle(event, now).await.unwrap();
    answered["response"]["answerCorrect"].as_bool().unwrap()
}

/// Returns whether `answer` is right at `seconds` after 1970, to a challenge that was issued at [`ASKED`].
async fn right(challenge: (&str, &str, &str), answer: &str, not_found: bool, seconds: u64) -> bool {
    let (challenge, name, secret) = challenge;
    let parameters = json!({"challenge": challenge, name: secret, "issuedAt": ASKED.to_string()});
    answered(&function("closed"), parameters, answer, not_found, seconds).await
}

#[tokio::test]
async fn a_challenge_can_be_answered_during_the_session_with_a_clock_skew_of_a_minute() {
    for (seconds, expected) in [
        (ASKED - 61, false),
        (ASKED - 60, true),
        (ASKED, true),
        (ASKED + 180, true),
        (ASKED + 181, false),
    ] {
        let captcha = ("CAPTCHA", "answer", "ACDEH");
        assert_eq!(right(captcha, "acdeh", false, seconds).await, expected, "{seconds}");
    }
}

#[tokio::test]
async fn a_nonexistent_user_passes_only_challenges_that_are_not_personal() {
    let hash = AnswerHash::new("Peccy", &Keys::parse(SECRET).unwrap(), [7; 16]).unwrap();
    let hash = hash.to_string();
    let question = ("SECURITY_QUESTION", "answerHash", hash.as_str());
    for personal in [(question, "peccy"), (("CODE", "code", "x"), "right")] {
        assert!(right(personal.0, personal.1, false, ASKED).await);
        assert!(!right(personal.0, personal.1, true, ASKED).await);
    }
    assert!(right(("CAPTCHA", "answer", "ACDEH"), "ACDEH", true, ASKED).await);
}

#[tokio::test(start_paused = true)]
async fn any_of_several_challenges_asked_at_once_can_be_answered() {
    let asked = || {
        json!({"challenge": "CAPTCHA,CODE", "alternatives": "CAPTCHA,CODE", "answer": "ACDEH",
            "spokenAnswer": "271828", "issuedAt": ASKED.to_string()})
    };
    let function = function("closed");
    for (answer, existing, nonexistent) in [
        ("acdeh", true, true),
        ("271828", true, true),
        ("right", true, false),
        ("wrong", false, false),
        ("hang", false, false),
        ("ACDEH271828", false, false),
    ] {
        assert_eq!(
            answered(&function, asked(), answer, false, ASKED).await,
            existing,
            "{answer}"
        );
        assert_eq!(
            answered(&function, asked(), answer, true, ASKED).await,
            nonexistent,
            "{answer}"
        );
    }
    for challenge in ["CAPTCHA,", ",CAPTCHA", "CAPTCHA,PIN", ","] {
        let parameters = json!({"challenge": challenge, "answer": "ACDEH", "issuedAt": ASKED.to_string()});
        assert!(
            !answered(&function, parameters, "ACDEH", false, ASKED).await,
            "{challenge}"
        );
    }
}

#[tokio::test]
async fn an_answer_that_requests_another_challenge_is_never_right() {
    for (name, secret) in [("CAPTCHA", "-"), ("CODE", "-")] {
        assert!(!right((name, "answer", secret), "-", false, ASKED).await);
        assert!(!right((name, "answer", secret), " - ", false, ASKED).await);
    }
}

#[tokio::test(start_paused = true)]
async fn the_operator_decides_whether_an_answer_that_cannot_be_checked_is_right() {
    let code = || json!({"challenge": "CODE", "issuedAt": ASKED.to_string()});
    for answer in ["hang", "panic", "unreachable"] {
        for not_found in [false, true] {
            let started = Instant::now();
            let closed = answered(&function("closed"), code(), answer, not_found, ASKED).await;
            // Together with the counts before and after it, this is less than Cognito's five seconds.
            let seconds = started.elapsed().as_secs();
            assert_eq!(seconds, if answer == "hang" { 2 } else { 0 }, "{answer}");
            let open = answered(&function("open"), code(), answer, not_found, ASKED).await;
            assert!(!closed && open, "{answer}");
        }
    }
    for function in [function("closed"), function("open")] {
        assert!(!answered(&function, code(), "wrong", false, ASKED).await);
    }
}

#[tokio::test]
async fn a_challenge_that_is_not_in_the_flow_matches_nothing() {
    for challenge in ["PIN", "PROOF_OF_WORK", "captcha", ""] {
        let parameters = json!({"challenge": challenge, "answer": "ACDEH", "derivedKey": "k",
            "issuedAt": ASKED.to_string()});
        assert!(
            !answered(&function("open"), parameters, "ACDEH", false, ASKED).await,
            "{challenge}"
        );
    }
}

#[test]
fn telemetry_of_the_flows_types_is_declared() {
    assert!(function("closed").telemetry().contains(&&TELEMETRY));
}

#[test]
fn a_flow_with_an_unknown_type_stops_the_function() {
    let variables = [("AUTH_FLOW", "CAPTCHA:3,CODE:3"), ("CHALLENGE_SECRET", SECRET)];
    let error = Function::configure(&Environment::new(variables), &Verifiers::standard())
        .err()
        .unwrap();
    assert_eq!(
        error.to_string(),
        "variable `AUTH_FLOW`: unknown challenge `CODE`; known: PASSWORD, CAP, CAPTCHA, EMAIL_CODE, HCAPTCHA, \
         MAGIC_LINK, PROOF_OF_WORK, RECAPTCHA, SECURITY_QUESTION, SMS_CODE, TURNSTILE"
    );
}

/// A verifier with another maximum length of answers.
struct Long(usize);

#[async_trait]
impl Verifier for Long {
    async fn check(&self, answer: &Answer<'_>) -> Result<Verdict, CannotJudge> {
        assert!(answer.text.len() <= self.0, "an answer that is too long is checked");
        Ok(Verdict::Right)
    }

    fn max_answer_chars(&self) -> usize {
        self.0
    }
}

#[tokio::test]
async fn each_type_receives_only_answers_within_its_own_length() {
    let verifiers = Verifiers::none()
        .with("LONG", |_| Ok(Box::new(Long(2048))))
        .with("SHORT", |_| Ok(Box::new(Long(10))));
    let variables = [
        ("AUTH_FLOW", "LONG|SHORT:3"),
        ("AUTH_SESSION_MINUTES", "3"),
        ("CANNOT_JUDGE", "open"),
        ("CHALLENGE_SECRET", SECRET),
    ];
    let function = Function::configure(&Environment::new(variables), &verifiers).unwrap();
    for (challenge, length, expected) in [
        ("LONG", 2048, true),
        ("LONG", 2049, false),
        ("SHORT", 10, true),
        ("SHORT", 11, false),
        ("LONG,SHORT", 2048, true),
        ("SHORT,LONG", 2048, true),
        ("SHORT,LONG", 2049, false),
        ("OTHER", 11, false),
    ] {
        let asked = json!({"challenge": challenge, "issuedAt": ASKED.to_string()});
        let right = answered(&function, asked, &"x".repeat(length), false, ASKED).await;
        assert_eq!(right, expected, "{challenge} {length}");
    }
}
