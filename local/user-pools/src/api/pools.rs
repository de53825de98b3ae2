//! The operations on pools.

pub(super) mod mfa;

use serde_json::{Map, Value, json};

use super::pagination::{Page, reply};
use super::request::Request;
use crate::State;
use crate::challenges::{EMAIL_OTP, PASSWORD, SMS_OTP};
use crate::error::Error;
use crate::mail::Medium;
use crate::pools::password_policy::Class;
use crate::pools::triggers::SENDERS;
use crate::pools::{Pool, Triggers};

/// The properties that cannot be changed, and those that `SetUserPoolMfaConfig` changes.
const UNCHANGED: [&str; 8] = [
    "AliasAttributes",
    "EmailMfaConfiguration",
    "EnabledMfas",
    "Schema",
    "SmsMfaConfiguration",
    "SoftwareTokenMfaConfiguration",
    "UsernameAttributes",
    "UsernameConfiguration",
];

pub(super) fn create_user_pool(
    state: &State,
    request: &Request<'_>,
    body: &Map<String, Value>,
) -> Result<Value, Error> {
    let name = request.required("PoolName")?;
    let triggers = triggers(request)?;
    let id = format!("{}_{}", state.settings.region, state.random.alphanumeric::<9>()?);
    let pool = Pool::new(id, name.to_owned(), triggers, body.clone(), state.clock.now())?;
    let pool = state.add_pool(pool)?;
    Ok(json!({"UserPool": describe_pool(state, &pool)}))
}

pub(super) fn describe_user_pool(state: &State, request: &Request<'_>) -> Result<Value, Error> {
    let id = request.required("UserPoolId")?;
    let pool = state.directory.pool(id)?;
    Ok(json!({"UserPool": describe_pool(state, &pool)}))
}

/// Sets a pool's properties. As on AWS, missing ones get their defaults. Only the second factors do not change if they
/// are missing: an incomplete request should not disable them.
pub(super) fn update_user_pool(
    state: &State,
    request: &Request<'_>,
    body: &Map<String, Value>,
) -> Result<Value, Error> {
    let id = request.required("UserPoolId")?;
    let name = request.text("PoolName")?;
    let triggers = triggers(request)?;
    state.directory.update_pool(id, |pool| {
        let mut properties = body.clone();
        let mut keep = |key: &str| match pool.properties.get(key) {
            Some(value) => drop(properties.insert(key.to_owned(), value.clone())),
            None => drop(properties.remove(key)),
        };
        UNCHANGED.into_iter().for_each(&mut keep);
        if request.fields.value("MfaConfiguration").is_none() {
            keep("MfaConfiguration");
        }
        let name = name.unwrap_or(&pool.name).to_owned();
        Ok(Pool::new(pool.id.clone(), name, triggers, properties, pool.created)?)
    })?;
    Ok(json!({}))
}

pub(super) fn delete_user_pool(state: &State, request: &Request<'_>) -> Result<Value, Error> {
    let id = request.required("UserPoolId")?;
    let pool = state.directory.pool(id)?;
    if pool.properties.get("DeletionProtection").and_then(Value::as_str) == Some("ACTIVE") {
        return Err(Error::invalid_parameter(
            "The user pool cannot be deleted because deletion protection is activated. Deletion protection must be \
             inactivated first.",
        ));
    }
    state.directory.remove_pool(&pool, state.clock.now())?;
    Ok(json!({}))
}

pub(super) fn list_user_pools(state: &State, request: &Request<'_>) -> Result<Value, Error> {
    let page = Page::read(request, "MaxResults")?;
    let pools = state.directory.pools();
    let (pools, next) = page.cut(&pools, |pool| &pool.id);
    let pools: Vec<Value> = pools
        .iter()
        .map(|pool| {
            let created = pool.created.as_secs_f64();
            json!({"Id": pool.id, "Name": pool.name, "CreationDate": created, "LastModifiedDate": created})
        })
        .collect();
    Ok(reply("UserPools", pools, next))
}

/// Reads the functions in `LambdaConfig`.
fn triggers(request: &Request<'_>) -> Result<Triggers, Error> {
    let config = request.fields.fields("LambdaConfig")?;
    // These two are objects.
    let named = |trigger| {
        Ok::<_, Error>(
            config
                .fields(trigger)?
                .text("LambdaArn")?
                .map(|function| (trigger, function)),
        )
    };
    let objects = [named("PreTokenGenerationConfig")?, named("InboundFederation")?];
    let texts = config.iter().filter(|(name, _)| *name != "KMSKeyID");
    let functions = texts.chain(objects.into_iter().flatten());
    let functions = functions.map(|(trigger, function)| (trigger, function_name(function)));
    Ok(Triggers::new(functions, &config)?)
}

