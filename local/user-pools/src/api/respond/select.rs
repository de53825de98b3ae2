//! `SELECT_CHALLENGE`: the client chooses the factor.

use serde_json::Value;

use super::Responder;
use crate::api::initiate::public_number;
use crate::api::request::parameter;
use crate::challenges::WEB_AUTHN;
use crate::error::Error;
use crate::sign_in::decide::first_factor::{self, FirstFactor};
use crate::sign_in::pending::{Pending, Waiting};
use crate::sign_in::sessions::{self, Ticket};

impl Responder<'_> {
    pub(super) async fn select_challenge(&self) -> Result<Value, Error> {
        let answer = parameter(self.responses, "ANSWER")?;
        if answer == WEB_AUTHN {
            return Err(Error::not_offered("The challenge WEB_AUTHN"));
        }
        let factor = FirstFactor::parse(answer).ok_or_else(not_available)?;
        // An incomplete answer does not use up the session.
        let (password, public_number) = match factor {
            FirstFactor::Code(_) => (None, None),
            FirstFactor::Password => (Some(parameter(self.responses, "PASSWORD")?), None),
            FirstFactor::PasswordSrp => (None, Some(public_number(self.responses)?)),
        };
        let ticket = self.ticket()?;
        let waiting = self.selected(ticket)?;
        let sign_in = &waiting.sign_in;
        if !first_factor::offered(&sign_in.pool, sign_in.subject.user()).contains(&factor) {
            self.give_back(ticket, waiting);
            return Err(not_available());
        }
        let (state, sign_in) = (self.state, waiting.sign_in);
        let result = match (factor, password, &public_number) {
            (FirstFactor::Code(medium), ..) => state.ask_first_code(sign_in, medium, self.metadata).await,
            (_, Some(password), _) => state.check_password(sign_in, password, self.metadata).await,
            (_, _, Some(public_number)) => state.ask_password(sign_in, public_number, false),
            _ => Err(sessions::invalid()),
        };
        self.close(ticket, result)
    }

    fn selected(&self, ticket: Ticket) -> Result<Waiting, Error> {
        let waiting = self.take(ticket)?;
        match waiting.pending {
            Pending::SelectChallenge => Ok(waiting),
            _ => Err(sessions::invalid()),
        }
    }
}

fn not_available() -> Error {
    Error::invalid_parameter("ANSWER must be one of AvailableChallenges")
}
