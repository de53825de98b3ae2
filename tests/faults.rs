//! Tests what a client sees if a dependency fails, with the built functions and Cognito's limit of 5 seconds per call.

use std::collections::BTreeSet;
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use benches::lambda::Program;
use loop_tests::folder::read;
use loop_tests::functions::{SECRET, fixtures};
use loop_tests::local::{Client, Local, Refusal, function};
use loop_tests::script::right_answer;
use serde_json::{Value, json};
use tempfile::TempDir;

/// Starts an S3 that handles every connection with `treat`. It runs until the test ends.
fn s3(treat: impl Fn(TcpStream) + Clone + Send + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    thread::spawn(move || {
        for connection in listener.incoming().map_while(Result::ok) {
            let treat = treat.clone();
            thread::spawn(move || treat(connection));
        }
    });
    endpoint
}

/// Reads a request from `connection` and returns its method, or `None` if there is no request.
fn request(connection: &TcpStream) -> Option<String> {
    let mut reader = BufReader::new(connection);
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        (reader.read_line(&mut head).ok()? > 0).then_some(())?;
    }
    let lower = head.to_lowercase();
    let length = lower.lines().find_map(|line| line.strip_prefix("content-length: "));
    let mut body = vec![0; length.map_or(0, |length| length.parse().unwrap())];
    reader.read_exact(&mut body).ok()?;
    Some(head.split(' ').next().unwrap().to_owned())
}

/// Responds with `status`, and to a PUT with S3's error `code`.
fn answer(mut connection: &TcpStream, method: &str, status: &str, code: &str) {
    let body = match method {
        "PUT" if !code.is_empty() => format!("<Error><Code>{code}</Code><Message>no</Message></Error>"),
        _ => String::new(),
    };
    let length = body.len();
    let _ = write!(
        connection,
        "HTTP/1.1 {status}\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n{body}"
    );
}

/// Returns the command that starts create with other variables.
fn create_with(variables: &str) -> String {
    format!("env {variables} {}", function("create-auth-challenge").display())
}

/// Gives right answers until the sign-in ends.
fn finish(client: &Client<'_>, mut reply: Value) -> Result<Value, Refusal> {
    while reply.get("AuthenticationResult").is_none() {
        let right = right_answer(&reply["ChallengeParameters"], &client.private_parameters(&reply));
        reply = client.answer("demo", &reply, &right, &Value::Null)?;
    }
    Ok(reply)
}

fn url(reply: &Value) -> &str {
    reply["ChallengeParameters"]["captchaUrl"].as_str().unwrap()
}

#[test]
fn without_s3_the_picture_is_inline_in_time_and_the_sign_in_continues() {
    let refuses = || "http://127.0.0.1:1".to_owned();
    let hangs = || {
        s3(|mut connection| {
            let _ = std::io::copy(&mut connection, &mut std::io::sink());
        })
    };
    // Closing a connection with unread data resets it.
    let resets = || {
        s3(|connection| {
            let _ = connection.peek(&mut [0]);
        })
    };
    let says = |status: &'static str, code: &'static str| {
        move || {
            s3(move |connection| {
                if let Some(method) = request(&connection) {
                    answer(&connection, &method, status, code);
                }
            })
        }
    };
    let slow = || {
        s3(|connection| {
            if let Some(method) = request(&connection) {
                thread::sleep(Duration::from_secs(4));
                answer(&connection, &method, "200 OK", "");
            }
        })
    };
    let unavailable = says("503 Service Unavailable", "ServiceUnavailable");
    let expired = says("403 Forbidden", "ExpiredToken");
    let faults: [(&str, &(dyn Fn() -> String + Sync), &str); 6] = [
        ("refuses", &refuses, "S3Failed"),
        ("hangs", &hangs, "S3Late"),
        ("resets", &resets, "S3Failed"),
        ("answers 503", &unavailable, "S3Failed"),
        ("is slow by 4 s", &slow, "S3Late"),
        ("finds the credentials expired", &expired, "S3Failed"),
    ];
    thread::scope(|scope| {
        for (fault, endpoint, reason) in faults {
            scope.spawn(move || {
                let create = create_with(&format!("AWS_ENDPOINT_URL_S3={}", endpoint()));
                let local = Local::start(&["--flow", "CAPTCHA:3", "--create-auth-challenge", &create]);
                let client = Client::new(&local);
                let asked = client.start("demo").unwrap();
                let picture = url(&asked).strip_prefix("data:image/png;base64,").expect(fault);
                assert!(STANDARD.decode(picture).unwrap().starts_with(b"\x89PNG"), "{fault}");
                let asked = client.answer("demo", &asked, "wrong", &Value::Null).unwrap();
                assert!(finish(&client, asked).is_ok(), "{fault}");
                let printed = local.printed();
                assert!(printed.contains(reason), "{fault}: {printed}");
                assert!(
                    !printed.contains("no answer from"),
                    "{fault}: more than 5 seconds: {printed}"
                );
            });
        }
    });
}

