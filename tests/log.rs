//! Tests the output of the built functions: one line per event, always with the same fields, without secrets, and with
//! valid CloudWatch metrics.

use std::collections::BTreeSet;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use cognito_challenge::challenges::security_question::ATTRIBUTE;
use cognito_challenge_runtime::log::FIELDS;
use cognito_challenge_runtime::metrics::METRICS;
use cognito_challenge_testkit::functions::event;
use create_auth_challenge::Issuers;
use loop_tests::dynamodb::table;
use loop_tests::emf::violations;
use loop_tests::folder::{cases, read};
use loop_tests::functions::{DEFAULT_FLOW, SECRET, enrolled_under, fixtures, messages};
use loop_tests::local::{Client, Local};
use loop_tests::runtime_api::{Function, Invoked};
use loop_tests::script::right_answer;
use loop_tests::services::Service;
use serde_json::{Value, json};

const DEFINE: &str = "define-auth-challenge";
const CREATE: &str = "create-auth-challenge";
const VERIFY: &str = "verify-auth-challenge";
const PRE_TOKEN: &str = "pre-token-generation";

/// Starts a function with the environment of the template and an unavailable S3.
fn start(name: &str) -> Function {
    let flow = ("AUTH_FLOW", DEFAULT_FLOW);
    let secret = [("AUTH_SESSION_MINUTES", "3"), ("CHALLENGE_SECRET", SECRET)];
    let s3 = [
        ("AWS_ACCESS_KEY_ID", "test"),
        ("AWS_ENDPOINT_URL_S3", "http://127.0.0.1:1"),
        ("AWS_REGION", "us-east-1"),
        ("AWS_SECRET_ACCESS_KEY", "a key that no line may contain"),
        ("CAPTCHA_BUCKET", "pictures"),
    ];
    match name {
        DEFINE => Function::start(name, &[flow]),
        CREATE => Function::start(name, &[&[flow], &secret[..], &s3[..]].concat()),
        PRE_TOKEN => Function::start(name, &[]),
        _ => Function::start(
            name,
            &[&[flow], &secret[..], &attempts("http://127.0.0.1:1", "open")[..]].concat(),
        ),
    }
}

/// Starts a function whose flow has the types that send messages, with services that accept all messages.
fn start_sending(name: &str) -> Function {
    let own = [
        ("AUTH_FLOW", "EMAIL_CODE|SMS_CODE|MAGIC_LINK:3"),
        ("AUTH_SESSION_MINUTES", "3"),
        ("AWS_ACCESS_KEY_ID", "test"),
        ("AWS_REGION", "us-east-1"),
        ("AWS_SECRET_ACCESS_KEY", "a key that no line may contain"),
        ("CHALLENGE_SECRET", SECRET),
    ];
    Function::start(name, &[&own[..], &messages()].concat())
}

/// Returns the variables that verify needs to count answers.
fn attempts<'a>(endpoint: &'a str, if_unreachable: &'a str) -> [(&'a str, &'a str); 6] {
    [
        ("ATTEMPTS_TABLE", "attempts"),
        ("ATTEMPTS_UNREACHABLE", if_unreachable),
        ("AWS_ACCESS_KEY_ID", "test"),
        ("AWS_ENDPOINT_URL_DYNAMODB", endpoint),
        ("AWS_REGION", "us-east-1"),
        ("AWS_SECRET_ACCESS_KEY", "a key that no line may contain"),
    ]
}

/// Returns the fixtures of a function, with the current time.
fn events(folder: &str) -> Vec<(String, Value)> {
    let folder = fixtures(folder);
    let event = |case: String| {
        let mut event: Value = read(&folder.join(format!("{case}.event.json")));
        if let Some(issued_at) = event.pointer_mut("/request/privateChallengeParameters/issuedAt") {
            *issued_at = seconds().to_string().into();
        }
        (case, event)
    };
    cases(&folder, &[".event.json", ".response.json"])
        .into_iter()
        .map(event)
        .collect()
}

