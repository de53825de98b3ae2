//! Throttles guesses of passwords and codes: after some wrong ones, a wait that doubles.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::error::Error;
use crate::pools::Pool;

/// The longest wait, and the time without a guess after which all guesses are forgotten.
const LONGEST: Duration = Duration::from_mins(15);

/// The secret that is guessed. Each kind has its own count; otherwise, a right password would allow more wrong codes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Guess {
    /// A code of a second factor.
    Code,
    Password,
}

impl Guess {
    /// The number of wrong guesses before the first wait. For passwords, it is Cognito's number. For codes, six wrong
    /// ones without a wait have been observed.
    fn free(self) -> u32 {
        match self {
            Self::Code => 10,
            Self::Password => 5,
        }
    }

    fn exceeded(self) -> Error {
        match self {
            Self::Code => Error::not_authorized("Code attempts exceeded").because(
                "whether Cognito counts wrong codes across sign-ins is not known; here they cause a wait for their user, as \
                 wrong passwords do",
            ),
            Self::Password => Error::not_authorized("Password attempts exceeded"),
        }
    }
}

/// The target of guesses: one kind of secret of a user in a pool. Guesses for nonexistent users are counted too,
/// because they must look like existing ones.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(crate) struct Guessed {
    guess: Guess,
    pool: String,
    user: String,
}

impl Guessed {
    /// Returns the target of kind `guess` for the user called `user`.
    pub(crate) fn new(guess: Guess, pool: &Pool, user: &str) -> Self {
        Self {
            guess,
            pool: pool.id.clone(),
            user: pool.fold(user),
        }
    }
}

/// Serializes guesses: one guess at a target is checked at a time. Otherwise all guesses that arrive together pass the
/// check before the first is counted. If each counted as wrong beforehand, a user with several sign-ins at once would
/// be locked out.
pub(crate) struct Turns([Mutex<()>; 64]);

impl Turns {
    /// Waits for the turn of a guess. Targets with the same hash share their turns.
    pub(crate) fn wait(&self, target: &Guessed) -> MutexGuard<'_, ()> {
        let mut hasher = DefaultHasher::new();
        target.hash(&mut hasher);
        let index = usize::try_from(hasher.finish() % 64).unwrap_or(0);
        let [first, ..] = &self.0;
        let turn = self.0.get(index).unwrap_or(first);
        turn.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for Turns {
    fn default() -> Self {
        Self(std::array::from_fn(|_| Mutex::default()))
    }
}

/// A guess that counts as wrong until it was checked.
pub(crate) struct Begun {
    target: Guessed,
    at: Duration,
    /// The time of the previous guess.
    before: Option<Duration>,
}

/// The wrong guesses.
#[derive(Default)]
pub(crate) struct Lockouts {
    failures: HashMap<Guessed, Failures>,
    /// The number of entries at which old entries are removed.
    sweep_at: usize,
}

#[derive(Clone, Copy)]
struct Failures {
    count: u32,
    free: u32,
    /// Since 1970.
    last: Duration,
}

impl Failures {
    fn wait(self) -> Duration {
        match self.count.checked_sub(self.free) {
            None => Duration::ZERO,
            Some(doublings) => Duration::from_secs(1 << doublings.min(20)).min(LONGEST),
        }
    }

    fn is_over(self, now: Duration) -> bool {
        now >= self.last + self.wait() + LONGEST
    }
}

impl Lockouts {
    /// Returns an error, without a check of the guess, while its user must wait.
    pub(crate) fn check(&self, target: &Guessed, now: Duration) -> Result<(), Error> {
        let failures = self.failures.get(target);
        if failures.is_some_and(|failures| now < failures.last + failures.wait()) {
            return Err(target.guess.exceeded());
        }
        Ok(())
    }