#[test]
fn an_upload_is_repeated_once_after_a_server_error_and_never_after_a_rejection() {
    for (status, code, expected) in [
        ("503 Service Unavailable", "ServiceUnavailable", 2),
        ("403 Forbidden", "AccessDenied", 1),
    ] {
        let uploads = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&uploads);
        let endpoint = s3(move |connection| {
            let Some(method) = request(&connection) else { return };
            if method == "PUT" {
                counted.fetch_add(1, Ordering::SeqCst);
            }
            answer(&connection, &method, status, code);
        });
        let variables = [
            ("AUTH_FLOW", "CAPTCHA:3"),
            ("AUTH_SESSION_MINUTES", "3"),
            ("AWS_ENDPOINT_URL_S3", endpoint.as_str()),
            ("CAPTCHA_BUCKET", "pictures"),
            ("CHALLENGE_SECRET", SECRET),
        ];
        let create = Tried::start("create-auth-challenge", &variables);
        let mut event: Value = read(&fixtures("create").join("unknown-user-gets-a-captcha.event.json"));
        event["request"]["session"] = json!([]);
        let asked = create.once(&event);
        let picture = asked["publicChallengeParameters"]["captchaUrl"].as_str().unwrap();
        assert!(picture.starts_with("data:image/png;base64,"), "{status}");
        assert_eq!(uploads.load(Ordering::SeqCst), expected, "{status}");
    }
}

/// Starts a `local` that sends `signal` to create during its first upload to S3. S3 works otherwise.
fn struck(signal: &'static str, folder: &TempDir) -> (Local, String) {
    let done = Arc::new(AtomicBool::new(false));
    let id = folder.path().join("id");
    let written = id.clone();
    let endpoint = s3(move |connection| {
        let Some(method) = request(&connection) else { return };
        if method == "PUT" && !done.swap(true, Ordering::SeqCst) {
            let id = fs::read_to_string(&written).unwrap();
            let sent = Command::new("kill").args([&format!("-{signal}"), id.trim()]).status();
            assert!(sent.unwrap().success());
        }
        answer(&connection, &method, "200 OK", "");
    });
    // The function replaces the shell, so the shell's process id is the function's. Only the first process writes it.
    let create = format!(
        "set -C; echo $$ 2>/dev/null >{}; exec {}",
        id.display(),
        create_with(&format!("AWS_ENDPOINT_URL_S3={endpoint}"))
    );
    let local = Local::start(&["--flow", "CAPTCHA:3", "--create-auth-challenge", &create]);
    (local, endpoint)
}

#[test]
fn a_create_that_is_killed_during_a_call_ends_only_that_sign_in() {
    let folder = TempDir::new().unwrap();
    let (local, s3) = struck("KILL", &folder);
    let client = Client::new(&local);
    let refused = client.start("demo").unwrap_err();
    assert_eq!(refused.kind, "UserLambdaValidationException");
    let asked = client.start("demo").unwrap();
    assert!(url(&asked).starts_with(&s3), "{asked}");
    assert!(finish(&client, asked).is_ok());
}

#[test]
fn a_create_that_is_stopped_during_a_call_is_retried_and_the_second_picture_counts() {
    let folder = TempDir::new().unwrap();
    let (local, s3) = struck("STOP", &folder);
    let client = Client::new(&local);
    let asked = client.start("demo").unwrap();
    assert!(url(&asked).starts_with(&s3), "{asked}");
    assert!(finish(&client, asked).is_ok());
    let printed = local.printed();
    assert!(printed.contains("within 5 seconds (try 1 of 3)"), "{printed}");
    assert!(!printed.contains("(try 2 of 3)"), "{printed}");
}

#[test]
fn each_of_three_retries_of_one_call_returns_a_usable_response() {
    let flow = ("AUTH_FLOW", "CAPTCHA:3");
    let secret = [("AUTH_SESSION_MINUTES", "3"), ("CHALLENGE_SECRET", SECRET)];
    let s3 = [
        ("AWS_ENDPOINT_URL_S3", "http://127.0.0.1:1"),
        ("CAPTCHA_BUCKET", "pictures"),
    ];
    let define = Tried::start("define-auth-challenge", &[flow]);
    let create = Tried::start("create-auth-challenge", &[&[flow], &secret[..], &s3[..]].concat());
    let verify = Tried::start("verify-auth-challenge", &[&[flow], &secret[..]].concat());

    let mut event: Value = read(&fixtures("create").join("unknown-user-gets-a-captcha.event.json"));
    event["request"]["session"] = json!([]);
    let pictures = create.three_times(&event);
    let letters: BTreeSet<_> = pictures
        .iter()
        .map(|asked| asked["privateChallengeParameters"]["answer"].to_string())
        .collect();
    assert_eq!(letters.len(), 3, "each picture is new");
    for asked in pictures {
        let private = &asked["privateChallengeParameters"];
        for (answer, right) in [(&private["answer"], true), (&json!("wrong"), false)] {
            let mut event: Value = read(&fixtures("verify").join("right-captcha.event.json"));
            event["request"]["privateChallengeParameters"] = private.clone();
            event["request"]["challengeAnswer"] = answer.clone();
            for verdict in verify.three_times(&event) {
                assert_eq!(verdict["answerCorrect"], right);
            }
        }
    }
    let mut event: Value = read(&fixtures("define").join("unknown-user-is-asked-the-captcha-too.event.json"));
    event["request"]["userNotFound"] = false.into();
    for (session, tokens) in [
        (json!([]), false),
        (
            json!([{"challengeName": "CUSTOM_CHALLENGE", "challengeResult": true, "challengeMetadata": "CAPTCHA"}]),
            true,
        ),
    ] {
        event["request"]["session"] = session;
        for decided in define.three_times(&event) {
            assert_eq!(decided["issueTokens"], tokens, "{decided}");
            assert_eq!(decided["failAuthentication"], false, "{decided}");
        }
    }
}

