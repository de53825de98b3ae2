//! How long who guesses has to wait: the rule, without the table.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// How many wrong answers come before the first wait: Cognito's number for passwords.
const FREE: u32 = 5;

/// The longest wait, also Cognito's.
const LONGEST: Duration = Duration::from_mins(15);

/// How long after the last wrong answer all are forgotten.
const REMEMBERED: Duration = Duration::from_hours(24);

/// The answers of a user to a challenge since the last right one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Failures {
    /// How many there were.
    pub count: u32,
    /// Until when every answer is wrong: milliseconds since 1970.
    pub locked_until: u64,
    /// When they are forgotten: seconds since 1970, as DynamoDB's time to live has it.
    pub expires: u64,
}

/// Whether an answer is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Standing {
    /// It is judged.
    Free,
    /// It is wrong, because the user has to wait.
    Locked,
}

impl Failures {
    /// What there is after one more answer at `now`, which counts as a failure unless the user has to wait: a wait does
    /// not grow by what is tried during it.
    pub fn after(before: Option<Self>, now: SystemTime) -> (Self, Standing) {
        let now = now.duration_since(UNIX_EPOCH).unwrap_or_default();
        // DynamoDB takes its time to delete what has expired.
        let before = before.filter(|failures| now.as_secs() < failures.expires);
        if let Some(failures) = before.filter(|failures| milliseconds(now) < failures.locked_until) {
            return (failures, Standing::Locked);
        }
        let count = before.map_or(0, |failures| failures.count).saturating_add(1);
        let after = Self {
            count,
            locked_until: milliseconds(now.saturating_add(wait(count))),
            expires: now.saturating_add(REMEMBERED).as_secs(),
        };
        (after, Standing::Free)
    }
}

/// How long nobody may answer after `count` failures.
fn wait(count: u32) -> Duration {
    match count.checked_sub(FREE) {
        None => Duration::ZERO,
        Some(doublings) => Duration::from_secs(1 << doublings.min(20)).min(LONGEST),
    }
}

fn milliseconds(since_1970: Duration) -> u64 {
    u64::try_from(since_1970.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(milliseconds: u64) -> SystemTime {
        UNIX_EPOCH + Duration::from_millis(1_767_225_600_000 + milliseconds)
    }

    #[test]
    fn five_wrong_answers_are_free_and_then_the_wait_doubles_to_fifteen_minutes() {
        let (mut failures, mut now) = (None, 0);
        for seconds in [0, 0, 0, 0, 1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900, 900] {
            let (after, standing) = Failures::after(failures, at(now));
            assert_eq!(standing, Standing::Free, "after {now} ms");
            failures = Some(after);
            if seconds > 0 {
                let early = at(now + seconds * 1000 - 1);
                assert_eq!(Failures::after(failures, early), (after, Standing::Locked));
            }
            now += seconds * 1000;
        }
        assert_eq!(failures.unwrap().count, 17);
    }

    #[test]
    fn a_day_without_a_wrong_answer_starts_anew() {
        const DAY: u64 = 24 * 60 * 60 * 1000;
        let many = Failures {
            count: 100,
            ..Failures::after(None, at(0)).0
        };
        assert_eq!(Failures::after(Some(many), at(DAY - 1000)).0.count, 101);
        assert_eq!(Failures::after(Some(many), at(DAY)).0, Failures::after(None, at(DAY)).0);
    }

    #[test]
    fn no_number_is_too_large() {
        let most = Failures {
            count: u32::MAX,
            locked_until: 0,
            expires: u64::MAX,
        };
        let (after, standing) = Failures::after(Some(most), at(0));
        assert_eq!((after.count, standing), (u32::MAX, Standing::Free));
        assert_eq!(
            Failures::after(Some(after), at(LONGEST.as_secs() * 1000 - 1)).1,
            Standing::Locked
        );
    }
}
