//! A function that issues tokens to everyone and does as little work as possible. The benchmarks of the server use it
//! for define, create and verify.

#![expect(clippy::disallowed_methods, reason = "this is main")]

use std::env;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;

use serde_json::{Value, json};

fn main() {
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

/// Reads the next HTTP response. Returns its request id and body.
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
