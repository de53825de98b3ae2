//! `SignUp`, and what a pool's own functions say to new accounts.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::NewUser;
use crate::cognito::State;
use crate::cognito::api::codes::auto_verified;
use crate::cognito::api::request::{CLIENT_ID, PASSWORD, Request, USERNAME};
use crate::cognito::error::Error;
use crate::cognito::pools::Pool;
use crate::cognito::triggers::around::SignUpAnswer;
use crate::cognito::triggers::source::{Confirmation, SignUp};
use crate::cognito::users::codes::Purpose;
use crate::cognito::users::{Status, User};

/// What `callerContext` says of the client where an administrator calls.
const NO_CLIENT: &str = "CLIENT_ID_NOT_APPLICABLE";

/// Makes an account for whoever asks.
pub(in super::super) async fn sign_up(state: &State, mut request: Request<'_>) -> Result<Value, Error> {
    let client = request.required("ClientId", &CLIENT_ID)?;
    let login = request.required("Username", &USERNAME)?;
    let password = request.required("Password", &PASSWORD)?;
    request.check()?;
    let (pool, client) = state.store.client(client)?;
    client.check_secret_hash(login, request.fields.text("SecretHash")?)?;
    if !pool.sign_up {
        return Err(Error::not_authorized("SignUp is not permitted for this user pool")
            .because("`AdminCreateUserConfig.AllowAdminCreateUserOnly` of the pool is true"));
    }
    let attributes = request.attributes("UserAttributes")?;
    client.check_write(attributes.keys())?;
    let new = NewUser {
        login,
        password: Some(password),
        attributes,
        status: Status::Unconfirmed,
    };
    let mut draft = state.draft_user(&pool, new)?;
    let asked = NewAccount::read(&request)?;
    let answer = asked.pre_sign_up(state, &pool, Some(&client.id), &draft).await?;
    apply(answer, &mut draft)?;
    let user = state
        .store
        .add_user(&pool, draft)
        .map_err(|error| match error.message.as_ref() {
            "User account already exists" => Error::new(error.name, "User already exists"),
            _ => error,
        })?;
    let confirmed = user.status == Status::Confirmed;
    let mut reply = json!({"UserConfirmed": confirmed, "UserSub": user.sub});
    if confirmed {
        state
            .post_confirmation(&pool, Some(&client.id), &user, Confirmation::SignUp, &asked.metadata)
            .await?;
    } else if let (Some(medium), Some(reply)) = (auto_verified(&pool, &user), reply.as_object_mut()) {
        let details = state.send_code_for(&pool, &user, Purpose::SignUp, medium)?;
        reply.insert("CodeDeliveryDetails".to_owned(), details);
    }
    Ok(reply)
}

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
        state.caller_of(context).pre_sign_up(by, &self.validation).await
    }
}

/// Does to a new account what the function before a sign-up has said.
pub(super) fn apply(answer: SignUpAnswer, draft: &mut User) -> Result<(), Error> {
    let SignUpAnswer {
        confirm,
        verify_email,
        verify_phone,
    } = answer;
    for (verify, name) in [(verify_email, "email"), (verify_phone, "phone_number")] {
        if !verify {
            continue;
        }
        if !draft.attributes.contains_key(name) {
            return Err(
                Error::new("InvalidLambdaResponseException", "Unrecognizable lambda output").because(format!(
                    "PreSignUp verifies `{name}`, which the new account does not have"
                )),
            );
        }
        draft.attributes.insert(format!("{name}_verified"), "true".to_owned());
    }
    if confirm {
        draft.status = Status::Confirmed;
    }
    Ok(())
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
        self.caller_of(context).post_confirmation(by).await
    }
}
