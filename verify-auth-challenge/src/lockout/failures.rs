//! How long a user has to wait after wrong answers, and when no answer is taken any more: the rules, without the table.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// How many wrong answers come before the first wait: Cognito's number for passwords.
const FREE: u32 = 5;

/// The longest wait, also Cognito's.
const LONGEST: Duration = Duration::from_mins(15);

/// How long after the last wait the waits start anew.
const REMEMBERED: Duration = Duration::from_hours(24);

/// How long the count of wrong answers in a row is kept after the last one.
const KEPT: Duration = Duration::from_hours(365 * 24);

/// The same once the limit is reached: only a reset ends it.
const KEPT_AT_LIMIT: Duration = Duration::from_hours(100 * 365 * 24);

/// The wrong answers of a user to a step since the last right one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Failures {
    /// How many there were in a row. Only a right answer or a reset makes it 0.
    pub consecutive: u32,
    /// Those of them that the wait grows with: 0 again after a day without a wrong answer.
    pub recent: u32,
    /// Until when every answer is wrong: milliseconds since 1970.
    pub locked_until: u64,
    /// When the table may forget all of it: seconds since 1970, as DynamoDB's time to live has it.
    pub expires: u64,
}

/// Whether an answer is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Standing {
    /// It is judged.
    Free,
    /// It is wrong, because as many answers in a row were wrong as the limit allows.
    LimitReached,
    /// It is wrong, because the user has to wait.
    Locked,
}

impl Failures {
    /// What there is after one more answer at `now`, which counts as a failure if it is looked at: a wait does not grow
    /// by what is tried during it. `limit` is how many answers in a row may be wrong.
    pub fn after(before: Option<Self>, now: SystemTime, limit: u32) -> (Self, Standing) {
        let now = now.duration_since(UNIX_EPOCH).unwrap_or_default();
        // DynamoDB takes its time to delete what has expired.
        let before = before.filter(|failures| now.as_secs() < failures.expires);
        match before {
            Some(failures) if failures.consecutive >= limit => return (failures, Standing::LimitReached),
            // Below that number there is no wait: an answer that came a little earlier than the one before it, at a function
            // with another clock or at the same time, is looked at.
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

/// How long no answer is right after `recent` failures.
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
    fn five_wrong_answers_are_free_and_then_the_wait_doubles_to_fifteen_minutes() {
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
    fn of_two_answers_at_the_same_time_the_one_that_is_counted_later_does_not_have_to_wait() {
        let (first, _) = Failures::after(None, at(100), LIMIT);
        let (second, standing) = Failures::after(Some(first), at(0), LIMIT);
        assert_eq!((second.recent, standing), (2, Standing::Free));
    }

    #[test]
    fn after_a_day_without_a_wrong_answer_the_waits_start_anew_and_the_row_goes_on() {
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
    fn after_as_many_wrong_answers_in_a_row_as_the_limit_none_is_looked_at_however_long_it_takes() {
        let (mut failures, mut looked_at) = (None, 0);
        // A patient attacker: one answer a day, which never meets a wait.
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
    fn no_number_is_too_large() {
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
