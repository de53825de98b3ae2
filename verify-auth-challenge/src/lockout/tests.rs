//! Tests the lockout with tables in memory.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::UNIX_EPOCH;

use serde_json::json;
use tokio::time::Instant;

use super::*;
use crate::{Function, Verifiers};

const SECRET: &str = "at least thirty-two bytes of secret";

/// The behavior of a table.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Mood {
    Well,
    /// Every condition fails, as if other writers were always first.
    Beaten,
    Broken,
    /// The table never responds.
    Hangs,
}

/// A table that yields after every read, so that concurrent callers read before any of them writes.
struct Fake {
    mood: Mood,
    items: Mutex<HashMap<String, Failures>>,
    operations: AtomicUsize,
}

impl Fake {
    fn new(mood: Mood) -> Arc<Self> {
        Arc::new(Self {
            mood,
            items: Mutex::default(),
            operations: AtomicUsize::default(),
        })
    }

    async fn operate(&self) -> Result<(), Unreachable> {
        self.operations.fetch_add(1, Ordering::Relaxed);
        match self.mood {
            Mood::Well | Mood::Beaten => Ok(()),
            Mood::Broken => Err(Unreachable {
                what: "GetItem",
                code: "AccessDeniedException".into(),
            }),
            Mood::Hangs => std::future::pending().await,
        }
    }

    fn only(&self) -> Option<Failures> {
        self.items.lock().unwrap().values().next().copied()
    }
}

#[async_trait]
impl FailureStore for Arc<Fake> {
    async fn read(&self, key: &str) -> Result<Option<Failures>, Unreachable> {
        self.operate().await?;
        let read = self.items.lock().unwrap().get(key).copied();
        tokio::task::yield_now().await;
        Ok(read)
    }

    async fn replace(&self, key: &str, before: Option<Failures>, after: Failures) -> Result<bool, Unreachable> {
        self.operate().await?;
        let mut items = self.items.lock().unwrap();
        let met = self.mood != Mood::Beaten && items.get(key).copied() == before;
        if met {
            items.insert(key.to_owned(), after);
        }
        Ok(met)
    }

    async fn remove(&self, key: &str, before: Failures) -> Result<bool, Unreachable> {
        self.operate().await?;
        let mut items = self.items.lock().unwrap();
        let met = items.get(key) == Some(&before);
        if met {
            items.remove(key);
        }
        Ok(met)
    }
}

fn lockout(fake: &Arc<Fake>, if_unreachable: IfUnavailable) -> Lockout {
    Lockout {
        store: Box::new(Arc::clone(fake)),
        keys: Keys::parse(SECRET).unwrap(),
        limit: 100,
        if_unreachable,
    }
}

fn function(fake: &Arc<Fake>) -> Function {
    let environment = Environment::new([
        ("AUTH_FLOW", "CAPTCHA|PROOF_OF_WORK:9"),
        ("AUTH_SESSION_MINUTES", "3"),
        ("CHALLENGE_SECRET", SECRET),
    ]);
    let function = Function::configure(&environment, &Verifiers::standard()).unwrap();
    function.with_lockout(lockout(fake, IfUnavailable::Closed))
}

fn now() -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(1_767_225_601)
}

#[tokio::test]
async fn all_concurrent_answers_count() {
    let fake = Fake::new(Mood::Well);
    let lockout = lockout(&fake, IfUnavailable::Closed);
    let (one, two, three) = tokio::join!(
        lockout.count("k", now()),
        lockout.count("k", now()),
        lockout.count("k", now())
    );
    assert_eq!(fake.only().unwrap().recent, 3);
    let failure = |counted: &Counted| matches!(counted, Counted::Failure(_));
    assert!([one, two, three].iter().all(failure));
}

#[tokio::test]
async fn an_immediate_sixth_answer_is_rejected_with_the_same_operations() {
    let fake = Fake::new(Mood::Well);
    let lockout = lockout(&fake, IfUnavailable::Closed);
    let operations = || fake.operations.swap(0, Ordering::Relaxed);
    for _ in 0..5 {
        assert!(matches!(lockout.count("k", now()).await, Counted::Failure(_)));
        assert_eq!(operations(), 2);
    }
    for _ in 0..3 {
        assert_eq!(lockout.count("k", now()).await, Counted::Refused(Why::Locked));
        assert_eq!(operations(), 2);
    }
    assert_eq!(
        fake.only().unwrap().recent,
        5,
        "an answer during a wait is not a failure"
    );
    let later = now() + Duration::from_secs(1);
    assert!(matches!(lockout.count("k", later).await, Counted::Failure(_)));
    assert!(matches!(lockout.count("other", now()).await, Counted::Failure(_)));
}

