//! Second factors: asks for one, checks it, and sets one up.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Map, Value, json};

use crate::State;
use crate::challenges::{MFA_SETUP, Round, SELECT_MFA_TYPE};
use crate::error::Error;
use crate::mail::Medium;
use crate::pools::mfa::Factor;
use crate::sending::Parcel;
use crate::sign_in::decide;
use crate::sign_in::decide::mfa::{self, Owed, Shown};
use crate::sign_in::pending::{Pending, SetUp, SignIn, Subject};
use crate::sign_in::sessions::{self, Form};
use crate::totp::Secret;
use crate::triggers::source::MessageSource;
use crate::users::User;
use crate::users::mfa::Token;

/// The number of wrong codes that end a session.
pub(crate) const MOST_WRONG: u8 = 10;

/// A factor to ask for.
#[derive(Clone, Copy)]
pub(crate) struct AskFactor {
    pub(crate) factor: Factor,
    /// Whether the functions decide afterwards.
    pub(crate) custom: bool,
    /// Whether the client did not choose it just before.
    pub(crate) direct: bool,
}

impl State {
    /// Asks for the second factor that the user must show.
    pub(super) async fn ask_second_factor(
        &self,
        sign_in: SignIn,
        owed: &Owed,
        custom: bool,
        client_metadata: &BTreeMap<String, String>,
    ) -> Result<Value, Error> {
        let name = sign_in.subject.name().to_owned();
        let list = |names: &[&str]| json!(names).to_string();
        match owed {
            Owed::Choice(factors) => {
                let names: Vec<&str> = factors.iter().map(|factor| factor.name()).collect();
                let parameters = json!({"MFAS_CAN_CHOOSE": list(&names), "USER_ID_FOR_SRP": name});
                let factors = factors.clone();
                self.ask(
                    sign_in,
                    SELECT_MFA_TYPE,
                    &parameters,
                    Pending::SelectFactor { factors, custom },
                )
            }
            Owed::Factor(factor) => {
                let asks = AskFactor {
                    factor: *factor,
                    custom,
                    direct: true,
                };
                self.ask_factor(sign_in, asks, client_metadata).await
            }
            Owed::SetUp => {
                let names = [Factor::SoftwareToken.name()];
                let parameters = json!({"MFAS_CAN_SETUP": list(&names), "USER_ID_FOR_SRP": name});
                let progress = SetUp::Asked;
                self.ask(sign_in, MFA_SETUP, &parameters, Pending::SetUp { progress, custom })
            }
        }
    }

    /// Asks for one factor.
    pub(crate) async fn ask_factor(
        &self,
        sign_in: SignIn,
        asks: AskFactor,
        client_metadata: &BTreeMap<String, String>,
    ) -> Result<Value, Error> {
        let AskFactor { factor, custom, direct } = asks;
        match factor {
            Factor::Email | Factor::Sms => {
                let medium = factor.medium().ok_or_else(sessions::invalid)?;
                let (code, destination) = self.send_code(&sign_in, medium, factor.name(), client_metadata).await?;
                let mut parameters = json!({
                    "CODE_DELIVERY_DELIVERY_MEDIUM": medium.name(),
                    "CODE_DELIVERY_DESTINATION": destination,
                });
                if let Some(parameters) = parameters.as_object_mut().filter(|_| direct) {
                    parameters.insert("USER_ID_FOR_SRP".to_owned(), sign_in.subject.name().into());
                }
                let pending = Pending::Code {
                    factor,
                    code,
                    wrong: 0,
                    custom,
                };
                self.ask(sign_in, factor.name(), &parameters, pending)
            }
            Factor::SoftwareToken => {
                let user = sign_in.subject.user().ok_or_else(Error::incorrect)?;
                let mut parameters = Map::new();
                if let Some(name) = user.mfa.token.as_ref().and_then(|token| token.name.as_deref()) {
                    parameters.insert("FRIENDLY_DEVICE_NAME".to_owned(), name.into());
                }
                if direct {
                    parameters.insert("USER_ID_FOR_SRP".to_owned(), user.name.as_str().into());
                }
                let pending = Pending::SoftwareToken { wrong: 0, custom };
                self.ask(sign_in, factor.name(), &parameters.into(), pending)
            }
        }
    }

