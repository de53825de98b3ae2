//! Tests `admin` with a simulated user pool: pages of users, an interruption, and links.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::time::Duration;

use cognito_challenge::challenges::security_question::{ATTRIBUTE, Enrollment, Link};
use cognito_challenge::keys::Keys;
use loop_tests::functions::SECRET;
use loop_tests::local::admin;
use loop_tests::services::{Received, Reply, Service};
use serde_json::{Value, json};

const POOL: &str = "us-east-1_LocalPool";
const JSON: &str = "application/x-amz-json-1.1";

/// Three pages with two users, one user, and no user.
const PAGES: [&str; 3] = [
    r#"{"Users":[{"Username":"ada","Attributes":[]},{"Username":"bob","Attributes":[]}],"PaginationToken":"page 2"}"#,
    r#"{"Users":[{"Username":"eve","Attributes":[]}],"PaginationToken":"page 3"}"#,
    r#"{"Users":[]}"#,
];

/// Returns the index of the page that a `ListUsers` request asks for.
fn page(received: &Received) -> usize {
    let asked: Value = serde_json::from_str(&received.body).unwrap();
    assert_eq!(asked["UserPoolId"], POOL);
    assert_eq!(asked["AttributesToGet"], json!([ATTRIBUTE]));
    match asked["PaginationToken"].as_str() {
        None => 0,
        Some("page 2") => 1,
        Some("page 3") => 2,
        Some(other) => panic!("{other}"),
    }
}

fn command(service: &Service, args: &[&str]) -> Command {
    let mut command = Command::new(admin());
    command
        .args(args)
        .args(["--user-pool-id", POOL, "--endpoint-url", &service.endpoint, "--json"])
        .env("CHALLENGE_SECRET", SECRET)
        .env("AWS_ACCESS_KEY_ID", "test")
        .env("AWS_SECRET_ACCESS_KEY", "test")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

/// Runs `admin`. Returns its exit code, standard output and standard error.
fn run(service: &Service, args: &[&str]) -> (Option<i32>, Value, String) {
    let output = command(service, args).output().unwrap();
    (
        output.status.code(),
        serde_json::from_slice(&output.stdout).unwrap_or_default(),
        String::from_utf8(output.stderr).unwrap(),
    )
}

const STATUS: [&str; 5] = ["questions", "status", "--all", "--rate", "30"];

#[test]
fn a_count_continues_from_a_token_without_earlier_users() {
    let service = Service::start(|received| (Duration::ZERO, (200, JSON, PAGES[page(received)])));
    let (code, all, _) = run(&service, &STATUS);
    assert_eq!(
        (code, &all["users"], &all["complete"]),
        (Some(0), &json!(3), &json!(true))
    );
    let (code, rest, _) = run(
        &service,
        &[&STATUS[..], &["--from", "page 2", "--names", "none"]].concat(),
    );
    assert_eq!(
        (code, &rest["users"], &rest["names"]),
        (Some(0), &json!(1), &json!(["eve"]))
    );
    assert_eq!(rest["complete"], true);
    let (code, _, refused) = run(
        &service,
        &["questions", "status", "--username", "ada", "--from", "page 2"],
    );
    assert_eq!(code, Some(2), "{refused}");
    assert!(refused.contains("cannot be used with"), "{refused}");
}

#[test]
fn an_interrupted_count_prints_its_result_and_the_token_to_continue() {
    // The second page never arrives: `admin` receives the signal while it waits for the page.
    let service = Service::start(|received| match page(received) {
        0 => (Duration::ZERO, (200, JSON, PAGES[0])),
        _ => (Duration::from_hours(1), (200, JSON, PAGES[1])),
    });
    let mut process = command(&service, &STATUS).spawn().unwrap();
    let mut errors = BufReader::new(process.stderr.take().unwrap());
    let mut progress = Vec::new();
    // `admin` handles the signal before it requests the first page.
    errors.read_until(b's', &mut progress).unwrap();
    assert!(String::from_utf8(progress).unwrap().contains("2 us"));
    let pid = process.id().to_string();
    assert!(Command::new("kill").args(["-INT", &pid]).status().unwrap().success());
    let mut rest = String::new();
    for line in errors.lines().map_while(Result::ok) {
        rest.push_str(&line);
    }
    let output = process.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(130), "{rest}");
    let counted: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((&counted["users"], &counted["complete"]), (&json!(2), &json!(false)));
    assert_eq!(counted["next"], "page 2");
    assert!(
        rest.contains("error: interrupted: 2 users were counted; continue with `--from 'page 2'`"),
        "{rest}"
    );
}

