//! The triggers around a sign-in: before and after it, before tokens, and for new accounts. A pool without a function
//! for one continues as if it had accepted.

use std::collections::BTreeMap;

use bytes::Bytes;
use serde_json::{Map, Value, json};

use super::Invoker;
use super::event::{Attributes, Context};
use super::response::Nothing;
use super::response::Response;
use super::response::custom_message::{CODE, CustomMessage, LINK, USERNAME};
use super::response::pre_sign_up::PreSignUp;
use super::response::pre_token_generation::{First, Second};
use super::response::user_migration::Migrated;
use super::source::{Confirmation, MessageSource, MigrationSource, SignUp, TokenSource, Trigger};
use crate::error::Error;
use crate::groups::Memberships;
use crate::pools::triggers::TokenVersion;
use crate::tokens::claims::Overrides;

/// The strings that clients send only for the functions.
type Strings = BTreeMap<String, String>;

/// The reason for a migration, and its input.
#[derive(Clone, Copy)]
pub(crate) enum Migration<'a> {
    /// A sign-in with a password.
    Authentication {
        password: &'a str,
        /// `ClientMetadata` of the request.
        validation: &'a Strings,
    },
    /// A forgotten password.
    ForgotPassword,
}

impl Invoker<'_> {
    /// Calls `PreAuthentication`, which can reject a sign-in before the password is checked.
    pub(crate) async fn pre_authentication(&self, validation: &Strings) -> Result<(), Error> {
        let request = || {
            fields([
                ("userAttributes", Some(json!(Attributes(self.context)))),
                ("validationData", Some(given(validation))),
                ("userNotFound", self.context.user_not_found().map(Value::from)),
            ])
        };
        self.ask::<Nothing>(Trigger::PreAuthentication, request).await.map(drop)
    }

    /// Calls `PostAuthentication`, which can reject a complete sign-in.
    pub(crate) async fn post_authentication(&self, new_device: bool) -> Result<(), Error> {
        let request = || {
            fields([
                ("userAttributes", Some(json!(Attributes(self.context)))),
                ("newDeviceUsed", Some(new_device.into())),
                ("clientMetadata", self.metadata()),
            ])
        };
        self.ask::<Nothing>(Trigger::PostAuthentication, request)
            .await
            .map(drop)
    }

    /// Calls `PreTokenGeneration`, which can change tokens or reject the sign-in.
    pub(crate) async fn pre_token_generation(
        &self,
        source: TokenSource,
        memberships: &Memberships,
        scopes: &[&str],
    ) -> Result<Option<Overrides>, Error> {
        let version = self.context.pool.triggers.token_version;
        let request = || {
            fields([
                ("userAttributes", Some(json!(Attributes(self.context)))),
                (
                    "groupConfiguration",
                    Some(json!({
                        "groupsToOverride": memberships.groups,
                        "iamRolesToOverride": memberships.roles,
                        "preferredRole": memberships.preferred_role,
                    })),
                ),
                ("scopes", (version != TokenVersion::One).then(|| json!(scopes))),
                ("clientMetadata", self.metadata()),
            ])
        };
        let trigger = Trigger::PreTokenGeneration(source, version);
        if version == TokenVersion::One {
            let answered = self.ask(trigger, request).await?;
            return Ok(answered.map(|First(overrides)| overrides));
        }
        let answered = self.ask(trigger, request).await?;
        Ok(answered.map(|Second(overrides)| overrides))
    }

    /// Calls `PreSignUp`, which can reject a new account or confirm it without a code.
    pub(crate) async fn pre_sign_up(&self, by: SignUp, validation: &Strings) -> Result<PreSignUp, Error> {
        let request = || {
            fields([
                // The account does not exist yet. So only the attributes of the request exist.
                (
                    "userAttributes",
                    Some(json!(self.context.user.map(|user| &user.attributes))),
                ),
                ("validationData", Some(given(validation))),
                ("clientMetadata", self.metadata()),
            ])
        };
        Ok(self.ask(Trigger::PreSignUp(by), request).await?.unwrap_or_default())
    }

    /// Calls `PostConfirmation` after an account was confirmed.
    pub(crate) async fn post_confirmation(&self, by: Confirmation) -> Result<(), Error> {
        let request = || {
            fields([
                ("userAttributes", Some(json!(Attributes(self.context)))),
                ("clientMetadata", self.metadata()),
            ])
        };
        self.ask::<Nothing>(Trigger::PostConfirmation(by), request)
            .await
            .map(drop)
    }

    /// Asks the pool's function for the text of a message.
    pub(crate) async fn custom_message(&self, source: MessageSource) -> Result<Option<CustomMessage>, Error> {
        let name = (source == MessageSource::AdminCreateUser).then_some(USERNAME);
        let request = || {
            fields([
                ("userAttributes", Some(json!(Attributes(self.context)))),
                ("codeParameter", Some(CODE.into())),
                ("linkParameter", Some(LINK.into())),
                ("usernameParameter", Some(name.into())),
                ("clientMetadata", self.metadata()),
            ])
        };
        self.ask(Trigger::CustomMessage(source), request).await
    }

    /// Calls `UserMigration`.
    pub(crate) async fn user_migration(&self, migration: Migration<'_>) -> Result<Option<Migrated>, Error> {
        let (source, password, validation) = match migration {
            Migration::Authentication { password, validation } => {
                (MigrationSource::Authentication, json!(password), given(validation))
            }
            Migration::ForgotPassword => (MigrationSource::ForgotPassword, Value::Null, Value::Null),
        };
        let request = || {
            fields([
                ("password", Some(password)),
                ("validationData", Some(validation)),
                ("userAttributes", Some(Value::Null)),
                ("clientMetadata", self.metadata()),
            ])
        };
        self.ask(Trigger::UserMigration(source), request).await
    }

    /// Calls the function of a trigger, if the pool has one.
    async fn ask<A: Response>(
        &self,
        trigger: Trigger,
        request: impl FnOnce() -> Map<String, Value>,
    ) -> Result<Option<A>, Error> {
        let Some(function) = self.context.pool.triggers.function(trigger.name()) else {
            return Ok(None);
        };
        let event = self.context.around(trigger, request())?;
        self.call(trigger, function, event).await.map(Some)
    }

    fn metadata(&self) -> Option<Value> {
        let metadata = self.context.client_metadata;
        (!metadata.is_empty()).then(|| json!(metadata))
    }
}

impl Context<'_> {
    fn around(&self, trigger: Trigger, request: Map<String, Value>) -> Result<Bytes, Error> {
        // For functions of new accounts, the fields of the response are `false`. For all others they are null.
        let empty = match trigger {
            Trigger::PreSignUp(_) => Value::Bool(false),
            _ => Value::Null,
        };
        let fields = trigger.response_fields().iter();
        let response: Map<String, Value> = fields.map(|name| ((*name).to_owned(), empty.clone())).collect();
        self.event(trigger, request, response)
    }
}

/// Returns the fields that have a value, in their order.
fn fields<const N: usize>(fields: [(&str, Option<Value>); N]) -> Map<String, Value> {
    let fields = fields.into_iter();
    fields
        .filter_map(|(name, value)| Some((name.to_owned(), value?)))
        .collect()
}

/// Returns the strings, or null if empty.
fn given(strings: &Strings) -> Value {
    if strings.is_empty() {
        return Value::Null;
    }
    json!(strings)
}
