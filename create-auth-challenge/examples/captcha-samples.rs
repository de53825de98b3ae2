//! Writes labeled CAPTCHA pictures, to test how well programs and people read them: see docs/captcha.md.
//!
//! captcha-samples DIR N [SEED] [--retry]
//!
//! It writes `00000.png` and so on to DIR, and `answers.json`, which maps file names to answers. It prints the time per
//! picture to standard error.

#![expect(
    clippy::disallowed_methods,
    reason = "a separate program with its own random generator"
)]

use std::collections::BTreeMap;
use std::error::Error;
use std::path::Path;
use std::time::Instant;
use std::{env, fs};

use create_auth_challenge::captcha::picture;
use rand::SeedableRng;
use rand::rngs::StdRng;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments: Vec<_> = env::args().skip(1).collect();
    let retry = arguments.iter().any(|argument| argument == "--retry");
    arguments.retain(|argument| argument != "--retry");
    let (folder, count, seed) = match arguments.as_slice() {
        [folder, count] => (folder, count, None),
        [folder, count, seed] => (folder, count, Some(seed.parse()?)),
        _ => return Err("expected DIR N [SEED] [--retry]".into()),
    };
    let folder = Path::new(folder);
    let mut rng = seed.map_or_else(rand::make_rng, StdRng::seed_from_u64);
    let mut answers = BTreeMap::new();
    let mut times = Vec::new();
    fs::create_dir_all(folder)?;
    for index in 0..count.parse::<u32>()? {
        let start = Instant::now();
        let (answer, png) = picture(retry, &mut rng).ok_or("no picture")?;
        times.push(start.elapsed());
        let name = format!("{index:05}.png");
        fs::write(folder.join(&name), png)?;
        answers.insert(name, answer);
    }
    fs::write(folder.join("answers.json"), serde_json::to_vec_pretty(&answers)?)?;
    times.sort_unstable();
    let at = |percent: usize| times.get(times.len() * percent / 100).copied().unwrap_or_default();
    eprintln!(
        "draw and encode: median {:?}, p95 {:?}, p99 {:?}",
        at(50),
        at(95),
        at(99)
    );
    Ok(())
}