#[expect(clippy::disallowed_methods, reason = "the functions run now")]
fn seconds() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()
}

/// Runs every fixture of a function in one process.
fn run(name: &str, folder: &str) -> Vec<(String, Value, Invoked)> {
    run_all(start(name), name, events(folder))
}

/// Runs every fixture of a function with the types that send messages, in one process.
fn run_sending(name: &str, folder: &str) -> Vec<(String, Value, Invoked)> {
    run_all(start_sending(name), name, events(folder))
}

fn run_all(function: Function, name: &str, events: Vec<(String, Value)>) -> Vec<(String, Value, Invoked)> {
    let ran = events
        .into_iter()
        .map(|(case, event)| {
            let invoked = function.invoke(&event);
            (case, event, invoked)
        })
        .collect();
    assert_eq!(
        function.end(),
        Vec::<String>::new(),
        "{name} printed more than its lines"
    );
    ran
}

#[test]
fn every_line_has_the_same_fields_and_valid_cloudwatch_metrics() {
    let mut seen = BTreeSet::new();
    let table = format!("http://{}", table());
    let secret = [
        ("AUTH_FLOW", DEFAULT_FLOW),
        ("AUTH_SESSION_MINUTES", "3"),
        ("CHALLENGE_SECRET", SECRET),
    ];
    let counting = Function::start(VERIFY, &[&secret[..], &attempts(&table, "closed")[..]].concat());
    let all = events("verify");
    let wrong = all
        .iter()
        .filter(|(case, _)| case == "answer-of-1025-characters-is-wrong");
    // More consecutive wrong answers than are possible without a wait.
    let guesses: Vec<_> = wrong.cycle().take(9).cloned().collect();
    let counted = [guesses, all].concat();
    for (name, ran) in [
        (DEFINE, run(DEFINE, "define")),
        (CREATE, run(CREATE, "create")),
        (VERIFY, run(VERIFY, "verify")),
        (PRE_TOKEN, run(PRE_TOKEN, "pre-token")),
        (VERIFY, run_all(counting, VERIFY, counted)),
        (CREATE, run_sending(CREATE, "messages/create")),
        (VERIFY, run_sending(VERIFY, "messages/verify")),
    ] {
        for (index, (case, _, Invoked { line, .. })) in ran.into_iter().enumerate() {
            let keys: Vec<&str> = line.as_object().unwrap().keys().map(String::as_str).collect();
            let (fields, metrics) = keys.split_at(FIELDS.len());
            assert_eq!(fields, FIELDS, "{case}");
            assert_eq!(line["coldStart"], index == 0, "{case}");
            assert_eq!(line["function"], name, "{case}");
            if let [metrics @ .., last] = metrics {
                assert_eq!(*last, "_aws", "{case}");
                assert_eq!(violations(&line), Vec::<String>::new(), "{case}: {line}");
                seen.extend(metrics.iter().map(|metric| (*metric).to_owned()));
            }
            let known: Vec<_> = Issuers::standard().names().map(|name| json!(name)).collect();
            let challenge = &line["challenge"];
            assert!(
                challenge.is_null() || challenge == "unknown" || known.contains(challenge),
                "{case}: {challenge}"
            );
            let reason = line["reason"].as_str().unwrap_or_default();
            assert!(
                reason.chars().all(|letter| letter.is_ascii_alphanumeric()),
                "{case}: {reason}"
            );
        }
    }
    // The standard types can check every answer.
    let all: BTreeSet<_> = METRICS.iter().map(|metric| metric.name.to_owned()).collect();
    let missing: Vec<_> = all.difference(&seen).collect();
    // The tests of enrolment check its metrics.
    let expected = [
        "AnswersRemoved",
        "AnswersSet",
        "CannotJudge",
        "EnrolmentsRefused",
        "LinksRequested",
    ];
    assert_eq!(missing, expected, "the metrics that no fixture produces");
    for of_messages in ["MessageMilliseconds", "MessagesSent", "NotEnrolled"] {
        assert!(
            seen.contains(of_messages),
            "no fixture produces {of_messages}: {seen:?}"
        );
    }
}

