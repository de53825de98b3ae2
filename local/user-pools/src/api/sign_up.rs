//! The operations by which users create their accounts.

use serde_json::{Value, json};

use super::addressee::{Addressee, pretended};
use super::new_account::NewAccount;
use super::request::Request;
use crate::State;
use crate::error::Error;
use crate::mail::Medium;
use crate::sending::Sender;
use crate::triggers::response::pre_sign_up::PreSignUp;
use crate::triggers::source::{Confirmation, MessageSource};
use crate::users::addresses::{auto_verified, verify};
use crate::users::codes::{Purpose, mismatch};
use crate::users::new::NewUser;
use crate::users::{Status, User};

/// Creates an account for an unauthenticated client.
pub(super) async fn sign_up(state: &State, request: &Request<'_>) -> Result<Value, Error> {
    let client = request.required("ClientId")?;
    let login = request.required("Username")?;
    let password = request.text("Password")?.filter(|password| !password.is_empty());
    let (pool, client) = state.directory.client(client)?;
    client.check_secret_hash(login, request.fields.text("SecretHash")?)?;
    if !pool.sign_up {
        return Err(Error::not_authorized("SignUp is not permitted for this user pool")
            .because("`AdminCreateUserConfig.AllowAdminCreateUserOnly` of the pool is true"));
    }
    if password.is_none() && pool.first_codes.is_empty() {
        return Err(Error::missing("Password")
            .because("only a pool whose `AllowedFirstAuthFactors` has codes has users without a password"));
    }
    let attributes = request.attributes("UserAttributes")?;
    client.check_write(attributes.keys())?;
    let new = NewUser {
        login,
        password,
        attributes,
        status: Status::Unconfirmed,
    };
    let mut draft = state.draft_user(&pool, new)?;
    let asked = NewAccount::read(request)?;
    let answer = asked.pre_sign_up(state, &pool, Some(&client.id), &draft).await?;
    apply(answer, &mut draft)?;
    let user = state
        .directory
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
        let sender = Sender {
            client: Some(&client.id),
            metadata: &asked.metadata,
        };
        let kind = (Purpose::SignUp, MessageSource::SignUp);
        let details = state.send_code_for((&pool, &user), kind, medium, sender).await?;
        reply.insert("CodeDeliveryDetails".to_owned(), details);
    }
    Ok(reply)
}

pub(super) async fn resend_confirmation_code(state: &State, request: &Request<'_>) -> Result<Value, Error> {
    let (addressee, login) = Addressee::of(state, request)?;
    let Some(user) = &addressee.user else {
        return Ok(pretended(login));
    };
    if user.status != Status::Unconfirmed {
        return Err(Error::invalid_parameter("User is already confirmed."));
    }
    let medium = auto_verified(&addressee.pool, user)
        .ok_or_else(|| Error::invalid_parameter("Cannot resend codes. Auto verification not turned on."))?;
    let metadata = request.client_metadata()?;
    let kind = (Purpose::SignUp, MessageSource::ResendCode);
    let details = state
        .send_code_for((&addressee.pool, user), kind, medium, addressee.sender(&metadata))
        .await?;
    Ok(json!({"CodeDeliveryDetails": details}))
}

pub(super) async fn confirm_sign_up(state: &State, request: &Request<'_>) -> Result<Value, Error> {
    let code = request.required("ConfirmationCode")?;
    let (addressee, _) = Addressee::of(state, request)?;
    let user = addressee.user.as_ref().ok_or_else(mismatch)?;
    if user.status != Status::Unconfirmed {
        let status = user.status.name();
        return Err(Error::not_authorized(format!(
            "User cannot be confirmed. Current status is {status}"
        )));
    }
    let change = |user: &mut User, medium: Medium, address: &str| {
        if user.status == Status::Unconfirmed {
            user.status = Status::Confirmed;
        }
        verify(user, medium, address);
        Ok(())
    };
    let metadata = request.client_metadata()?;
    let user = state
        .take_code(&addressee.pool, user, (Purpose::SignUp, code), change)
        .map_err(|error| addressee.hide(error))?;
    addressee
        .confirmed(state, &user, Confirmation::SignUp, &metadata)
        .await?;
    Ok(json!({}))
}

/// Applies the response of `PreSignUp` to a new account.
fn apply(answer: PreSignUp, draft: &mut User) -> Result<(), Error> {
    let PreSignUp {
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
