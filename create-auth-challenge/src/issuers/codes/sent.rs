//! The state of a step that sends a code: the nonce of the code, and the times of the messages.

use std::time::{SystemTime, UNIX_EPOCH};

use rand::CryptoRng;

/// The validity of a code after its first challenge, in seconds. NIST SP 800-63B allows ten minutes.
const VALID: u64 = 10 * 60;

/// The maximum number of messages in a step: the first, and two repetitions.
const SENDS: u8 = 3;

/// The minimum time between two messages, in seconds.
const PAUSE: u64 = 30;

/// The minimum remaining validity of a code that is sent again, in seconds.
const WORTH: u64 = 2 * 60;

/// A code and its messages. Times are in seconds since 1970.
pub(super) struct Sent {
    nonce: [u8; 16],
    first: u64,
    last: u64,
    times: u8,
}

impl Sent {
    /// Creates a code that has not been sent yet.
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

    /// Parses a [`Self::state`]. Ignores data that a later version may append.
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

    /// Returns the state for the next attempt. It does not contain the code.
    pub(super) fn state(&self) -> Vec<u8> {
        let (first, last) = (self.first.to_be_bytes(), self.last.to_be_bytes());
        [self.nonce.as_slice(), &first, &last, &[self.times]].concat()
    }

    /// Returns the nonce from which the code is derived.
    pub(super) fn nonce(&self) -> &[u8] {
        &self.nonce
    }

    /// Returns the time at which the code expires.
    pub(super) fn expires(&self) -> u64 {
        self.first.saturating_add(VALID)
    }

    /// Returns the remaining validity of the code in minutes, at least 1.
    pub(super) fn minutes_left(&self, now: SystemTime) -> u64 {
        (self.expires().saturating_sub(seconds(now)) / 60).max(1)
    }

    /// Records that the code was sent, or that a decoy message was due.
    pub(super) fn note(&mut self, now: SystemTime) {
        self.last = seconds(now);
        self.times = self.times.saturating_add(1);
    }

    /// Returns whether the code can be sent again now.
    pub(super) fn may_send_again(&self, now: SystemTime) -> bool {
        self.send_again_in(now) == Some(0)
    }

    /// Returns how many more times the code can be sent.
    pub(super) fn sends_left(&self, now: SystemTime) -> u8 {
        let wait = self.wait(now);
        let worth_it = seconds(now).saturating_add(wait).saturating_add(WORTH) <= self.expires();
        SENDS.saturating_sub(self.times) * u8::from(worth_it)
    }

    /// Returns the number of seconds until the code can be sent again, or `None` if it cannot.
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
    fn a_code_is_sent_again_at_most_twice_and_after_at_least_thirty_seconds() {
        for (times, now, left, wait) in [
            (&[0][..], 0, 2, Some(30)),
            (&[0], 29, 2, Some(1)),
            (&[0], 30, 2, Some(0)),
            (&[0, 30], 31, 1, Some(29)),
            (&[0, 30], 60, 1, Some(0)),
            (&[0, 30, 60], 90, 0, None),
            // The code would expire too soon after the message.
            (&[0], 480, 2, Some(0)),
            (&[0], 481, 0, None),
            (&[0, 460], 465, 0, None),
        ] {
            let sent = sent_at(times);
            assert_eq!(sent.sends_left(at(now)), left, "{times:?} {now}");
            assert_eq!(sent.send_again_in(at(now)), wait, "{times:?} {now}");
            assert_eq!(sent.may_send_again(at(now)), wait == Some(0), "{times:?} {now}");
        }
        // The clock was set back.
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
    fn a_state_of_a_later_version_is_read_too() {
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
