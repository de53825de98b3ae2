//! Keeps people from guessing passwords: after some wrong ones, a wait that doubles.

use std::collections::HashMap;
use std::time::Duration;

use super::error::Error;

/// How many wrong passwords come before the first wait.
const FREE: u32 = 5;
/// The longest wait, and how long nobody may try before all is forgotten.
const LONGEST: Duration = Duration::from_mins(15);

/// Wrong passwords, by pool and user name. Names that nobody has are in it as well: they must not be told from users.
#[derive(Default)]
pub(crate) struct Lockouts {
    failures: HashMap<(String, String), Failures>,
    /// How many entries there may be before the old ones are swept out.
    sweep_at: usize,
}

#[derive(Clone, Copy)]
struct Failures {
    count: u32,
    /// Since 1970.
    last: Duration,
}

impl Failures {
    fn wait(self) -> Duration {
        match self.count.checked_sub(FREE) {
            None => Duration::ZERO,
            Some(doublings) => Duration::from_secs(1 << doublings.min(20)).min(LONGEST),
        }
    }

    fn is_over(self, now: Duration) -> bool {
        now >= self.last + self.wait() + LONGEST
    }
}

impl Lockouts {
    /// Refuses a password, unread, while its user has to wait.
    pub(crate) fn check(&self, pool: &str, user: &str, now: Duration) -> Result<(), Error> {
        let failures = self.failures.get(&key(pool, user));
        if failures.is_some_and(|failures| now < failures.last + failures.wait()) {
            return Err(Error::not_authorized("Password attempts exceeded"));
        }
        Ok(())
    }

    /// Remembers how a password turned out.
    pub(crate) fn record(&mut self, pool: &str, user: &str, correct: bool, now: Duration) {
        if correct {
            self.failures.remove(&key(pool, user));
            return;
        }
        if self.failures.len() >= self.sweep_at {
            self.failures.retain(|_, failures| !failures.is_over(now));
            self.sweep_at = (self.failures.len() * 2).max(1024);
        }
        let entry = self.failures.entry(key(pool, user));
        let failures = entry.or_insert(Failures { count: 0, last: now });
        if failures.is_over(now) {
            failures.count = 0;
        }
        failures.count = failures.count.saturating_add(1);
        failures.last = now;
    }
}

fn key(pool: &str, user: &str) -> (String, String) {
    (pool.to_owned(), user.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> Duration {
        Duration::from_secs(1_000_000 + seconds)
    }

    /// Fails as soon as that is possible again, `times` times; says how long the last wait was.
    fn fail(lockouts: &mut Lockouts, times: u32, now: &mut u64) -> u64 {
        let mut waited = 0;
        for _ in 0..times {
            waited = 0;
            while lockouts.check("p", "ana", at(*now)).is_err() {
                *now += 1;
                waited += 1;
            }
            lockouts.record("p", "ana", false, at(*now));
        }
        waited
    }

    #[test]
    fn five_wrong_passwords_are_free_and_then_the_wait_doubles_to_fifteen_minutes() {
        let (mut lockouts, mut now) = (Lockouts::default(), 0);
        assert_eq!(fail(&mut lockouts, 5, &mut now), 0);
        for wait in [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900] {
            assert_eq!(fail(&mut lockouts, 1, &mut now), wait);
        }
        assert!(lockouts.check("p", "bea", at(now)).is_ok() && lockouts.check("q", "ana", at(now)).is_ok());
    }

    #[test]
    fn a_right_password_or_fifteen_quiet_minutes_start_anew() {
        let (mut lockouts, mut now) = (Lockouts::default(), 0);
        fail(&mut lockouts, 5, &mut now);
        lockouts.record("p", "ana", true, at(now));
        assert_eq!(fail(&mut lockouts, 5, &mut now), 0);
        now += 1 + 15 * 60;
        assert_eq!(fail(&mut lockouts, 5, &mut now), 0);
        assert_eq!(fail(&mut lockouts, 1, &mut now), 1);
    }

    #[test]
    fn old_failures_do_not_fill_the_memory() {
        let mut lockouts = Lockouts::default();
        for second in 0..10_000 {
            lockouts.record("p", &second.to_string(), false, at(second));
        }
        assert!(lockouts.failures.len() < 3000);
    }
}
