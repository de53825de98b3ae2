//! `InitiateAuth` and `AdminInitiateAuth`.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value;
use tokio::time::Instant;
use uuid::Uuid;

use super::refresh::{RefreshRequest, refresh};
use super::request::{Request, parameter, username};
use crate::State;
use crate::challenges::{CUSTOM_CHALLENGE, EMAIL_OTP, PASSWORD, PASSWORD_SRP, Round, SMS_OTP, SRP_A, WEB_AUTHN};
use crate::clients::{Client, Flow};
use crate::error::Error;
use crate::fields::Fields;
use crate::journal::Answered;
use crate::mail::Medium;
use crate::pools::Pool;
use crate::sign_in::decide;
use crate::sign_in::decide::first_factor::{self, FirstFactor};
use crate::sign_in::pending::{Asked, SignIn, Subject};
use crate::srp::PublicNumber;
use crate::triggers::optional::Migration;
use crate::triggers::source::TokenSource;
use crate::users::devices;

/// Starts a sign-in.
pub(super) async fn initiate_auth(state: &State, request: &Request<'_>, admin: bool) -> Result<Value, Error> {
    let (id, begun) = (state.random.uuid()?, Instant::now());
    let answer = start(state, request, admin, id).await;
    state.journal.answered(&Answered {
        sign_in: Some(id),
        operation: if admin { "AdminInitiateAuth" } else { "InitiateAuth" },
        sent: request.required("AuthFlow")?,
        user: request.strings("AuthParameters")?.text("USERNAME")?,
        answer: answer.as_ref(),
        elapsed: begun.elapsed(),
    });
    answer
}

async fn start(state: &State, request: &Request<'_>, admin: bool, id: Uuid) -> Result<Value, Error> {
    let (pool, client) = client(state, request, admin)?;
    let flow = request.required("AuthFlow")?;
    let flow = Flow::parse(flow).ok_or_else(|| Error::not_offered(flow))?;
    // The three functions do not receive it. Only the functions before a sign-in do.
    let metadata = request.client_metadata()?;
    match (flow, admin) {
        (Flow::AdminUserPassword, false) | (Flow::UserPassword, true) => {
            let other = if admin { "InitiateAuth" } else { "AdminInitiateAuth" };
            return Err(Error::invalid_parameter("Initiate Auth method not supported.")
                .because(format!("{} is for {other}", flow.name())));
        }
        _ => {}
    }
    client.flows.check(flow, admin)?;
    let parameters = request.strings("AuthParameters")?;
    if flow == Flow::RefreshToken {
        if client.rotation.is_some() {
            return Err(
                Error::invalid_parameter("REFRESH_TOKEN_AUTH flow not enabled for this client").because(
                    "the client's `RefreshTokenRotation` is ENABLED: tokens are renewed with GetTokensFromRefreshToken",
                ),
            );
        }
        let shown = RefreshRequest {
            token: parameter(&parameters, "REFRESH_TOKEN")?,
            device: parameters.text("DEVICE_KEY")?,
            client_metadata: &BTreeMap::new(),
        };
        let hash = parameters.text("SECRET_HASH")?;
        // The request has no USERNAME, so the hash covers the user's username. No source documents this.
        return refresh(state, &pool, &client, shown, |user| {
            client.check_secret_hash(user, hash)
        })
        .await;
    }
    let login = username(&parameters)?;
    client.check_secret_hash(login, parameters.text("SECRET_HASH")?)?;
    let device = parameters.text("DEVICE_KEY")?;
    let asked = Asks::read(flow, &parameters)?;
    let password = match &asked {
        Asks::Password(password) => Some(*password),
        Asks::Choice | Asks::Code(_) | Asks::Custom(_) | Asks::Srp(_) => None,
    };
    let subject = subject(state, (&pool, &client), login, password, &metadata).await?;
    if let Some(key) = device {
        subject
            .user()
            .and_then(|user| user.device(key))
            .ok_or_else(devices::unknown)?;
    }
    let mut sign_in = SignIn {
        id,
        device: device.map(str::to_owned),
        pool,
        client,
        subject,
        login: login.to_owned(),
        history: Vec::new(),
        custom: matches!(asked, Asks::Custom(_)),
        token_source: TokenSource::Authentication,
    };
    let starts_with_password = !matches!(asked, Asks::Custom(None));
    state
        .pre_authenticate(&sign_in, starts_with_password, &metadata)
        .await?;
    let none = BTreeMap::new();
    match asked {
        Asks::Custom(public_number) => {
            if public_number.is_some() {
                sign_in.history.push(Round {
                    challenge: SRP_A,
                    result: true,
                    metadata: None,
                });
            }
            state
                .go_on(
                    sign_in,
                    Asked {
                        public_number: public_number.as_deref(),
                        first: true,
                        client_metadata: &none,
                    },
                )
                .await
        }
        Asks::Choice => state.ask_choice(sign_in),
        Asks::Code(medium) => {
            let offered = first_factor::offered(&sign_in.pool, sign_in.subject.user());
            if offered.contains(&FirstFactor::Code(medium)) {
                state.ask_first_code(sign_in, medium, &none).await
            } else {
                state.ask_choice(sign_in)
            }
        }
        Asks::Password(password) => state.check_password(sign_in, password, &none).await,
        Asks::Srp(public_number) => state.ask_password(sign_in, &public_number, false),
    }
}

