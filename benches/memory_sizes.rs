//! Measures the duration of an invocation with the share of a processor that each memory size has, and the memory that
//! it needs. Measures verify with several costs of Argon2.
//!
//! `cargo bench -p benches --bench memory_sizes`, as root on Linux. The functions have started, and create and verify
//! have their connections: during its start, a function on Lambda has a full processor.

use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

use benches::functions::{self, VARIABLES, answered, event};
use benches::lambda::Program;
use benches::services::Services;
use benches::throttle::{Throttle, WHOLE};

const SIZES: [u32; 5] = [128, 256, 512, 1024, WHOLE];

/// The number of invocations of each function.
const INVOCATIONS: usize = 11;

/// Costs of Argon2id that OWASP considers equal, and the two lowest ones: KiB and passes.
const COSTS: [(u32, u32); 5] = [(47_104, 1), (19_456, 2), (12_288, 3), (9_216, 4), (7_168, 5)];

fn main() {
    let services = Services::start();
    let functions = functions::build(&PathBuf::from(env!("CARGO_BIN_EXE_floor")));
    let authority = services.authority().to_string_lossy();
    let variables = [
        &VARIABLES[..],
        &[
            ("ATTEMPTS_TABLE", "attempts"),
            ("AWS_CA_BUNDLE", &authority),
            ("AWS_ENDPOINT_URL", &services.endpoint),
        ],
    ]
    .concat();
    let throttle = match Throttle::new() {
        Ok(throttle) => Some(throttle),
        Err(error) => {
            println!("there is no control group ({error}): times are processor time divided by the share");
            None
        }
    };

    let mut rows = vec![
        (
            "define".to_owned(),
            "define-auth-challenge",
            event("define/password-verified-asks-the-captcha"),
        ),
        (
            "create, picture".to_owned(),
            "create-auth-challenge",
            event("create/session-length-2-asks-the-captcha"),
        ),
        (
            "create, sound".to_owned(),
            "create-auth-challenge",
            event("create/audio-asks-for-digits-in-place-of-letters"),
        ),
        (
            "verify, CAPTCHA".to_owned(),
            "verify-auth-challenge",
            answered("CAPTCHA", "answer", "ACEH2"),
        ),
    ];
    for (kib, passes) in COSTS {
        let name = format!("verify, Argon2id m={kib} t={passes}");
        rows.push((
            name,
            "verify-auth-challenge",
            answered("SECURITY_QUESTION", "answerHash", &hash(kib, passes)),
        ));
    }

    println!("\nmedian and worst of {INVOCATIONS} in ms, by MB of the function\n");
    println!("| | {} | most MB |", SIZES.map(|size| size.to_string()).join(" | "));
    println!("|---|{}--:|", "--:|".repeat(SIZES.len()));
    for (name, function, event) in rows {
        let program = Program::start(&mut Command::new(&functions[function]), &variables);
        program.asks();
        let event = event.to_string();
        let cells = SIZES.map(|size| {
            if let Some(throttle) = &throttle {
                throttle.limit(size).unwrap();
                throttle.take(program.id()).unwrap();
            }
            let mut times: Vec<_> = (0..INVOCATIONS)
                .map(|_| invoke(&program, &event, size, throttle.is_some()))
                .collect();
            times.sort();
            let median = times[times.len() / 2].as_secs_f64() * 1000.0;
            let worst = times[times.len() - 1].as_secs_f64() * 1000.0;
            format!("{median:.0} ({worst:.0})")
        });
        let most = f64::from(program.memory("VmHWM")) / 1000.0;
        println!("| {name} | {} | {most:.1} |", cells.join(" | "));
    }
}

/// Returns the duration of one invocation with the share of `size` MB, measured or computed.
fn invoke(program: &Program, event: &str, size: u32, throttled: bool) -> Duration {
    let (start, processor) = (Instant::now(), program.processor_time());
    let (at, answer) = program.answer(event);
    answer.expect("an answer, not an error");
    program.asks();
    if throttled {
        at.duration_since(start)
    } else {
        (program.processor_time() - processor) * WHOLE / size
    }
}

/// Returns a hash with this cost that matches no answer.
fn hash(kib: u32, passes: u32) -> String {
    let (salt, output) = ("A".repeat(22), "A".repeat(43));
    format!("$argon2id$v=19$m={kib},t={passes},p=1,data=AQ${salt}${output}")
}
