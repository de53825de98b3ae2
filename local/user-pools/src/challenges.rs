//! The challenges of a sign-in: their names, and those that are finished.

/// Every challenge of the functions.
pub(crate) const CUSTOM_CHALLENGE: &str = "CUSTOM_CHALLENGE";
/// The start of the proof of a device.
pub(crate) const DEVICE_SRP_AUTH: &str = "DEVICE_SRP_AUTH";
/// The proof of a device.
pub(crate) const DEVICE_PASSWORD_VERIFIER: &str = "DEVICE_PASSWORD_VERIFIER";
/// A code in an e-mail, as the first or the second factor.
pub(crate) const EMAIL_OTP: &str = "EMAIL_OTP";
/// The setup of a second factor.
pub(crate) const MFA_SETUP: &str = "MFA_SETUP";
/// The choice of a password in place of a temporary one.
pub(crate) const NEW_PASSWORD_REQUIRED: &str = "NEW_PASSWORD_REQUIRED";
/// The password itself, as the first factor.
pub(crate) const PASSWORD: &str = "PASSWORD";
/// The proof of the password, as the first factor.
pub(crate) const PASSWORD_SRP: &str = "PASSWORD_SRP";
/// The proof of the password. In the session, a finished one.
pub(crate) const PASSWORD_VERIFIER: &str = "PASSWORD_VERIFIER";
/// The choice of the first factor.
pub(crate) const SELECT_CHALLENGE: &str = "SELECT_CHALLENGE";
/// The choice of the second factor.
pub(crate) const SELECT_MFA_TYPE: &str = "SELECT_MFA_TYPE";
/// A code in a text message, as the second factor.
pub(crate) const SMS_MFA: &str = "SMS_MFA";
/// A code in a text message, as the first factor.
pub(crate) const SMS_OTP: &str = "SMS_OTP";
/// A code of an authenticator app.
pub(crate) const SOFTWARE_TOKEN_MFA: &str = "SOFTWARE_TOKEN_MFA";
/// The start of a password proof. In the session, it proves nothing.
pub(crate) const SRP_A: &str = "SRP_A";
/// A passkey, which is not supported.
pub(crate) const WEB_AUTHN: &str = "WEB_AUTHN";

/// Challenges of Cognito itself. The define function cannot choose them here. Those that are not supported are errors,
/// so that they never count as passed.
pub(crate) const OWN: [&str; 14] = [
    "ADMIN_NO_SRP_AUTH",
    DEVICE_PASSWORD_VERIFIER,
    DEVICE_SRP_AUTH,
    EMAIL_OTP,
    MFA_SETUP,
    NEW_PASSWORD_REQUIRED,
    PASSWORD,
    PASSWORD_SRP,
    SELECT_CHALLENGE,
    SELECT_MFA_TYPE,
    SMS_MFA,
    SMS_OTP,
    SOFTWARE_TOKEN_MFA,
    WEB_AUTHN,
];

/// Whether `name` is a challenge of Cognito itself.
pub(crate) fn is_own(name: &str) -> bool {
    OWN.contains(&name)
}

/// One finished challenge, as in `session` of the functions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Round {
    pub(crate) challenge: &'static str,
    pub(crate) result: bool,
    pub(crate) metadata: Option<String>,
}