/// Returns the name of a function: the text itself, or the name in its ARN, which may end with a version.
fn function_name(function: &str) -> &str {
    let mut parts = function.split(':');
    match (parts.next(), parts.nth(4), parts.next()) {
        (Some("arn"), Some("function"), Some(name)) => name,
        _ => function,
    }
}

fn describe_pool(state: &State, pool: &Pool) -> Value {
    const SHARED: [&str; 18] = [
        "AccountRecoverySetting",
        "AdminCreateUserConfig",
        "AliasAttributes",
        "AutoVerifiedAttributes",
        "DeletionProtection",
        "DeviceConfiguration",
        "EmailConfiguration",
        "EmailVerificationMessage",
        "EmailVerificationSubject",
        "SmsAuthenticationMessage",
        "SmsConfiguration",
        "SmsVerificationMessage",
        "UserAttributeUpdateSettings",
        "UserPoolAddOns",
        "UserPoolTags",
        "UserPoolTier",
        "UsernameAttributes",
        "VerificationMessageTemplate",
    ];
    let region = &state.settings.region;
    let arn = |function: &str| format!("arn:aws:lambda:{region}:000000000000:function:{function}");
    let mut triggers: Map<String, Value> = pool
        .triggers
        .iter()
        .map(|(trigger, function)| {
            let function = arn(function_name(function));
            let described = if SENDERS.contains(&trigger) {
                json!({"LambdaVersion": "V1_0", "LambdaArn": function})
            } else {
                function.into()
            };
            (trigger.to_owned(), described)
        })
        .collect();
    if let (Some(version), Some(function)) = (
        pool.triggers.lambda_version(),
        pool.triggers.function("PreTokenGeneration"),
    ) {
        let config = json!({"LambdaVersion": version, "LambdaArn": arn(function)});
        triggers.insert("PreTokenGenerationConfig".to_owned(), config);
    }
    let mut policy: Map<String, Value> = Class::ALL
        .iter()
        .map(|class| {
            (
                class.property().to_owned(),
                pool.password_policy.requires(*class).into(),
            )
        })
        .collect();
    policy.insert("MinimumLength".to_owned(), pool.password_policy.minimum_length.into());
    let days = pool.password_policy.temporary_days;
    policy.insert("TemporaryPasswordValidityDays".to_owned(), days.into());
    let created = pool.created.as_secs_f64();
    let mut described = json!({
        "Id": pool.id,
        "Name": pool.name,
        "Arn": state.arn(pool),
        "CreationDate": created,
        "LastModifiedDate": created,
        "EstimatedNumberOfUsers": state.directory.count_users(pool),
        "LambdaConfig": triggers,
        "MfaConfiguration": pool.mfa.name(),
        "Policies": {"PasswordPolicy": policy, "SignInPolicy": {"AllowedFirstAuthFactors": first_factors(pool)}},
        "SchemaAttributes": pool.schema.describe(),
        "UsernameConfiguration": {"CaseSensitive": pool.case_sensitive},
    });
    copy(&pool.properties, &SHARED, &mut described);
    described
}

fn first_factors(pool: &Pool) -> Vec<&'static str> {
    let codes = [(Medium::Email, EMAIL_OTP), (Medium::Sms, SMS_OTP)];
    let codes = codes.iter().filter(|(medium, _)| pool.first_codes.contains(medium));
    let passwords = pool.passwords.then_some(PASSWORD);
    passwords.into_iter().chain(codes.map(|(_, name)| *name)).collect()
}

/// Copies the properties that are described unchanged.
pub(super) fn copy(properties: &Map<String, Value>, keys: &[&str], described: &mut Value) {
    for key in keys {
        if let (Some(value), Some(described)) = (properties.get(*key), described.as_object_mut()) {
            described.insert((*key).to_owned(), value.clone());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_function_is_named_by_its_name_or_its_arn() {
        for function in [
            "define",
            "arn:aws:lambda:us-east-1:1:function:define",
            "arn:aws:lambda:us-east-1:1:function:define:7",
        ] {
            assert_eq!(function_name(function), "define");
        }
        assert_eq!(function_name("a:b"), "a:b");
    }
}