/// The parameters of a flow besides the user.
enum Asks<'a> {
    Choice,
    /// Sends a code, if the user may sign in with one.
    Code(Medium),
    Custom(Option<Box<PublicNumber>>),
    Password(&'a str),
    Srp(Box<PublicNumber>),
}

impl<'a> Asks<'a> {
    fn read(flow: Flow, parameters: &Fields<'a>) -> Result<Self, Error> {
        match flow {
            Flow::AdminUserPassword | Flow::UserPassword => Ok(Self::Password(parameter(parameters, "PASSWORD")?)),
            Flow::Custom => match parameters.text("CHALLENGE_NAME")? {
                None | Some(CUSTOM_CHALLENGE) => Ok(Self::Custom(None)),
                Some(SRP_A) => Ok(Self::Custom(Some(public_number(parameters)?))),
                Some(_) => Err(
                    Error::invalid_parameter("CHALLENGE_NAME must be SRP_A or CUSTOM_CHALLENGE")
                        .because("Cognito's own answer to another CHALLENGE_NAME is not known, so the sign-in fails"),
                ),
            },
            Flow::UserSrp => Ok(Self::Srp(public_number(parameters)?)),
            Flow::RefreshToken => Err(Error::not_offered(flow.name())),
            Flow::User => match parameters.text("PREFERRED_CHALLENGE")? {
                Some(PASSWORD) => match parameters.text("PASSWORD")? {
                    Some(password) => Ok(Self::Password(password)),
                    None => Ok(Self::Choice),
                },
                Some(PASSWORD_SRP) => match parameters.text("SRP_A")? {
                    Some(_) => Ok(Self::Srp(public_number(parameters)?)),
                    None => Ok(Self::Choice),
                },
                Some(EMAIL_OTP) => Ok(Self::Code(Medium::Email)),
                Some(SMS_OTP) => Ok(Self::Code(Medium::Sms)),
                Some(WEB_AUTHN) => Err(Error::not_offered("The challenge WEB_AUTHN")),
                Some(_) => Err(Error::invalid_parameter(
                    "PREFERRED_CHALLENGE must be PASSWORD, PASSWORD_SRP, EMAIL_OTP or SMS_OTP",
                )),
                None => Ok(Self::Choice),
            },
        }
    }
}

/// Reads `SRP_A`.
pub(super) fn public_number(parameters: &Fields<'_>) -> Result<Box<PublicNumber>, Error> {
    PublicNumber::parse(parameter(parameters, "SRP_A")?)
        .map(Box::new)
        .map_err(|error| Error::invalid_parameter("SRP_A is not valid").because(error.to_string()))
}

/// Returns the client of a request and its pool. An administrator must name the pool too.
pub(super) fn client(state: &State, request: &Request<'_>, admin: bool) -> Result<(Arc<Pool>, Arc<Client>), Error> {
    let id = request.required("ClientId")?;
    let pool_id = if admin {
        Some(request.required("UserPoolId")?)
    } else {
        None
    };
    if let Some(pool_id) = pool_id {
        state.directory.pool(pool_id)?;
    }
    let (pool, client) = state.directory.client(id)?;
    if pool_id.is_some_and(|pool_id| pool_id != pool.id) {
        return Err(
            Error::resource_not_found(format!("User pool client {id} does not exist."))
                .because("the client belongs to another pool"),
        );
    }
    Ok((pool, client))
}

/// Returns the user called `login`. If the client hides users, a nonexistent user gets a decoy. With a password, the
/// user may be migrated.
async fn subject(
    state: &State,
    (pool, client): (&Pool, &Client),
    login: &str,
    password: Option<&str>,
    validation: &BTreeMap<String, String>,
) -> Result<Subject, Error> {
    let mut user = state.directory.user(pool, login);
    if let (None, Some(password)) = (&user, password) {
        let migration = Migration::Authentication { password, validation };
        user = state.migrate(pool, client, login, migration, &BTreeMap::new()).await?;
    }
    match user {
        Some(user) => {
            decide::may_start(&user)?;
            Ok(Subject::Known(user))
        }
        None if client.hides_users => Ok(Subject::Unknown(state.decoys.name(pool, login))),
        None => Err(Error::user_not_found()),
    }
}
