//! The proof of a device.

use serde_json::Value;

use super::Responder;
use super::claim::Claim;
use crate::api::initiate::public_number;
use crate::api::request::parameter;
use crate::error::Error;
use crate::sign_in::pending::{Pending, Waiting};
use crate::sign_in::sessions::{self, Ticket};

impl Responder<'_> {
    pub(super) fn device_srp_auth(&self) -> Result<Value, Error> {
        let key = parameter(self.responses, "DEVICE_KEY")?;
        let client = public_number(self.responses)?;
        let ticket = self.device_ticket(key)?;
        let waiting = self.take(ticket)?;
        let Pending::Device = waiting.pending else {
            return Err(sessions::invalid());
        };
        self.state.ask_device_proof(waiting.sign_in, &client)
    }

    /// Returns the session. Some clients send none. Then it is the newest sign-in of this user with this device. The
    /// proof that follows requires the device's secret anyway.
    fn device_ticket(&self, key: &str) -> Result<Ticket, Error> {
        if self.session.is_some() {
            return self.ticket();
        }
        let user = self.state.directory.user(self.pool, self.login);
        let now = self.state.clock.now();
        let wanted = |waiting: &Waiting| {
            waiting.sign_in.device.as_deref() == Some(key) && self.fits(waiting, user.as_deref()).is_ok()
        };
        let found = self.state.sessions().newest(now, wanted);
        found.ok_or_else(|| sessions::invalid().because("no sign-in waits for this device"))
    }

    pub(super) async fn device_password_verifier(&self) -> Result<Value, Error> {
        parameter(self.responses, "DEVICE_KEY")?;
        let claim = Claim::read(self.responses)?;
        let ticket = claim.ticket(self.state, self.session)?;
        let Waiting {
            sign_in,
            pending: Pending::DeviceProof { exchange },
        } = self.take(ticket)?
        else {
            return Err(sessions::invalid());
        };
        let result = self
            .state
            .answer_device_proof(sign_in, &exchange, claim.proof()?, self.metadata)
            .await;
        self.close(ticket, result)
    }
}