    /// Counts a guess as wrong before it is checked, unless its user must wait. It is for guesses that a function
    /// checks, which takes too long for a turn.
    pub(crate) fn begin(&mut self, target: Guessed, now: Duration) -> Result<Begun, Error> {
        self.check(&target, now)?;
        let before = self.failures.get(&target).map(|failures| failures.last);
        self.record(target.clone(), false, now);
        Ok(Begun {
            target,
            at: now,
            before,
        })
    }

    /// Removes a guess that was not wrong.
    pub(crate) fn withdraw(&mut self, begun: &Begun) {
        let Some(failures) = self.failures.get_mut(&begun.target) else {
            return;
        };
        failures.count = failures.count.saturating_sub(1);
        if failures.count == 0 {
            self.failures.remove(&begun.target);
        } else if failures.last == begun.at {
            failures.last = begun.before.unwrap_or(begun.at);
        }
    }

    /// Records the result of a guess.
    pub(crate) fn record(&mut self, target: Guessed, correct: bool, now: Duration) {
        if correct {
            self.failures.remove(&target);
            return;
        }
        if self.failures.len() >= self.sweep_at {
            self.failures.retain(|_, failures| !failures.is_over(now));
            self.sweep_at = (self.failures.len() * 2).max(1024);
        }
        let (count, free) = (0, target.guess.free());
        let entry = self.failures.entry(target);
        let failures = entry.or_insert(Failures { count, free, last: now });
        if failures.is_over(now) {
            failures.count = 0;
        }
        failures.count = failures.count.saturating_add(1);
        failures.last = now;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> Duration {
        Duration::from_secs(1_000_000 + seconds)
    }

    fn target(guess: Guess, pool: &str, user: &str) -> Guessed {
        Guessed {
            guess,
            pool: pool.into(),
            user: user.into(),
        }
    }

    /// Makes `times` wrong guesses, each as soon as possible. Returns the last wait.
    fn fail(lockouts: &mut Lockouts, guess: Guess, times: u32, now: &mut u64) -> u64 {
        let ana = || target(guess, "p", "ana");
        let mut waited = 0;
        for _ in 0..times {
            waited = 0;
            while lockouts.check(&ana(), at(*now)).is_err() {
                *now += 1;
                waited += 1;
            }
            lockouts.record(ana(), false, at(*now));
        }
        waited
    }

    #[test]
    fn some_wrong_guesses_are_free_and_then_the_wait_doubles_to_fifteen_minutes() {
        for (guess, free, other) in [(Guess::Password, 5, Guess::Code), (Guess::Code, 10, Guess::Password)] {
            let (mut lockouts, mut now) = (Lockouts::default(), 0);
            assert_eq!(fail(&mut lockouts, guess, free, &mut now), 0);
            for wait in [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900] {
                assert_eq!(fail(&mut lockouts, guess, 1, &mut now), wait);
            }
            assert!(lockouts.check(&target(guess, "p", "ana"), at(now)).is_err());
            for (guess, pool, user) in [(guess, "p", "bea"), (guess, "q", "ana"), (other, "p", "ana")] {
                assert!(lockouts.check(&target(guess, pool, user), at(now)).is_ok());
            }
        }
    }

    #[test]
    fn a_right_password_or_fifteen_quiet_minutes_reset_the_count() {
        let (mut lockouts, mut now) = (Lockouts::default(), 0);
        fail(&mut lockouts, Guess::Password, 5, &mut now);
        lockouts.record(target(Guess::Password, "p", "ana"), true, at(now));
        assert_eq!(fail(&mut lockouts, Guess::Password, 5, &mut now), 0);
        now += 1 + 15 * 60;
        assert_eq!(fail(&mut lockouts, Guess::Password, 5, &mut now), 0);
        assert_eq!(fail(&mut lockouts, Guess::Password, 1, &mut now), 1);
    }

    #[test]
    fn old_failures_do_not_fill_the_memory() {
        let mut lockouts = Lockouts::default();
        for second in 0..10_000 {
            lockouts.record(target(Guess::Code, "p", &second.to_string()), false, at(second));
        }
        assert!(lockouts.failures.len() < 3000);
    }
}
