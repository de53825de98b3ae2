//! Measures what a sign-in costs `local` itself: CPU time, memory, and the time until it is ready.
//!
//! `cargo bench -p loop-tests --bench server`. The functions do nothing: each is `idle.rs`. The CPU time is also in units of
//! one RSA signature of this run, because it depends on the machine.

use std::thread;
use std::time::{Duration, Instant};

use benches::ranks::median;
use benches::signature;
use loop_tests::local::{Client, Local};
use serde_json::{Value, json};
use tempfile::TempDir;

const PASSWORD: &str = "Passw0rd!demo";
/// The starts in a used folder.
const STARTS: usize = 11;

fn main() {
    let mut flags = vec!["--flow", "CAPTCHA:3"];
    for flag in [
        "--define-auth-challenge",
        "--create-auth-challenge",
        "--verify-auth-challenge",
    ] {
        flags.extend([flag, env!("CARGO_BIN_EXE_idle")]);
    }
    let folder = TempDir::new().unwrap();
    let local = Local::start_in(folder.path(), &flags);
    println!("a new folder: ready after {:.1} ms", milliseconds(local.ready_after));
    drop(local);
    let start = || milliseconds(Local::start_in(folder.path(), &flags).ready_after);
    let starts: Vec<f64> = (0..STARTS).map(|_| start()).collect();
    println!("a used folder: ready after {:.1} ms", median(&starts).unwrap());
    let local = Local::start_in(folder.path(), &flags);

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
    leave_out_the_function_before_tokens(&local);
    let client = Client::new(&local);
    cost(&local, "custom, four triggers", 1000, || sign_in(&client));
    for clients in [1, 8] {
        let rate = sign_ins_per_second(&local, clients, Duration::from_secs(5));
        println!("custom, four triggers: {clients} clients, {rate:.0} per second");
    }
    println!("resident: {:.1} MB", f64::from(local.resident_kilobytes()) / 1024.0);
}

/// Removes the trigger before tokens, because its function is real and would be a fifth one.
fn leave_out_the_function_before_tokens(local: &Local) {
    let mut pool = local.admin("DescribeUserPool", &json!({}));
    let mut triggers = pool["UserPool"]["LambdaConfig"].take();
    triggers.as_object_mut().unwrap().remove("PreTokenGeneration").unwrap();
    local.admin("UpdateUserPool", &json!({"LambdaConfig": triggers}));
}

/// Prints the server's cost of `count` runs of `sign_in`.
fn cost(local: &Local, name: &str, count: u32, sign_in: impl Fn()) {
    // The first run is not measured, so that every function has started.
    sign_in();
    let (cpu, start) = (local.cpu_time(), Instant::now());
    (0..count).for_each(|_| sign_in());
    let (cpu, wall) = (local.cpu_time() - cpu, start.elapsed());
    println!(
        "{name}: {:.2} ms of server CPU ({:.1} signatures), {:.2} ms until signed in",
        milliseconds(cpu / count),
        (cpu / count).div_duration_f64(signature::cpu_time()),
        milliseconds(wall / count)
    );
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
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

/// Signs in with two calls, which invoke four triggers.
fn sign_in(client: &Client<'_>) {
    let asked = client.start("demo").unwrap();
    signed_in(&client.answer("demo", &asked, "any", &Value::Null).unwrap());
}

fn signed_in(reply: &Value) {
    assert!(reply.get("AuthenticationResult").is_some(), "no tokens: {reply}");
}
