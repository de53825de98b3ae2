//! Sessions: the values that a client holds between two requests of a sign-in.

use std::collections::{HashMap, HashSet, VecDeque};
use std::time::Duration;

use aws_lc_rs::hmac;
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};

use crate::error::Error;
use crate::random::Random;

/// The number of dead sessions that are distinguished from used ones.
const MOST_DEAD: usize = 100_000;

/// The maximum number of sign-ins that wait for an answer. Beyond it, the oldest is dropped and its user must start
/// again.
const MOST_LIVE: usize = 100_000;

/// The sign-ins that wait for an answer.
///
/// A session is a random number, its expiry and a tag over both. The tag distinguishes a session that was issued from
/// one that never was. So used sessions need not be stored.
pub(crate) struct Sessions<T> {
    key: hmac::Key,
    live: HashMap<Id, (Duration, T)>,
    /// The number of sessions in `order` at which expired and used ones are removed.
    sweep_at: usize,
    /// The ids of live and formerly live sessions, oldest first.
    order: VecDeque<Id>,
    dead: HashSet<Id>,
    /// Oldest first.
    dead_order: VecDeque<Id>,
}

/// The first character of every session. Without it, one in 64 would begin with a hyphen, which command lines read as a
/// flag.
const MARK: char = 'S';

type Id = [u8; 16];

/// A session that was issued, decoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Ticket {
    id: Id,
    /// Since 1970.
    expires: Duration,
}

/// The forms in which a client shows a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// `SECRET_BLOCK`, which some clients return without the session.
    SecretBlock,
    /// `Session`.
    Session,
}

impl<T> Sessions<T> {
    /// Creates an empty store.
    pub(crate) fn new(random: &Random) -> Result<Self, Error> {
        Ok(Self {
            key: hmac::Key::new(hmac::HMAC_SHA256, &random.bytes::<32>()?),
            live: HashMap::new(),
            sweep_at: 1024,
            order: VecDeque::new(),
            dead: HashSet::new(),
            dead_order: VecDeque::new(),
        })
    }

    /// Returns a ticket for a session that is valid until `validity` from now.
    pub(crate) fn ticket(random: &Random, validity: Duration, now: Duration) -> Result<Ticket, Error> {
        // Whole milliseconds, because the encoded form has no smaller unit.
        let expires = Duration::from_millis(u64::try_from((now + validity).as_millis()).unwrap_or(u64::MAX));
        Ok(Ticket {
            id: random.bytes()?,
            expires,
        })
    }

    /// Stores `state` for the client that holds `ticket`.
    pub(crate) fn insert(&mut self, ticket: Ticket, state: T, now: Duration) {
        if self.order.len() >= self.sweep_at {
            self.live.retain(|_, (expires, _)| *expires > now);
            self.order.retain(|id| self.live.contains_key(id));
            self.sweep_at = (self.order.len() * 2).max(1024);
        }
        while self.live.len() >= MOST_LIVE
            && let Some(oldest) = self.order.pop_front()
        {
            self.live.remove(&oldest);
        }
        self.live.insert(ticket.id, (ticket.expires, state));
        self.order.push_back(ticket.id);
    }

    /// Encodes a ticket for the client.
    pub(crate) fn write(&self, ticket: Ticket, form: Form) -> String {
        let mut bytes = Vec::with_capacity(56);
        bytes.extend_from_slice(&ticket.id);
        bytes.extend_from_slice(
            &u64::try_from(ticket.expires.as_millis())
                .unwrap_or(u64::MAX)
                .to_be_bytes(),
        );
        let tag = self.tag(&bytes, form);
        bytes.extend_from_slice(tag.as_ref());
        match form {
            Form::SecretBlock => STANDARD.encode(bytes),
            Form::Session => format!("{MARK}{}", URL_SAFE_NO_PAD.encode(bytes)),
        }
    }

