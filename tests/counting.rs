//! Tests how the built verify counts answers, with a real DynamoDB engine and a network that loses responses.

use std::collections::HashMap;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{SystemTime, UNIX_EPOCH};

use benches::lambda::Program;
use cognito_challenge::attempts;
use cognito_challenge::keys::Keys;
use cognito_challenge::user::{Existence, User};
use loop_tests::dynamodb::{Fate, Network, put, table};
use loop_tests::functions::SECRET;
use loop_tests::local::{Client, Local, Refusal, function};
use loop_tests::runtime_api::{Function, Invoked};
use loop_tests::script::right_answer;
use serde_json::{Value, json};

const DAY: u64 = 24 * 60 * 60;

/// A running verify that counts in the table at `endpoint`.
struct Verify(Program);

impl Verify {
    fn start(endpoint: &str) -> Self {
        let mut command = Command::new(function("verify-auth-challenge"));
        let program = Program::start(command.stdout(Stdio::null()), &variables(endpoint));
        program.asks();
        Self(program)
    }

    /// Returns whether `answer` is right.
    fn takes(&self, answer: &str) -> bool {
        self.0.reply(&answered(answer))["response"]["answerCorrect"]
            .as_bool()
            .unwrap()
    }
}

/// Returns the variables that verify needs to count in the table at `endpoint`.
fn variables(endpoint: &str) -> [(&str, &str); 8] {
    [
        ("ATTEMPTS_TABLE", "attempts"),
        ("AUTH_FLOW", "CAPTCHA|PROOF_OF_WORK:9"),
        ("AUTH_SESSION_MINUTES", "3"),
        ("AWS_ACCESS_KEY_ID", "test"),
        ("AWS_ENDPOINT_URL_DYNAMODB", endpoint),
        ("AWS_REGION", "us-east-1"),
        ("AWS_SECRET_ACCESS_KEY", "test"),
        ("CHALLENGE_SECRET", SECRET),
    ]
}

