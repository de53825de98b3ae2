//! Tests whether a function's time reveals if a user is enrolled, not enrolled or nonexistent. Compares processor times
//! with the Mann–Whitney U test.
//!
//! `cargo bench -p benches --bench user_kinds`, or with another number of rounds than 500 `cargo bench -p benches
//! --bench user_kinds -- 2000`. Linux only. The last pair of each function compares the same events twice, to show the
//! effect of chance.

use std::env;
use std::hash::{BuildHasher, RandomState};
use std::path::PathBuf;
use std::process::{Command, Stdio};

use benches::functions::{self, VARIABLES, answered, event};
use benches::kinds::{Kind, kinds};
use benches::lambda::Program;
use benches::ranks::{Ranks, compare, median};
use benches::services::Services;
use serde_json::Value;

/// The pairs of kinds that are compared, by index. Index 3 is the first kind again.
const PAIRS: [(usize, usize); 4] = [(0, 1), (0, 2), (1, 2), (0, 3)];

fn main() {
    let rounds = env::args()
        .find_map(|argument| argument.parse().ok())
        .unwrap_or(500_u32);
    let services = Services::without_tls();
    let programs = functions::build(&PathBuf::from(env!("CARGO_BIN_EXE_floor")));
    let variables = [&VARIABLES[..], &[("AWS_ENDPOINT_URL_S3", &services.endpoint)]].concat();
    let start = |name| {
        let program = Program::start(Command::new(&programs[name]).stdout(Stdio::null()), &variables);
        program.asks();
        program
    };
    let define = start("define-auth-challenge");
    let create = start("create-auth-challenge");
    let verify = start("verify-auth-challenge");

    println!("\nprocessor time of {rounds} invocations for each kind of user\n");
    println!("| function | pair | medians in µs | U | z | p |");
    println!("|---|---|--:|--:|--:|--:|");
    for (name, program, fixture) in [
        ("define", &define, "define/password-verified-asks-the-captcha"),
        ("create, CAPTCHA", &create, "create/session-length-2-asks-the-captcha"),
        (
            "create, PROOF_OF_WORK",
            &create,
            "create/proof-of-work-is-asked-where-the-client-chooses-it",
        ),
        (
            "create, SECURITY_QUESTION",
            &create,
            "create/session-length-3-asks-the-security-question",
        ),
    ] {
        let events = kinds().map(|kind| kind.signs_in(event(fixture)));
        measure(name, program, rounds, &|kind| events[kind].clone());
    }
    let hashes = kinds().map(|kind| hash(&create, &kind));
    measure("verify, SECURITY_QUESTION", &verify, rounds, &|kind| {
        let answer = answered("SECURITY_QUESTION", "answerHash", &hashes[kind]);
        kinds()[kind].signs_in(answer)
    });
}

/// Returns the answer hash that create passes to verify for `kind`.
fn hash(create: &Program, kind: &Kind) -> String {
    let asking = kind.signs_in(event("create/session-length-3-asks-the-security-question"));
    let asked = create.reply(&asking);
    create.asks();
    let hash = asked["response"]["privateChallengeParameters"]["answerHash"].as_str();
    hash.unwrap().to_owned()
}

/// Sends an event of each kind to `program` in each round, in random order, and prints the comparison of the times.
fn measure(name: &str, program: &Program, rounds: u32, event: &dyn Fn(usize) -> Value) {
    let chance = RandomState::new();
    let mut times = [(); 4].map(|()| Vec::new());
    for round in 0..rounds {
        let mut order = [0, 1, 2, 3];
        order.sort_by_key(|kind| chance.hash_one((round, kind)));
        for kind in order {
            let event = event(kind % 3).to_string();
            let before = program.processor_time();
            let (_, answer) = program.answer(&event);
            answer.expect("an answer, not an error");
            program.asks();
            let time = program.processor_time() - before;
            // The first round is slower, because the processor's caches are empty.
            if round > 0 {
                times[kind].push(time.as_secs_f64() * 1e6);
            }
        }
    }
    let names: Vec<_> = kinds().iter().map(|kind| kind.name).chain(["enrolled again"]).collect();
    for (first, second) in PAIRS {
        let Ranks { u, z, p } = compare(&times[first], &times[second]);
        let [one, other] = [first, second].map(|kind| median(&times[kind]).expect("more than one round"));
        println!(
            "| {name} | {} / {} | {one:.1} / {other:.1} | {u:.1} | {z:.2} | {p:.2e} |",
            names[first], names[second]
        );
    }
}