#[test]
fn a_pool_that_fails_in_the_middle_ends_the_count_with_the_token() {
    let service = Service::start(|received| match page(received) {
        0 => (Duration::ZERO, (200, JSON, PAGES[0])),
        _ => (
            Duration::ZERO,
            (400, JSON, r#"{"__type":"NotAuthorizedException","message":"no"}"#),
        ),
    });
    let (code, counted, errors) = run(&service, &STATUS);
    assert_eq!(
        (code, &counted["users"], &counted["next"]),
        (Some(2), &json!(2), &json!("page 2"))
    );
    assert!(
        errors.contains("NotAuthorizedException") && errors.contains("--from 'page 2'"),
        "{errors}"
    );
}

/// Starts a pool with one user, and an API that sends mails. `enrolled` is the user's enrollment.
fn pool(enabled: bool, verified: &str, enrolled: &str, api: Reply) -> Service {
    let attributes = [
        ("sub", "8a1f2b3c"),
        ("email", "ada@example.org"),
        ("email_verified", verified),
        (ATTRIBUTE, enrolled),
    ];
    let attributes = attributes.map(|(name, value)| json!({"Name": name, "Value": value}));
    let user = json!({"Username": "ada", "Enabled": enabled, "UserStatus": "CONFIRMED", "UserAttributes": attributes});
    // The leak is small and ends with the test.
    let user: &'static str = user.to_string().leak();
    Service::start(move |received| {
        if received.line.starts_with("POST /enrolment/links ") {
            assert_eq!(received.body, r#"{"username":"ada"}"#);
            assert_eq!(received.header("content-type"), "application/json");
            return (Duration::ZERO, api);
        }
        (Duration::ZERO, (200, JSON, user))
    })
}

const ACCEPTED: Reply = (202, "application/json", "{}");
const PAGE: &str = "https://example.com/sign-in";

fn invite<'a>(more: &[&'a str]) -> Vec<&'a str> {
    [&["questions", "invite", "--username", "Ada@example.org"], more].concat()
}

#[test]
#[expect(clippy::disallowed_methods, reason = "the link is made by the clock")]
fn an_invitation_is_a_link_for_the_user_that_is_valid_for_the_given_hours() {
    let service = pool(true, "false", "", ACCEPTED);
    for (more, hours) in [
        (["--page", PAGE].as_slice(), 72),
        (&["--page", PAGE, "--hours", "168"], 168),
    ] {
        let (code, printed, errors) = run(&service, &invite(more));
        assert_eq!(code, Some(0), "{errors}");
        let link = printed["link"].as_str().unwrap();
        let token = link.strip_prefix("https://example.com/sign-in#enrol=").unwrap();
        let keys = Keys::parse(SECRET).unwrap();
        let after = |hours| std::time::SystemTime::now() + Duration::from_hours(hours);
        let link = Link::parse(token, &keys, POOL, after(hours - 1)).unwrap();
        assert_eq!((link.username(), link.sub()), ("ada", "8a1f2b3c"));
        assert!(Link::parse(token, &keys, POOL, after(hours)).is_err());
    }
}

#[test]
fn an_invitation_is_rejected_if_the_user_could_not_use_it() {
    let answers = [
        ("first-pet", "Peccy"),
        ("birth-city", "Seattle"),
        ("first-teacher", "Ms Grace"),
    ];
    let enrolled = Enrollment::new(answers, &Keys::parse(SECRET).unwrap(), || [7; 16]).unwrap();
    let print = ["--page", PAGE];
    for (service, reason) in [
        (pool(false, "true", "", ACCEPTED), "the user is disabled"),
        (
            pool(true, "true", &enrolled.to_attribute(), ACCEPTED),
            "admin questions reset",
        ),
    ] {
        let (code, printed, errors) = run(&service, &invite(&print));
        assert_eq!((code, printed), (Some(2), Value::Null));
        assert!(
            errors.contains("no link was created") && errors.contains(reason),
            "{errors}"
        );
    }
    let service = pool(true, "true", "", ACCEPTED);
    for args in [
        [].as_slice(),
        &["--page", "http://example.com"],
        &["--page", "https://example.com/#x"],
        &["--page", PAGE, "--hours", "0"],
        &["--page", PAGE, "--hours", "169"],
        &["--page", PAGE, "--send", "https://api.example.com"],
    ] {
        assert_eq!(run(&service, &invite(args)).0, Some(2), "{args:?}");
    }
}

#[test]
fn the_api_mails_an_invitation_or_admin_shows_the_reason() {
    let refused = |status| (status, "application/problem+json", "{}");
    for (service, code, says) in [
        (pool(true, "true", "", ACCEPTED), 0, ""),
        (pool(true, "true", "", refused(404)), 2, "the API mails no links"),
        (pool(true, "true", "", refused(503)), 2, "the status 503"),
        (pool(true, "false", "", ACCEPTED), 2, "no verified e-mail address"),
    ] {
        let (exit, printed, errors) = run(&service, &invite(&["--send", &service.endpoint]));
        assert_eq!(exit, Some(code), "{errors}");
        assert!(errors.contains(says), "{errors}");
        assert_eq!(printed["asked"] == true, code == 0);
        assert!(!printed.to_string().contains("enrol="));
    }
    let service = pool(true, "true", "", ACCEPTED);
    let (code, _, errors) = run(&service, &invite(&["--send", "http://127.0.0.1:1"]));
    assert_eq!(code, Some(2));
    assert!(errors.contains("the API cannot be reached"), "{errors}");
}