    /// Sends a new code. Returns it and its masked destination.
    pub(super) async fn send_code(
        &self,
        sign_in: &SignIn,
        medium: Medium,
        purpose: &'static str,
        client_metadata: &BTreeMap<String, String>,
    ) -> Result<(String, String), Error> {
        let user = sign_in.subject.user().ok_or_else(Error::incorrect)?;
        let address = user.attributes.get(medium.attribute()).ok_or_else(Error::incorrect)?;
        let code = self.random.code()?;
        self.send(Parcel {
            medium,
            address: address.clone(),
            purpose,
            source: MessageSource::Authentication,
            code: code.clone(),
            context: self.context_in(sign_in, client_metadata),
        })
        .await?;
        Ok((code, medium.masked(address)))
    }

    /// Returns the reply to a client that must answer a challenge.
    pub(super) fn ask(
        &self,
        sign_in: SignIn,
        name: &str,
        parameters: &Value,
        pending: Pending,
    ) -> Result<Value, Error> {
        let ticket = self.remember(sign_in, pending)?;
        let session = self.sessions().write(ticket, Form::Session);
        Ok(json!({"ChallengeName": name, "ChallengeParameters": parameters, "Session": session}))
    }

    /// Uses a code of the user's authenticator app, which is then no longer valid.
    pub(crate) fn spend_code(&self, sign_in: &SignIn, code: &str) -> Result<Shown, Error> {
        let now = self.clock.now();
        self.guard_code(sign_in, || {
            let mut shown = None;
            self.update_subject(sign_in, |user| {
                shown = Some(mfa::show_token(&mut user.mfa, code, now)?);
                Ok(())
            })?;
            shown.ok_or_else(sessions::invalid)
        })
    }

    /// Stores the user's authenticator app after it has shown a right code for `secret`.
    pub(crate) fn set_up_token(
        &self,
        sign_in: &SignIn,
        secret: &Secret,
        code: &str,
        name: Option<&str>,
    ) -> Result<Arc<User>, Error> {
        let step = secret.step(code, self.clock.now()).ok_or_else(wrong_set_up_code)?;
        self.update_subject(sign_in, |user| {
            // An attacker that knows only the password must not replace an app that the user has set up in the
            // meantime.
            if user.mfa.token.is_some() {
                return Err(sessions::invalid().because("the user has set up an authenticator app in another sign-in"));
            }
            user.mfa.token = Some(Token::new(secret.clone(), name.map(str::to_owned), step));
            user.mfa.enabled.insert(Factor::SoftwareToken);
            user.mfa.preferred.get_or_insert(Factor::SoftwareToken);
            Ok(())
        })
    }

    /// Continues after a second factor.
    pub(crate) async fn after_second_factor(
        &self,
        mut sign_in: SignIn,
        factor: Factor,
        shown: Shown,
        custom: bool,
        client_metadata: &BTreeMap<String, String>,
    ) -> Result<Value, Error> {
        if custom {
            let name = factor.name();
            self.journal.warn(&format!(
                "{name} inside CUSTOM_AUTH has been answered: whether Cognito asks the define function after it is \
                 not certain; it is asked, and sees {name}"
            ));
            sign_in.history.push(Round {
                challenge: name,
                result: true,
                metadata: None,
            });
        }
        let next = decide::after_second_factor(shown, sign_in.stage(custom));
        self.after_password(sign_in, next, custom, client_metadata).await
    }

    /// Changes the user that signs in, unless the user was replaced.
    pub(crate) fn update_subject(
        &self,
        sign_in: &SignIn,
        change: impl FnOnce(&mut User) -> Result<(), Error>,
    ) -> Result<Arc<User>, Error> {
        let Subject::Known(known) = &sign_in.subject else {
            return Err(Error::incorrect());
        };
        self.directory.update_user(&sign_in.pool, &known.name, |user| {
            if user.sub != known.sub {
                return Err(sessions::invalid().because("the user has been deleted in the meantime"));
            }
            change(user)
        })
    }
}

/// The error of a wrong code during the setup of an authenticator app.
pub(crate) fn wrong_set_up_code() -> Error {
    Error::new("EnableSoftwareTokenMFAException", "Code mismatch")
}
