//! `SetUserPoolMfaConfig` and `GetUserPoolMfaConfig`.

use serde_json::{Map, Value, json};

use crate::State;
use crate::api::request::Request;
use crate::error::Error;
use crate::fields::Fields;
use crate::pools::Pool;
use crate::pools::mfa::{Factor, Mfa};

/// The factors, and the keys that configure them in requests.
const CONFIGURATIONS: [(Factor, &str); 3] = [
    (Factor::Email, "EmailMfaConfiguration"),
    (Factor::Sms, "SmsMfaConfiguration"),
    (Factor::SoftwareToken, "SoftwareTokenMfaConfiguration"),
];

pub(in crate::api) fn set_user_pool_mfa_config(state: &State, request: &Request<'_>) -> Result<Value, Error> {
    let id = request.required("UserPoolId")?;
    let mfa = request.text("MfaConfiguration")?;
    let pool = state.directory.update_pool(id, |pool| {
        let mut properties = pool.properties.clone();
        if let Some(mfa) = mfa {
            properties.insert("MfaConfiguration".to_owned(), mfa.into());
        }
        let mut factors = pool.factors.clone();
        for (factor, key) in CONFIGURATIONS {
            let given = request.fields.fields(key)?;
            let Some(value) = request.fields.value(key) else {
                continue;
            };
            if turned_on(factor, &given)? {
                factors.insert(factor);
            } else {
                factors.remove(&factor);
            }
            properties.insert(key.to_owned(), value.clone());
        }
        let names: Vec<&str> = factors.iter().map(|factor| factor.name()).collect();
        properties.insert("EnabledMfas".to_owned(), json!(names));
        let changed = pool.with(properties)?;
        if changed.mfa != Mfa::Off && changed.factors.is_empty() {
            return Err(Error::invalid_parameter(
                "Invalid MFA configuration given, can't disable all MFAs and require MFA.",
            ));
        }
        Ok(changed)
    })?;
    Ok(describe(&pool))
}

/// Text messages and e-mail are enabled by their configuration, apps by a flag.
fn turned_on(factor: Factor, given: &Fields<'_>) -> Result<bool, Error> {
    match factor {
        Factor::Email | Factor::Sms => Ok(true),
        Factor::SoftwareToken => Ok(given.flag("Enabled")?.unwrap_or(false)),
    }
}

pub(in crate::api) fn get_user_pool_mfa_config(state: &State, request: &Request<'_>) -> Result<Value, Error> {
    let id = request.required("UserPoolId")?;
    Ok(describe(&*state.directory.pool(id)?))
}

fn describe(pool: &Pool) -> Value {
    let mut described = Map::new();
    for (factor, key) in CONFIGURATIONS {
        let value = match factor {
            Factor::SoftwareToken if pool.factors.contains(&factor) => json!({"Enabled": true}),
            Factor::Email | Factor::Sms if pool.factors.contains(&factor) => {
                pool.properties.get(key).cloned().unwrap_or_else(|| json!({}))
            }
            Factor::Email | Factor::Sms | Factor::SoftwareToken => continue,
        };
        described.insert(key.to_owned(), value);
    }
    described.insert("MfaConfiguration".to_owned(), pool.mfa.name().into());
    described.into()
}
