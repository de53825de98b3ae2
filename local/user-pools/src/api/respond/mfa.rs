//! Answers to challenges about second factors.

use serde_json::Value;

use super::Responder;
use crate::api::request::parameter;
use crate::challenges::EMAIL_OTP;
use crate::error::Error;
use crate::pools::mfa::Factor;
use crate::sign_in::act::{AskFactor, MOST_WRONG};
use crate::sign_in::decide::mfa::{show_code, show_set_up};
use crate::sign_in::pending::{Pending, SetUp, Waiting};
use crate::sign_in::sessions;

impl Responder<'_> {
    /// A wrong code keeps the session valid, for a limited number of times.
    pub(super) async fn software_token(&self) -> Result<Value, Error> {
        let code = parameter(self.responses, "SOFTWARE_TOKEN_MFA_CODE")?;
        let ticket = self.ticket()?;
        let Waiting {
            sign_in,
            pending: Pending::SoftwareToken { wrong, custom },
        } = self.take(ticket)?
        else {
            return Err(sessions::invalid());
        };
        match self.state.spend_code(&sign_in, code) {
            Ok(shown) => {
                let result = self
                    .state
                    .after_second_factor(sign_in, Factor::SoftwareToken, shown, custom, self.metadata)
                    .await;
                self.close(ticket, result)
            }
            Err(error) => {
                let wrong = wrong + 1;
                if wrong < MOST_WRONG {
                    let pending = Pending::SoftwareToken { wrong, custom };
                    self.give_back(ticket, Waiting { sign_in, pending });
                }
                Err(error)
            }
        }
    }

    /// Checks a code that was sent. The answer has it under `key`.
    pub(super) async fn code(&self, key: &str) -> Result<Value, Error> {
        let given = parameter(self.responses, key)?;
        let ticket = self.ticket()?;
        let Waiting { sign_in, mut pending } = self.take(ticket)?;
        let (Pending::Code { code, wrong, .. } | Pending::FirstCode { code, wrong, .. }) = &mut pending else {
            return Err(sessions::invalid());
        };
        let exists = sign_in.subject.user().is_some();
        let checked = self.state.guard_code(&sign_in, || show_code(code, given, exists));
        let shown = match checked {
            Ok(shown) => shown,
            Err(error) => {
                *wrong += 1;
                if *wrong < MOST_WRONG {
                    self.give_back(ticket, Waiting { sign_in, pending });
                }
                return Err(error);
            }
        };
        let result = match pending {
            Pending::Code { factor, custom, .. } => {
                let after = self
                    .state
                    .after_second_factor(sign_in, factor, shown, custom, self.metadata);
                after.await
            }
            Pending::FirstCode { medium, .. } => {
                let after = self.state.after_first_code(sign_in, medium, shown, self.metadata);
                after.await
            }
            _ => Err(sessions::invalid()),
        };
        self.close(ticket, result)
    }

    pub(super) async fn select_mfa_type(&self) -> Result<Value, Error> {
        let answer = parameter(self.responses, "ANSWER")?;
        let ticket = self.ticket()?;
        let waiting = self.take(ticket)?;
        let Pending::SelectFactor { factors, custom } = &waiting.pending else {
            return Err(sessions::invalid());
        };
        // Older documents call the e-mail factor by this name.
        let answer = if answer == "EMAIL_MFA" { EMAIL_OTP } else { answer };
        if let Some(factor) = Factor::parse(answer).filter(|factor| factors.contains(factor)) {
            let asks = AskFactor {
                factor,
                custom: *custom,
                direct: false,
            };
            let result = self.state.ask_factor(waiting.sign_in, asks, self.metadata).await;
            return self.close(ticket, result);
        }
        self.give_back(ticket, waiting);
        Err(Error::invalid_parameter("ANSWER must be one of MFAS_CAN_CHOOSE"))
    }

    pub(super) async fn mfa_setup(&self) -> Result<Value, Error> {
        let ticket = self.ticket()?;
        let waiting = self.take(ticket)?;
        let Pending::SetUp { progress, custom } = &waiting.pending else {
            return Err(sessions::invalid());
        };
        match show_set_up(matches!(progress, SetUp::Done)) {
            Ok(shown) => {
                let (sign_in, custom) = (waiting.sign_in, *custom);
                let result = self
                    .state
                    .after_second_factor(sign_in, Factor::SoftwareToken, shown, custom, self.metadata)
                    .await;
                self.close(ticket, result)
            }
            Err(error) => {
                self.give_back(ticket, waiting);
                Err(error)
            }
        }
    }
}
