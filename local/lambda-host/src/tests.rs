//! The host with real processes. The test binary is also the function: it runs itself with only [`a_function`].

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::sync::Mutex;
use std::time::Instant;

use axum::http::StatusCode;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::*;

/// Not a test: the program that the tests start as a function. The event says what it does.
#[test]
#[ignore = "a function for the other tests"]
#[expect(
    clippy::disallowed_methods,
    reason = "it is a program of its own, and this is its main"
)]
fn a_function() {
    let Ok(runtime_api) = std::env::var("AWS_LAMBDA_RUNTIME_API") else {
        return;
    };
    loop {
        let (headers, event) = http(&runtime_api, "GET", "/2018-06-01/runtime/invocation/next", "");
        let id = headers
            .iter()
            .find_map(|line| line.strip_prefix("lambda-runtime-aws-request-id: "))
            .unwrap();
        let command: Value = serde_json::from_str(&event).unwrap();
        if let Some(gate) = command["gate"].as_str() {
            let mut gate = TcpStream::connect(gate).unwrap();
            gate.write_all(b"in").unwrap();
            gate.read_exact(&mut [0]).unwrap();
        }
        if let Some(code) = command["exit"].as_i64() {
            std::process::exit(i32::try_from(code).unwrap());
        }
        if command["hang"] == true {
            std::thread::park();
        }
        let (end, answer) = match command["error"].as_str() {
            Some(text) => ("error", json!({ "errorType": "Oops", "errorMessage": text })),
            None => (
                "response",
                json!({ "pid": std::process::id(), "headers": headers, "environment": environment_names() }),
            ),
        };
        http(
            &runtime_api,
            "POST",
            &format!("/2018-06-01/runtime/invocation/{id}/{end}"),
            &answer.to_string(),
        );
        if command["exitAfter"] == true {
            std::process::exit(0);
        }
    }
}

fn environment_names() -> Vec<String> {
    std::env::vars().map(|(name, _)| name).collect()
}

/// Sends one HTTP request on its own connection. Returns the header lines and the body.
fn http(address: &str, method: &str, path: &str, body: &str) -> (Vec<String>, String) {
    let mut stream = TcpStream::connect(address).unwrap();
    let length = body.len();
    write!(
        stream,
        "{method} {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n{body}"
    )
    .unwrap();
    let mut reader = BufReader::new(stream);
    let mut headers = Vec::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).unwrap();
        match line.trim_end() {
            "" => break,
            line => headers.push(line.to_owned()),
        }
    }
    let mut body = String::new();
    reader.read_to_string(&mut body).unwrap();
    (headers, body)
}

/// The lines that functions printed.
type Printed = Arc<Mutex<Vec<String>>>;

fn functions(line: &str, timeout: Duration) -> (Functions, Printed) {
    let printed = Printed::default();
    let sink = Arc::clone(&printed);
    let output: Output = Arc::new(move |function, line| sink.lock().unwrap().push(format!("{function}: {line}")));
    let spec = Spec {
        logical_id: "EchoFunction".into(),
        binary: "echo".into(),
        program: Program::Shell(line.into()),
        environment: BTreeMap::from([("ONLY_THIS".into(), "1".into())]),
        timeout,
        warm: true,
    };
    (Functions::new(vec![spec], "us-east-1", &output), printed)
}

fn echo() -> Functions {
    echo_within(Duration::from_secs(20))
}

fn echo_within(timeout: Duration) -> Functions {
    let this = std::env::current_exe().unwrap();
    let line = format!(
        "exec '{}' --ignored --exact tests::a_function --nocapture",
        this.display()
    );
    functions(&line, timeout).0
}

/// Returns the error of a call of the function called `name`.
async fn failure(functions: &Functions, name: &str, command: Value) -> FunctionError {
    let ended = functions.run(name, command.to_string().into()).await.unwrap();
    ended.unwrap_err()
}

