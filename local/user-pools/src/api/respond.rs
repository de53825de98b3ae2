//! `RespondToAuthChallenge` and `AdminRespondToAuthChallenge`.

mod claim;
mod devices;
mod mfa;
mod select;

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use serde_json::Value;
use tokio::time::Instant;
use uuid::Uuid;

use super::initiate::client;
use super::request::{Request, parameter, password, username};
use crate::State;
use crate::challenges::{
    CUSTOM_CHALLENGE, DEVICE_PASSWORD_VERIFIER, DEVICE_SRP_AUTH, EMAIL_OTP, MFA_SETUP, NEW_PASSWORD_REQUIRED,
    PASSWORD_VERIFIER, SELECT_CHALLENGE, SELECT_MFA_TYPE, SMS_MFA, SMS_OTP, SOFTWARE_TOKEN_MFA,
};
use crate::clients::Client;
use crate::error::Error;
use crate::fields::Fields;
use crate::journal::Answered;
use crate::pools::Pool;
use crate::sign_in::act::PREFIX;
use crate::sign_in::decide;
use crate::sign_in::pending::{Pending, Subject, Waiting};
use crate::sign_in::sessions::{self, Form, Ticket};
use crate::users::User;
use crate::users::devices::unknown;
use claim::Claim;

/// The challenges that can be answered.
pub(super) const ANSWERED: [&str; 12] = [
    CUSTOM_CHALLENGE,
    DEVICE_PASSWORD_VERIFIER,
    DEVICE_SRP_AUTH,
    EMAIL_OTP,
    MFA_SETUP,
    NEW_PASSWORD_REQUIRED,
    PASSWORD_VERIFIER,
    SELECT_CHALLENGE,
    SELECT_MFA_TYPE,
    SMS_MFA,
    SMS_OTP,
    SOFTWARE_TOKEN_MFA,
];

/// Continues a sign-in.
pub(super) async fn respond(state: &State, request: &Request<'_>, admin: bool) -> Result<Value, Error> {
    let (sign_in, begun) = (OnceLock::new(), Instant::now());
    let answer = go_on(state, request, admin, &sign_in).await;
    state.journal.answered(&Answered {
        sign_in: sign_in.get().copied(),
        operation: if admin {
            "AdminRespondToAuthChallenge"
        } else {
            "RespondToAuthChallenge"
        },
        sent: request.required("ChallengeName")?,
        user: request.strings("ChallengeResponses")?.text("USERNAME")?,
        answer: answer.as_ref(),
        elapsed: begun.elapsed(),
    });
    answer
}

/// Continues the sign-in of the request's session, and sets `id` to this sign-in.
async fn go_on(state: &State, request: &Request<'_>, admin: bool, id: &OnceLock<Uuid>) -> Result<Value, Error> {
    let (pool, client) = client(state, request, admin)?;
    let challenge = request.required("ChallengeName")?;
    let session = request.text("Session")?;
    let metadata = request.client_metadata()?;
    let responses = request.strings("ChallengeResponses")?;
    if challenge == "ADMIN_NO_SRP_AUTH" {
        return Err(Error::invalid_parameter(
            "ADMIN_NO_SRP_AUTH cannot be answered with RespondToAuthChallenge",
        ));
    }
    if !ANSWERED.contains(&challenge) {
        return Err(Error::not_offered(&format!("The challenge {challenge}")));
    }
    let login = username(&responses)?;
    client.check_secret_hash(login, responses.text("SECRET_HASH")?)?;
    let responder = Responder {
        state,
        id,
        pool: &pool,
        client: &client,
        login,
        challenge,
        session,
        responses: &responses,
        metadata: &metadata,
    };
    match challenge {
        CUSTOM_CHALLENGE => responder.custom().await,
        DEVICE_PASSWORD_VERIFIER => responder.device_password_verifier().await,
        DEVICE_SRP_AUTH => responder.device_srp_auth(),
        EMAIL_OTP => responder.code("EMAIL_OTP_CODE").await,
        MFA_SETUP => responder.mfa_setup().await,
        NEW_PASSWORD_REQUIRED => responder.new_password().await,
        PASSWORD_VERIFIER => responder.password_verifier().await,
        SELECT_CHALLENGE => responder.select_challenge().await,
        SELECT_MFA_TYPE => responder.select_mfa_type().await,
        SMS_MFA => responder.code("SMS_MFA_CODE").await,
        SMS_OTP => responder.code("SMS_OTP_CODE").await,
        SOFTWARE_TOKEN_MFA => responder.software_token().await,
        _ => Err(Error::not_offered(&format!("The challenge {challenge}"))),
    }
}

/// The client that sends a session.
struct Responder<'a> {
    state: &'a State,
    /// Set as soon as the sign-in is known.
    id: &'a OnceLock<Uuid>,
    pool: &'a Arc<Pool>,
    client: &'a Arc<Client>,
    login: &'a str,
    challenge: &'a str,
    session: Option<&'a str>,
    responses: &'a Fields<'a>,
    metadata: &'a BTreeMap<String, String>,
}

