//! `RespondToAuthChallenge` and `AdminRespondToAuthChallenge`.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jiff::civil::DateTime;
use serde_json::Value;

use super::initiate::client;
use super::request::{ANY, Request, SESSION, parameter, username};
use crate::cognito::State;
use crate::cognito::clients::Client;
use crate::cognito::error::Error;
use crate::cognito::fields::Fields;
use crate::cognito::pools::Pool;
use crate::cognito::session::{self, Form, Ticket};
use crate::cognito::sign_in::{CUSTOM_CHALLENGE, PASSWORD_VERIFIER, is_not_offered};
use crate::cognito::srp::Proof;
use crate::cognito::users::User;
use crate::cognito::waiting::{Pending, Subject, Waiting};

/// How clients write the time, such as `Sat Sep 5 01:02:03 UTC 2026`.
const TIMESTAMP: &str = "%a %b %-d %H:%M:%S UTC %Y";

/// Goes on with a sign-in.
pub(super) async fn respond(state: &State, mut request: Request<'_>, admin: bool) -> Result<Value, Error> {
    let (pool, client) = client(state, &mut request, admin)?;
    let challenge = request.required("ChallengeName", &ANY)?;
    let session = request.text("Session", &SESSION)?;
    request.check()?;
    let metadata = request.client_metadata()?;
    let responses = request.strings("ChallengeResponses")?;
    match challenge {
        CUSTOM_CHALLENGE | PASSWORD_VERIFIER => {}
        "ADMIN_NO_SRP_AUTH" => {
            return Err(Error::invalid_parameter(
                "ADMIN_NO_SRP_AUTH cannot be answered with RespondToAuthChallenge",
            ));
        }
        _ if is_not_offered(challenge) => return Err(Error::not_offered(&format!("The challenge {challenge}"))),
        _ => {
            request.not_one_of("ChallengeName", &[CUSTOM_CHALLENGE, PASSWORD_VERIFIER]);
            request.check()?;
        }
    }
    let login = username(&responses)?;
    client.check_secret_hash(login, responses.text("SECRET_HASH")?)?;
    let bearer = Bearer {
        state,
        pool: &pool,
        client: &client,
        login,
        challenge,
    };
    if challenge == CUSTOM_CHALLENGE {
        let answer = parameter(&responses, "ANSWER")?;
        let session = session.ok_or_else(|| Error::missing("Session"))?;
        let ticket = state.sessions().read(session, Form::Session)?;
        let waiting = bearer.take(ticket)?;
        let Waiting {
            sign_in,
            pending: Pending::Custom {
                private,
                metadata: mark,
            },
        } = waiting
        else {
            return Err(session::invalid());
        };
        let result = state.answer_custom(sign_in, private, mark, answer, &metadata).await;
        return bearer.close(ticket, result);
    }
    let claim = Claim::read(&responses)?;
    let ticket = claim.ticket(state, session)?;
    let waiting = bearer.take(ticket)?;
    let Waiting {
        sign_in,
        pending: Pending::Password { exchange, custom },
    } = waiting
    else {
        return Err(session::invalid());
    };
    if !is_timestamp(claim.timestamp) {
        return Err(Error::incorrect().because(
            "`TIMESTAMP` is not of the form `Sat Sep 5 01:02:03 UTC 2026` (day without a leading zero, right weekday)",
        ));
    }
    let result = state
        .answer_password(sign_in, &exchange, custom, claim.proof(), &metadata)
        .await;
    bearer.close(ticket, result)
}

/// Whoever shows a session.
struct Bearer<'a> {
    state: &'a State,
    pool: &'a Pool,
    client: &'a Client,
    login: &'a str,
    challenge: &'a str,
}

impl Bearer<'_> {
    /// Takes the session, if it is this client's, this user's and waits for this challenge.
    fn take(&self, ticket: Ticket) -> Result<Waiting, Error> {
        let user = self.state.store.user(self.pool, self.login);
        let now = self.state.clock.now();
        let fits = |waiting: &Waiting| self.fits(waiting, user.as_deref());
        let mut waiting = self.state.sessions().take(ticket, now, fits)?;
        // The user as of now: attributes may have changed since the challenge was asked.
        if let (Subject::Known(known), Some(user)) = (&mut waiting.sign_in.subject, user) {
            *known = user;
        }
        Ok(waiting)
    }

    fn fits(&self, waiting: &Waiting, user: Option<&User>) -> Result<(), Error> {
        let sign_in = &waiting.sign_in;
        let refuse = |why: &'static str| Err(session::invalid().because(why));
        if sign_in.client.id != self.client.id {
            return refuse("the session belongs to another client");
        }
        if waiting.pending.challenge_name() != self.challenge {
            return refuse("the session waits for another challenge");
        }
        let same = match &sign_in.subject {
            Subject::Known(known) => user.is_some_and(|user| user.name == known.name && user.sub == known.sub),
            Subject::Unknown(name) => {
                let login = self.pool.fold(self.login);
                login == self.pool.fold(name) || login == self.pool.fold(&sign_in.login)
            }
        };
        if same {
            Ok(())
        } else {
            refuse("the session belongs to another user")
        }
    }

    /// After an error of a function the session is dead, which a client is told in other words than that it is used.
    fn close(&self, ticket: Ticket, result: Result<Value, Error>) -> Result<Value, Error> {
        if let Err(error) = &result
            && error.name.contains("Lambda")
        {
            self.state.sessions().bury(ticket);
        }
        result
    }
}

/// What a client sends to prove that it knows the password.
struct Claim<'a> {
    block: &'a str,
    block_bytes: Vec<u8>,
    signature: &'a str,
    timestamp: &'a str,
}

impl<'a> Claim<'a> {
    fn read(responses: &Fields<'a>) -> Result<Self, Error> {
        let signature = parameter(responses, "PASSWORD_CLAIM_SIGNATURE")?;
        let block = parameter(responses, "PASSWORD_CLAIM_SECRET_BLOCK")?;
        let timestamp = parameter(responses, "TIMESTAMP")?;
        let block_bytes = STANDARD.decode(block).map_err(|_| {
            Error::incorrect().because("`PASSWORD_CLAIM_SECRET_BLOCK` is not the SECRET_BLOCK that was handed out")
        })?;
        Ok(Self {
            block,
            block_bytes,
            signature,
            timestamp,
        })
    }

    /// The session, if the client sends one, and the secret block in any case have to be of the same challenge. Some
    /// clients send the block only.
    fn ticket(&self, state: &State, session: Option<&str>) -> Result<Ticket, Error> {
        let sessions = state.sessions();
        let session = session
            .map(|session| sessions.read(session, Form::Session))
            .transpose()?;
        let block = sessions.read(self.block, Form::SecretBlock).map_err(|_| {
            Error::incorrect().because("`PASSWORD_CLAIM_SECRET_BLOCK` is not the SECRET_BLOCK that was handed out")
        })?;
        if session.is_some_and(|session| session != block) {
            return Err(session::invalid().because("the session and the secret block are of two challenges"));
        }
        Ok(block)
    }

    fn proof(&self) -> Proof<'_> {
        Proof {
            secret_block: &self.block_bytes,
            timestamp: self.timestamp,
            signature: self.signature,
        }
    }
}

/// Cognito takes one spelling of the time only, but how far off a clock may be is not known.
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
