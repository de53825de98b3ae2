//! The triggers, and the sources for which each is called.

use crate::pools::triggers::TokenVersion;

/// A trigger and its source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Trigger {
    Create,
    CustomMessage(MessageSource),
    Define,
    PostAuthentication,
    PostConfirmation(Confirmation),
    PreAuthentication,
    PreSignUp(SignUp),
    PreTokenGeneration(TokenSource, TokenVersion),
    UserMigration(MigrationSource),
    Verify,
}

/// The operation that confirmed an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Confirmation {
    ForgotPassword,
    SignUp,
}

/// The creator of an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SignUp {
    Administrator,
    User,
}

/// The purpose of tokens.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum TokenSource {
    #[default]
    Authentication,
    Device,
    NewPassword,
    Refresh,
}

/// The occasion of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum MessageSource {
    AdminCreateUser,
    Authentication,
    ForgotPassword,
    ResendCode,
    SignUp,
    UpdateUserAttribute,
    VerifyUserAttribute,
}

/// The reason for a migration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum MigrationSource {
    Authentication,
    ForgotPassword,
}

impl Trigger {
    /// The name in `LambdaConfig` and in error texts.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Create => "CreateAuthChallenge",
            Self::CustomMessage(_) => "CustomMessage",
            Self::Define => "DefineAuthChallenge",
            Self::PostAuthentication => "PostAuthentication",
            Self::PostConfirmation(_) => "PostConfirmation",
            Self::PreAuthentication => "PreAuthentication",
            Self::PreSignUp(_) => "PreSignUp",
            Self::PreTokenGeneration(..) => "PreTokenGeneration",
            Self::UserMigration(_) => "UserMigration",
            Self::Verify => "VerifyAuthChallengeResponse",
        }
    }

    /// Returns `triggerSource`.
    pub(crate) fn source(self) -> &'static str {
        match self {
            Self::Create => "CreateAuthChallenge_Authentication",
            Self::CustomMessage(source) => match source {
                MessageSource::AdminCreateUser => "CustomMessage_AdminCreateUser",
                MessageSource::Authentication => "CustomMessage_Authentication",
                MessageSource::ForgotPassword => "CustomMessage_ForgotPassword",
                MessageSource::ResendCode => "CustomMessage_ResendCode",
                MessageSource::SignUp => "CustomMessage_SignUp",
                MessageSource::UpdateUserAttribute => "CustomMessage_UpdateUserAttribute",
                MessageSource::VerifyUserAttribute => "CustomMessage_VerifyUserAttribute",
            },
            Self::Define => "DefineAuthChallenge_Authentication",
            Self::PostAuthentication => "PostAuthentication_Authentication",
            Self::PostConfirmation(Confirmation::ForgotPassword) => "PostConfirmation_ConfirmForgotPassword",
            Self::PostConfirmation(Confirmation::SignUp) => "PostConfirmation_ConfirmSignUp",
            Self::PreAuthentication => "PreAuthentication_Authentication",
            Self::PreSignUp(SignUp::Administrator) => "PreSignUp_AdminCreateUser",
            Self::PreSignUp(SignUp::User) => "PreSignUp_SignUp",
            Self::PreTokenGeneration(source, _) => match source {
                TokenSource::Authentication => "TokenGeneration_Authentication",
                TokenSource::Device => "TokenGeneration_AuthenticateDevice",
                TokenSource::NewPassword => "TokenGeneration_NewPasswordChallenge",
                TokenSource::Refresh => "TokenGeneration_RefreshTokens",
            },
            Self::UserMigration(MigrationSource::Authentication) => "UserMigration_Authentication",
            Self::UserMigration(MigrationSource::ForgotPassword) => "UserMigration_ForgotPassword",
            Self::Verify => "VerifyAuthChallengeResponse_Authentication",
        }
    }

    /// Returns `version` of the event, a string.
    pub(super) fn version(self) -> &'static str {
        match self {
            Self::PreTokenGeneration(_, version) => version.of_events(),
            _ => TokenVersion::One.of_events(),
        }
    }

    /// Returns the fields of `response`.
    pub(super) fn response_fields(self) -> &'static [&'static str] {
        match self {
            Self::Create => &[
                "publicChallengeParameters",
                "privateChallengeParameters",
                "challengeMetadata",
            ],
            Self::CustomMessage(_) => &["smsMessage", "emailMessage", "emailSubject"],
            Self::Define => &["challengeName", "issueTokens", "failAuthentication"],
            Self::PostAuthentication | Self::PostConfirmation(_) | Self::PreAuthentication => &[],
            Self::PreSignUp(_) => &["autoConfirmUser", "autoVerifyEmail", "autoVerifyPhone"],
            Self::PreTokenGeneration(_, TokenVersion::One) => &["claimsOverrideDetails"],
            Self::PreTokenGeneration(..) => &["claimsAndScopeOverrideDetails"],
            Self::UserMigration(_) => &[
                "userAttributes",
                "forceAliasCreation",
                "enableSMSMFA",
                "finalUserStatus",
                "messageAction",
                "desiredDeliveryMediums",
            ],
            Self::Verify => &["answerCorrect"],
        }
    }
}
