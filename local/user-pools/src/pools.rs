//! User pools and their configuration.

pub(crate) mod mfa;
pub(crate) mod password_policy;
pub(crate) mod schema;
pub(crate) mod triggers;

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::{Map, Value};

use super::fields::{FieldError, Fields};
use super::mail::Medium;
use crate::challenges::{EMAIL_OTP, PASSWORD, SMS_OTP, WEB_AUTHN};
use mfa::{Factor, Mfa};
use password_policy::PasswordPolicy;
use schema::Schema;
pub(crate) use triggers::Triggers;

/// A user pool.
#[derive(Clone, Debug)]
pub(crate) struct Pool {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) created: Duration,
    pub(crate) triggers: Triggers,
    pub(crate) password_policy: PasswordPolicy,
    pub(crate) schema: Schema,
    pub(crate) logins: Logins,
    /// Whether `Ana` and `ana` are two users.
    pub(crate) case_sensitive: bool,
    pub(crate) mfa: Mfa,
    /// The second factors that users may have (`EnabledMfas`).
    pub(crate) factors: BTreeSet<Factor>,
    /// Whether a sign-in with `USER_AUTH` may start with a password, and with which codes (`AllowedFirstAuthFactors`).
    pub(crate) passwords: bool,
    pub(crate) first_codes: BTreeSet<Medium>,
    /// `None` if devices are not tracked (`DeviceConfiguration`).
    pub(crate) devices: Option<DeviceTracking>,
    /// Whether users may create their own accounts.
    pub(crate) sign_up: bool,
    /// The properties as given, for the operations that describe the pool.
    pub(crate) properties: Map<String, Value>,
}

/// The names that users may sign in with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Logins {
    /// Only the username.
    Name,
    /// The username or a verified attribute (`AliasAttributes`).
    Aliases(Vec<&'static str>),
    /// Only an attribute. The pool generates the username (`UsernameAttributes`).
    Attributes(Vec<&'static str>),
}

/// The tracking of devices in a pool.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct DeviceTracking {
    /// Whether a remembered device replaces a second factor.
    pub(crate) stands_for_factor: bool,
    /// Whether the user must agree before a device is remembered.
    pub(crate) remembered_on_prompt: bool,
}

impl DeviceTracking {
    fn new(fields: &Fields<'_>) -> Result<Option<Self>, FieldError> {
        if fields.is_empty() {
            return Ok(None);
        }
        Ok(Some(Self {
            stands_for_factor: fields.flag("ChallengeRequiredOnNewDevice")?.unwrap_or(false),
            remembered_on_prompt: fields.flag("DeviceOnlyRememberedOnUserPrompt")?.unwrap_or(false),
        }))
    }
}

impl Pool {
    /// Creates a pool with the properties of `AWS::Cognito::UserPool`, which are also those of `CreateUserPool`.
    pub(crate) fn new(
        id: String,
        name: String,
        triggers: Triggers,
        properties: Map<String, Value>,
        created: Duration,
    ) -> Result<Self, FieldError> {
        let fields = Fields::new("", &properties);
        let policies = fields.fields("Policies")?;
        let policy = policies.fields("PasswordPolicy")?;
        let (passwords, first_codes) = first_factors(&policies.fields("SignInPolicy")?)?;
        Ok(Self {
            id,
            name,
            created,
            triggers,
            password_policy: PasswordPolicy::new(&policy)?,
            schema: Schema::new(&fields.list("Schema")?)?,
            logins: logins(&fields)?,
            case_sensitive: fields
                .fields("UsernameConfiguration")?
                .flag("CaseSensitive")?
                .unwrap_or(true),
            mfa: Mfa::parse(fields.text("MfaConfiguration")?.unwrap_or("OFF"))
                .ok_or_else(|| fields.wrong_value("MfaConfiguration", "must be OFF, ON or OPTIONAL"))?,
            factors: factors(&fields)?,
            passwords,
            first_codes,
            devices: DeviceTracking::new(&fields.fields("DeviceConfiguration")?)?,
            sign_up: !fields
                .fields("AdminCreateUserConfig")?
                .flag("AllowAdminCreateUserOnly")?
                .unwrap_or(false),
            properties,
        })
    }

    /// Returns the same pool with other properties.
    pub(crate) fn with(&self, properties: Map<String, Value>) -> Result<Self, FieldError> {
        let (id, name, triggers) = (self.id.clone(), self.name.clone(), self.triggers.clone());
        Self::new(id, name, triggers, properties, self.created)
    }