async fn call(functions: &Functions, command: Value) -> Result<Value, FunctionError> {
    let answer = functions
        .run("EchoFunction", command.to_string().into())
        .await
        .unwrap()?;
    Ok(serde_json::from_slice(&answer).unwrap())
}

async fn pid(functions: &Functions) -> u64 {
    call(functions, json!({})).await.unwrap()["pid"].as_u64().unwrap()
}

fn runs(pid: u64) -> bool {
    Path::new(&format!("/proc/{pid}")).exists()
}

/// Waits, with a limit, until the process was reaped.
async fn gone(pid: u64) -> bool {
    let start = Instant::now();
    while runs(pid) && start.elapsed() < Duration::from_secs(10) {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    !runs(pid)
}

#[tokio::test]
async fn calls_one_after_the_other_share_a_process() {
    let functions = echo();
    assert_eq!(pid(&functions).await, pid(&functions).await);
}

#[tokio::test]
async fn calls_that_overlap_have_a_process_each() {
    let functions = Arc::new(echo());
    let gate = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let event = json!({ "gate": gate.local_addr().unwrap() });
    let calls: Vec<_> = (0..2)
        .map(|_| {
            let (functions, event) = (Arc::clone(&functions), event.clone());
            tokio::spawn(async move { call(&functions, event).await.unwrap()["pid"].as_u64().unwrap() })
        })
        .collect();
    // Both processes are in a call before either may leave it.
    let (mut first, _) = gate.accept().await.unwrap();
    let (mut second, _) = gate.accept().await.unwrap();
    first.write_all(b"!").await.unwrap();
    second.write_all(b"!").await.unwrap();
    let mut pids = Vec::new();
    for call in calls {
        pids.push(call.await.unwrap());
    }
    assert_ne!(pids[0], pids[1]);
    // Both stay warm.
    assert!(pids.contains(&pid(&functions).await));
}

#[tokio::test]
async fn a_process_has_the_given_environment_and_nothing_of_ours() {
    let functions = echo();
    let answer = call(&functions, json!({})).await.unwrap();
    let mut names: Vec<_> = answer["environment"]
        .as_array()
        .unwrap()
        .iter()
        .map(|name| name.as_str().unwrap())
        .collect();
    // Variables of the shell itself.
    names.retain(|name| !matches!(*name, "PWD" | "OLDPWD" | "SHLVL" | "_"));
    names.sort_unstable();
    assert_eq!(names, ["AWS_LAMBDA_RUNTIME_API", "ONLY_THIS"]);
}

#[tokio::test]
async fn the_event_comes_with_lambdas_headers() {
    let functions = echo();
    let answer = call(&functions, json!({})).await.unwrap();
    let headers = answer["headers"].to_string();
    assert!(
        headers.contains(
            "lambda-runtime-invoked-function-arn: arn:aws:lambda:us-east-1:000000000000:function:EchoFunction"
        )
    );
    assert!(headers.contains("lambda-runtime-deadline-ms: "));
    assert!(headers.contains("lambda-runtime-trace-id: Root=1-"));
}

#[tokio::test]
async fn a_crash_in_mid_call_is_told_as_lambda_tells_it_and_the_next_call_works() {
    let functions = echo();
    let before = pid(&functions).await;
    let failure = failure(&functions, "echo", json!({ "exit": 3 })).await;
    assert_eq!(failure.cause, Cause::Crashed);
    let text = failure.message;
    assert!(text.starts_with("RequestId: "), "{text}");
    assert!(
        text.ends_with(" Error: Runtime exited with error: exit status 3"),
        "{text}"
    );
    assert_ne!(pid(&functions).await, before);
}

#[tokio::test]
async fn a_process_that_ends_between_two_calls_costs_no_call() {
    let functions = echo();
    for _ in 0..3 {
        call(&functions, json!({ "exitAfter": true })).await.unwrap();
    }
}

#[tokio::test]
async fn a_process_that_has_just_been_killed_from_outside_costs_no_call() {
    let functions = echo();
    for _ in 0..20 {
        let id = u32::try_from(pid(&functions).await).unwrap();
        let process = rustix::process::Pid::from_raw(i32::try_from(id).unwrap()).unwrap();
        rustix::process::kill_process(process, rustix::process::Signal::KILL).unwrap();
        // Without yielding to the task that would learn of the end.
        while !process_group::has_ended(id) {
            std::thread::yield_now();
        }
        call(&functions, json!({})).await.unwrap();
    }
}

#[tokio::test]
async fn a_reported_error_keeps_the_process() {
    let functions = echo();
    let before = pid(&functions).await;
    let failure = failure(&functions, "EchoFunction", json!({ "error": "no luck" })).await;
    assert_eq!((failure.cause, failure.message.as_str()), (Cause::Error, "no luck"));
    assert_eq!(pid(&functions).await, before);
}

#[tokio::test]
async fn a_function_past_its_time_is_killed_and_the_next_call_works() {
    let functions = echo_within(Duration::from_secs(2));
    let before = pid(&functions).await;
    let failure = failure(&functions, "EchoFunction", json!({ "hang": true })).await;
    assert_eq!(failure.cause, Cause::TimedOut);
    let text = failure.message;
    assert!(text.ends_with(" Error: Task timed out after 2.00 seconds"), "{text}");
    assert!(gone(before).await);
    assert_ne!(pid(&functions).await, before);
}

#[tokio::test]
async fn giving_up_waiting_does_not_stop_the_invocation() {
    let functions = echo();
    let before = pid(&functions).await;
    let gate = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut inside = {
        let event = json!({ "gate": gate.local_addr().unwrap() });
        let waiting = call(&functions, event);
        tokio::select! {
            accepted = gate.accept() => accepted.unwrap().0,
            _ = waiting => panic!("nobody opened the gate"),
        }
    };
    inside.read_exact(&mut [0; 2]).await.unwrap();
    inside.write_all(b"!").await.unwrap();
    // The process is still there, after the abandoned call or with a second process beside it.
    assert!(runs(before));
    pid(&functions).await;
    assert!(runs(before));
}

#[tokio::test]
async fn a_function_that_ends_at_start_says_so_with_what_it_printed() {
    let (functions, _) = functions("echo 'step `X` has no limit' >&2; exit 3", Duration::from_secs(5));
    let error = functions.warm_up().await.unwrap_err().to_string();
    assert_eq!(
        error,
        "function `echo` does not start: exit status 3: step `X` has no limit"
    );
    let failure = failure(&functions, "echo", json!({})).await;
    assert_eq!(failure.cause, Cause::Crashed);
    assert!(failure.message.ends_with("exit status 3"), "{failure:?}");
}

#[tokio::test]
async fn a_command_that_is_not_there_says_so() {
    let (functions, _) = functions("no-such-command-anywhere", Duration::from_secs(5));
    let error = functions.warm_up().await.unwrap_err().to_string();
    assert!(
        error.contains("exit status 127") && error.contains("no-such-command-anywhere"),
        "{error}"
    );
}

#[tokio::test]
async fn what_a_function_prints_is_shown_with_its_name() {
    let this = std::env::current_exe().unwrap();
    let line = format!(
        "echo hello; exec '{}' --ignored --exact tests::a_function --nocapture",
        this.display()
    );
    let (functions, printed) = functions(&line, Duration::from_secs(20));
    pid(&functions).await;
    assert!(printed.lock().unwrap().contains(&"echo: hello".to_owned()));
}

#[tokio::test]
async fn shutting_down_leaves_no_process_not_even_a_grandchild() {
    let this = std::env::current_exe().unwrap();
    let line = format!(
        "sleep 1000 & echo $!; '{}' --ignored --exact tests::a_function --nocapture; :",
        this.display()
    );
    let (functions, printed) = functions(&line, Duration::from_secs(20));
    let child = pid(&functions).await;
    let sleeper: u64 = printed
        .lock()
        .unwrap()
        .iter()
        .find_map(|line| line.strip_prefix("echo: ")?.parse().ok())
        .unwrap();
    assert!(runs(child) && runs(sleeper));
    functions.shut_down().await;
    assert!(gone(child).await && gone(sleeper).await);
    assert!(call(&functions, json!({})).await.is_err());
}

#[tokio::test]
async fn shutting_down_ends_a_call_that_hangs() {
    let functions = Arc::new(echo());
    let before = pid(&functions).await;
    let gate = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let event = json!({ "gate": gate.local_addr().unwrap() });
    let hanging = tokio::spawn({
        let functions = Arc::clone(&functions);
        async move { call(&functions, event).await }
    });
    let _inside = gate.accept().await.unwrap();
    functions.shut_down().await;
    assert!(!runs(before));
    assert!(hanging.await.unwrap().is_err());
}

#[tokio::test]
async fn dropping_leaves_no_process() {
    let functions = echo();
    let before = pid(&functions).await;
    drop(functions);
    assert!(gone(before).await);
}

#[test]
fn a_panic_leaves_no_process() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let functions = runtime.block_on(async {
        let functions = echo();
        (pid(&functions).await, functions)
    });
    let before = functions.0;
    let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(move || {
        let _moved = (functions, runtime);
        panic!("on purpose");
    }));
    assert!(panicked.is_err());
    // Its parent is alive, so it may stay a zombie. It is killed, and the kernel ends it a little later.
    let before = u32::try_from(before).unwrap();
    let start = Instant::now();
    while !process_group::has_ended(before) && start.elapsed() < Duration::from_secs(10) {
        std::thread::yield_now();
    }
    assert!(process_group::has_ended(before));
}

