//! Tests how the built verify counts answers, with a real DynamoDB engine and a network that loses responses.

use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{SystemTime, UNIX_EPOCH};

use benches::lambda::Program;
use loop_tests::dynamodb::{Fate, Network, table};
use loop_tests::functions::SECRET;
use loop_tests::local::{Client, Local, Refusal, function};
use loop_tests::script::right_answer;
use serde_json::{Value, json};

const DAY: u64 = 24 * 60 * 60;

/// A running verify that counts in the table at `endpoint`.
struct Verify(Program);

impl Verify {
    fn start(endpoint: &str) -> Self {
        let program = Program::start(
            Command::new(function("verify-auth-challenge")).stdout(Stdio::null()),
            &[
                ("ATTEMPTS_TABLE", "attempts"),
                ("AUTH_FLOW", "CAPTCHA|PROOF_OF_WORK:9"),
                ("AUTH_SESSION_MINUTES", "3"),
                ("AWS_ENDPOINT_URL_DYNAMODB", endpoint),
                ("CHALLENGE_SECRET", SECRET),
            ],
        );
        program.asks();
        Self(program)
    }

    /// Returns whether `answer` is right.
    fn takes(&self, answer: &str) -> bool {
        let event = json!({"userPoolId": "p", "userName": "ada", "request": {
            "privateChallengeParameters": {"challenge": "CAPTCHA", "alternatives": "CAPTCHA,PROOF_OF_WORK",
                "answer": "ACDEH", "issuedAt": seconds().to_string()},
            "challengeAnswer": answer}});
        self.0.reply(&event)["response"]["answerCorrect"].as_bool().unwrap()
    }
}

#[expect(clippy::disallowed_methods, reason = "the function reads the clock now")]
fn seconds() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()
}

fn number(item: &Value, name: &str) -> u64 {
    item[name]["N"].as_str().unwrap().parse().unwrap()
}

/// Returns the items that were written, in order.
fn written(network: &Network) -> Vec<Value> {
    let puts = network
        .sent()
        .into_iter()
        .filter(|(operation, _)| operation == "PutItem");
    puts.map(|(_, mut put)| put["Item"].take()).collect()
}

#[test]
fn a_write_whose_response_is_lost_counts_once() {
    let lost = Arc::new(AtomicUsize::new(0));
    let losing = Arc::clone(&lost);
    // Loses the first response to each write.
    let network = Network::before(&table(), move |operation| {
        let loses = operation == "PutItem" && losing.fetch_add(1, Ordering::SeqCst).is_multiple_of(2);
        if loses { Fate::ReplyLost } else { Fate::Passed }
    });
    let verify = Verify::start(&network.endpoint);
    network.sent();
    for failures in 1..=4 {
        assert!(!verify.takes("wrong"));
        let items = written(&network);
        assert_eq!(items.len(), 2, "the SDK sends the write again");
        assert_eq!(items[0], items[1], "{failures}");
        assert_eq!(number(&items[1], "consecutive"), failures);
        assert_eq!(number(&items[1], "failures"), failures);
    }
    assert!(verify.takes("ACDEH"), "the fifth answer is not during a wait");
    assert_eq!(lost.load(Ordering::SeqCst), 10);
}

#[test]
fn a_right_answer_resets_earlier_counts_and_keeps_later_ones() {
    let table = table();
    let other = Arc::new(Mutex::new(None::<Verify>));
    let between = Arc::clone(&other);
    // Counts another answer right before the count is reset.
    let network = Network::before(&table, move |operation| {
        if operation == "DeleteItem"
            && let Some(other) = between.lock().unwrap().take()
        {
            assert!(!other.takes("wrong"));
        }
        Fate::Passed
    });
    let verify = Verify::start(&network.endpoint);
    *other.lock().unwrap() = Some(Verify::start(&format!("http://{table}")));
    assert!(verify.takes("ACDEH"));
    network.sent();
    assert!(!verify.takes("wrong"));
    let counted = number(&written(&network)[0], "consecutive");
    assert_eq!(counted, 3, "the right answer, the later answer, and this one");
    assert!(verify.takes("ACDEH"));
    network.sent();
    assert!(!verify.takes("wrong"));
    assert_eq!(
        number(&written(&network)[0], "consecutive"),
        1,
        "no write came in between"
    );
}

