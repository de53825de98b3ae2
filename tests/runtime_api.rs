//! Lambda's Runtime API for one built function, so that a test can read the function's output.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::Duration;

use serde_json::Value;

use crate::local;

/// The maximum time that a test waits for anything.
const PATIENCE: Duration = Duration::from_secs(30);

/// A running function. It is killed when this value is dropped.
pub struct Function {
    process: Child,
    requests: Receiver<Request>,
    lines: Receiver<String>,
}

/// A request of the function that waits for a response.
struct Request {
    path: String,
    body: Vec<u8>,
    answer: Sender<Vec<u8>>,
}

/// The result of an invocation.
#[derive(Debug)]
pub struct Invoked {
    /// The response of the function, or its error.
    pub answer: Value,
    /// The line that the function printed before it responded.
    pub line: Value,
}

impl Function {
    /// Starts a function of this workspace with `environment`.
    ///
    /// # Panics
    ///
    /// Panics if the function does not start.
    pub fn start(name: &str, environment: &[(&str, &str)]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let mut process = Command::new(local::function(name))
            .env_clear()
            .env("AWS_LAMBDA_RUNTIME_API", listener.local_addr().unwrap().to_string())
            .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "128")
            .env("AWS_LAMBDA_FUNCTION_NAME", name)
            .env("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST")
            .envs(environment.iter().copied())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let (tell, lines) = channel();
        let printed = BufReader::new(process.stdout.take().unwrap()).lines();
        thread::spawn(move || printed.map_while(Result::ok).try_for_each(|line| tell.send(line)));
        let (ask, requests) = channel();
        thread::spawn(move || {
            for connection in listener.incoming().map_while(Result::ok) {
                let ask = ask.clone();
                thread::spawn(move || serve(&connection, &ask));
            }
        });
        Self {
            process,
            requests,
            lines,
        }
    }

    /// Invokes the function once.
    ///
    /// # Panics
    ///
    /// Panics if the function ends, or prints no line before it responds.
    pub fn invoke(&self, event: &Value) -> Invoked {
        let next = self.request();
        assert!(next.path.ends_with("/invocation/next"), "{}", next.path);
        let event = event.to_string();
        let head = "Lambda-Runtime-Aws-Request-Id: 8476a536-e9f4-11e8-9739-2dfe598c3fcd\r\n\
            Lambda-Runtime-Deadline-Ms: 4102444800000\r\n\
            Lambda-Runtime-Invoked-Function-Arn: arn:aws:lambda:us-east-1:123456789012:function:f\r\n";
        next.answer(&format!("200 OK\r\n{head}"), &event);
        let answered = self.request();
        // The response has not been accepted yet, so the function cannot wait for that before it prints the line.
        let line = loop {
            let line = self.lines.recv_timeout(PATIENCE).expect("a line before the answer");
            let line: Value = serde_json::from_str(&line).unwrap_or_else(|_| panic!("not JSON: {line}"));
            // Lines before the first event belong to no invocation.
            if !line["requestId"].is_null() {
                break line;
            }
        };
        answered.answer("202 Accepted\r\n", "");
        Invoked {
            answer: serde_json::from_slice(&answered.body).unwrap(),
            line,
        }
    }

    /// Ends the function and returns its output besides the line of each invocation.
    pub fn end(mut self) -> Vec<String> {
        let _ = self.process.kill();
        let _ = self.process.wait();
        self.lines.iter().collect()
    }

    fn request(&self) -> Request {
        self.requests.recv_timeout(PATIENCE).expect("the function asks")
    }
}

impl Drop for Function {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Request {
    fn answer(&self, head: &str, body: &str) {
        let length = body.len();
        let answer = format!("HTTP/1.1 {head}Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}");
        let _ = self.answer.send(answer.into_bytes());
    }
}

/// Forwards the requests of a connection and their responses.
fn serve(connection: &TcpStream, ask: &Sender<Request>) -> Option<()> {
    let mut reader = BufReader::new(connection);
    let mut writer = connection;
    loop {
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            (reader.read_line(&mut head).ok()? > 0).then_some(())?;
        }
        let length = head.lines().find_map(|line| {
            let (name, value) = line.split_once(": ")?;
            name.eq_ignore_ascii_case("content-length")
                .then(|| value.parse().unwrap())
        });
        let mut body = vec![0; length.unwrap_or(0)];
        reader.read_exact(&mut body).ok()?;
        let (answer, answered) = channel();
        let path = head.split(' ').nth(1)?.to_owned();
        ask.send(Request { path, body, answer }).ok()?;
        writer.write_all(&answered.recv().ok()?).ok()?;
    }
}