/// Returns a command line for [`a_function`] that differs from that of [`echo`].
fn another() -> Program {
    let this = std::env::current_exe().unwrap();
    Program::Shell(format!(
        "'{}' --ignored --exact tests::a_function --nocapture; :",
        this.display()
    ))
}

#[tokio::test]
async fn a_call_ends_in_the_program_that_it_began_in_and_the_next_one_goes_to_its_successor() {
    let functions = Arc::new(echo());
    let before = pid(&functions).await;
    let gate = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let event = json!({ "gate": gate.local_addr().unwrap() });
    let under_way = tokio::spawn({
        let functions = Arc::clone(&functions);
        async move { call(&functions, event).await.unwrap()["pid"].as_u64().unwrap() }
    });
    let (mut inside, _) = gate.accept().await.unwrap();

    functions.replace("echo", another()).await.unwrap();
    let after = pid(&functions).await;
    assert_ne!(after, before);
    inside.write_all(b"!").await.unwrap();
    assert_eq!(under_way.await.unwrap(), before);
    assert!(gone(before).await);
    assert_eq!(pid(&functions).await, after);
}

#[tokio::test]
async fn an_idle_process_ends_when_its_program_has_a_successor() {
    let functions = echo();
    let before = pid(&functions).await;
    functions.replace("echo", another()).await.unwrap();
    assert!(gone(before).await);
}

