//! Prints the processor time of one RSA signature in milliseconds, for `tests/load`.

fn main() {
    println!("{}", benches::signature::cpu_time().as_secs_f64() * 1e3);
}
