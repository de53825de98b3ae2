//! The end of a sign-in: the last two functions have their word, then there are tokens.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Value, json};

use crate::cognito::State;
use crate::cognito::error::Error;
use crate::cognito::sign_in::{Granted, SRP_A, may_go_on};
use crate::cognito::tokens::claims::Content;
use crate::cognito::tokens::{Bearer, SCOPE};
use crate::cognito::triggers::Caller;
use crate::cognito::triggers::source::TokenSource;
use crate::cognito::users::User;
use crate::cognito::users::devices::group_key;
use crate::cognito::waiting::SignIn;

impl State {
    /// Lets the pool before a sign-in refuse it. A custom sign-in that starts without a password has no such moment.
    pub(crate) async fn pre_authenticate(
        &self,
        sign_in: &SignIn,
        starts_with_password: bool,
        validation: &BTreeMap<String, String>,
    ) -> Result<(), Error> {
        if starts_with_password {
            // What a request that starts a sign-in says for the functions reaches this one as `validationData`.
            let none = BTreeMap::new();
            return self.caller(sign_in, &none).pre_authentication(validation).await;
        }
        if sign_in.pool.triggers.function("PreAuthentication").is_some() {
            self.journal.warn(
                "PreAuthentication is not called for a custom sign-in that starts without SRP_A: people saw Cognito leave \
                 it out there; whether it still does is not certain",
            );
        }
        Ok(())
    }

    pub(super) async fn issue_tokens(
        &self,
        sign_in: &SignIn,
        granted: Granted,
        client_metadata: &BTreeMap<String, String>,
    ) -> Result<Value, Error> {
        let SignIn {
            pool,
            client,
            subject,
            history,
            custom,
            ..
        } = sign_in;
        let user = subject.user().ok_or_else(Error::incorrect)?;
        if *custom && !history.iter().any(|round| round.result && round.challenge != SRP_A) {
            self.journal
                .warn("tokens are issued although no challenge has been answered");
        }
        let new_device = self.new_device(sign_in)?;
        let caller = self.caller(sign_in, client_metadata);
        caller.post_authentication(new_device.is_some()).await?;
        let content = self.content(&caller, user, sign_in.token_source).await?;
        let user = self.still_there(sign_in, user)?;
        let (now, issuer) = (self.clock.now(), self.issuer(&pool.id));
        let keys = self.keys.keys().await?;
        let mut bearer = Bearer::new(client, &user, &issuer, now)?;
        bearer.device = new_device.as_deref().or(sign_in.device.as_deref());
        bearer.content = content;
        let refresh = self.store.add_refresh_token(bearer.refresh(now), now)?;
        let mut result = bearer.result(granted, &keys, Some(refresh), now)?;
        if let (Some(key), Some(result)) = (&new_device, result.as_object_mut()) {
            let metadata = json!({"DeviceKey": key, "DeviceGroupKey": group_key(&pool.id)});
            result.insert("NewDeviceMetadata".to_owned(), metadata);
        }
        Ok(json!({"ChallengeParameters": {}, "AuthenticationResult": result}))
    }

    /// What tokens say: the user's groups, and what the function before tokens makes of them.
    pub(crate) async fn content(
        &self,
        caller: &Caller<'_>,
        user: &User,
        source: TokenSource,
    ) -> Result<Content, Error> {
        let memberships = self.store.memberships(caller.context.pool, user);
        let overrides = caller.pre_token_generation(source, &memberships, &[SCOPE]).await?;
        let (content, ignored) = Content::new(memberships, overrides.unwrap_or_default(), caller.context.client);
        for name in ignored {
            self.journal.warn(&format!(
                "PreTokenGeneration cannot change the claim `{}`: it stays as it is",
                name.escape_debug()
            ));
        }
        Ok(content)
    }

    /// The user as of now: functions take their time, in which an administrator may have turned the account off.
    fn still_there(&self, sign_in: &SignIn, known: &User) -> Result<Arc<User>, Error> {
        let user = self.store.user(&sign_in.pool, &known.name);
        let user = user.filter(|user| user.sub == known.sub).ok_or_else(Error::incorrect)?;
        may_go_on(&user)?;
        Ok(user)
    }
}
