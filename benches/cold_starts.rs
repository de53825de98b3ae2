//! Measures cold starts, warm invocations, memory and sizes of the functions, compared with a program that does nothing
//! and with Node and Python.
//!
//! `cargo bench -p benches --bench cold_starts`, or with other numbers than 51 cold starts and 21 rounds of 20 warm
//! invocations `cargo bench -p benches --bench cold_starts -- 201 51`. Linux only.

use std::collections::BTreeMap;
use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use benches::functions::{self, VARIABLES, answered, event, workspace};
use benches::lambda::Program;
use benches::ranks::median;
use benches::services::Services;

/// The number of invocations in a round of a program.
const ROUND: u32 = 20;

fn main() {
    let counts: Vec<usize> = env::args().filter_map(|arg| arg.parse().ok()).collect();
    let (starts, rounds) = match counts[..] {
        [starts, rounds, ..] => (starts, rounds),
        _ => (51, 21),
    };
    let (plain, tls) = (Services::without_tls(), Services::start());
    let candidates = candidates(&plain, &tls);

    let mut figures: BTreeMap<(usize, &str), Vec<f64>> = BTreeMap::new();
    let mut note = |candidate: usize, figure: &'static str, value: f64| {
        figures.entry((candidate, figure)).or_default().push(value);
    };
    // Alternately, so that other load on the machine affects all programs.
    for _ in 0..starts {
        for (index, candidate) in candidates.iter().enumerate() {
            for services in [&plain, &tls] {
                services.requests.try_iter().for_each(drop);
            }
            let program = candidate.start();
            let since = |at: Instant| milliseconds(at.duration_since(program.started()));
            note(index, "ready", since(program.asks()));
            note(index, "ready cpu", milliseconds(program.processor_time()));
            let (answered, answer) = program.answer(&candidate.event);
            answer.expect("an answer, not an error");
            note(index, "answered", since(answered));
            let requests = plain.requests.try_iter().chain(tls.requests.try_iter());
            if let Some(put) = requests.filter(|request| request.method == "PUT").last() {
                note(index, "stored", since(put.at));
            }
        }
    }
    let programs: Vec<_> = candidates.iter().map(Candidate::start).collect();
    for (candidate, program) in candidates.iter().zip(&programs) {
        program.asks();
        candidate.invoke(program);
    }
    for _ in 0..rounds {
        for (index, (candidate, program)) in candidates.iter().zip(&programs).enumerate() {
            let (start, cpu) = (Instant::now(), program.processor_time());
            candidate.invoke(program);
            note(index, "warm", milliseconds(start.elapsed()) / f64::from(ROUND));
            let cpu = program.processor_time() - cpu;
            note(index, "warm cpu", milliseconds(cpu) / f64::from(ROUND));
        }
    }
    for (index, program) in programs.iter().enumerate() {
        note(index, "resident", f64::from(program.memory("VmRSS")) / 1000.0);
        note(index, "anonymous", f64::from(program.memory("RssAnon")) / 1000.0);
    }

    let columns = [
        "ready",
        "ready cpu",
        "stored",
        "answered",
        "warm",
        "warm cpu",
        "resident",
        "anonymous",
    ];
    println!(
        "\n{starts} cold starts, {rounds} rounds of {ROUND} warm invocations; medians in ms and MB, × the floor\n"
    );
    println!("| | {} |", columns.join(" | "));
    println!("|---|{}", "--:|".repeat(columns.len()));
    for (index, candidate) in candidates.iter().enumerate() {
        let cells = columns.iter().map(|column| {
            let median = |candidate| median(figures.get(&(candidate, *column))?);
            match (median(index), median(0)) {
                (Some(value), Some(floor)) => format!("{value:.2} ({:.1}×)", value / floor),
                (Some(value), None) => format!("{value:.2}"),
                _ => String::new(),
            }
        });
        println!("| {} | {} |", candidate.name, cells.collect::<Vec<_>>().join(" | "));
    }
    println!();
    let _ = Command::new("python3")
        .arg(".ci/sizes.py")
        .current_dir(workspace())
        .status();
}

/// A program to measure.
struct Candidate {
    name: &'static str,
    program: PathBuf,
    arguments: Vec<PathBuf>,
    variables: Vec<(&'static str, String)>,
    event: String,
}

impl Candidate {
    fn start(&self) -> Program {
        let variables: Vec<_> = self
            .variables
            .iter()
            .map(|(name, value)| (*name, value.as_str()))
            .collect();
        let peers = Path::new(env!("CARGO_MANIFEST_DIR")).join("peers");
        let mut command = Command::new(&self.program);
        Program::start(command.args(&self.arguments).current_dir(peers), &variables)
    }