#[test]
fn only_an_existing_user_without_usable_answers_counts_as_not_enrolled() {
    let variables = [
        ("AUTH_FLOW", "SECURITY_QUESTION:3"),
        ("AUTH_SESSION_MINUTES", "3"),
        ("CHALLENGE_SECRET", SECRET),
    ];
    let create = Function::start(CREATE, &variables);
    for (name, attributes, missing, expected) in [
        ("ada", json!({ATTRIBUTE: enrolled_under(SECRET)}), false, 0),
        ("bob", json!({}), false, 1),
        ("cleo", json!({ATTRIBUTE: "{}"}), false, 1),
        ("missing", json!({}), true, 0),
    ] {
        let mut event = event("CreateAuthChallenge", &attributes, missing);
        event["userName"] = name.into();
        event["request"]["challengeName"] = "CUSTOM_CHALLENGE".into();
        let line = create.invoke(&event).line;
        assert_eq!(line["NotEnrolled"], expected, "{name}: {line}");
    }
}

#[test]
fn no_line_contains_the_user_or_a_secret() {
    for ran in [
        run(DEFINE, "define"),
        run(CREATE, "create"),
        run(VERIFY, "verify"),
        run(PRE_TOKEN, "pre-token"),
        run_sending(CREATE, "messages/create"),
        run_sending(VERIFY, "messages/verify"),
    ] {
        for (case, event, Invoked { answer, line }) in ran {
            let mut secrets = vec![SECRET.to_owned(), "a key that no line may contain".to_owned()];
            for path in [
                "/userName",
                "/request/userAttributes",
                "/request/clientMetadata",
                "/request/challengeAnswer",
                "/request/privateChallengeParameters",
                "/response/privateChallengeParameters",
                "/response/publicChallengeParameters",
            ] {
                for event in [&event, &answer] {
                    texts(event.pointer(path).unwrap_or(&Value::Null), &mut secrets);
                }
            }
            let line = line.to_string();
            for secret in &secrets {
                assert!(!line.contains(secret), "{case}: `{secret}` is in {line}");
            }
        }
    }
}

/// Collects the texts in `value` that a log must not contain.
///
/// It omits names of challenges and media, small numbers, JSON keywords and the time.
fn texts(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::String(text) if ["true", "false", "null"].contains(&text.as_str()) => {}
        Value::String(text) if text.len() > 3 && !Issuers::standard().names().any(|name| name == text) => {
            found.push(text.clone())
        }
        Value::Array(items) => items.iter().for_each(|item| texts(item, found)),
        Value::Object(fields) => fields
            .iter()
            .filter(|(name, _)| !["issuedAt", "medium"].contains(&name.as_str()))
            .for_each(|(_, value)| texts(value, found)),
        _ => {}
    }
}

#[test]
fn create_and_verify_log_the_same_pseudonym_and_define_logs_none() {
    let event = |trigger: &str| {
        json!({"triggerSource": format!("{trigger}_Authentication"), "userPoolId": "pool", "userName": "ada",
            "callerContext": {"clientId": "client"},
            "request": {"userAttributes": {"sub": "a-sub"}, "session": [], "challengeName": null}})
    };
    let [define, create, verify] = [
        (DEFINE, "DefineAuthChallenge"),
        (CREATE, "CreateAuthChallenge"),
        (VERIFY, "VerifyAuthChallengeResponse"),
    ]
    .map(|(name, trigger)| start(name).invoke(&event(trigger)).line);
    assert!(create["user"].as_str().is_some_and(|user| user.len() == 16), "{create}");
    assert_eq!(create["user"], verify["user"]);
    assert_eq!(define["user"], Value::Null);
    for line in [define, create, verify] {
        assert_eq!([&line["userPool"], &line["client"]], ["pool", "client"]);
    }
}