    /// Decodes `text` to a ticket.
    pub(crate) fn read(&self, text: &str, form: Form) -> Result<Ticket, Error> {
        let garbage = || invalid().because("this server did not issue it");
        let bytes = match form {
            Form::SecretBlock => STANDARD.decode(text),
            Form::Session => URL_SAFE_NO_PAD.decode(text.strip_prefix(MARK).ok_or_else(garbage)?),
        };
        let bytes = bytes.map_err(|_| garbage())?;
        let (content, tag) = bytes.split_at_checked(24).ok_or_else(garbage)?;
        let (id, expires) = content.split_first_chunk::<16>().ok_or_else(garbage)?;
        let expires = expires.first_chunk::<8>().ok_or_else(garbage)?;
        hmac::verify(&self.key, &message(content, form), tag).map_err(|_| garbage())?;
        Ok(Ticket {
            id: *id,
            expires: Duration::from_millis(u64::from_be_bytes(*expires)),
        })
    }

    /// Removes and returns the state of `ticket`. A second call returns an error. If `fits` returns an error, the
    /// session stays, because the caller does not own it.
    pub(crate) fn take(
        &mut self,
        ticket: Ticket,
        now: Duration,
        fits: impl FnOnce(&T) -> Result<(), Error>,
    ) -> Result<T, Error> {
        fits(self.peek(ticket, now)?)?;
        self.live.remove(&ticket.id).map(|(_, state)| state).ok_or_else(invalid)
    }

    /// Returns the state of `ticket`.
    pub(crate) fn peek(&self, ticket: Ticket, now: Duration) -> Result<&T, Error> {
        if self.dead.contains(&ticket.id) {
            return Err(invalid().because("a function failed on it before, which ended the session"));
        }
        if ticket.expires <= now {
            return Err(Error::not_authorized(
                "Invalid session for the user, session is expired.",
            ));
        }
        self.live
            .get(&ticket.id)
            .map(|(_, state)| state)
            .ok_or_else(|| Error::not_authorized("Invalid session for the user, session can only be used once."))
    }

    /// Returns the ticket of the newest session that `wanted` accepts, for clients that send none.
    pub(crate) fn newest(&self, now: Duration, wanted: impl Fn(&T) -> bool) -> Option<Ticket> {
        let live = self.live.iter().filter(|(_, (expires, _))| *expires > now);
        let found = live.filter(|(_, (_, state))| wanted(state));
        let (id, (expires, _)) = found.max_by_key(|(_, (expires, _))| *expires)?;
        Some(Ticket {
            id: *id,
            expires: *expires,
        })
    }

    /// Marks a removed session as dead instead of used.
    pub(crate) fn bury(&mut self, ticket: Ticket) {
        if self.dead_order.len() >= MOST_DEAD
            && let Some(oldest) = self.dead_order.pop_front()
        {
            self.dead.remove(&oldest);
        }
        self.dead.insert(ticket.id);
        self.dead_order.push_back(ticket.id);
    }

    fn tag(&self, content: &[u8], form: Form) -> hmac::Tag {
        hmac::sign(&self.key, &message(content, form))
    }
}

/// Each form has its own tags, so that one form is not accepted as the other.
fn message(content: &[u8], form: Form) -> Vec<u8> {
    let form = match form {
        Form::SecretBlock => 0,
        Form::Session => 1,
    };
    [content, &[form]].concat()
}

/// The error for an invalid session.
pub(crate) fn invalid() -> Error {
    Error::not_authorized("Invalid session for the user.")
}

#[cfg(test)]
mod tests {
    use super::*;

    const VALIDITY: Duration = Duration::from_mins(3);
    const NOW: Duration = Duration::from_secs(1_000_000);

    fn take(sessions: &mut Sessions<u8>, ticket: Ticket, now: Duration) -> Result<u8, String> {
        sessions
            .take(ticket, now, |_| Ok(()))
            .map_err(|error| error.message.into_owned())
    }

    fn one() -> (Sessions<u8>, Ticket) {
        let mut sessions = Sessions::new(&Random::system()).unwrap();
        let ticket = Sessions::<u8>::ticket(&Random::system(), VALIDITY, NOW).unwrap();
        sessions.insert(ticket, 7, NOW);
        (sessions, ticket)
    }

    #[test]
    fn a_session_works_once() {
        let (mut sessions, ticket) = one();
        let text = sessions.write(ticket, Form::Session);
        assert_eq!(sessions.read(&text, Form::Session), Ok(ticket));
        assert_eq!(take(&mut sessions, ticket, NOW), Ok(7));
        let text = "Invalid session for the user, session can only be used once.";
        assert_eq!(take(&mut sessions, ticket, NOW), Err(text.into()));
    }