    /// Returns the form of a login that look-ups use.
    pub(crate) fn fold(&self, login: &str) -> String {
        if self.case_sensitive {
            login.to_owned()
        } else {
            login.to_lowercase()
        }
    }
}

/// Returns whether passwords are among the first factors, and the codes that are. Passkeys are not supported and are omitted.
fn first_factors(policy: &Fields<'_>) -> Result<(bool, BTreeSet<Medium>), FieldError> {
    const KEY: &str = "AllowedFirstAuthFactors";
    let names = policy.texts(KEY)?.unwrap_or_else(|| vec![PASSWORD]);
    let mut codes = BTreeSet::new();
    for name in &names {
        match *name {
            EMAIL_OTP => drop(codes.insert(Medium::Email)),
            SMS_OTP => drop(codes.insert(Medium::Sms)),
            PASSWORD | WEB_AUTHN => {}
            _ => return Err(policy.wrong_value(KEY, "may only hold PASSWORD, EMAIL_OTP, SMS_OTP and WEB_AUTHN")),
        }
    }
    Ok((names.contains(&PASSWORD), codes))
}

fn factors(fields: &Fields<'_>) -> Result<BTreeSet<Factor>, FieldError> {
    const KEY: &str = "EnabledMfas";
    let names = fields.texts(KEY)?.unwrap_or_default();
    let factors: Option<_> = names.into_iter().map(Factor::parse).collect();
    factors.ok_or_else(|| fields.wrong_value(KEY, "may only hold SMS_MFA, SOFTWARE_TOKEN_MFA and EMAIL_OTP"))
}

fn logins(fields: &Fields<'_>) -> Result<Logins, FieldError> {
    let read = |key, allowed: &[&'static str]| {
        let Some(given) = fields.texts(key)? else {
            return Ok(None);
        };
        let known = given
            .iter()
            .map(|name| allowed.iter().find(|known| *known == name).copied())
            .collect();
        let known: Option<Vec<&'static str>> = known;
        known
            .map(Some)
            .ok_or_else(|| fields.wrong_value(key, format!("may only hold {}", allowed.join(", "))))
    };
    let attributes = read("UsernameAttributes", &["email", "phone_number"])?.filter(|names| !names.is_empty());
    let aliases = read("AliasAttributes", &["email", "phone_number", "preferred_username"])?;
    match (attributes, aliases.filter(|names| !names.is_empty())) {
        (None, None) => Ok(Logins::Name),
        (None, Some(names)) => Ok(Logins::Aliases(names)),
        (Some(names), None) => Ok(Logins::Attributes(names)),
        (Some(_), Some(_)) => Err(fields.wrong_value("AliasAttributes", "cannot go with `UsernameAttributes`")),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn pool(properties: &Value) -> Result<Pool, FieldError> {
        let properties = properties.as_object().unwrap().clone();
        Pool::new(
            "us-east-1_p".into(),
            "p".into(),
            Triggers::default(),
            properties,
            Duration::ZERO,
        )
    }

    #[test]
    fn a_pool_without_properties_is_cognitos_default() {
        let pool = pool(&json!({})).unwrap();
        assert_eq!(
            (pool.logins, pool.mfa, pool.case_sensitive),
            (Logins::Name, Mfa::Off, true)
        );
    }

    #[test]
    fn properties_that_do_not_parse_are_named() {
        for (properties, message) in [
            (
                json!({"MfaConfiguration": "off"}),
                "`MfaConfiguration` must be OFF, ON or OPTIONAL",
            ),
            (
                json!({"EnabledMfas": ["SMS"]}),
                "`EnabledMfas` may only hold SMS_MFA, SOFTWARE_TOKEN_MFA and EMAIL_OTP",
            ),
            (json!({"Schema": {}}), "`Schema` must be a list of objects"),
            (
                json!({"UsernameAttributes": ["name"]}),
                "`UsernameAttributes` may only hold email, phone_number",
            ),
            (
                json!({"UsernameAttributes": ["email"], "AliasAttributes": ["email"]}),
                "`AliasAttributes` cannot go with `UsernameAttributes`",
            ),
            (
                json!({"Policies": {"PasswordPolicy": {"MinimumLength": 3}}}),
                "`Policies.PasswordPolicy.MinimumLength` must be from 6 to 99",
            ),
        ] {
            assert_eq!(pool(&properties).unwrap_err().to_string(), message);
        }
    }
}
