//! The unit of `local`'s processor time: one signature of RSA with 2048 bits, as for a token.

use std::fs;
use std::time::Duration;

use serde_json::json;
use user_pools::Keys;

const COUNT: u32 = 1000;

/// Returns the processor time of one signature, with the library that signs the tokens of `local`.
///
/// # Panics
///
/// Panics on a system without `/proc`.
pub fn cpu_time() -> Duration {
    let keys = Keys::generate().unwrap();
    let sign = |count| (0..count).for_each(|_| drop(keys.access.sign(&json!({})).unwrap()));
    sign(COUNT / 10);
    let before = thread_time();
    sign(COUNT);
    (thread_time() - before) / COUNT
}

/// Returns the processor time of this thread.
fn thread_time() -> Duration {
    let spent = fs::read_to_string("/proc/thread-self/schedstat").unwrap();
    Duration::from_nanos(spent.split_whitespace().next().unwrap().parse().unwrap())
}