#[tokio::test]
async fn a_program_that_does_not_start_succeeds_nothing() {
    let functions = echo();
    let before = pid(&functions).await;
    let broken = Program::Shell("echo 'no flow' >&2; exit 3".into());
    let error = functions.replace("echo", broken).await.unwrap_err().to_string();
    assert_eq!(error, "function `echo` does not start: exit status 3: no flow");
    assert_eq!(pid(&functions).await, before);
    // The next process does not run it either.
    call(&functions, json!({ "exitAfter": true })).await.unwrap();
    assert_ne!(pid(&functions).await, before);
}

#[tokio::test]
async fn functions_are_known_by_id_binary_and_arn() {
    let functions = echo();
    for name in [
        "EchoFunction",
        "EchoFunction:$LATEST",
        "echo",
        "arn:aws:lambda:us-east-1:123456789012:function:EchoFunction",
        "arn:aws:lambda:us-east-1:123456789012:function:EchoFunction:7",
        "123456789012:function:EchoFunction",
    ] {
        assert_eq!(functions.logical_id(name), Some("EchoFunction"), "{name}");
    }
    assert!(functions.run("Echo", Bytes::new()).await.is_none());
}

/// Starts an Invoke API on its own port, and returns a function that calls it.
async fn invoke_api_of(functions: Functions) -> impl Fn(&str, &str, &str) -> (StatusCode, Vec<String>, String) {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let router = invoke_api(Arc::new(functions), "us-east-1");
    tokio::spawn(async move { axum::serve(listener, router).await });
    move |name, header, body| {
        let length = body.len();
        let mut stream = TcpStream::connect(&address).unwrap();
        write!(
            stream,
            "POST /2015-03-31/functions/{name}/invocations HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n{header}Content-Length: {length}\r\n\r\n{body}"
        )
        .unwrap();
        let mut text = String::new();
        stream.read_to_string(&mut text).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        let mut lines = head.lines().map(str::to_owned);
        let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
        (status, lines.collect(), body.to_owned())
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_invoke_api_answers_as_lambda_does() {
    let call = invoke_api_of(echo()).await;

    let (status, headers, body) = call("EchoFunction", "", "{}");
    assert_eq!(status, 200);
    assert!(
        headers.contains(&"x-amz-executed-version: $LATEST".to_owned()),
        "{headers:?}"
    );
    assert!(body.contains("\"pid\":"), "{body}");

    let (status, ..) = call(
        "arn%3Aaws%3Alambda%3Aus-east-1%3A000000000000%3Afunction%3Aecho",
        "",
        "",
    );
    assert_eq!(status, 200);

    let (status, headers, body) = call("echo", "", r#"{"error":"no luck"}"#);
    assert_eq!(status, 200);
    assert!(
        headers.contains(&"x-amz-function-error: Unhandled".to_owned()),
        "{headers:?}"
    );
    assert_eq!(body, r#"{"errorType":"Oops","errorMessage":"no luck"}"#);

    let (status, _, body) = call("echo", "", r#"{"exit":1}"#);
    assert_eq!(status, 200);
    assert!(
        body.starts_with(r#"{"errorType":"Runtime.ExitError","errorMessage":"RequestId: "#),
        "{body}"
    );

    let (status, _, body) = call("echo", "X-Amz-Invocation-Type: Event\r\n", "{}");
    assert_eq!((status.as_u16(), body.as_str()), (202, ""));

    let (status, _, body) = call("echo", "X-Amz-Invocation-Type: DryRun\r\n", "{}");
    assert_eq!((status.as_u16(), body.as_str()), (204, ""));

    let (status, headers, body) = call("nobody", "", "{}");
    assert_eq!(status, 404);
    assert!(
        headers.contains(&"x-amzn-errortype: ResourceNotFoundException".to_owned()),
        "{headers:?}"
    );
    assert_eq!(
        body,
        r#"{"Type":"User","Message":"Function not found: arn:aws:lambda:us-east-1:000000000000:function:nobody"}"#
    );

    assert_eq!(call("echo", "", "not json").0, 400);
    assert_eq!(call("echo", "X-Amz-Invocation-Type: Later\r\n", "{}").0, 400);
}

#[tokio::test]
async fn an_answer_to_a_call_that_is_not_open_is_refused() {
    let desk = Arc::new(runtime_api::Desk::new("arn".into()));
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    listener.set_nonblocking(true).unwrap();
    let listener = tokio::net::TcpListener::from_std(listener).unwrap();
    tokio::spawn(async move { axum::serve(listener, runtime_api::router(desk)).await });
    let (headers, body) = tokio::task::spawn_blocking(move || {
        http(
            &address,
            "POST",
            "/2018-06-01/runtime/invocation/nothing/response",
            "{}",
        )
    })
    .await
    .unwrap();
    assert_eq!(headers[0], "HTTP/1.1 400 Bad Request");
    assert!(body.contains("InvalidRequestID"), "{body}");
}