    /// Runs one round of invocations.
    fn invoke(&self, program: &Program) {
        for _ in 0..ROUND {
            program.answer(&self.event).1.expect("an answer, not an error");
            program.asks();
        }
    }
}

/// Returns the floor, the functions, and the peers that are installed.
fn candidates(plain: &Services, tls: &Services) -> Vec<Candidate> {
    let floor = PathBuf::from(env!("CARGO_BIN_EXE_floor"));
    let functions = functions::build(&floor);
    let define = event("define/password-verified-asks-the-captcha").to_string();
    let create = event("create/session-length-2-asks-the-captcha").to_string();
    let code = event("messages/create/code-is-sent-by-mail").to_string();
    let verify = answered("CAPTCHA", "answer", "ACEH2").to_string();
    let enrolment = event("enrolment/questions-are-listed").to_string();
    let function = |name, binary, event: &str, more: &[(&'static str, String)]| Candidate {
        name,
        program: functions[binary].clone(),
        arguments: Vec::new(),
        variables: VARIABLES
            .map(|(name, value)| (name, value.to_owned()))
            .into_iter()
            .chain(more.iter().cloned())
            .collect(),
        event: event.to_owned(),
    };
    let peer = |name, program: PathBuf, arguments: &[PathBuf]| Candidate {
        name,
        program,
        arguments: arguments.to_vec(),
        variables: Vec::new(),
        event: define.clone(),
    };
    let near = |services: &Services| {
        [
            ("AWS_ENDPOINT_URL", services.endpoint.clone()),
            ("AWS_CA_BUNDLE", services.authority().to_string_lossy().into_owned()),
        ]
    };
    let counting = |services| [&near(services)[..], &[("ATTEMPTS_TABLE", "attempts".to_owned())]].concat();
    let sending = |services| {
        let mail = [("AUTH_FLOW", "EMAIL_CODE:3"), ("MAIL_FROM", "sign-in@example.com")];
        let mail = mail.map(|(name, value)| (name, value.to_owned()));
        [&counting(services)[..], &mail].concat()
    };
    let enrolling = [
        ("ENROLMENT_CLIENTS", "localclient000000000000000"),
        ("ENROLMENT_URL", "https://example.com/sign-in"),
        ("MAIL_FROM", "sign-in@example.com"),
        ("USER_POOL_ID", "us-east-1_LocalPool"),
    ];
    let enrolling = enrolling.map(|(name, value)| (name, value.to_owned()));
    let enrolling = [&counting(plain)[..], &enrolling].concat();
    let mut candidates = vec![
        peer("floor", floor.clone(), &[]),
        peer("lambda_runtime, an echo", env!("CARGO_BIN_EXE_echo").into(), &[]),
        function("define", "define-auth-challenge", &define, &[]),
        function("verify, CAPTCHA", "verify-auth-challenge", &verify, &[]),
        function(
            "verify, counting without TLS",
            "verify-auth-challenge",
            &verify,
            &counting(plain),
        ),
        function(
            "verify, counting over TLS",
            "verify-auth-challenge",
            &verify,
            &counting(tls),
        ),
        function("create, S3 without TLS", "create-auth-challenge", &create, &near(plain)),
        function("create, S3 over TLS", "create-auth-challenge", &create, &near(tls)),
        function(
            "create, a code by e-mail without TLS",
            "create-auth-challenge",
            &code,
            &sending(plain),
        ),
        function("enrolment", "enrolment", &enrolment, &enrolling),
    ];

    let clients = floor
        .ancestors()
        .nth(2)
        .map(|target| target.join("benches"))
        .unwrap_or_default();
    let modules = clients.join("node_modules");
    let client = modules.join("aws-lambda-ric/index.mjs");
    // A Node of the version that the client needs, if it was installed with the client.
    let node = Some(modules.join(".bin/node")).filter(|node| node.exists());
    let node = node.unwrap_or("node".into());
    if !runs(&node) {
        println!("Node is not installed and is skipped");
    } else if client.exists() {
        let variables = [("LAMBDA_TASK_ROOT", "."), ("_HANDLER", "define.handler")];
        candidates.push(Candidate {
            variables: variables.map(|(name, value)| (name, value.to_owned())).to_vec(),
            ..peer("Node, aws-lambda-ric", node, &[client])
        });
    } else {
        println!(
            "aws-lambda-ric is not in {}: Node runs the loop of this project",
            clients.display()
        );
        candidates.push(peer("Node, a bare loop", node, &["loop.mjs".into()]));
    }
    let python = clients.join("bin/python");
    if python.exists() {
        let arguments = ["-m", "awslambdaric", "define.handler"].map(PathBuf::from);
        candidates.push(peer("Python, awslambdaric", python, &arguments));
    } else {
        println!(
            "Python with awslambdaric is not in {} and is skipped",
            clients.display()
        );
    }
    candidates
}

fn runs(program: &Path) -> bool {
    let version = Command::new(program).arg("--version").output();
    version.is_ok_and(|output| output.status.success())
}

fn milliseconds(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1000.0
}
