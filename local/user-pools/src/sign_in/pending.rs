//! Sign-ins between two requests.

use std::collections::BTreeMap;
use std::sync::Arc;

use uuid::Uuid;

use crate::challenges::{
    CUSTOM_CHALLENGE, DEVICE_PASSWORD_VERIFIER, DEVICE_SRP_AUTH, MFA_SETUP, NEW_PASSWORD_REQUIRED, PASSWORD_VERIFIER,
    Round, SELECT_CHALLENGE, SELECT_MFA_TYPE,
};
use crate::clients::Client;
use crate::mail::Medium;
use crate::pools::Pool;
use crate::pools::mfa::Factor;
use crate::sign_in::decide::Stage;
use crate::sign_in::decide::first_factor::FirstFactor;
use crate::srp::{Exchange, PublicNumber};
use crate::totp::Secret;
use crate::triggers::source::TokenSource;
use crate::users::User;

/// A started sign-in.
#[derive(Clone)]
pub(crate) struct SignIn {
    /// Only for the journal.
    pub(crate) id: Uuid,
    pub(crate) pool: Arc<Pool>,
    pub(crate) client: Arc<Client>,
    pub(crate) subject: Subject,
    /// The username or alias in the first request.
    pub(crate) login: String,
    pub(crate) history: Vec<Round>,
    /// Whether the define function decides. It can issue tokens without any challenge.
    pub(crate) custom: bool,
    /// The key of the device that the client names, which must be proved before tokens are issued.
    pub(crate) device: Option<String>,
    /// The source of the tokens at the end.
    pub(crate) token_source: TokenSource,
}

impl SignIn {
    /// Whether a password was proved. Without it, no device is added.
    pub(crate) fn has_password(&self) -> bool {
        let proved = |round: &Round| round.challenge == PASSWORD_VERIFIER && round.result;
        // Without the functions, the history has only codes.
        (!self.custom && self.history.is_empty()) || self.history.iter().any(proved)
    }

    /// Returns the state that decides the next step.
    pub(crate) fn stage(&self, custom: bool) -> Stage<'_> {
        Stage {
            pool: &self.pool,
            custom,
            device: self.device.as_deref(),
        }
    }
}

/// The user that signs in.
#[derive(Clone)]
pub(crate) enum Subject {
    /// A user of the pool.
    Known(Arc<User>),
    /// A nonexistent user, which must look like an existing one. The username has the usual form.
    Unknown(String),
}

impl Subject {
    /// Returns the username in the pool.
    pub(crate) fn name(&self) -> &str {
        match self {
            Self::Known(user) => &user.name,
            Self::Unknown(name) => name,
        }
    }

    /// Returns the user, if the user exists.
    pub(crate) fn user(&self) -> Option<&User> {
        match self {
            Self::Known(user) => Some(user),
            Self::Unknown(_) => None,
        }
    }
}

/// A sign-in that waits for its client's answer.
pub(crate) struct Waiting {
    pub(crate) sign_in: SignIn,
    pub(crate) pending: Pending,
}

/// The challenge that waits for an answer.
pub(crate) enum Pending {
    /// A code that was sent.
    Code {
        factor: Factor,
        code: String,
        /// The number of wrong codes.
        wrong: u8,
        custom: bool,
    },
    /// A custom challenge.
    Custom {
        /// The private challenge parameters, which only the verify function receives.
        private: BTreeMap<String, String>,
        /// The challenge metadata, which later rounds receive.
        metadata: Option<String>,
    },
    /// A code for signing in.
    FirstCode {
        medium: Medium,
        code: String,
        /// The number of wrong codes so far.
        wrong: u8,
    },
    /// The start of the proof of a device.
    Device,
    /// The proof of a device.
    DeviceProof {
        /// The server's half of the exchange.
        exchange: Box<Exchange>,
    },
    /// A password in place of a temporary one.
    NewPassword {
        /// Whether the functions would decide otherwise.
        custom: bool,
    },
    /// The proof of the password.
    Password {
        /// The server's half of the exchange.
        exchange: Box<Exchange>,
        /// Whether the functions decide afterwards.
        custom: bool,
    },
    /// The choice of a factor.
    SelectChallenge,
    /// The choice of a second factor.
    SelectFactor {
        /// The available factors.
        factors: Vec<Factor>,
        custom: bool,
    },
    /// The setup of an authenticator app.
    SetUp {
        /// The progress of the setup.
        progress: SetUp,
        custom: bool,
    },
    /// A code of the authenticator app.
    SoftwareToken {
        /// The number of wrong codes.
        wrong: u8,
        custom: bool,
    },
}

/// The progress of the setup of an authenticator app.
pub(crate) enum SetUp {
    /// The user has not received a secret yet.
    Asked,
    /// The user has received this secret, and sent so many wrong codes.
    HandedOut { secret: Secret, wrong: u8 },
    /// The app has shown a right code.
    Done,
}

impl Pending {
    /// Returns `ChallengeName`.
    pub(crate) fn challenge_name(&self) -> &'static str {
        match self {
            Self::Code { factor, .. } => factor.name(),
            Self::Custom { .. } => CUSTOM_CHALLENGE,
            Self::Device => DEVICE_SRP_AUTH,
            Self::FirstCode { medium, .. } => FirstFactor::Code(*medium).name(),
            Self::DeviceProof { .. } => DEVICE_PASSWORD_VERIFIER,
            Self::NewPassword { .. } => NEW_PASSWORD_REQUIRED,
            Self::Password { .. } => PASSWORD_VERIFIER,
            Self::SelectChallenge => SELECT_CHALLENGE,
            Self::SelectFactor { .. } => SELECT_MFA_TYPE,
            Self::SetUp { .. } => MFA_SETUP,
            Self::SoftwareToken { .. } => Factor::SoftwareToken.name(),
        }
    }
}

/// The request of a round.
#[derive(Clone, Copy)]
pub(crate) struct Asked<'a> {
    /// The client's public number, if the request starts with a password proof.
    pub(crate) public_number: Option<&'a PublicNumber>,
    /// Whether this is the first answer of the sign-in, which names the user.
    pub(crate) first: bool,
    pub(crate) client_metadata: &'a BTreeMap<String, String>,
}
