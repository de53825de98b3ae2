//! Sign-ins between two requests.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::clients::Client;
use crate::pools::Pool;
use crate::sign_in::decide::mfa::{MFA_SETUP, SELECT_MFA_TYPE};
use crate::sign_in::decide::{
    CUSTOM_CHALLENGE, DEVICE_PASSWORD_VERIFIER, DEVICE_SRP_AUTH, NEW_PASSWORD_REQUIRED, PASSWORD_VERIFIER, Round,
    SELECT_CHALLENGE, Stage,
};
use crate::srp::{Exchange, PublicNumber};
use crate::totp::Secret;
use crate::triggers::source::TokenSource;
use crate::users::User;
use crate::users::mfa::Factor;

/// A sign-in that has started.
#[derive(Clone)]
pub(crate) struct SignIn {
    pub(crate) pool: Arc<Pool>,
    pub(crate) client: Arc<Client>,
    pub(crate) subject: Subject,
    /// What the client called the user first: a name or an alias.
    pub(crate) login: String,
    pub(crate) history: Vec<Round>,
    /// Whether the define function decides, which can issue tokens without any challenge.
    pub(crate) custom: bool,
    /// The key of the device that the client says it is, and has to prove before there are tokens.
    pub(crate) device: Option<String>,
    /// What the tokens at its end will be for.
    pub(crate) token_source: TokenSource,
}

impl SignIn {
    /// Whether a password has been proved: without one there is no new device.
    pub(crate) fn has_password(&self) -> bool {
        let proved = |round: &Round| round.challenge == PASSWORD_VERIFIER && round.result;
        !self.custom || self.history.iter().any(proved)
    }

    /// What decides how the sign-in goes on.
    pub(crate) fn stage(&self, custom: bool) -> Stage<'_> {
        Stage {
            pool: &self.pool,
            custom,
            device: self.device.as_deref(),
        }
    }
}

/// Who signs in.
#[derive(Clone)]
pub(crate) enum Subject {
    /// A user of the pool.
    Known(Arc<User>),
    /// Nobody, who must not be told from a user. Has a name of the usual shape.
    Unknown(String),
}

impl Subject {
    /// The name in the pool.
    pub(crate) fn name(&self) -> &str {
        match self {
            Self::Known(user) => &user.name,
            Self::Unknown(name) => name,
        }
    }

    /// The user, if there is one.
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

/// What was asked.
pub(crate) enum Pending {
    /// A code that was sent.
    Code {
        factor: Factor,
        code: String,
        /// How many wrong ones there were.
        wrong: u8,
        custom: bool,
    },
    /// A challenge of the functions.
    Custom {
        /// What only the verify function may see.
        private: BTreeMap<String, String>,
        /// What later rounds may see.
        metadata: Option<String>,
    },
    /// The start of the proof of a device.
    Device,
    /// The proof of a device.
    DeviceProof {
        /// Our half of it.
        exchange: Box<Exchange>,
    },
    /// A password in place of a temporary one.
    NewPassword {
        /// Whether the functions would have had the word otherwise.
        custom: bool,
    },
    /// The proof of the password.
    Password {
        /// Our half of it.
        exchange: Box<Exchange>,
        /// Whether the functions have the word afterwards.
        custom: bool,
    },
    /// How to sign in.
    SelectChallenge,
    /// Which second factor to use.
    SelectFactor {
        /// What there is to choose from.
        factors: Vec<Factor>,
        custom: bool,
    },
    /// An authenticator app to be set up.
    SetUp {
        /// How far that is.
        progress: SetUp,
        custom: bool,
    },
    /// A code of the authenticator app.
    SoftwareToken {
        /// How many wrong ones there were.
        wrong: u8,
        custom: bool,
    },
}

/// How far the setting up of an authenticator app is.
pub(crate) enum SetUp {
    /// No secret has been handed out.
    Asked,
    /// This one has, and so many wrong codes came back.
    HandedOut { secret: Secret, wrong: u8 },
    /// The app has shown a right code.
    Done,
}

impl Pending {
    /// `ChallengeName`.
    pub(crate) fn challenge_name(&self) -> &'static str {
        match self {
            Self::Code { factor, .. } => factor.name(),
            Self::Custom { .. } => CUSTOM_CHALLENGE,
            Self::Device => DEVICE_SRP_AUTH,
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

/// The request that a round answers.
#[derive(Clone, Copy)]
pub(crate) struct Asked<'a> {
    /// The client's public number, where it starts with a password proof.
    pub(crate) public_number: Option<&'a PublicNumber>,
    /// Whether this is the first answer of the sign-in, which names the user.
    pub(crate) first: bool,
    pub(crate) client_metadata: &'a BTreeMap<String, String>,
}
