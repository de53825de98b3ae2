//! Measures sign-ins per second through `local` and the real functions, without the password.
//!
//! `cargo bench -p loop-tests`, or with more clients `cargo bench -p loop-tests -- 1 8 64`. The functions and `local`
//! are built in the release profile.

use std::time::{Duration, Instant};
use std::{env, thread};

use loop_tests::local::{Client, Local};
use loop_tests::script::right_answer;
use serde_json::Value;

const MEASURED: Duration = Duration::from_secs(10);

fn main() {
    let given: Vec<usize> = env::args().skip(1).filter_map(|arg| arg.parse().ok()).collect();
    let clients = if given.is_empty() { vec![1, 8] } else { given };
    for flow in ["CAPTCHA:3", "CAPTCHA:3,SECURITY_QUESTION:3"] {
        let local = Local::start(&["--flow", flow]);
        println!("{flow}: ready after {} ms", local.ready_after.as_millis());
        for clients in &clients {
            // The first second is not measured, so that every function process has started.
            sign_in_for(&local, *clients, Duration::from_secs(1));
            let (count, seconds) = sign_in_for(&local, *clients, MEASURED);
            println!(
                "{flow}: {clients} clients, {count} sign-ins, {:.0} per second",
                f64::from(count) / seconds
            );
        }
    }
}

/// Signs in repeatedly with `clients` clients. Returns the number of sign-ins and the time in seconds.
fn sign_in_for(local: &Local, clients: usize, duration: Duration) -> (u32, f64) {
    let start = Instant::now();
    let counts = thread::scope(|scope| {
        let clients: Vec<_> = (0..clients)
            .map(|_| scope.spawn(|| count_sign_ins(local, start, duration)))
            .collect();
        clients.into_iter().map(|client| client.join().unwrap()).sum()
    });
    (counts, start.elapsed().as_secs_f64())
}

fn count_sign_ins(local: &Local, start: Instant, duration: Duration) -> u32 {
    let client = Client::new(local);
    let mut count = 0;
    while start.elapsed() < duration {
        let mut reply = client.start("demo").unwrap();
        while reply.get("AuthenticationResult").is_none() {
            let answer = right_answer(&reply["ChallengeParameters"], &client.private_parameters(&reply));
            reply = client.answer("demo", &reply, &answer, &Value::Null).unwrap();
        }
        count += 1;
    }
    count
}