/// Returns the event of an `answer` to the letters `ACDEH`.
fn answered(answer: &str) -> Value {
    json!({"userPoolId": "p", "userName": "ada", "request": {
        "privateChallengeParameters": {"challenge": "CAPTCHA", "alternatives": "CAPTCHA,PROOF_OF_WORK",
            "answer": "ACDEH", "issuedAt": seconds().to_string()},
        "challengeAnswer": answer}})
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

/// Starts a network to the table at `address`, and returns a slot for a second verify. Before the next `operation`, the
/// verify in the slot counts a wrong answer.
fn interrupted(address: &str, operation: &'static str) -> (Network, Arc<Mutex<Option<Verify>>>) {
    let between = Arc::new(Mutex::new(None::<Verify>));
    let slot = Arc::clone(&between);
    let network = Network::before(address, move |next| {
        if next == operation
            && let Some(other) = slot.lock().unwrap().take()
        {
            assert!(!other.takes("wrong"));
        }
        Fate::Passed
    });
    (network, between)
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
    let (network, between) = interrupted(&table, "DeleteItem");
    let verify = Verify::start(&network.endpoint);
    *between.lock().unwrap() = Some(Verify::start(&format!("http://{table}")));
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
fn a_concurrent_answer_counts_too() {
    let table = table();
    let (network, between) = interrupted(&table, "PutItem");
    let verify = Verify::start(&network.endpoint);
    // The first round starts without an item, the second with one.
    for expected in [[1, 2], [3, 4]] {
        *between.lock().unwrap() = Some(Verify::start(&format!("http://{table}")));
        network.sent();
        assert!(!verify.takes("wrong"));
        let counted: Vec<_> = written(&network)
            .iter()
            .map(|item| number(item, "consecutive"))
            .collect();
        assert_eq!(counted, expected, "DynamoDB rejects the first write");
    }
}

#[test]
fn a_table_that_never_responds_is_called_twice_and_no_answer_is_right() {
    for (lost, expected) in [
        ("GetItem", &["GetItem", "GetItem"][..]),
        ("PutItem", &["GetItem", "PutItem", "PutItem"]),
    ] {
        let network = Network::before(&table(), move |operation| {
            if operation == lost {
                Fate::ReplyLost
            } else {
                Fate::Passed
            }
        });
        let verify = Verify::start(&network.endpoint);
        network.sent();
        assert!(!verify.takes("ACDEH"));
        let operations: Vec<_> = network.sent().into_iter().map(|(operation, _)| operation).collect();
        assert_eq!(operations, expected);
    }
}

#[test]
fn a_hanging_table_is_abandoned_within_cognitos_time_limit() {
    for (hangs, right, reason) in [
        ("GetItem", false, "the answer could not be counted: no response in time"),
        ("PutItem", false, "the answer could not be counted: no response in time"),
        (
            "DeleteItem",
            true,
            "the count of wrong answers could not be reset: no response in time",
        ),
    ] {
        let network = Network::before(&table(), move |operation| {
            if operation == hangs {
                Fate::Unanswered
            } else {
                Fate::Passed
            }
        });
        let verify = Function::start("verify-auth-challenge", &variables(&network.endpoint));
        let Invoked { answer, line } = verify.invoke(&answered("ACDEH"));
        assert_eq!(answer["response"]["answerCorrect"], right, "{hangs}");
        assert!(line["message"].as_str().unwrap().contains(reason), "{hangs}: {line}");
        // The limit is generous, because a busy machine may delay the function.
        assert!(line["milliseconds"].as_f64().unwrap() < 4000.0, "{hangs}: {line}");
    }
}

#[test]
fn waits_and_the_limit_are_stored_as_documented() {
    const SECOND: u64 = 1000;
    const YEAR: u64 = 365 * DAY;
    let table = table();
    let network = Network::before(&table, |_| Fate::Passed);
    let verify = Verify::start(&network.endpoint);
    network.sent();
    assert!(!verify.takes("wrong"));
    let first = written(&network).remove(0);
    // Earlier counts: consecutive and recent wrong answers.
    for (row, recent, wait, kept) in [
        (3, 3, 0, YEAR),
        (4, 4, SECOND, YEAR),
        (5, 5, 2 * SECOND, YEAR),
        (14, 14, 15 * 60 * SECOND, YEAR),
        (98, 1, 0, YEAR),
        (99, 1, 0, 100 * YEAR),
    ] {
        let mut item = first.clone();
        for (name, value) in [("consecutive", row), ("failures", recent)] {
            item[name] = json!({"N": value.to_string()});
        }
        put(&table, &item);
        let from = seconds();
        assert!(!verify.takes("wrong"));
        let to = seconds() + 1;
        let item = written(&network).remove(0);
        assert_eq!(
            [number(&item, "consecutive"), number(&item, "failures")],
            [row + 1, recent + 1]
        );
        let locked_until = number(&item, "lockedUntil");
        assert!(
            (from * SECOND + wait..=to * SECOND + wait).contains(&locked_until),
            "{row}: {item}"
        );
        assert!(
            (from + kept..=to + kept).contains(&number(&item, "expires")),
            "{row}: {item}"
        );
        // During a wait, the item is written with unchanged values.
        if wait > SECOND || row == 99 {
            assert!(!verify.takes("ACDEH"), "{row}");
            let mut again = written(&network).remove(0);
            again["token"].clone_from(&item["token"]);
            assert_eq!(again, item);
        }
    }
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
    put(&table, &item);
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
    let shown = [
        "attempts",
        "show",
        "--username",
        "demo",
        "--table",
        table,
        "--flow",
        FLOW,
    ];
    let (code, printed) = local.admin_command(&shown, &[("AWS_ENDPOINT_URL_DYNAMODB", endpoint)], "");
    assert_eq!(
        (code, printed.as_str()),
        (
            Some(0),
            "CAPTCHA: 3 wrong answers in a row\nSECURITY_QUESTION: 0 wrong answers in a row\n"
        )
    );
    assert!(!passes("demo", true), "nothing was reset");
    let (code, printed) = reset("demo", table, FLOW);
    assert_eq!(
        (code, printed.as_str()),
        (Some(0), "the wrong answers of `demo` are reset\n")
    );
    assert!(passes("demo", true));
    assert!(!passes("nonexistent", true));
}

#[test]
fn admin_shows_the_remaining_wait_of_a_user() {
    const HOUR: u64 = 60 * 60;
    let table = table();
    let local = Local::start(&["--flow", "CAPTCHA|PROOF_OF_WORK:1"]);
    let no_attributes = HashMap::new();
    let demo = User::new("us-east-1_LocalPool", "demo", Existence::Existing, &no_attributes);
    let id = attempts::key(
        &Keys::parse(SECRET).unwrap(),
        &demo,
        ["CAPTCHA", "PROOF_OF_WORK"].into_iter(),
    );
    let locked_until = (seconds() + HOUR) * 1000;
    put(
        &table,
        &json!({"id": {"S": id}, "consecutive": {"N": "7"}, "lockedUntil": {"N": locked_until.to_string()}}),
    );
    let args = [
        "attempts",
        "show",
        "--json",
        "--username",
        "demo",
        "--table",
        "attempts",
        "--flow",
        "CAPTCHA|PROOF_OF_WORK:1",
    ];
    let endpoint = format!("http://{table}");
    let (code, printed) = local.admin_command(&args, &[("AWS_ENDPOINT_URL_DYNAMODB", &endpoint)], "");
    assert_eq!(code, Some(0), "{printed}");
    let mut shown: Value = serde_json::from_str(&printed).unwrap();
    let wait = shown["steps"][0]["waitSeconds"].take().as_u64().unwrap();
    assert!((HOUR / 2..=HOUR).contains(&wait), "{wait}");
    assert_eq!(
        shown,
        json!({"username": "demo", "steps": [{"step": "CAPTCHA|PROOF_OF_WORK", "wrongInARow": 7, "waitSeconds": null}]})
    );
}
