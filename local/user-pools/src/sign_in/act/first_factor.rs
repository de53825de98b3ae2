//! `USER_AUTH`: the user chooses how to sign in, with a password or with a code in a message.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::State;
use crate::challenges::{Round, SELECT_CHALLENGE};
use crate::error::Error;
use crate::mail::Medium;
use crate::sign_in::decide::first_factor::{self, FirstFactor};
use crate::sign_in::decide::mfa::Shown;
use crate::sign_in::pending::{Pending, SignIn};

impl State {
    /// Asks the client to choose a factor.
    pub(crate) fn ask_choice(&self, sign_in: SignIn) -> Result<Value, Error> {
        let offered = first_factor::offered(&sign_in.pool, sign_in.subject.user());
        let names: Vec<&str> = offered.into_iter().map(FirstFactor::name).collect();
        let mut reply = self.ask(sign_in, SELECT_CHALLENGE, &json!({}), Pending::SelectChallenge)?;
        if let Some(reply) = reply.as_object_mut() {
            reply.insert("AvailableChallenges".to_owned(), json!(names));
        }
        Ok(reply)
    }

    /// Sends a code for signing in. For a nonexistent user, it only pretends to.
    pub(crate) async fn ask_first_code(
        &self,
        sign_in: SignIn,
        medium: Medium,
        client_metadata: &BTreeMap<String, String>,
    ) -> Result<Value, Error> {
        let purpose = FirstFactor::Code(medium).name();
        let (code, destination) = if sign_in.subject.user().is_some() {
            self.send_code(&sign_in, medium, purpose, client_metadata).await?
        } else {
            (
                self.random.code()?,
                self.decoys.destination(&sign_in.pool, &sign_in.login, medium),
            )
        };
        let parameters = json!({
            "CODE_DELIVERY_DELIVERY_MEDIUM": medium.name(),
            "CODE_DELIVERY_DESTINATION": destination,
        });
        let pending = Pending::FirstCode { medium, code, wrong: 0 };
        self.ask(sign_in, purpose, &parameters, pending)
    }

    /// Continues after the answer to a code for signing in.
    pub(crate) async fn after_first_code(
        &self,
        mut sign_in: SignIn,
        medium: Medium,
        shown: Shown,
        client_metadata: &BTreeMap<String, String>,
    ) -> Result<Value, Error> {
        let next = first_factor::after_code(shown, sign_in.subject.user(), sign_in.stage(false));
        sign_in.history.push(Round {
            challenge: FirstFactor::Code(medium).name(),
            result: true,
            metadata: None,
        });
        self.after_password(sign_in, next, false, client_metadata).await
    }
}
