//! `SELECT_CHALLENGE`: the client chooses the factor.

use serde_json::Value;

use super::Responder;
use crate::api::initiate::public_number;
use crate::api::request::parameter;
use crate::error::Error;
use crate::sign_in::act::FIRST_FACTORS;
use crate::sign_in::pending::{Pending, Waiting};
use crate::sign_in::sessions::{self, Ticket};

impl Responder<'_> {
    pub(super) async fn select_challenge(&self) -> Result<Value, Error> {
        let answer = parameter(self.responses, "ANSWER")?;
        if ["EMAIL_OTP", "SMS_OTP", "WEB_AUTHN"].contains(&answer) {
            return Err(Error::not_offered(&format!("The challenge {answer}")));
        }
        let known = FIRST_FACTORS.iter().find(|name| **name == answer);
        match known.copied().unwrap_or_default() {
            "PASSWORD" => {
                let password = parameter(self.responses, "PASSWORD")?;
                let ticket = self.ticket()?;
                let waiting = self.selected(ticket)?;
                let result = self
                    .state
                    .check_password(waiting.sign_in, password, self.metadata)
                    .await;
                self.close(ticket, result)
            }
            "PASSWORD_SRP" => {
                let client = public_number(self.responses)?;
                let waiting = self.selected(self.ticket()?)?;
                self.state.ask_password(waiting.sign_in, &client, false)
            }
            _ => Err(Error::invalid_parameter("ANSWER must be one of AvailableChallenges")),
        }
    }

    fn selected(&self, ticket: Ticket) -> Result<Waiting, Error> {
        let waiting = self.take(ticket)?;
        match waiting.pending {
            Pending::SelectChallenge => Ok(waiting),
            _ => Err(sessions::invalid()),
        }
    }
}
