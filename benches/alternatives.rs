//! Measures what create costs if it asks all alternatives of a step at once, compared with each alternative alone.
//!
//! `cargo bench -p benches --bench alternatives`, or with another number of rounds than 200 `cargo bench -p benches
//! --bench alternatives -- 1000`. All forms are measured alternately, in one process, with an S3 on this machine and
//! without TLS.

use std::env;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Instant;

use benches::functions::{self, VARIABLES, event};
use benches::lambda::Program;
use benches::ranks::median;
use benches::services::Services;
use serde_json::json;

fn main() {
    let rounds = env::args()
        .find_map(|argument| argument.parse().ok())
        .unwrap_or(200_u32);
    let services = Services::without_tls();
    let programs = functions::build(&PathBuf::from(env!("CARGO_BIN_EXE_floor")));
    let variables = [&VARIABLES[..], &[("AWS_ENDPOINT_URL_S3", &services.endpoint)]].concat();
    let create = Program::start(
        Command::new(&programs["create-auth-challenge"]).stdout(Stdio::null()),
        &variables,
    );
    create.asks();
    let forms = [
        ("picture", json!({})),
        ("recording", json!({"captcha": "audio"})),
        ("puzzle", json!({"challenge": "PROOF_OF_WORK"})),
        ("all at once", json!({"challenge": "all", "captcha": "all"})),
    ];
    let mut figures = forms.each_ref().map(|_| Figures::default());
    for _ in 0..rounds {
        for ((_, metadata), figures) in forms.iter().zip(&mut figures) {
            let mut event = event("create/session-length-2-asks-the-captcha");
            event["request"]["clientMetadata"] = metadata.clone();
            let _ = services.requests.try_iter().count();
            let (cpu, start) = (create.processor_time(), Instant::now());
            let reply = create.reply(&event);
            figures.wall.push(start.elapsed().as_secs_f64() * 1e3);
            figures.cpu.push((create.processor_time() - cpu).as_secs_f64() * 1e3);
            figures.answer.push(length(reply["response"].to_string().len()));
            let stored = services.requests.try_iter().filter(|request| request.method == "PUT");
            figures.stored.push(length(stored.map(|request| request.bytes).sum()));
        }
    }
    println!("\n{rounds} invocations of each form, medians\n");
    println!("| form | ms | ms of CPU | bytes to S3 | bytes of the answer |\n|---|--:|--:|--:|--:|");
    for (
        (form, _),
        Figures {
            wall,
            cpu,
            stored,
            answer,
        },
    ) in forms.iter().zip(figures)
    {
        let [wall, cpu, stored, answer] = [wall, cpu, stored, answer].map(|all| median(&all).unwrap());
        println!("| {form} | {wall:.2} | {cpu:.2} | {stored:.0} | {answer:.0} |");
    }
}

/// The measurements of one form, one for each invocation.
#[derive(Default)]
struct Figures {
    wall: Vec<f64>,
    cpu: Vec<f64>,
    stored: Vec<f64>,
    answer: Vec<f64>,
}

fn length(bytes: usize) -> f64 {
    f64::from(u32::try_from(bytes).unwrap())
}
