//! Starts a program as Lambda does, and serves the Runtime API to it.

use std::process::{Child, Command};
use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant};
use std::{env, fs};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use axum::routing::{get, post};
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::Mutex;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

/// The time limit for each step of a program.
const STUCK_AFTER: Duration = Duration::from_mins(1);

/// A running program. It is killed when this value is dropped.
pub struct Program {
    process: Child,
    started: Instant,
    events: UnboundedSender<String>,
    asked: mpsc::Receiver<Instant>,
    answers: mpsc::Receiver<Answer>,
    _server: Runtime,
}

/// The response of a program to an event, or its error, and the time.
type Answer = (Instant, Result<Bytes, Bytes>);

impl Program {
    /// Starts `command` with its own Runtime API. Its environment contains only Lambda's variables, `PATH` and
    /// `variables`.
    ///
    /// # Panics
    ///
    /// Panics if the command cannot be run.
    pub fn start(command: &mut Command, variables: &[(&str, &str)]) -> Self {
        // A separate thread serves, while this one waits.
        let server = Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let (events, taken) = unbounded_channel();
        let (ask, asked) = mpsc::channel();
        let (answer, answers) = mpsc::channel();
        let desk = Desk {
            events: Mutex::new(taken),
            ask,
            answer,
        };
        let listener = server.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
        let address = listener.local_addr().unwrap().to_string();
        server.spawn(async { axum::serve(listener, router(desk)).await });
        command
            .env_clear()
            .env("AWS_ACCESS_KEY_ID", "test")
            .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "512")
            .env("AWS_LAMBDA_FUNCTION_NAME", "program")
            .env("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST")
            .env("AWS_LAMBDA_LOG_GROUP_NAME", "/aws/lambda/program")
            .env("AWS_LAMBDA_LOG_STREAM_NAME", "2026/11/22/[$LATEST]0")
            .env("AWS_LAMBDA_RUNTIME_API", address)
            .env("AWS_REGION", "us-east-1")
            .env("AWS_SECRET_ACCESS_KEY", "test")
            .env("PATH", env::var_os("PATH").unwrap_or_default())
            .envs(variables.iter().copied());
        let started = Instant::now();
        Self {
            process: command.spawn().unwrap(),
            started,
            events,
            asked,
            answers,
            _server: server,
        }
    }

    /// Returns the time of the start.
    pub fn started(&self) -> Instant {
        self.started
    }

    /// Waits until the program requests the next event, and returns the time of the request.
    ///
    /// # Panics
    ///
    /// Panics if the program does not request one.
    pub fn asks(&self) -> Instant {
        self.asked
            .recv_timeout(STUCK_AFTER)
            .expect("the program requests an event")
    }

    /// Sends `event` to the program. Returns its response or error, and the time.
    ///
    /// # Panics
    ///
    /// Panics if the program does not respond.
    pub fn answer(&self, event: &str) -> Answer {
        self.events.send(event.to_owned()).unwrap();
        self.answers.recv_timeout(STUCK_AFTER).expect("it answers")
    }

    /// Sends `event` to the program and returns its response.
    ///
    /// # Panics
    ///
    /// Panics if the program does not respond or reports an error.
    pub fn reply(&self, event: &Value) -> Value {
        let (_, answer) = self.answer(&event.to_string());
        serde_json::from_slice(&answer.expect("an answer, not an error")).unwrap()
    }

    /// Sends SIGTERM to the program and waits until it ends.
    ///
    /// # Panics
    ///
    /// Panics if the program cannot be signaled.
    pub fn end(mut self) {
        let asked = Command::new("kill").arg(self.id().to_string()).status();
        assert!(asked.unwrap().success());
        self.process.wait().unwrap();
    }

    /// Returns the process id.
    pub fn id(&self) -> u32 {
        self.process.id()
    }

    /// Returns the processor time of the program's threads, as Linux counts it.
    ///
    /// # Panics
    ///
    /// Panics if the program has ended.
    pub fn processor_time(&self) -> Duration {
        let threads = fs::read_dir(format!("/proc/{}/task", self.id())).unwrap();
        let nanoseconds = threads.map(|thread| {
            let times = fs::read_to_string(thread.unwrap().path().join("schedstat")).unwrap_or_default();
            let own = times.split_whitespace().next().and_then(|own| own.parse().ok());
            own.unwrap_or(0)
        });
        Duration::from_nanos(nanoseconds.sum())
    }

    /// Returns the memory in kB that Linux reports as `name` in the process status, such as `VmRSS`.
    ///
    /// # Panics
    ///
    /// Panics if the program has ended.
    pub fn memory(&self, name: &str) -> u32 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap();
        line.trim_matches(|c: char| !c.is_ascii_digit()).parse().unwrap()
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// The state of the Runtime API: events for the program, and its responses.
struct Desk {
    events: Mutex<UnboundedReceiver<String>>,
    ask: mpsc::Sender<Instant>,
    answer: mpsc::Sender<Answer>,
}

fn router(desk: Desk) -> Router {
    Router::new()
        .route("/2018-06-01/runtime/invocation/next", get(next))
        .route("/2018-06-01/runtime/invocation/{id}/response", post(response))
        .route("/2018-06-01/runtime/invocation/{id}/error", post(error))
        .route("/2018-06-01/runtime/init/error", post(error))
        .with_state(Arc::new(desk))
}

async fn next(State(desk): State<Arc<Desk>>) -> impl IntoResponse {
    let _ = desk.ask.send(Instant::now());
    let event = desk.events.lock().await.recv().await.unwrap_or_default();
    // The year 2286: these measurements have no time limit.
    let headers = [
        ("Content-Type", "application/json"),
        ("Lambda-Runtime-Aws-Request-Id", "00000000-0000-4000-8000-000000000000"),
        ("Lambda-Runtime-Deadline-Ms", "10000000000000"),
        (
            "Lambda-Runtime-Invoked-Function-Arn",
            "arn:aws:lambda:us-east-1:123456789012:function:program",
        ),
    ];
    (headers, event)
}

async fn response(State(desk): State<Arc<Desk>>, body: Bytes) -> StatusCode {
    let _ = desk.answer.send((Instant::now(), Ok(body)));
    StatusCode::ACCEPTED
}

async fn error(State(desk): State<Arc<Desk>>, body: Bytes) -> StatusCode {
    let _ = desk.answer.send((Instant::now(), Err(body)));
    StatusCode::ACCEPTED
}