/// A running function that receives every event three times.
struct Tried(Program);

impl Tried {
    fn start(name: &str, variables: &[(&str, &str)]) -> Self {
        let program = Program::start(Command::new(function(name)).stdout(Stdio::null()), variables);
        program.asks();
        Self(program)
    }

    /// Returns the responses to `event` of three calls.
    fn three_times(&self, event: &Value) -> [Value; 3] {
        [(); 3].map(|()| self.once(event))
    }

    fn once(&self, event: &Value) -> Value {
        self.0.reply(event)["response"].take()
    }
}

#[test]
fn a_create_with_another_flow_cannot_bypass_the_flow_of_define() {
    thread::scope(|scope| {
        for other in [
            "SECURITY_QUESTION:3,CAPTCHA:3",
            "SECURITY_QUESTION:3",
            "CAPTCHA:3",
            "PASSWORD,CAPTCHA:3",
        ] {
            scope.spawn(move || {
                let create = create_with(&format!("AUTH_FLOW={other}"));
                let flow = "CAPTCHA:3,SECURITY_QUESTION:3";
                let local = Local::start(&["--flow", flow, "--create-auth-challenge", &create]);
                let client = Client::new(&local);
                let refused = client
                    .start("demo")
                    .and_then(|asked| finish(&client, asked))
                    .unwrap_err();
                let neutral = Refusal {
                    kind: "UserLambdaValidationException".into(),
                    message: "CreateAuthChallenge failed with error internal error.".into(),
                };
                assert!(
                    [Refusal::incorrect(), neutral].contains(&refused),
                    "{other}: {refused:?}"
                );
            });
        }
    });
}

#[test]
fn an_answer_enrolled_under_another_secret_is_wrong_and_not_an_error() {
    let verify = format!(
        "env CHALLENGE_SECRET=another-secret-that-is-long-enough {}",
        function("verify-auth-challenge").display()
    );
    let local = Local::start(&["--flow", "SECURITY_QUESTION:2", "--verify-auth-challenge", &verify]);
    let client = Client::new(&local);
    let asked = client.start("demo").unwrap();
    let asked = client
        .answer(
            "demo",
            &asked,
            &right_answer(&asked["ChallengeParameters"], &Value::Null),
            &Value::Null,
        )
        .unwrap();
    assert_eq!(asked["ChallengeParameters"]["attemptsLeft"], "1");
    assert_eq!(finish(&client, asked).unwrap_err(), Refusal::incorrect());
}

#[test]
#[expect(clippy::disallowed_methods, reason = "the function reads the clock now")]
fn an_answer_is_right_or_wrong_for_any_time_of_issue() {
    const MINUTES: i64 = 60;
    let verify = Tried::start(
        "verify-auth-challenge",
        &[
            ("AUTH_FLOW", "CAPTCHA:3"),
            ("AUTH_SESSION_MINUTES", "3"),
            ("CHALLENGE_SECRET", SECRET),
        ],
    );
    let mut event: Value = read(&fixtures("verify").join("right-captcha.event.json"));
    let mut judged = |issued_at: String| {
        event["request"]["privateChallengeParameters"]["issuedAt"] = issued_at.into();
        verify.once(&event)["answerCorrect"].as_bool().unwrap()
    };
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    // Far from the limits, because the duration of a run varies.
    for (after, right) in [
        (0, true),
        (30, true),
        (-MINUTES, true),
        (60 * MINUTES, false),
        (-60 * MINUTES, false),
        (-24 * 60 * 365 * MINUTES, false),
    ] {
        assert_eq!(judged(now.saturating_add_signed(after).to_string()), right, "{after}");
    }
    for at in [0, 1, u64::MAX / 2, u64::MAX] {
        assert!(!judged(at.to_string()), "{at}");
    }
    for text in ["-1", "1e9", "18446744073709551616", "soon"] {
        assert!(!judged(text.to_owned()), "{text}");
    }
}
