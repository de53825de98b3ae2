//! How long messages took of late, and whether they failed: what is not sent does the same.
//!
//! A user without a verified address must not be told by the time. What stands in for a message of theirs takes as long
//! as one of the latest messages did, and fails if that one failed. The memory is that of one process: an execution
//! environment that has sent nothing yet assumes a time.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use rand::{CryptoRng, RngExt};

/// How many outcomes are kept.
const KEPT: usize = 64;

/// How long a failure is followed. A service that is well again must not fail for some users only.
const FAILURES_KEPT: Duration = Duration::from_mins(5);

/// What a message is assumed to take before one was timed, in milliseconds: a connection that is open, and a service in
/// the same region.
const ASSUMED: std::ops::Range<u64> = 60..160;

/// How late a timer may wake up. What is left of the wait is spent awake.
const TIMER: Duration = Duration::from_millis(1);

/// What became of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Outcome {
    pub(crate) took: Duration,
    pub(crate) failed: bool,
}

/// The outcomes of the latest messages.
#[derive(Default)]
pub(crate) struct Outcomes(Mutex<VecDeque<(Instant, Outcome)>>);

impl Outcomes {
    /// Notes the outcome of a message that was sent just now.
    pub(crate) fn note(&self, outcome: Outcome) {
        self.note_at(Instant::now(), outcome);
    }

    fn note_at(&self, now: Instant, outcome: Outcome) {
        let mut recent = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        recent.truncate(KEPT - 1);
        recent.push_front((now, outcome));
    }

    /// The outcome of one of the latest messages; nothing if there was none.
    pub(crate) fn draw(&self, rng: &mut (dyn CryptoRng + Send)) -> Option<Outcome> {
        self.draw_at(Instant::now(), rng)
    }

    fn draw_at(&self, now: Instant, rng: &mut (dyn CryptoRng + Send)) -> Option<Outcome> {
        let mut recent = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        recent.retain(|(at, outcome)| !outcome.failed || now.saturating_duration_since(*at) < FAILURES_KEPT);
        if recent.is_empty() {
            return None;
        }
        let drawn = rng.random_range(0..recent.len());
        recent.get(drawn).map(|(_, outcome)| *outcome)
    }

    /// What a message is assumed to take before one was timed.
    pub(crate) fn assumed(rng: &mut (dyn CryptoRng + Send)) -> Outcome {
        Outcome {
            took: Duration::from_millis(rng.random_range(ASSUMED)),
            failed: false,
        }
    }
}

/// Waits until `took` after `started`, more exactly than a timer does.
pub(crate) async fn wait(started: Instant, took: Duration) {
    let until = started + took;
    if let Some(timer) = took.checked_sub(TIMER) {
        tokio::time::sleep(timer.saturating_sub(started.elapsed())).await;
    }
    while Instant::now() < until {
        tokio::task::yield_now().await;
    }
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;
    use rand::rngs::StdRng;

    use super::*;

    fn outcome(milliseconds: u64, failed: bool) -> Outcome {
        Outcome {
            took: Duration::from_millis(milliseconds),
            failed,
        }
    }

    #[test]
    fn a_decoy_is_like_one_of_the_latest_messages() {
        let (outcomes, mut rng) = (Outcomes::default(), StdRng::seed_from_u64(1));
        assert_eq!(outcomes.draw(&mut rng), None);
        for milliseconds in 0..200 {
            outcomes.note(outcome(milliseconds, false));
        }
        let drawn: Vec<_> = (0..2000).filter_map(|_| outcomes.draw(&mut rng)).collect();
        let latest = 200 - KEPT as u64..200;
        for milliseconds in latest.clone() {
            assert!(drawn.contains(&outcome(milliseconds, false)), "{milliseconds}");
        }
        assert!(
            drawn
                .iter()
                .all(|drawn| drawn.took >= Duration::from_millis(latest.start))
        );
    }

    #[test]
    fn failures_are_followed_as_often_as_there_were_and_not_for_long() {
        let (outcomes, mut rng, now) = (Outcomes::default(), StdRng::seed_from_u64(1), Instant::now());
        outcomes.note_at(now, outcome(1, true));
        outcomes.note_at(now, outcome(2, false));
        let failed = |at, rng: &mut StdRng| {
            let drawn = (0..1000).filter_map(|_| outcomes.draw_at(at, rng));
            drawn.filter(|outcome| outcome.failed).count()
        };
        assert!((400..600).contains(&failed(now, &mut rng)));
        assert_eq!(failed(now + FAILURES_KEPT, &mut rng), 0);
    }

    #[tokio::test]
    async fn a_wait_ends_in_time() {
        let mut late = Vec::new();
        for micros in [0, 300, 1_000, 2_700, 20_300] {
            let (started, took) = (Instant::now(), Duration::from_micros(micros));
            wait(started, took).await;
            late.push(started.elapsed().checked_sub(took).unwrap());
        }
        late.sort_unstable();
        assert!(late[2] < Duration::from_micros(500), "{late:?}");
    }
}