#[test]
fn requests_to_aws_name_the_version_in_the_log() {
    for (name, folder, case) in [
        (CREATE, "create", "session-length-2-asks-the-captcha"),
        (VERIFY, "verify", "right-captcha"),
    ] {
        let service = Service::taking((400, "application/json", "{}"));
        let function = Function::start(
            name,
            &[
                ("ATTEMPTS_TABLE", "attempts"),
                ("AUTH_FLOW", DEFAULT_FLOW),
                ("AUTH_SESSION_MINUTES", "3"),
                ("AWS_ACCESS_KEY_ID", "test"),
                ("AWS_ENDPOINT_URL", &service.endpoint),
                ("AWS_REGION", "us-east-1"),
                ("AWS_SECRET_ACCESS_KEY", "test"),
                ("CAPTCHA_BUCKET", "pictures"),
                ("CHALLENGE_SECRET", SECRET),
            ],
        );
        let (_, event) = events(folder).into_iter().find(|(found, _)| found == case).unwrap();
        let version = function.invoke(&event).line["version"].as_str().unwrap().to_owned();
        let requests = service.requests();
        assert!(!requests.is_empty(), "{name}");
        for request in requests {
            let agent = request.header("user-agent");
            assert!(
                agent.contains(&format!("app/cognito-challenge-{version}")),
                "{name}: {agent}"
            );
        }
    }
}

#[test]
fn an_invalid_event_is_an_error_whose_reason_is_hidden_from_the_client() {
    let function = start(DEFINE);
    let Invoked { answer, line } = function.invoke(&json!(["MARKER"]));
    assert_eq!([&line["level"], &line["decision"]], ["ERROR", "error"]);
    assert_eq!(answer["errorMessage"], "internal error");
    assert!(!line.to_string().contains("MARKER"), "{line}");
}

#[test]
fn local_shows_the_metrics_of_the_dashboard() {
    let local = Local::start(&["--flow", "CAPTCHA:3"]);
    let client = Client::new(&local);
    let asked = client.start("demo").unwrap();
    let asked = client.answer("demo", &asked, "wrong", &Value::Null).unwrap();
    let answer = right_answer(&asked["ChallengeParameters"], &client.private_parameters(&asked));
    client.answer("demo", &asked, &answer, &Value::Null).unwrap();
    let expected = [
        ("Failed", 1),
        ("Issued", 2),
        ("Passed", 1),
        ("SignInsPassed", 1),
        ("SignInsStarted", 1),
    ];
    // The lines arrive later, because they come through pipes.
    let end = Instant::now() + Duration::from_secs(30);
    let url = format!("{}/debug/metrics", local.endpoint);
    loop {
        let totals: Value = serde_json::from_slice(&Local::get(&url).unwrap()).unwrap();
        let sum = |name: &str| {
            let totals = totals.as_array().into_iter().flatten();
            let mut of_function =
                totals.filter(|total| total["metric"] == name && total["dimensions"].as_object().unwrap().len() == 1);
            of_function.next().and_then(|total| total["sum"].as_f64())
        };
        if expected
            .iter()
            .all(|(name, count)| sum(name) == Some(f64::from(*count)))
        {
            break;
        }
        assert!(Instant::now() < end, "{totals}");
        std::thread::yield_now();
    }
    let printed = local.printed();
    assert!(
        printed.contains("INFO the answer is wrong decision=wrong challenge=CAPTCHA reason=Different"),
        "{printed}"
    );
    let issued = printed.lines().find(|line| line.starts_with("Issued"));
    assert!(issued.is_some_and(|line| line.contains(" 2 ")), "{printed}");
}
