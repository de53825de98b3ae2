//! The proof that a client knows a password or a device's secret.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jiff::civil::DateTime;

use crate::State;
use crate::api::request::parameter;
use crate::error::Error;
use crate::fields::Fields;
use crate::sign_in::sessions::{self, Form, Ticket};
use crate::srp::Proof;

/// The format of the time, such as `Sat Sep 5 01:02:03 UTC 2026`.
const TIMESTAMP: &str = "%a %b %-d %H:%M:%S UTC %Y";

/// The client's proof that it knows the password.
pub(super) struct Claim<'a> {
    block: &'a str,
    block_bytes: Vec<u8>,
    signature: &'a str,
    timestamp: &'a str,
}

impl<'a> Claim<'a> {
    /// Reads the answer to a password challenge.
    pub(super) fn read(responses: &Fields<'a>) -> Result<Self, Error> {
        let signature = parameter(responses, "PASSWORD_CLAIM_SIGNATURE")?;
        let block = parameter(responses, "PASSWORD_CLAIM_SECRET_BLOCK")?;
        let timestamp = parameter(responses, "TIMESTAMP")?;
        let block_bytes = STANDARD.decode(block).map_err(|_| {
            Error::incorrect().because("`PASSWORD_CLAIM_SECRET_BLOCK` is not the SECRET_BLOCK that was issued")
        })?;
        Ok(Self {
            block,
            block_bytes,
            signature,
            timestamp,
        })
    }

    /// Returns the session. The secret block, and the session if the client sends it, must belong to the same
    /// challenge. Some clients send only the block.
    pub(super) fn ticket(&self, state: &State, session: Option<&str>) -> Result<Ticket, Error> {
        let sessions = state.sessions();
        let session = session
            .map(|session| sessions.read(session, Form::Session))
            .transpose()?;
        let block = sessions.read(self.block, Form::SecretBlock).map_err(|_| {
            Error::incorrect().because("`PASSWORD_CLAIM_SECRET_BLOCK` is not the SECRET_BLOCK that was issued")
        })?;
        if session.is_some_and(|session| session != block) {
            return Err(sessions::invalid().because("the session and the secret block belong to two challenges"));
        }
        Ok(block)
    }

    /// Returns the proof. Its time has one format.
    pub(super) fn proof(&self) -> Result<Proof<'_>, Error> {
        if !is_timestamp(self.timestamp) {
            return Err(Error::incorrect().because(
                "`TIMESTAMP` is not of the form `Sat Sep 5 01:02:03 UTC 2026` (day without a leading zero, right \
                 weekday)",
            ));
        }
        Ok(Proof {
            secret_block: &self.block_bytes,
            timestamp: self.timestamp,
            signature: self.signature,
        })
    }
}

/// Cognito accepts only one format of the time. The clock skew that it allows is not known.
fn is_timestamp(text: &str) -> bool {
    let parsed = DateTime::strptime(TIMESTAMP, text);
    parsed.is_ok_and(|time| time.strftime(TIMESTAMP).to_string() == text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_has_one_spelling() {
        assert!(is_timestamp("Sat Sep 5 01:02:03 UTC 2026"));
        assert!(is_timestamp("Tue Sep 15 23:59:59 UTC 2026"));
        for wrong in [
            "",
            "Sat Sep 05 01:02:03 UTC 2026",
            "Sun Sep 5 01:02:03 UTC 2026",
            "sat sep 5 01:02:03 UTC 2026",
            "Sat Sep 5 1:02:03 UTC 2026",
            "Sat Sep 5 01:02:03 GMT 2026",
            "sáb sep 5 01:02:03 UTC 2026",
            "2026-09-05T01:02:03Z",
        ] {
            assert!(!is_timestamp(wrong), "{wrong}");
        }
    }
}
