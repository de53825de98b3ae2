//! `SignUp`.

use serde_json::{Value, json};

use super::new_account::NewAccount;
use super::request::Request;
use crate::State;
use crate::error::Error;
use crate::sending::Sender;
use crate::triggers::answer::sign_up::SignUpAnswer;
use crate::triggers::source::{Confirmation, MessageSource};
use crate::users::addresses::auto_verified;
use crate::users::codes::Purpose;
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

/// Applies the response of `PreSignUp` to a new account.
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
