//! Multi-factor authentication of a pool, and the second factors.

use serde::{Deserialize, Serialize};

use crate::challenges::{EMAIL_OTP, SMS_MFA, SOFTWARE_TOKEN_MFA};
use crate::mail::Medium;

/// Multi-factor authentication of a pool.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mfa {
    Off,
    On,
    Optional,
}

impl Mfa {
    const ALL: [Self; 3] = [Self::Off, Self::On, Self::Optional];

    /// The name in `MfaConfiguration`.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Off => "OFF",
            Self::On => "ON",
            Self::Optional => "OPTIONAL",
        }
    }

    /// Returns the setting called `name`.
    pub(crate) fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|mfa| mfa.name() == name)
    }
}

/// A kind of second factor.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub(crate) enum Factor {
    Email,
    Sms,
    SoftwareToken,
}

impl Factor {
    pub(crate) const ALL: [Self; 3] = [Self::Email, Self::Sms, Self::SoftwareToken];

    /// The name in challenges and settings.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Email => EMAIL_OTP,
            Self::Sms => SMS_MFA,
            Self::SoftwareToken => SOFTWARE_TOKEN_MFA,
        }
    }

    /// Returns the factor called `name`.
    pub(crate) fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|factor| factor.name() == name)
    }

    /// Returns the channel of its codes, or `None` if an app generates them.
    pub(crate) fn medium(self) -> Option<Medium> {
        match self {
            Self::Email => Some(Medium::Email),
            Self::Sms => Some(Medium::Sms),
            Self::SoftwareToken => None,
        }
    }

    /// The setting of this factor in requests that set preferences.
    pub(crate) fn setting(self) -> &'static str {
        match self {
            Self::Email => "EmailMfaSettings",
            Self::Sms => "SMSMfaSettings",
            Self::SoftwareToken => "SoftwareTokenMfaSettings",
        }
    }
}
