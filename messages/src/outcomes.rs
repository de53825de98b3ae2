//! The durations and results of recent messages. A message that is not sent imitates them.
//!
//! The duration of a reply must not reveal whether a user has a verified address. In place of a message that is not
//! sent, the function waits as long as one of the recent messages took, and fails if that message failed. Each process
//! has its own memory: an execution environment that has sent no message yet assumes a duration.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use rand::{CryptoRng, RngExt};

/// The number of outcomes that are kept.
const KEPT: usize = 64;

/// The time for which a failure is imitated. After a service has recovered, messages must not fail for some users only.
const FAILURES_KEPT: Duration = Duration::from_mins(5);

/// The assumed duration of a message before one was timed, in milliseconds: an open connection and a service in the
/// same region.
const ASSUMED: std::ops::Range<u64> = 60..160;

/// The time by which a timer may wake up too late. The rest of the wait is a busy loop.
const TIMER: Duration = Duration::from_millis(1);

/// The duration and the result of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Outcome {
    pub(crate) took: Duration,
    pub(crate) failed: bool,
}

/// The outcomes of recent messages.
#[derive(Default)]
pub(crate) struct Outcomes {
    recent: Mutex<VecDeque<(Instant, Outcome)>>,
    /// The delays of recent waits. They are considerable on a busy processor.
    late: Mutex<VecDeque<Duration>>,
}

impl Outcomes {
    /// Records the outcome of a message that was sent just now.
    pub(crate) fn note(&self, outcome: Outcome) {
        self.note_at(Instant::now(), outcome);
    }

    fn note_at(&self, now: Instant, outcome: Outcome) {
        let mut recent = self.recent.lock().unwrap_or_else(PoisonError::into_inner);
        recent.truncate(KEPT - 1);
        recent.push_front((now, outcome));
    }

    /// Draws the outcome of a recent message. Returns `None` before the first message.
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
    /// `took` includes the time that the message waited for the processor at its end, and this wait has the same delay.
    /// So it aims at an earlier time, by the median delay of recent waits.
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

    /// Returns the median delay of recent waits.
    fn lateness(&self) -> Duration {
        let late = self.late.lock().unwrap_or_else(PoisonError::into_inner);
        let mut late: Vec<_> = late.iter().copied().collect();
        late.sort_unstable();
        late.get(late.len() / 2).copied().unwrap_or_default()
    }

    /// Returns the assumed outcome of a message before one was timed.
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
        // The median of an odd and of an even number of delays, unsorted.
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
