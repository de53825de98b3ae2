//! What a sign-in costs `local` itself: its CPU time, its memory, and how soon it answers after its start.
//!
//! `cargo bench -p loop-tests --bench server`. The functions do nothing here: they are this program, which reads an
//! event and sends the answer that lets the sign-in go on.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};
use std::{env, thread};

use loop_tests::local::{Client, Local};
use serde_json::{Value, json};

const PASSWORD: &str = "Passw0rd!demo";

/// The argument that makes this program a function.
const FUNCTION: &str = "as-function";

fn main() {
    if env::args().any(|arg| arg == FUNCTION) {
        serve_events();
        return;
    }
    let function = format!("{} {FUNCTION}", env::current_exe().unwrap().display());
    let mut flags = vec!["--flow", "CAPTCHA:3"];
    for flag in [
        "--define-auth-challenge",
        "--create-auth-challenge",
        "--verify-auth-challenge",
    ] {
        flags.extend([flag, &function]);
    }
    let local = Local::start(&flags);
    println!("ready after {:.1} ms", local.ready_after.as_secs_f64() * 1e3);

    let flows = ["ALLOW_USER_PASSWORD_AUTH", "ALLOW_USER_SRP_AUTH"];
    let client = Client::of_new_pool(&local, &flows, "someone", PASSWORD);
    let password = json!({"USERNAME": "someone", "PASSWORD": PASSWORD});
    cost(&local, "password", 1000, || {
        signed_in(&client.initiate("USER_PASSWORD_AUTH", &password).unwrap());
    });
    cost(&local, "SRP", 500, || {
        let none = Value::Null;
        signed_in(
            &client
                .prove_password("USER_SRP_AUTH", "someone", PASSWORD, &none)
                .unwrap(),
        );
    });
    let client = Client::new(&local);
    cost(&local, "custom, four triggers", 1000, || sign_in(&client));
    for clients in [1, 8] {
        let rate = sign_ins_per_second(&local, clients, Duration::from_secs(5));
        println!("custom, four triggers: {clients} clients, {rate:.0} per second");
    }
    println!("resident: {:.1} MB", f64::from(local.resident_kilobytes()) / 1024.0);
}

/// Prints what `count` runs of `sign_in` cost the server.
fn cost(local: &Local, name: &str, count: u32, sign_in: impl Fn()) {
    // Once unmeasured, so that every function has started.
    sign_in();
    let (cpu, start) = (local.cpu_time(), Instant::now());
    (0..count).for_each(|_| sign_in());
    let (cpu, wall) = (local.cpu_time() - cpu, start.elapsed());
    let each = |time: Duration| time.as_secs_f64() * 1e3 / f64::from(count);
    println!(
        "{name}: {:.2} ms of server CPU, {:.2} ms until signed in",
        each(cpu),
        each(wall)
    );
}

fn sign_ins_per_second(local: &Local, clients: usize, duration: Duration) -> f64 {
    let start = Instant::now();
    let count: u32 = thread::scope(|scope| {
        let clients: Vec<_> = (0..clients)
            .map(|_| {
                scope.spawn(|| {
                    let client = Client::new(local);
                    let mut count = 0;
                    while start.elapsed() < duration {
                        sign_in(&client);
                        count += 1;
                    }
                    count
                })
            })
            .collect();
        clients.into_iter().map(|client| client.join().unwrap()).sum()
    });
    f64::from(count) / start.elapsed().as_secs_f64()
}

/// Two calls, which run four triggers.
fn sign_in(client: &Client<'_>) {
    let asked = client.start("demo").unwrap();
    signed_in(&client.answer("demo", &asked, "any", &Value::Null).unwrap());
}

fn signed_in(reply: &Value) {
    assert!(reply.get("AuthenticationResult").is_some(), "no tokens: {reply}");
}

/// A function that does nothing but let everyone in, on the Runtime API's HTTP with as little work as possible.
fn serve_events() {
    #[expect(clippy::disallowed_methods, reason = "this is main, as a function")]
    let host = env::var("AWS_LAMBDA_RUNTIME_API").unwrap();
    let mut stream = BufReader::new(TcpStream::connect(&host).unwrap());
    stream.get_ref().set_nodelay(true).unwrap();
    let path = "/2018-06-01/runtime/invocation";
    loop {
        write!(stream.get_mut(), "GET {path}/next HTTP/1.1\r\nHost: {host}\r\n\r\n").unwrap();
        let (id, event) = read_answer(&mut stream);
        let event: Value = serde_json::from_slice(&event).unwrap();
        let answer = answer(event).to_string();
        let length = answer.len();
        write!(
            stream.get_mut(),
            "POST {path}/{id}/response HTTP/1.1\r\nHost: {host}\r\nContent-Length: {length}\r\n\r\n{answer}"
        )
        .unwrap();
        read_answer(&mut stream);
    }
}

/// The request id and the body of the next HTTP answer.
fn read_answer(stream: &mut BufReader<TcpStream>) -> (String, Vec<u8>) {
    let (mut id, mut length) = (String::new(), 0);
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).unwrap() == 0 {
            std::process::exit(0);
        }
        match line.trim_end().split_once(": ") {
            Some((name, value)) if name.eq_ignore_ascii_case("content-length") => length = value.parse().unwrap(),
            Some((name, value)) if name.eq_ignore_ascii_case("lambda-runtime-aws-request-id") => id = value.into(),
            _ if line == "\r\n" => break,
            _ => {}
        }
    }
    let mut body = vec![0; length];
    stream.read_exact(&mut body).unwrap();
    (id, body)
}

fn answer(mut event: Value) -> Value {
    let trigger = event["triggerSource"].as_str().unwrap();
    event["response"] = match trigger.split_once("AuthChallenge").unwrap().0 {
        "Define" if event["request"]["session"][0].is_null() => {
            json!({"challengeName": "CUSTOM_CHALLENGE", "issueTokens": false, "failAuthentication": false})
        }
        "Define" => json!({"challengeName": null, "issueTokens": true, "failAuthentication": false}),
        "Create" => {
            json!({"publicChallengeParameters": {}, "privateChallengeParameters": {"a": "b"}, "challengeMetadata": "m"})
        }
        _ => json!({"answerCorrect": true}),
    };
    event
}
