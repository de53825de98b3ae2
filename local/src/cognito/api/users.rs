//! The operations on users: those of administrators, `SignUp` and `GetUser`.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::access::Owner;
use super::codes::auto_verified;
use super::request::{CLIENT_ID, PASSWORD, POOL_ID, Request, USERNAME};
use crate::cognito::State;
use crate::cognito::error::Error;
use crate::cognito::pools::{Logins, Pool};
use crate::cognito::random;
use crate::cognito::srp::{Identity, Verifier};
use crate::cognito::users::codes::{Codes, Purpose};
use crate::cognito::users::mfa::UserMfa;
use crate::cognito::users::{Status, User};

/// A user to be made.
pub(crate) struct NewUser<'a> {
    /// The name, or what the pool takes in its place.
    pub(crate) login: &'a str,
    pub(crate) password: Option<&'a str>,
    pub(crate) attributes: BTreeMap<String, String>,
    pub(crate) status: Status,
}

impl State {
    /// Makes a user. Where users sign in with an attribute, the name is made up.
    pub(crate) fn create_user(&self, pool: &Pool, new: NewUser<'_>) -> Result<Arc<User>, Error> {
        let NewUser {
            login,
            password,
            mut attributes,
            status,
        } = new;
        let sub = random::uuid()?.to_string();
        let name = match &pool.logins {
            Logins::Attributes(kinds) => {
                let kind = login_kind(login).filter(|kind| kinds.contains(kind)).ok_or_else(|| {
                    let kinds = kinds.join(" or a ").replace("phone_number", "phone number");
                    Error::invalid_parameter(format!("Username should be an {kinds}."))
                })?;
                attributes.insert(kind.to_owned(), login.to_owned());
                sub.clone()
            }
            Logins::Aliases(kinds) => {
                if let Some(kind) = login_kind(login).filter(|kind| kinds.contains(kind)) {
                    return Err(Error::invalid_parameter(format!(
                        "Username cannot be of {kind} format, since user pool is configured for {kind} alias."
                    )));
                }
                login.to_owned()
            }
            Logins::Name => login.to_owned(),
        };
        pool.schema.check_new(&attributes)?;
        let password = password.map(|password| verifier(pool, &name, password)).transpose()?;
        let now = self.clock.now();
        self.store.add_user(
            pool,
            User {
                name,
                sub,
                attributes,
                password,
                password_set: now,
                status,
                disabled: false,
                codes: Codes::default(),
                mfa: UserMfa::default(),
                devices: Vec::new(),
                created: now,
                modified: now,
            },
        )
    }
}

fn login_kind(login: &str) -> Option<&'static str> {
    let digits = |rest: &str| !rest.is_empty() && rest.bytes().all(|byte| byte.is_ascii_digit());
    if login
        .split_once('@')
        .is_some_and(|(name, host)| !name.is_empty() && !host.is_empty())
    {
        Some("email")
    } else if login.strip_prefix('+').is_some_and(digits) {
        Some("phone_number")
    } else {
        None
    }
}

/// What is kept of a password that the pool takes.
pub(crate) fn verifier(pool: &Pool, name: &str, password: &str) -> Result<Verifier, Error> {
    pool.password_policy.check(password)?;
    Ok(Verifier::new(
        Identity {
            pool: &pool.id,
            user: name,
        },
        password,
        random::bytes()?,
    ))
}

/// The pool and the user name that an administrator's request is about.
fn target<'a>(state: &State, request: &mut Request<'a>) -> Result<(Arc<Pool>, &'a str), Error> {
    let pool = request.required("UserPoolId", &POOL_ID)?;
    let username = request.required("Username", &USERNAME)?;
    request.check()?;
    Ok((state.store.pool(pool)?, username))
}

pub(super) fn admin_create_user(state: &State, mut request: Request<'_>) -> Result<Value, Error> {
    let password = request.text("TemporaryPassword", &PASSWORD)?;
    let (pool, login) = target(state, &mut request)?;
    if request.fields.text("MessageAction")? == Some("RESEND") {
        return Err(Error::not_offered("MessageAction RESEND"));
    }
    let attributes = request.attributes("UserAttributes")?;
    let user = state.create_user(
        &pool,
        NewUser {
            login,
            password,
            attributes,
            status: Status::ForceChangePassword,
        },
    )?;
    Ok(json!({"User": describe(&user, "Attributes")}))
}

