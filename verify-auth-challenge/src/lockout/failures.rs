//! The rules for waits after wrong answers and for the limit, without the table.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// The number of wrong answers before the first wait. Cognito uses the same number for passwords.
const FREE: u32 = 5;

/// The longest wait. Cognito uses the same.
const LONGEST: Duration = Duration::from_mins(15);

/// The time after the last wait until the waits start again at the shortest.
const REMEMBERED: Duration = Duration::from_hours(24);

/// The time for which the count of consecutive wrong answers is kept after the last one.
const KEPT: Duration = Duration::from_hours(365 * 24);

/// The same time when the limit is reached. Only a reset ends the lockout.
const KEPT_AT_LIMIT: Duration = Duration::from_hours(100 * 365 * 24);

/// The wrong answers of a user to a step since the last right answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Failures {
    /// The number of consecutive wrong answers. Only a right answer or a reset sets it to 0.
    pub consecutive: u32,
    /// The recent ones of them, which determine the wait. It restarts at 0 after a day without a wrong answer.
    pub recent: u32,
    /// The time until which every answer is wrong: milliseconds since 1970.
    pub locked_until: u64,
    /// The time at which DynamoDB may delete the item: seconds since 1970.
    pub expires: u64,
}

/// Whether an answer is checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Standing {
    /// The answer is checked.
    Free,
    /// The answer is wrong, because the limit of consecutive wrong answers is reached.
    LimitReached,
    /// The answer is wrong, because the user has to wait.
    Locked,
}

impl Failures {
    /// Returns the failures after one more answer at `now`, and whether this answer is checked.
    ///
    /// An answer counts as a failure if it is checked, so answers during a wait do not extend it. `limit` is the
    /// maximum number of consecutive wrong answers.
    pub fn after(before: Option<Self>, now: SystemTime, limit: u32) -> (Self, Standing) {
        let now = now.duration_since(UNIX_EPOCH).unwrap_or_default();
        // DynamoDB deletes expired items with a delay.
        let before = before.filter(|failures| now.as_secs() < failures.expires);
        match before {
            Some(failures) if failures.consecutive >= limit => return (failures, Standing::LimitReached),
            // Below this number there is no wait. So an answer with a slightly earlier time than the previous one is
            // checked, for example from a function with another clock.
            Some(failures) if failures.recent >= FREE && milliseconds(now) < failures.locked_until => {
                return (failures, Standing::Locked);
            }
            _ => {}
        }
        let forgotten =
            |failures: &Self| milliseconds(now) >= failures.locked_until.saturating_add(milliseconds(REMEMBERED));
        let recent = before.filter(|failures| !forgotten(failures));
        let recent = recent.map_or(0, |failures| failures.recent).saturating_add(1);
        let consecutive = before.map_or(0, |failures| failures.consecutive).saturating_add(1);
        let kept = if consecutive >= limit { KEPT_AT_LIMIT } else { KEPT };
        let after = Self {
            consecutive,
            recent,
            locked_until: milliseconds(now.saturating_add(wait(recent))),
            expires: now.saturating_add(kept).as_secs(),
        };
        (after, Standing::Free)
    }
}

/// Returns the wait after `recent` failures.
fn wait(recent: u32) -> Duration {
    match recent.checked_sub(FREE) {
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

    const LIMIT: u32 = 100;
    const DAY: u64 = 24 * 60 * 60 * 1000;

    fn at(milliseconds: u64) -> SystemTime {
        UNIX_EPOCH + Duration::from_millis(1_767_225_600_000 + milliseconds)
    }

    #[test]
    fn after_five_wrong_answers_the_wait_doubles_up_to_fifteen_minutes() {
        let (mut failures, mut now) = (None, 0);
        for seconds in [0, 0, 0, 0, 1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900, 900] {
            let (after, standing) = Failures::after(failures, at(now), LIMIT);
            assert_eq!(standing, Standing::Free, "after {now} ms");
            failures = Some(after);
            if seconds > 0 {
                let early = at(now + seconds * 1000 - 1);
                assert_eq!(Failures::after(failures, early, LIMIT), (after, Standing::Locked));
            }
            now += seconds * 1000;
        }
        assert_eq!(failures.unwrap().recent, 17);
    }

    #[test]
    fn the_second_of_two_simultaneous_answers_does_not_have_to_wait() {
        let (first, _) = Failures::after(None, at(100), LIMIT);
        let (second, standing) = Failures::after(Some(first), at(0), LIMIT);
        assert_eq!((second.recent, standing), (2, Standing::Free));
    }

    #[test]
    fn after_a_day_without_a_wrong_answer_the_waits_restart_and_the_consecutive_count_continues() {
        let many = Failures {
            consecutive: 60,
            recent: 20,
            ..Failures::after(None, at(0), LIMIT).0
        };
        let numbers = |now| {
            let after = Failures::after(Some(many), now, LIMIT).0;
            (after.recent, after.consecutive)
        };
        assert_eq!(numbers(at(DAY - 1)), (21, 61));
        assert_eq!(numbers(at(DAY)), (1, 61));
        assert_eq!(numbers(at(365 * DAY - 1000)), (1, 61));
        assert_eq!(numbers(at(365 * DAY)), (1, 1));
    }

    #[test]
    fn at_the_limit_no_answer_is_checked_however_much_time_passes() {
        let (mut failures, mut looked_at) = (None, 0);
        // A patient attacker sends one answer a day and never has to wait.
        for day in 0..400 {
            let (after, standing) = Failures::after(failures, at(day * DAY), LIMIT);
            looked_at += u32::from(standing == Standing::Free);
            failures = Some(after);
        }
        assert_eq!(looked_at, LIMIT);
        let years = at(20 * 365 * DAY);
        assert_eq!(
            Failures::after(failures, years, LIMIT),
            (failures.unwrap(), Standing::LimitReached)
        );
        let raised = Failures::after(failures, years, LIMIT + 1);
        assert_eq!((raised.0.consecutive, raised.1), (LIMIT + 1, Standing::Free));
    }

    #[test]
    fn large_numbers_do_not_overflow() {
        let most = Failures {
            consecutive: u32::MAX - 1,
            recent: u32::MAX,
            locked_until: 0,
            expires: u64::MAX,
        };
        let most = Failures {
            locked_until: milliseconds(at(0).duration_since(UNIX_EPOCH).unwrap()),
            ..most
        };
        let (after, standing) = Failures::after(Some(most), at(0), u32::MAX);
        assert_eq!(
            (after.recent, after.consecutive, standing),
            (u32::MAX, u32::MAX, Standing::Free)
        );
        let early = at(milliseconds(LONGEST) - 1);
        assert_eq!(
            Failures::after(
                Some(Failures {
                    consecutive: 1,
                    ..after
                }),
                early,
                LIMIT
            )
            .1,
            Standing::Locked
        );
    }
}
