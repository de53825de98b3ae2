//! Asks for the proof of a device.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::State;
use crate::challenges::{DEVICE_PASSWORD_VERIFIER, DEVICE_SRP_AUTH};
use crate::error::Error;
use crate::sign_in::decide;
use crate::sign_in::pending::{Pending, SignIn};
use crate::sign_in::sessions::Form;
use crate::srp::{Exchange, Identity, Proof, PublicNumber};
use crate::triggers::source::TokenSource;
use crate::users::devices::{Device, group_key, unknown};

impl State {
    /// Asks for the proof of the device that the client names.
    pub(super) fn ask_device(&self, sign_in: SignIn) -> Result<Value, Error> {
        let parameters = json!({"USERNAME": sign_in.subject.name(), "DEVICE_KEY": device(&sign_in)?.key});
        self.ask(sign_in, DEVICE_SRP_AUTH, &parameters, Pending::Device)
    }

    /// Answers the client's public number with the server's.
    pub(crate) fn ask_device_proof(&self, sign_in: SignIn, client: &PublicNumber) -> Result<Value, Error> {
        let device = device(&sign_in)?;
        let exchange = Box::new(Exchange::new(client, device.verifier.clone(), self.random.bytes()?));
        let mut parameters = json!({
            "USERNAME": sign_in.subject.name(),
            "DEVICE_KEY": device.key,
            "SALT": exchange.salt(),
            "SRP_B": exchange.srp_b(),
        });
        let ticket = self.remember(sign_in, Pending::DeviceProof { exchange })?;
        let sessions = self.sessions();
        if let Some(parameters) = parameters.as_object_mut() {
            let block = sessions.write(ticket, Form::SecretBlock);
            parameters.insert("SECRET_BLOCK".to_owned(), block.into());
        }
        let session = sessions.write(ticket, Form::Session);
        Ok(json!({"ChallengeName": DEVICE_PASSWORD_VERIFIER, "ChallengeParameters": parameters, "Session": session}))
    }

    /// Ends a sign-in with the proof of its device.
    pub(crate) async fn answer_device_proof(
        &self,
        mut sign_in: SignIn,
        exchange: &Exchange,
        proof: Proof<'_>,
        client_metadata: &BTreeMap<String, String>,
    ) -> Result<Value, Error> {
        let key = device(&sign_in)?.key.clone();
        let group = group_key(&sign_in.pool.id);
        let identity = Identity {
            pool: &group,
            user: &key,
        };
        let granted = decide::after_device(exchange.accepts(identity, proof))?;
        let now = self.clock.now();
        self.update_subject(&sign_in, |user| {
            let device = user.devices.iter_mut().find(|device| device.key == key);
            device.ok_or_else(unknown)?.authenticated = now;
            Ok(())
        })?;
        // If a password was chosen just before, the tokens keep that source.
        if sign_in.token_source == TokenSource::Authentication {
            sign_in.token_source = TokenSource::Device;
        }
        self.issue_tokens(&sign_in, granted, client_metadata).await
    }
}

/// Returns the device that the client names, if the user has it.
fn device(sign_in: &SignIn) -> Result<&Device, Error> {
    let user = sign_in.subject.user().ok_or_else(unknown)?;
    let key = sign_in.device.as_deref().ok_or_else(unknown)?;
    user.device(key).ok_or_else(unknown)
}
