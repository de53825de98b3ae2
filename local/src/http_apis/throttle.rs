//! The limit of requests to an API: a token bucket, like that of API Gateway.

use std::sync::{Mutex, PoisonError};

use sam_template::Throttle;
use tokio::time::Instant;

/// A bucket of tokens. Each request takes one.
pub(super) struct Bucket {
    throttle: Throttle,
    level: Mutex<Level>,
}

struct Level {
    tokens: f64,
    at: Instant,
}

impl Bucket {
    /// Creates a bucket that is full at `now`.
    pub(super) fn full(throttle: Throttle, now: Instant) -> Self {
        let tokens = size(throttle.burst);
        let level = Mutex::new(Level { tokens, at: now });
        Self { throttle, level }
    }

    /// Whether a request is allowed at `now`.
    pub(super) fn take(&self, now: Instant) -> bool {
        let mut level = self.level.lock().unwrap_or_else(PoisonError::into_inner);
        let grown = level.tokens + now.duration_since(level.at).as_secs_f64() * size(self.throttle.rate);
        let tokens = grown.min(size(self.throttle.burst));
        let passes = tokens >= 1.0;
        *level = Level {
            tokens: if passes { tokens - 1.0 } else { tokens },
            at: now,
        };
        passes
    }
}

fn size(tokens: u64) -> f64 {
    // The template has at most a million.
    u32::try_from(tokens).map_or(f64::MAX, f64::from)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_burst_passes_and_then_the_rate() {
        let start = Instant::now();
        let bucket = Bucket::full(Throttle { rate: 10, burst: 20 }, start);
        let passed = |at: u64, asked: usize| {
            let now = start + Duration::from_millis(at);
            (0..asked).filter(|_| bucket.take(now)).count()
        };
        assert_eq!(passed(0, 30), 20);
        assert_eq!(passed(500, 30), 5);
        assert_eq!(passed(501, 30), 0);
        assert_eq!(passed(60_000, 30), 20);
    }
}