#[tokio::test]
async fn a_right_answer_resets_earlier_counts_and_keeps_later_ones() {
    let fake = Fake::new(Mood::Well);
    let lockout = lockout(&fake, IfUnavailable::Closed);
    let counted = async || match lockout.count("k", now()).await {
        Counted::Failure(failures) => failures,
        other => panic!("{other:?}"),
    };
    let (_, second) = (counted().await, counted().await);
    lockout.clear("k", second).await;
    assert_eq!(fake.only(), None);
    let first = counted().await;
    let somebody_else = counted().await;
    lockout.clear("k", first).await;
    assert_eq!(fake.only(), Some(somebody_else));
}

#[tokio::test(start_paused = true)]
async fn a_failing_or_hanging_table_fails_closed_or_open_within_the_time_limit() {
    for mood in [Mood::Broken, Mood::Hangs] {
        for (if_unreachable, expected) in [
            (IfUnavailable::Closed, Counted::Refused(Why::NotCounted)),
            (IfUnavailable::Open, Counted::Not),
        ] {
            let fake = Fake::new(mood);
            let lockout = lockout(&fake, if_unreachable);
            let start = Instant::now();
            assert_eq!(lockout.count("k", now()).await, expected);
            lockout.clear("k", Failures::after(None, now(), 100).0).await;
            assert!(start.elapsed() <= Duration::from_secs(2), "{:?}", start.elapsed());
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_hanging_table_delays_the_start_by_a_second() {
    let start = Instant::now();
    function(&Fake::new(Mood::Hangs)).prepare().await;
    assert_eq!(start.elapsed(), Duration::from_secs(1));
}

#[tokio::test]
async fn repeated_write_conflicts_never_fail_open() {
    let fake = Fake::new(Mood::Beaten);
    let lockout = lockout(&fake, IfUnavailable::Open);
    assert_eq!(lockout.count("k", now()).await, Counted::Refused(Why::Locked));
    assert_eq!(fake.operations.load(Ordering::Relaxed), 2 * TRIES);
}

#[tokio::test]
async fn the_connection_is_opened_before_the_first_answer_without_counting() {
    let fake = Fake::new(Mood::Well);
    let function = function(&fake);
    function.prepare().await;
    assert_eq!(fake.operations.load(Ordering::Relaxed), 1);
    assert_eq!(fake.only(), None);
}

#[tokio::test]
async fn during_a_wait_the_right_answer_is_wrong_and_afterwards_it_resets_the_count() {
    let fake = Fake::new(Mood::Well);
    let function = function(&fake);
    for nobody in [false, true] {
        let answered = async |answer: &str, seconds: u64| {
            let issued_at = "1767225600";
            let event = json!({"userPoolId": "p", "userName": "ada", "request": {"userNotFound": nobody,
                "privateChallengeParameters": {"challenge": "CAPTCHA", "answer": "ACDEH", "issuedAt": issued_at},
                "challengeAnswer": answer}});
            let answer = function
                .handle(event, now() + Duration::from_secs(seconds))
                .await
                .unwrap();
            answer["response"]["answerCorrect"].as_bool().unwrap()
        };
        for _ in 0..4 {
            assert!(!answered("wrong", 0).await);
        }
        assert!(answered("ACDEH", 0).await);
        assert_eq!(fake.only(), None);
        for _ in 0..5 {
            assert!(!answered("wrong", 0).await);
        }
        assert!(!answered("ACDEH", 0).await);
        assert!(answered("ACDEH", 1).await);
        assert_eq!(fake.only(), None);
    }
}

/// Returns whether `answer` to `challenge`, one of two alternatives, is right at `seconds` after the first answer.
async fn right(function: &Function, challenge: &str, answer: &str, seconds: u64) -> bool {
    let issued_at = (1_767_225_600 + seconds).to_string();
    let event = json!({"userPoolId": "p", "userName": "ada", "request": {
        "privateChallengeParameters": {"challenge": challenge, "alternatives": "CAPTCHA,PROOF_OF_WORK",
            "answer": "ACDEH", "derivedKey": "ab", "issuedAt": issued_at},
        "challengeAnswer": answer}});
    let answered = function.handle(event, now() + Duration::from_secs(seconds)).await;
    answered.unwrap()["response"]["answerCorrect"].as_bool().unwrap()
}

/// An ALTCHA payload with the key that [`right`] expects: `{"solution":{"derivedKey":"ab"}}`.
const SOLVED: &str = "eyJzb2x1dGlvbiI6eyJkZXJpdmVkS2V5IjoiYWIifX0=";

#[tokio::test]
async fn alternatives_are_counted_together_and_a_right_answer_to_one_resets_the_count() {
    let fake = Fake::new(Mood::Well);
    let function = function(&fake);
    for challenge in ["CAPTCHA", "PROOF_OF_WORK", "CAPTCHA,PROOF_OF_WORK", "CAPTCHA"] {
        assert!(!right(&function, challenge, "wrong", 0).await);
    }
    assert_eq!(fake.only().unwrap().consecutive, 4);
    assert!(right(&function, "PROOF_OF_WORK", SOLVED, 0).await);
    assert_eq!(fake.only(), None);
}

#[tokio::test]
async fn users_pools_and_steps_are_counted_separately() {
    let fake = Fake::new(Mood::Well);
    let function = function(&fake);
    for (pool, user, challenge) in [
        ("p", "ada", "CAPTCHA"),
        ("q", "ada", "CAPTCHA"),
        ("p", "bob", "CAPTCHA"),
        ("p", "ada", "PROOF_OF_WORK"),
    ] {
        let event = json!({"userPoolId": pool, "userName": user, "request": {"challengeAnswer": "wrong",
            "privateChallengeParameters": {"challenge": challenge, "issuedAt": "1767225600"}}});
        function.handle(event, now()).await.unwrap();
    }
    let counted: Vec<_> = fake
        .items
        .lock()
        .unwrap()
        .values()
        .map(|item| item.consecutive)
        .collect();
    assert_eq!(counted, [1; 4]);
}

#[tokio::test]
async fn choosing_an_alternative_is_not_a_failure() {
    let fake = Fake::new(Mood::Well);
    let function = function(&fake);
    for day in 0..200 {
        assert!(!right(&function, "CAPTCHA", "-", day * 86_400).await);
    }
    assert_eq!((fake.only(), fake.operations.load(Ordering::Relaxed)), (None, 0));
    assert!(right(&function, "CAPTCHA", "ACDEH", 0).await);
}

#[tokio::test]
async fn at_the_limit_the_right_answer_is_wrong_until_the_item_is_removed() {
    const DAY: u64 = 86_400;
    let fake = Fake::new(Mood::Well);
    let function = function(&fake);
    // A patient attacker sends one answer a day.
    for day in 0..100 {
        assert!(!right(&function, "CAPTCHA", "wrong", day * DAY).await);
    }
    let reached = fake.only();
    for day in [100, 130, 4000] {
        assert!(!right(&function, "CAPTCHA", "ACDEH", day * DAY).await);
        assert!(!right(&function, "PROOF_OF_WORK", SOLVED, day * DAY).await);
    }
    assert_eq!(fake.only(), reached);
    fake.items.lock().unwrap().clear();
    assert!(right(&function, "CAPTCHA", "ACDEH", 101 * DAY).await);
}

#[test]
fn without_a_table_nothing_is_counted_and_an_invalid_setting_is_reported() {
    let keys = Keys::parse(SECRET).unwrap();
    let configure = |variables: &[(&str, &str)]| {
        let environment = Environment::new(variables.iter().copied());
        Lockout::configure(&environment, &keys).map_err(|error| error.to_string())
    };
    assert!(configure(&[]).unwrap().is_none());
    assert_eq!(
        configure(&[("ATTEMPTS_UNREACHABLE", "ajar")]).err().unwrap(),
        "variable `ATTEMPTS_UNREACHABLE`: write `closed` or `open`"
    );
    for limit in ["0", "-1", "1000001", "many"] {
        let refused = configure(&[("ATTEMPTS_LIMIT", limit)]);
        assert_eq!(
            refused.err().unwrap(),
            "variable `ATTEMPTS_LIMIT`: write the maximum number of consecutive wrong answers, 1 to 1000000, such as `100`"
        );
    }
    assert_eq!(
        configure(&[("ATTEMPTS_TABLE", "t")]).err().unwrap(),
        "variable `AWS_ACCESS_KEY_ID` is missing: template.yaml sets it"
    );
    let sdk = [
        ("ATTEMPTS_TABLE", "t"),
        ("AWS_ACCESS_KEY_ID", "x"),
        ("AWS_REGION", "us-east-1"),
        ("AWS_SECRET_ACCESS_KEY", "x"),
    ];
    let configured = configure(&sdk).unwrap().unwrap();
    assert_eq!(configured.if_unreachable, IfUnavailable::Closed);
    assert_eq!(configured.limit, 100);
    let set = [("ATTEMPTS_LIMIT", "20"), ("ATTEMPTS_UNREACHABLE", "open")];
    let configured = configure(&[&sdk[..], &set].concat()).unwrap().unwrap();
    assert_eq!((configured.if_unreachable, configured.limit), (IfUnavailable::Open, 20));
}
