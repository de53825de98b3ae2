//! The end of a sign-in: the last two functions are called, then tokens are issued.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};

use crate::State;
use crate::challenges::SRP_A;
use crate::error::Error;
use crate::sign_in::decide::{Granted, may_go_on};
use crate::sign_in::pending::SignIn;
use crate::tokens::claims::Content;
use crate::tokens::keys::Keys;
use crate::tokens::{Holder, SCOPE};
use crate::triggers::Invoker;
use crate::triggers::source::TokenSource;
use crate::users::User;
use crate::users::devices::{group_key, new_key};

/// Signs the tokens of `holder`, and returns `AuthenticationResult`. Only a proof that the sign-in may end with tokens
/// allows it.
pub(crate) fn authentication_result(
    _granted: Granted,
    holder: &Holder<'_>,
    keys: &Keys,
    refresh_token: Option<String>,
    now: Duration,
) -> Result<Value, Error> {
    let (access, id) = holder.claims(now)?;
    let mut result = json!({
        "AccessToken": keys.access.sign(&access)?,
        "ExpiresIn": holder.client.access_validity.as_secs(),
        "IdToken": keys.id.sign(&id)?,
        "TokenType": "Bearer",
    });
    if let (Some(token), Some(result)) = (refresh_token, result.as_object_mut()) {
        result.insert("RefreshToken".to_owned(), token.into());
    }
    Ok(result)
}

impl State {
    /// Calls `PreAuthentication`, which can reject the sign-in. A custom sign-in that starts without a password does not
    /// call it.
    pub(crate) async fn pre_authenticate(
        &self,
        sign_in: &SignIn,
        starts_with_password: bool,
        validation: &BTreeMap<String, String>,
    ) -> Result<(), Error> {
        if starts_with_password {
            // `ClientMetadata` of the request that starts a sign-in is `validationData` of this trigger.
            let none = BTreeMap::new();
            return self.invoker(sign_in, &none).pre_authentication(validation).await;
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
        let invoker = self.invoker(sign_in, client_metadata);
        invoker.post_authentication(new_device.is_some()).await?;
        let content = self.content(&invoker, user, sign_in.token_source).await?;
        let user = self.still_there(sign_in, user)?;
        let (now, issuer) = (self.clock.now(), self.issuer(&pool.id));
        let keys = self.keys.keys().await?;
        let mut holder = Holder::new(client, &user, &issuer, now, &self.random)?;
        holder.device = new_device.as_deref().or(sign_in.device.as_deref());
        holder.content = content;
        let refresh = self
            .directory
            .add_refresh_token(holder.refresh(now), now, &self.random)?;
        let mut result = authentication_result(granted, &holder, &keys, Some(refresh), now)?;
        if let (Some(key), Some(result)) = (&new_device, result.as_object_mut()) {
            let metadata = json!({"DeviceKey": key, "DeviceGroupKey": group_key(&pool.id)});
            result.insert("NewDeviceMetadata".to_owned(), metadata);
        }
        Ok(json!({"ChallengeParameters": {}, "AuthenticationResult": result}))
    }

    /// Returns the key of a new device, if the pool tracks devices and the sign-in had a password but no device yet.
    fn new_device(&self, sign_in: &SignIn) -> Result<Option<String>, Error> {
        let wanted = sign_in.pool.devices.is_some() && sign_in.device.is_none() && sign_in.has_password();
        wanted.then(|| new_key(&self.random, &self.settings.region)).transpose()
    }

    /// Returns the content of tokens: the user's groups, and the changes of `PreTokenGeneration`.
    pub(crate) async fn content(
        &self,
        invoker: &Invoker<'_>,
        user: &User,
        source: TokenSource,
    ) -> Result<Content, Error> {
        let memberships = self.directory.memberships(invoker.context.pool, user);
        let overrides = invoker.pre_token_generation(source, &memberships, &[SCOPE]).await?;
        let (content, ignored) = Content::new(memberships, overrides.unwrap_or_default(), invoker.context.client);
        for name in ignored {
            self.journal.warn(&format!(
                "PreTokenGeneration cannot change the claim `{}`: it is unchanged",
                name.escape_debug()
            ));
        }
        Ok(content)
    }

    /// Returns the current user: while functions run, an administrator may have disabled the account.
    fn still_there(&self, sign_in: &SignIn, known: &User) -> Result<Arc<User>, Error> {
        let user = self.directory.user(&sign_in.pool, &known.name);
        let user = user.filter(|user| user.sub == known.sub).ok_or_else(Error::incorrect)?;
        may_go_on(&user)?;
        Ok(user)
    }
}