pub(super) fn admin_set_user_password(state: &State, mut request: Request<'_>) -> Result<Value, Error> {
    let password = request.required("Password", &PASSWORD)?;
    let (pool, login) = target(state, &mut request)?;
    let permanent = request.fields.flag("Permanent")?.unwrap_or(false);
    let name = state
        .store
        .user(&pool, login)
        .ok_or_else(Error::user_not_found)?
        .name
        .clone();
    let verifier = verifier(&pool, &name, password)?;
    let now = state.clock.now();
    state.store.update_user(&pool, &name, |user| {
        user.password = Some(verifier);
        user.password_set = now;
        user.status = if permanent {
            Status::Confirmed
        } else {
            Status::ForceChangePassword
        };
        user.modified = now;
        Ok(())
    })?;
    Ok(json!({}))
}

pub(super) fn admin_get_user(state: &State, mut request: Request<'_>) -> Result<Value, Error> {
    let (pool, login) = target(state, &mut request)?;
    let user = state.store.user(&pool, login).ok_or_else(Error::user_not_found)?;
    Ok(describe(&user, "UserAttributes"))
}

pub(super) fn admin_delete_user(state: &State, mut request: Request<'_>) -> Result<Value, Error> {
    let (pool, login) = target(state, &mut request)?;
    state.store.remove_user(&pool, login)?;
    Ok(json!({}))
}

pub(super) fn admin_confirm_sign_up(state: &State, mut request: Request<'_>) -> Result<Value, Error> {
    let (pool, login) = target(state, &mut request)?;
    let now = state.clock.now();
    state.store.update_user(&pool, login, |user| {
        if user.status != Status::Unconfirmed {
            let status = user.status.name();
            return Err(Error::not_authorized(format!(
                "User cannot be confirmed. Current status is {status}"
            )));
        }
        user.status = Status::Confirmed;
        user.modified = now;
        Ok(())
    })?;
    Ok(json!({}))
}

pub(super) fn sign_up(state: &State, mut request: Request<'_>) -> Result<Value, Error> {
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
    let user = state
        .create_user(
            &pool,
            NewUser {
                login,
                password: Some(password),
                attributes,
                status: Status::Unconfirmed,
            },
        )
        .map_err(|error| match error.message.as_ref() {
            "User account already exists" => Error::new(error.name, "User already exists"),
            _ => error,
        })?;
    let mut reply = json!({"UserConfirmed": false, "UserSub": user.sub});
    if let (Some(medium), Some(reply)) = (auto_verified(&pool, &user), reply.as_object_mut()) {
        let details = state.send_code_for(&pool, &user, Purpose::SignUp, medium)?;
        reply.insert("CodeDeliveryDetails".to_owned(), details);
    }
    Ok(reply)
}

/// The user whom an access token belongs to, as far as the token's client may read.
pub(super) async fn get_user(state: &State, mut request: Request<'_>) -> Result<Value, Error> {
    let Owner { client, user, .. } = Owner::of(state, &mut request).await?;
    let readable = attributes(&user, |name| client.may_read(name));
    let mut described = Map::new();
    described.insert("Username".to_owned(), user.name.as_str().into());
    described.insert("UserAttributes".to_owned(), readable);
    describe_mfa(&user, &mut described);
    Ok(described.into())
}

/// A user as administrators see one; the attributes are under a key that differs between operations.
pub(super) fn describe(user: &User, attributes_key: &str) -> Value {
    let mut described = Map::new();
    described.insert("Username".to_owned(), user.name.as_str().into());
    described.insert(attributes_key.to_owned(), attributes(user, |_| true));
    described.insert("UserCreateDate".to_owned(), user.created.as_secs_f64().into());
    described.insert("UserLastModifiedDate".to_owned(), user.modified.as_secs_f64().into());
    described.insert("Enabled".to_owned(), (!user.disabled).into());
    described.insert("UserStatus".to_owned(), user.status.name().into());
    describe_mfa(user, &mut described);
    Value::Object(described)
}

/// The second factors that the user wants; left out where there are none.
fn describe_mfa(user: &User, described: &mut Map<String, Value>) {
    if let Some(factor) = user.mfa.preferred {
        described.insert("PreferredMfaSetting".to_owned(), factor.name().into());
    }
    let enabled: Vec<&str> = user.mfa.enabled.iter().map(|factor| factor.name()).collect();
    if !enabled.is_empty() {
        described.insert("UserMFASettingList".to_owned(), json!(enabled));
    }
}

fn attributes(user: &User, readable: impl Fn(&str) -> bool) -> Value {
    let sub = std::iter::once(("sub", user.sub.as_str()));
    let others = user
        .attributes
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()));
    sub.chain(others.filter(|(name, _)| readable(name)))
        .map(|(name, value)| json!({"Name": name, "Value": value}))
        .collect()
}
