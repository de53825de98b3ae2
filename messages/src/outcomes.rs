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
pub(crate) struct Outcomes {
    recent: Mutex<VecDeque<(Instant, Outcome)>>,
    /// How late the latest waits ended: on a busy processor that is not little.
    late: Mutex<VecDeque<Duration>>,
}

impl Outcomes {
    /// Notes the outcome of a message that was sent just now.
    pub(crate) fn note(&self, outcome: Outcome) {
        self.note_at(Instant::now(), outcome);
    }

    fn note_at(&self, now: Instant, outcome: Outcome) {
        let mut recent = self.recent.lock().unwrap_or_else(PoisonError::into_inner);
        recent.truncate(KEPT - 1);
        recent.push_front((now, outcome));
    }

    /// The outcome of one of the latest messages; nothing if there was none.
    pub(crate) fn draw(&self, rng: &mut (dyn CryptoRng + Send)) -> Option<Outcome> {
        self.draw_at(Instant::now(), rng)
    }

    fn draw_at(&self, now: Instant, rng: &mut (dyn CryptoRng + Send)) -> Option<Outcome> {
        let mut recent = self.recent.lock().unwrap_or_else(PoisonError::into_inner);
        recent.retain(|(at, outcome)| !outcome.failed || now.saturating_duration_since(*at) < FAILURES_KEPT);
        if recent.is_empty() {
            return None;
        }
        let drawn = rng.random_range(0..recent.len());
        recent.get(drawn).map(|(_, outcome)| *outcome)
    }

    /// Waits until `took` after `started`, more exactly than a timer does.
    ///
    /// `took` is the time of a message that had to wait for the processor at its end, as this wait has to. So this wait
    /// aims at a time before it, by as much as waits are late in the middle.
    pub(crate) async fn wait(&self, started: Instant, took: Duration) {
        let aim = took.saturating_sub(self.lateness());
        if let Some(timer) = aim.checked_sub(TIMER) {
            tokio::time::sleep(timer.saturating_sub(started.elapsed())).await;
        }
        while started.elapsed() < aim {
            tokio::task::yield_now().await;
        }
        let mut late = self.late.lock().unwrap_or_else(PoisonError::into_inner);
        late.truncate(KEPT - 1);
        late.push_front(started.elapsed().saturating_sub(aim));
    }

    /// How late waits are, in the middle.
    fn lateness(&self) -> Duration {
        let late = self.late.lock().unwrap_or_else(PoisonError::into_inner);
        let mut late: Vec<_> = late.iter().copied().collect();
        late.sort_unstable();
        late.get(late.len() / 2).copied().unwrap_or_default()
    }

    /// What a message is assumed to take before one was timed.
    pub(crate) fn assumed(rng: &mut (dyn CryptoRng + Send)) -> Outcome {
        Outcome {
            took: Duration::from_millis(rng.random_range(ASSUMED)),
            failed: false,
        }
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
    async fn waits_end_in_time_and_aim_before_it_if_they_were_late() {
        let outcomes = Outcomes::default();
        let took = Duration::from_millis(20);
        let started = Instant::now();
        outcomes.wait(started, took).await;
        assert!(started.elapsed() >= took);
        // In the middle of an odd and of an even number, in no order.
        for (late, middle) in [([2, 9, 7].as_slice(), 7), (&[9, 8, 1, 0], 8)] {
            let late = late.iter().copied().map(Duration::from_millis);
            *outcomes.late.lock().unwrap() = late.collect();
            assert_eq!(outcomes.lateness(), Duration::from_millis(middle));
        }
        let started = Instant::now();
        outcomes.wait(started, took).await;
        assert!(started.elapsed() >= Duration::from_millis(12));
        assert_eq!(outcomes.late.lock().unwrap().len(), 5);
    }

    #[tokio::test]
    async fn waits_that_are_too_short_for_a_timer_end_in_time_too() {
        for micros in [1, 100, 500, 999] {
            let (outcomes, took, started) = (Outcomes::default(), Duration::from_micros(micros), Instant::now());
            outcomes.wait(started, took).await;
            assert!(started.elapsed() >= took);
        }
    }

    #[tokio::test]
    async fn only_the_latest_waits_are_kept() {
        let outcomes = Outcomes::default();
        for _ in 0..KEPT + 9 {
            outcomes.wait(Instant::now(), Duration::ZERO).await;
        }
        assert_eq!(outcomes.late.lock().unwrap().len(), KEPT);
    }
}