    #[test]
    fn a_session_expires_to_the_millisecond() {
        let (mut sessions, ticket) = one();
        let text = "Invalid session for the user, session is expired.";
        assert_eq!(take(&mut sessions, ticket, NOW + VALIDITY), Err(text.into()));
        assert_eq!(take(&mut sessions, ticket, NOW + Duration::from_millis(179_999)), Ok(7));
    }

    #[test]
    fn a_session_that_a_function_failed_on_is_dead() {
        let (mut sessions, ticket) = one();
        take(&mut sessions, ticket, NOW).unwrap();
        sessions.bury(ticket);
        assert_eq!(
            take(&mut sessions, ticket, NOW),
            Err("Invalid session for the user.".into())
        );
    }

    #[test]
    fn what_was_never_handed_out_is_garbage() {
        let (sessions, ticket) = one();
        let (other, _) = one();
        let text = sessions.write(ticket, Form::Session);
        assert!((20..=4096).contains(&text.len()));
        let mut cut = text.clone();
        cut.pop();
        let mut later = URL_SAFE_NO_PAD.decode(&text).unwrap();
        later[23] ^= 1;
        for text in [
            String::new(),
            "A".repeat(40),
            cut,
            URL_SAFE_NO_PAD.encode(later),
            other.write(ticket, Form::Session),
        ] {
            let error = sessions.read(&text, Form::Session).unwrap_err();
            assert_eq!(error.message, "Invalid session for the user.", "{text}");
        }
    }

    #[test]
    fn a_secret_block_is_no_session() {
        let (sessions, ticket) = one();
        let block = STANDARD.decode(sessions.write(ticket, Form::SecretBlock)).unwrap();
        assert!(sessions.read(&URL_SAFE_NO_PAD.encode(block), Form::Session).is_err());
        assert_eq!(
            sessions.read(&sessions.write(ticket, Form::SecretBlock), Form::SecretBlock),
            Ok(ticket)
        );
    }

    #[test]
    fn a_session_that_does_not_fit_its_bearer_stays() {
        let (mut sessions, ticket) = one();
        assert!(sessions.take(ticket, NOW, |_| Err(invalid())).is_err());
        assert_eq!(take(&mut sessions, ticket, NOW), Ok(7));
    }

    #[test]
    fn no_session_looks_like_a_flag() {
        let sessions = Sessions::<u8>::new(&Random::system()).unwrap();
        for _ in 0..1_000 {
            let ticket = Sessions::<u8>::ticket(&Random::system(), VALIDITY, NOW).unwrap();
            let session = sessions.write(ticket, Form::Session);
            assert!(!session.starts_with('-'), "{session}");
            assert_eq!(sessions.read(&session, Form::Session).unwrap(), ticket);
        }
    }

    #[test]
    fn expired_sessions_do_not_fill_the_memory() {
        let mut sessions = Sessions::new(&Random::system()).unwrap();
        for second in 0..10_000 {
            let now = NOW + Duration::from_secs(second);
            sessions.insert(
                Sessions::<u8>::ticket(&Random::system(), VALIDITY, now).unwrap(),
                0,
                now,
            );
        }
        assert!(sessions.live.len() < 2048);
    }

    #[test]
    fn live_sessions_do_not_fill_the_memory_either_and_the_newest_stay() {
        let mut sessions = Sessions::new(&Random::system()).unwrap();
        let tickets: Vec<_> = (0..MOST_LIVE + 10)
            .map(|_| {
                let ticket = Sessions::<u8>::ticket(&Random::system(), VALIDITY, NOW).unwrap();
                sessions.insert(ticket, 7, NOW);
                ticket
            })
            .collect();
        assert_eq!(sessions.live.len(), MOST_LIVE);
        assert!(take(&mut sessions, tickets[9], NOW).is_err());
        assert_eq!(take(&mut sessions, tickets[10], NOW), Ok(7));
    }

    #[test]
    fn sessions_that_were_used_do_not_fill_the_memory() {
        let mut sessions = Sessions::new(&Random::system()).unwrap();
        for _ in 0..10_000 {
            let ticket = Sessions::<u8>::ticket(&Random::system(), VALIDITY, NOW).unwrap();
            sessions.insert(ticket, 7, NOW);
            take(&mut sessions, ticket, NOW).unwrap();
        }
        assert!(sessions.order.len() < 4096);
    }
}