impl Responder<'_> {
    async fn custom(&self) -> Result<Value, Error> {
        let answer = parameter(self.responses, "ANSWER")?;
        let ticket = self.ticket()?;
        let Waiting {
            sign_in,
            pending: Pending::Custom { private, metadata },
        } = self.take(ticket)?
        else {
            return Err(sessions::invalid());
        };
        let result = self
            .state
            .answer_custom(sign_in, private, metadata, answer, self.metadata)
            .await;
        self.close(ticket, result)
    }

    async fn password_verifier(&self) -> Result<Value, Error> {
        let claim = Claim::read(self.responses)?;
        let ticket = claim.ticket(self.state, self.session)?;
        let Waiting {
            sign_in,
            pending: Pending::Password { exchange, custom },
        } = self.take(ticket)?
        else {
            return Err(sessions::invalid());
        };
        let result = self
            .state
            .answer_password(sign_in, &exchange, custom, claim.proof()?, self.metadata)
            .await;
        self.close(ticket, result)
    }

    /// If the pool does not accept the password or an attribute, the session stays valid for another try.
    async fn new_password(&self) -> Result<Value, Error> {
        let password = password(self.responses, "NEW_PASSWORD")?;
        let attributes = self
            .responses
            .iter()
            .filter_map(|(key, value)| Some((key.strip_prefix(PREFIX)?.to_owned(), value.to_owned())))
            .collect();
        let ticket = self.ticket()?;
        let waiting = self.take(ticket)?;
        let Pending::NewPassword { custom } = waiting.pending else {
            return Err(sessions::invalid());
        };
        match self.state.set_new_password(&waiting.sign_in, password, attributes) {
            Ok(user) => {
                let result = self
                    .state
                    .after_new_password(waiting.sign_in, user, custom, self.metadata)
                    .await;
                self.close(ticket, result)
            }
            Err(error) => {
                self.give_back(ticket, waiting);
                Err(error)
            }
        }
    }

    /// Returns the session, which is required.
    fn ticket(&self) -> Result<Ticket, Error> {
        let session = self.session.ok_or_else(|| Error::missing("Session"))?;
        self.state.sessions().read(session, Form::Session)
    }

    /// Restores a session that was removed.
    fn give_back(&self, ticket: Ticket, waiting: Waiting) {
        let now = self.state.clock.now();
        self.state.sessions().insert(ticket, waiting, now);
    }

    /// Removes and returns the session, if it belongs to this client and this user and waits for this challenge.
    fn take(&self, ticket: Ticket) -> Result<Waiting, Error> {
        let user = self.state.directory.user(self.pool, self.login);
        let now = self.state.clock.now();
        let device = self.responses.text("DEVICE_KEY")?;
        let fits = |waiting: &Waiting| {
            self.fits(waiting, user.as_deref())?;
            if let (Subject::Known(_), Some(user)) = (&waiting.sign_in.subject, user.as_deref()) {
                decide::may_go_on(user)?;
            }
            match (device, &waiting.sign_in.device) {
                (Some(key), Some(known)) if key == known => Ok(()),
                (Some(key), None) if waiting.sign_in.subject.user().is_some() => {
                    let known = user.as_deref().and_then(|user| user.device(key));
                    known.map(drop).ok_or_else(unknown)
                }
                (Some(_), _) => Err(unknown()),
                (None, _) => Ok(()),
            }
        };
        let mut waiting = self.state.sessions().take(ticket, now, fits)?;
        self.id.get_or_init(|| waiting.sign_in.id);
        // The pool and the client may have changed too.
        waiting.sign_in.pool = Arc::clone(self.pool);
        waiting.sign_in.client = Arc::clone(self.client);
        // INVARIANT: a device that was named is never exchanged for another, because it may replace a factor.
        if waiting.sign_in.device.is_none() {
            waiting.sign_in.device = device.map(str::to_owned);
        }
        // The current user: attributes may have changed since the challenge was asked.
        if let (Subject::Known(known), Some(user)) = (&mut waiting.sign_in.subject, user) {
            *known = user;
        }
        Ok(waiting)
    }

    /// Whether the session belongs to this client and this user and waits for this challenge.
    fn fits(&self, waiting: &Waiting, user: Option<&User>) -> Result<(), Error> {
        let sign_in = &waiting.sign_in;
        let refuse = |why: &'static str| Err(sessions::invalid().because(why));
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

    /// After an error of a function, the session is dead. The client gets another error text than for a used session.
    fn close(&self, ticket: Ticket, result: Result<Value, Error>) -> Result<Value, Error> {
        if let Err(error) = &result
            && error.name.contains("Lambda")
        {
            self.state.sessions().bury(ticket);
        }
        result
    }
}
