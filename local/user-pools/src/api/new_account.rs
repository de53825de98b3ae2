//! What a pool's own functions say to new accounts.

use std::collections::BTreeMap;

use super::request::Request;
use crate::State;
use crate::error::Error;
use crate::pools::Pool;
use crate::triggers::answer::sign_up::SignUpAnswer;
use crate::triggers::source::{Confirmation, SignUp};
use crate::users::User;

/// What `callerContext` says of the client where an administrator calls.
const NO_CLIENT: &str = "CLIENT_ID_NOT_APPLICABLE";

/// What a request for a new account says to the functions alone.
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

    /// Asks the function before a sign-up. Without a client it is an administrator who makes the account.
    pub(super) async fn pre_sign_up(
        &self,
        state: &State,
        pool: &Pool,
        client: Option<&str>,
        draft: &User,
    ) -> Result<SignUpAnswer, Error> {
        let by = match client {
            Some(_) => SignUp::User,
            None => SignUp::Administrator,
        };
        let context = state.context(pool, client.unwrap_or(NO_CLIENT), draft, &self.metadata);
        state.invoker_of(context).pre_sign_up(by, &self.validation).await
    }
}

impl State {
    /// Tells the function after a confirmation. The account stays confirmed if it fails.
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
