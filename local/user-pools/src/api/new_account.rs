//! The functions that a pool calls for new accounts.

use std::collections::BTreeMap;

use super::request::Request;
use crate::State;
use crate::error::Error;
use crate::pools::Pool;
use crate::sending::NO_CLIENT;
use crate::triggers::response::pre_sign_up::PreSignUp;
use crate::triggers::source::{Confirmation, SignUp};
use crate::users::User;

/// The strings of a request for a new account that only the functions receive.
pub(super) struct NewAccount {
    validation: BTreeMap<String, String>,
    pub(super) metadata: BTreeMap<String, String>,
}

impl NewAccount {
    pub(super) fn read(request: &Request<'_>) -> Result<Self, Error> {
        Ok(Self {
            validation: request.attributes("ValidationData")?,
            metadata: request.client_metadata()?,
        })
    }

    /// Calls `PreSignUp`. Without a client, an administrator creates the account.
    pub(super) async fn pre_sign_up(
        &self,
        state: &State,
        pool: &Pool,
        client: Option<&str>,
        draft: &User,
    ) -> Result<PreSignUp, Error> {
        let by = match client {
            Some(_) => SignUp::User,
            None => SignUp::Administrator,
        };
        let context = state.context(pool, client.unwrap_or(NO_CLIENT), draft, &self.metadata);
        state.invoker_of(context).pre_sign_up(by, &self.validation).await
    }
}

impl State {
    /// Calls `PostConfirmation`. If it fails, the account stays confirmed.
    pub(crate) async fn post_confirmation(
        &self,
        pool: &Pool,
        client: Option<&str>,
        user: &User,
        by: Confirmation,
        metadata: &BTreeMap<String, String>,
    ) -> Result<(), Error> {
        let context = self.context(pool, client.unwrap_or(NO_CLIENT), user, metadata);
        self.invoker_of(context).post_confirmation(by).await
    }
}
