//! The state of a step: the nonce that its code is derived from, and when it was sent.

use std::time::{SystemTime, UNIX_EPOCH};

use rand::CryptoRng;

/// How long a code is right after it was first asked, in seconds: NIST SP 800-63B allows ten minutes.
const VALID: u64 = 10 * 60;

/// How often a code is sent in a step: once, and twice again.
const SENDS: u8 = 3;

/// How long after a message the code can be sent again, in seconds.
const PAUSE: u64 = 30;

/// How long a code must still be right for it to be worth sending, in seconds.
const WORTH: u64 = 2 * 60;

/// A code that was sent. Times are in seconds since 1970.
pub(super) struct Sent {
    nonce: [u8; 16],
    first: u64,
    last: u64,
    times: u8,
}

impl Sent {
    /// A code that has not been sent yet.
    pub(super) fn draw(now: SystemTime, rng: &mut (dyn CryptoRng + Send)) -> Self {
        let mut nonce = [0; 16];
        rng.fill_bytes(&mut nonce);
        let now = seconds(now);
        Self {
            nonce,
            first: now,
            last: now,
            times: 0,
        }
    }

    /// Reads [`Self::state`]. A later version may have added to its end.
    pub(super) fn parse(state: &[u8]) -> Option<Self> {
        let (nonce, state) = state.split_first_chunk()?;
        let (first, state) = state.split_first_chunk()?;
        let (last, state) = state.split_first_chunk()?;
        Some(Self {
            nonce: *nonce,
            first: u64::from_be_bytes(*first),
            last: u64::from_be_bytes(*last),
            times: *state.first()?,
        })
    }

    /// What the next attempt needs. The code is not in it.
    pub(super) fn state(&self) -> Vec<u8> {
        let (first, last) = (self.first.to_be_bytes(), self.last.to_be_bytes());
        [self.nonce.as_slice(), &first, &last, &[self.times]].concat()
    }

    /// The code is derived from this.
    pub(super) fn nonce(&self) -> &[u8] {
        &self.nonce
    }

    /// Until when the code is right.
    pub(super) fn expires(&self) -> u64 {
        self.first.saturating_add(VALID)
    }

    /// How many minutes the code is still right, not less than 1.
    pub(super) fn minutes_left(&self, now: SystemTime) -> u64 {
        (self.expires().saturating_sub(seconds(now)) / 60).max(1)
    }

    /// The code was sent, or would have been.
    pub(super) fn note(&mut self, now: SystemTime) {
        self.last = seconds(now);
        self.times = self.times.saturating_add(1);
    }

    /// Whether the code can be sent again now.
    pub(super) fn may_send_again(&self, now: SystemTime) -> bool {
        self.send_again_in(now) == Some(0)
    }

    /// How often the code can still be sent.
    pub(super) fn sends_left(&self, now: SystemTime) -> u8 {
        let wait = self.wait(now);
        let worth_it = seconds(now).saturating_add(wait).saturating_add(WORTH) <= self.expires();
        SENDS.saturating_sub(self.times) * u8::from(worth_it)
    }

    /// In how many seconds the code can be sent again, if it can.
    pub(super) fn send_again_in(&self, now: SystemTime) -> Option<u64> {
        (self.sends_left(now) > 0).then(|| self.wait(now))
    }

    fn wait(&self, now: SystemTime) -> u64 {
        PAUSE.saturating_sub(seconds(now).saturating_sub(self.last))
    }
}

fn seconds(time: SystemTime) -> u64 {
    time.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use cognito_challenge::state::MAX_BYTES;
    use rand::SeedableRng;
    use rand::rngs::StdRng;

    use super::*;

    fn at(seconds: u64) -> SystemTime {
        UNIX_EPOCH + Duration::from_secs(1_767_225_600 + seconds)
    }

    fn sent_at(times: &[u64]) -> Sent {
        let mut sent = Sent::draw(at(0), &mut StdRng::seed_from_u64(1));
        for seconds in times {
            sent.note(at(*seconds));
        }
        sent
    }

    #[test]
    fn a_code_is_sent_again_twice_at_most_and_not_sooner_than_thirty_seconds() {
        for (times, now, left, wait) in [
            (&[0][..], 0, 2, Some(30)),
            (&[0], 29, 2, Some(1)),
            (&[0], 30, 2, Some(0)),
            (&[0, 30], 31, 1, Some(29)),
            (&[0, 30], 60, 1, Some(0)),
            (&[0, 30, 60], 90, 0, None),
            // No message that comes too late.
            (&[0], 480, 2, Some(0)),
            (&[0], 481, 0, None),
            (&[0, 460], 465, 0, None),
        ] {
            let sent = sent_at(times);
            assert_eq!(sent.sends_left(at(now)), left, "{times:?} {now}");
            assert_eq!(sent.send_again_in(at(now)), wait, "{times:?} {now}");
            assert_eq!(sent.may_send_again(at(now)), wait == Some(0), "{times:?} {now}");
        }
        // A clock that went back.
        assert_eq!(sent_at(&[100]).send_again_in(at(50)), Some(30));
    }

    #[test]
    fn a_code_expires_ten_minutes_after_it_was_first_sent() {
        let sent = sent_at(&[0, 30]);
        assert_eq!(sent.expires(), 1_767_225_600 + 600);
        assert_eq!(
            [0, 30, 480, 599, 700].map(|now| sent.minutes_left(at(now))),
            [10, 9, 2, 1, 1]
        );
    }

    #[test]
    fn a_state_is_read_as_it_was_left_also_by_the_version_before() {
        let state = sent_at(&[0, 30]).state();
        assert!(state.len() <= MAX_BYTES);
        for state in [&state[..], &[&state[..], b"added later"].concat()] {
            let sent = Sent::parse(state).unwrap();
            assert_eq!(sent.state(), state[..33]);
            assert_eq!(sent.sends_left(at(30)), 1);
        }
        assert!(Sent::parse(&state[..32]).is_none() && Sent::parse(&[]).is_none());
    }
}
