//! Migrates users, if the pool has a function for that.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::State;
use crate::clients::Client;
use crate::error::Error;
use crate::pools::Pool;
use crate::sign_in::lockout::{Guess, Guessed};
use crate::triggers::Context;
use crate::triggers::optional::Migration;
use crate::triggers::response::user_migration::Migrated;
use crate::users::new::{NewUser, unchecked_verifier};
use crate::users::{Status, User};

impl State {
    /// Migrates the user called `login` into this pool. Returns `None` if the pool has no function for that.
    pub(super) async fn migrate(
        &self,
        pool: &Pool,
        client: &Client,
        login: &str,
        migration: Migration<'_>,
        client_metadata: &BTreeMap<String, String>,
    ) -> Result<Option<Arc<User>>, Error> {
        if pool.triggers.function("UserMigration").is_none() {
            return Ok(None);
        }
        let guess = matches!(migration, Migration::Authentication { .. }).then(|| {
            let target = Guessed::new(Guess::Password, pool, login);
            self.lockouts().begin(target, self.clock.now())
        });
        let guess = guess.transpose()?;
        let invoker = self.invoker_of(Context {
            sign_in: None,
            region: &self.settings.region,
            pool,
            client: &client.id,
            user_name: login,
            user: None,
            says_user_not_found: false,
            session: &[],
            client_metadata,
        });
        let brought = match invoker.user_migration(migration).await {
            Ok(Some(migrated)) => self.bring_in(pool, login, migration, migrated).map(Some),
            Ok(None) => Ok(None),
            Err(error) => Err(error),
        };
        if let (Ok(_), Some(guess)) = (&brought, &guess) {
            self.lockouts().withdraw(guess);
        }
        brought.map_err(|error| refused(client, &error))
    }

    fn bring_in(
        &self,
        pool: &Pool,
        login: &str,
        migration: Migration<'_>,
        migrated: Migrated,
    ) -> Result<Arc<User>, Error> {
        let Migrated { attributes, status } = migrated;
        let status = match migration {
            Migration::Authentication { .. } => status.unwrap_or(Status::Confirmed),
            // The user has no password until the code is used.
            Migration::ForgotPassword => Status::ResetRequired,
        };
        let new = NewUser {
            login,
            password: None,
            attributes,
            status,
        };
        let mut user = self.draft_user(pool, new)?;
        if let Migration::Authentication { password, .. } = migration {
            // The function has accepted it. The pool's policy is for passwords that are chosen here.
            user.password = Some(unchecked_verifier(&self.random, pool, &user.name, password)?);
        }
        self.directory.add_user(pool, user)
    }
}

/// The error for a user that cannot be migrated. It contains no text of the function.
fn refused(client: &Client, error: &Error) -> Error {
    let refused = if client.hides_users {
        Error::incorrect()
    } else {
        let id = &client.id;
        Error::new(
            "UserNotFoundException",
            format!("Exception migrating user in app client {id}"),
        )
    };
    let why = error.why.as_ref().map(|why| format!(" ({why})")).unwrap_or_default();
    refused.because(format!("{error}{why}"))
}