#[test]
fn requests_are_consistent_and_conditional_and_items_expire() {
    let network = Network::before(&table(), |_| Fate::Passed);
    let verify = Verify::start(&network.endpoint);
    network.sent();
    let before = seconds();
    assert!(verify.takes("ACDEH"));
    let sent = network.sent();
    let operations: Vec<_> = sent.iter().map(|(operation, _)| operation.as_str()).collect();
    assert_eq!(operations, ["GetItem", "PutItem", "DeleteItem"]);
    assert_eq!(sent[0].1["ConsistentRead"], true);
    let item = &sent[1].1["Item"];
    let expires = number(item, "expires");
    assert!(
        (before + 365 * DAY..=seconds() + 365 * DAY).contains(&expires),
        "{expires}"
    );
    let names: Vec<_> = item.as_object().unwrap().keys().map(String::as_str).collect();
    let mut sorted = names.clone();
    sorted.sort_unstable();
    assert_eq!(
        sorted,
        ["consecutive", "expires", "failures", "id", "lockedUntil", "token"]
    );
    assert!(!sent.iter().any(|(_, request)| request.to_string().contains("ada")));
    for (operation, request) in &sent[1..] {
        assert!(request["ConditionExpression"].is_string(), "{operation}");
    }
}

#[test]
fn an_item_of_an_earlier_version_keeps_its_count() {
    let table = table();
    let network = Network::before(&table, |_| Fate::Passed);
    let verify = Verify::start(&network.endpoint);
    assert!(!verify.takes("wrong"));
    let mut item = written(&network).remove(0);
    let fields = item.as_object_mut().unwrap();
    fields.remove("consecutive");
    fields.remove("token");
    let put = json!({"TableName": "attempts", "Item": item});
    let reply = ureq::post(format!("http://{table}"))
        .header("content-type", "application/x-amz-json-1.0")
        .header("x-amz-target", "DynamoDB_20120810.PutItem")
        .header("authorization", "AWS4-HMAC-SHA256 Credential=test/20261122/us-east-1/dynamodb/aws4_request, SignedHeaders=host, Signature=0")
        .header("x-amz-date", "20261122T000000Z")
        .send(put.to_string());
    assert!(reply.unwrap().status().is_success());
    network.sent();
    assert!(!verify.takes("wrong"));
    assert_eq!(number(&written(&network)[0], "consecutive"), 2);
}

#[test]
fn at_the_limit_the_right_answer_is_wrong_until_admin_resets_the_attempts() {
    const FLOW: &str = "CAPTCHA:1,SECURITY_QUESTION:1";
    let folder = tempfile::TempDir::new().unwrap();
    let noted = folder.path().join("table");
    let verify = format!(
        "echo $AWS_ENDPOINT_URL_DYNAMODB $ATTEMPTS_TABLE >{}; exec {}",
        noted.display(),
        function("verify-auth-challenge").display()
    );
    let limit = ["--parameter", "AttemptsLimit=3"];
    let local = Local::start(&[&["--flow", FLOW, "--verify-auth-challenge", &verify][..], &limit].concat());
    let client = Client::new(&local);
    // Returns whether a right or wrong answer to the picture passes. A wrong answer ends the sign-in.
    let passes = |user: &str, right: bool| {
        let asked = client.start(user).unwrap();
        let answer = if right {
            right_answer(&asked["ChallengeParameters"], &client.private_parameters(&asked))
        } else {
            "wrong".to_owned()
        };
        let answered = client.answer(user, &asked, &answer, &Value::Null);
        answered
            .inspect_err(|refusal| assert_eq!(*refusal, Refusal::incorrect()))
            .is_ok()
    };
    for user in ["demo", "nonexistent"] {
        assert!(passes(user, true), "{user}");
        for _ in 0..3 {
            assert!(!passes(user, false), "{user}");
        }
        assert!(!passes(user, true), "{user}");
    }

    let noted = std::fs::read_to_string(&noted).unwrap();
    let (endpoint, table) = noted.trim().split_once(' ').unwrap();
    let reset = |user: &str, table: &str, flow: &str| {
        let args = [
            "attempts",
            "reset",
            "--username",
            user,
            "--table",
            table,
            "--flow",
            flow,
        ];
        local.admin_command(&args, &[("AWS_ENDPOINT_URL_DYNAMODB", endpoint)], "")
    };
    for (user, table, flow, message) in [
        ("nonexistent", table, FLOW, "UserNotFoundException"),
        ("demo", "elsewhere", FLOW, "the table: ResourceNotFoundException"),
        ("demo", table, "CAPTCHA", "write it as `CAPTCHA:3`"),
    ] {
        let (code, printed) = reset(user, table, flow);
        assert_eq!(code, Some(2), "{printed}");
        assert!(printed.contains(message), "{printed}");
    }
    assert!(!passes("demo", true), "nothing was reset");
    let (code, printed) = reset("demo", table, FLOW);
    assert_eq!(
        (code, printed.as_str()),
        (Some(0), "`demo` has no counted wrong answers any more\n")
    );
    assert!(passes("demo", true));
    assert!(!passes("nonexistent", true));
}
