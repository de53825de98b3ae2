//! The operations on pools and clients.

use serde_json::{Map, Value, json};

use super::request::Request;
use crate::State;
use crate::clients::Client;
use crate::error::Error;
use crate::mail::Medium;
use crate::pools::password_policy::Class;
use crate::pools::triggers::SENDERS;
use crate::pools::{Pool, Triggers};

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

pub(super) fn create_user_pool_client(
    state: &State,
    request: &Request<'_>,
    body: &Map<String, Value>,
) -> Result<Value, Error> {
    let pool = request.required("UserPoolId")?;
    request.required("ClientName")?;
    let pool = state.directory.pool(pool)?;
    let client = state.create_client(state.random.alphanumeric::<26>()?, &pool, body.clone())?;
    Ok(json!({"UserPoolClient": describe_client(&client)}))
}

pub(super) fn describe_user_pool_client(state: &State, request: &Request<'_>) -> Result<Value, Error> {
    let pool = request.required("UserPoolId")?;
    let id = request.required("ClientId")?;
    let pool_id = state.directory.pool(pool)?.id.clone();
    let (_, client) = state.directory.client(id)?;
    if client.pool != pool_id {
        return Err(Error::resource_not_found(format!(
            "User pool client {id} does not exist."
        )));
    }
    Ok(json!({"UserPoolClient": describe_client(&client)}))
}

/// Reads the functions in `LambdaConfig`.
pub(super) fn triggers(request: &Request<'_>) -> Result<Triggers, Error> {
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
    const SHARED: [&str; 16] = [
        "AccountRecoverySetting",
        "AdminCreateUserConfig",
        "AliasAttributes",
        "AutoVerifiedAttributes",
        "DeletionProtection",
        "DeviceConfiguration",
        "EmailConfiguration",
        "EmailVerificationMessage",
        "EmailVerificationSubject",
        "SmsConfiguration",
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
    let codes = [(Medium::Email, "EMAIL_OTP"), (Medium::Sms, "SMS_OTP")];
    let codes = codes.iter().filter(|(medium, _)| pool.first_codes.contains(medium));
    let passwords = pool.passwords.then_some("PASSWORD");
    passwords.into_iter().chain(codes.map(|(_, name)| *name)).collect()
}

pub(super) fn describe_client(client: &Client) -> Value {
    const SHARED: [&str; 12] = [
        "AllowedOAuthFlows",
        "AllowedOAuthScopes",
        "AnalyticsConfiguration",
        "CallbackURLs",
        "DefaultRedirectURI",
        "EnablePropagateAdditionalUserContextData",
        "ExplicitAuthFlows",
        "LogoutURLs",
        "ReadAttributes",
        "SupportedIdentityProviders",
        "TokenValidityUnits",
        "WriteAttributes",
    ];
    const NUMBERS: [&str; 2] = ["AccessTokenValidity", "IdTokenValidity"];
    let created = client.created.as_secs_f64();
    let mut described = json!({
        "ClientId": client.id,
        "ClientName": client.name,
        "UserPoolId": client.pool,
        "CreationDate": created,
        "LastModifiedDate": created,
        "AuthSessionValidity": client.session_validity.as_secs() / 60,
        "PreventUserExistenceErrors": if client.hides_users { "ENABLED" } else { "LEGACY" },
        "RefreshTokenValidity": 30,
        "EnableTokenRevocation": true,
        "AllowedOAuthFlowsUserPoolClient": false,
    });
    copy_flags(&client.properties, &["AllowedOAuthFlowsUserPoolClient"], &mut described);
    copy(&client.properties, &SHARED, &mut described);
    copy_numbers(&client.properties, &NUMBERS, &mut described);
    copy_numbers(&client.properties, &["RefreshTokenValidity"], &mut described);
    if let (Some(grace), Some(described)) = (client.rotation, described.as_object_mut()) {
        let rotation = json!({"Feature": "ENABLED", "RetryGracePeriodSeconds": grace.as_secs()});
        described.insert("RefreshTokenRotation".to_owned(), rotation);
    }
    if let (Some(secret), Some(described)) = (&client.secret, described.as_object_mut()) {
        described.insert("ClientSecret".to_owned(), secret.as_str().into());
    }
    described
}

/// Copies the properties that are described unchanged.
fn copy(properties: &Map<String, Value>, keys: &[&str], described: &mut Value) {
    for key in keys {
        if let (Some(value), Some(described)) = (properties.get(*key), described.as_object_mut()) {
            described.insert((*key).to_owned(), value.clone());
        }
    }
}

/// Copies flags. A template may write one as a string; clients of the API need booleans.
fn copy_flags(properties: &Map<String, Value>, keys: &[&str], described: &mut Value) {
    let fields = crate::fields::Fields::new("", properties);
    for key in keys {
        if let (Ok(Some(flag)), Some(described)) = (fields.flag(key), described.as_object_mut()) {
            described.insert((*key).to_owned(), flag.into());
        }
    }
}

/// Copies numbers. A template may write one as a string; clients of the API need numbers.
fn copy_numbers(properties: &Map<String, Value>, keys: &[&str], described: &mut Value) {
    let fields = crate::fields::Fields::new("", properties);
    for key in keys {
        if let (Ok(Some(number)), Some(described)) = (fields.number(key), described.as_object_mut()) {
            described.insert((*key).to_owned(), number.into());
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
