//! App clients and their permissions in a pool.

use std::collections::BTreeSet;
use std::time::Duration;

use aws_lc_rs::hmac;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value};
use subtle::ConstantTimeEq;

use super::error::Error;
use super::fields::{FieldError, Fields};
use super::pools::Pool;
use super::pools::schema::Schema;

/// An app client of a user pool.
#[derive(Clone)]
pub(crate) struct Client {
    pub(crate) id: String,
    pub(crate) pool: String,
    pub(crate) name: String,
    pub(crate) secret: Option<String>,
    pub(crate) created: Duration,
    pub(crate) flows: Flows,
    /// Whether a nonexistent user looks like an existing one (`PreventUserExistenceErrors`).
    pub(crate) hides_users: bool,
    /// The time that a client has for each answer.
    pub(crate) session_validity: Duration,
    pub(crate) access_validity: Duration,
    pub(crate) id_validity: Duration,
    pub(crate) refresh_validity: Duration,
    /// The time for which a refresh token stays valid after its exchange; `None` without rotation.
    pub(crate) rotation: Option<Duration>,
    read: Option<BTreeSet<String>>,
    write: Option<BTreeSet<String>>,
    /// The properties as given, for the operations that describe the client.
    pub(crate) properties: Map<String, Value>,
}

/// The authentication flows that a client may use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Flows {
    allowed: BTreeSet<Flow>,
    /// The old setting that allows only custom challenges, and has its own error text.
    custom_only: bool,
}

/// An authentication flow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Flow {
    AdminUserPassword,
    Custom,
    RefreshToken,
    User,
    UserPassword,
    UserSrp,
}

impl Flow {
    const ALL: [Self; 6] = [
        Self::AdminUserPassword,
        Self::Custom,
        Self::RefreshToken,
        Self::User,
        Self::UserPassword,
        Self::UserSrp,
    ];

    /// Parses `AuthFlow` of a request. Old names are allowed.
    pub(crate) fn parse(name: &str) -> Option<Self> {
        match name {
            "ADMIN_NO_SRP_AUTH" => Some(Self::AdminUserPassword),
            "REFRESH_TOKEN" => Some(Self::RefreshToken),
            _ => Self::ALL.into_iter().find(|flow| flow.name() == name),
        }
    }

    /// The newest name of the flow.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::AdminUserPassword => "ADMIN_USER_PASSWORD_AUTH",
            Self::Custom => "CUSTOM_AUTH",
            Self::RefreshToken => "REFRESH_TOKEN_AUTH",
            Self::User => "USER_AUTH",
            Self::UserPassword => "USER_PASSWORD_AUTH",
            Self::UserSrp => "USER_SRP_AUTH",
        }
    }
}

impl Flows {
    /// The flows in `ExplicitAuthFlows`, or Cognito's default.
    fn new(fields: &Fields<'_>) -> Result<Self, FieldError> {
        const KEY: &str = "ExplicitAuthFlows";
        let given = fields.texts(KEY)?.filter(|given| !given.is_empty());
        let Some(given) = given else {
            return Ok(Self {
                allowed: [Flow::Custom, Flow::RefreshToken, Flow::UserSrp].into(),
                custom_only: false,
            });
        };
        let allowed = |name: &&str| name.strip_prefix("ALLOW_").and_then(Flow::parse);
        if given.iter().all(|name| name.starts_with("ALLOW_")) {
            let flows: Option<BTreeSet<Flow>> = given.iter().map(allowed).collect();
            let flows = flows.ok_or_else(|| fields.wrong_value(KEY, "holds a flow that does not exist"))?;
            return Ok(Self {
                allowed: flows,
                custom_only: false,
            });
        }
        let custom_only = given.contains(&"CUSTOM_AUTH_FLOW_ONLY");
        let mut flows = BTreeSet::from([Flow::Custom, Flow::RefreshToken]);
        if !custom_only {
            flows.insert(Flow::UserSrp);
        }
        for name in given {
            match name {
                "ADMIN_NO_SRP_AUTH" if !custom_only => drop(flows.insert(Flow::AdminUserPassword)),
                "USER_PASSWORD_AUTH" if !custom_only => drop(flows.insert(Flow::UserPassword)),
                "CUSTOM_AUTH_FLOW_ONLY" => {}
                _ => {
                    return Err(fields.wrong_value(
                        KEY,
                        "must contain flows of the form ALLOW_…, or old ones (ADMIN_NO_SRP_AUTH, USER_PASSWORD_AUTH or \
                         CUSTOM_AUTH_FLOW_ONLY alone), not both",
                    ));
                }
            }
        }
        Ok(Self {
            allowed: flows,
            custom_only,
        })
    }

    /// Returns an error if the client may not use the flow.
    pub(crate) fn check(&self, flow: Flow, admin: bool) -> Result<(), Error> {
        if self.allowed.contains(&flow) {
            return Ok(());
        }
        Err(Error::invalid_parameter(if self.custom_only {
            "Only custom auth (lambda driven) is enabled for this client.".to_owned()
        } else if admin {
            "Auth flow not enabled for this client".to_owned()
        } else {
            format!("{} flow not enabled for this client", flow.name())
        }))
    }
}

impl Client {
    /// Creates a client with the properties of `AWS::Cognito::UserPoolClient`, which are also those of
    /// `CreateUserPoolClient`.
    pub(crate) fn new(
        id: String,
        pool: &Pool,
        secret: Option<String>,
        properties: Map<String, Value>,
        created: Duration,
    ) -> Result<Self, FieldError> {
        let fields = Fields::new("", &properties);
        let minutes = fields.number("AuthSessionValidity")?.unwrap_or(3);
        if !(3..=15).contains(&minutes) {
            return Err(fields.wrong_value("AuthSessionValidity", "must be from 3 to 15 minutes"));
        }
        Ok(Self {
            id,
            pool: pool.id.clone(),
            name: fields.text("ClientName")?.unwrap_or("client").to_owned(),
            secret,
            created,
            flows: Flows::new(&fields)?,
            hides_users: match fields.text("PreventUserExistenceErrors")? {
                None | Some("LEGACY") => false,
                Some("ENABLED") => true,
                Some(_) => {
                    return Err(fields.wrong_value("PreventUserExistenceErrors", "must be ENABLED or LEGACY"));
                }
            },
            session_validity: Duration::from_secs(minutes * 60),
            access_validity: validity(&fields, "AccessToken")?,
            id_validity: validity(&fields, "IdToken")?,
            refresh_validity: validity(&fields, "RefreshToken")?,
            rotation: rotation(&fields)?,
            read: attributes(&fields, "ReadAttributes", &pool.schema)?,
            write: attributes(&fields, "WriteAttributes", &pool.schema)?,
            properties,
        })
    }

    /// Whether the client may see the attribute in tokens and in `GetUser`.
    pub(crate) fn may_read(&self, attribute: &str) -> bool {
        allows(self.read.as_ref(), attribute)
    }

    /// Whether the client may set the attribute.
    pub(crate) fn may_write(&self, attribute: &str) -> bool {
        allows(self.write.as_ref(), attribute)
    }

    /// Returns an error if the client may not set one of the attributes.
    pub(crate) fn check_write(&self, attributes: impl IntoIterator<Item = impl AsRef<str>>) -> Result<(), Error> {
        let refused = || Error::not_authorized("A client attempted to write unauthorized attribute");
        for name in attributes {
            let name = name.as_ref();
            if !self.may_write(name) {
                return Err(refused().because(format!(
                    "`WriteAttributes` of the client does not allow `{}`",
                    name.escape_debug()
                )));
            }
            if name.ends_with("_verified") {
                return Err(refused().because("only an administrator may mark an attribute as verified"));
            }
        }
        Ok(())
    }

    /// Checks `SECRET_HASH`, which covers the username in the same request.
    pub(crate) fn check_secret_hash(&self, login: &str, hash: Option<&str>) -> Result<(), Error> {
        let wrong = || Error::not_authorized(format!("Unable to verify secret hash for client {}", self.id));
        match (&self.secret, hash) {
            (None, None) => Ok(()),
            (None, Some(_)) => Err(wrong().because("the client has no secret, but the request has a SECRET_HASH")),
            (Some(_), None) => Err(Error::not_authorized(format!(
                "Client {} is configured with secret but SECRET_HASH was not received",
                self.id
            ))),
            (Some(secret), Some(hash)) => {
                let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
                let message = [login.as_bytes(), self.id.as_bytes()].concat();
                let given = STANDARD.decode(hash).unwrap_or_default();
                hmac::verify(&key, &message, &given)
                    .map_err(|_| wrong().because("it must cover the USERNAME of the same request, then the client id"))
            }
        }
    }

    /// Checks the secret itself, which some requests have in place of a hash.
    pub(crate) fn check_secret(&self, given: Option<&str>) -> Result<(), Error> {
        let right = match (&self.secret, given) {
            (None, _) => true,
            (Some(secret), Some(given)) => secret.as_bytes().ct_eq(given.as_bytes()).into(),
            (Some(_), None) => false,
        };
        if right {
            return Ok(());
        }
        let id = &self.id;
        Err(Error::not_authorized(format!(
            "Unable to verify secret for client {id}"
        )))
    }
}

fn allows(names: Option<&BTreeSet<String>>, attribute: &str) -> bool {
    match names {
        None => Schema::is_standard(attribute),
        Some(names) => attribute == "sub" || names.contains(attribute),
    }
}

fn attributes(fields: &Fields<'_>, key: &str, schema: &Schema) -> Result<Option<BTreeSet<String>>, FieldError> {
    let Some(names) = fields.texts(key)?.filter(|names| !names.is_empty()) else {
        return Ok(None);
    };
    if let Some(unknown) = names.iter().find(|name| !schema.has(name)) {
        return Err(fields.wrong_value(key, format!("holds `{unknown}`, which the pool does not have")));
    }
    Ok(Some(names.into_iter().map(str::to_owned).collect()))
}

/// Reads `RefreshTokenRotation`: the time for which the old token stays valid beside the new one.
fn rotation(fields: &Fields<'_>) -> Result<Option<Duration>, FieldError> {
    const KEY: &str = "RefreshTokenRotation";
    let rotation = fields.fields(KEY)?;
    let grace = rotation.number("RetryGracePeriodSeconds")?.unwrap_or(0);
    match rotation.text("Feature")? {
        None if rotation.is_empty() => Ok(None),
        Some("DISABLED") => Ok(None),
        Some("ENABLED") if grace <= 60 => Ok(Some(Duration::from_secs(grace))),
        Some("ENABLED") => Err(rotation.wrong_value("RetryGracePeriodSeconds", "must be from 0 to 60")),
        _ => Err(rotation.wrong_value("Feature", "must be ENABLED or DISABLED")),
    }
}

/// Returns the validity of a kind of token: a number, and its unit in `TokenValidityUnits`.
fn validity(fields: &Fields<'_>, token: &str) -> Result<Duration, FieldError> {
    const DAY: u64 = 24 * 60 * 60;
    let refresh = token == "RefreshToken";
    let (default, unit, range) = if refresh {
        (30 * DAY, "days", 60 * 60..=3650 * DAY)
    } else {
        (60 * 60, "hours", 5 * 60..=DAY)
    };
    let unit = match fields.fields("TokenValidityUnits")?.text(token)?.unwrap_or(unit) {
        "seconds" => 1,
        "minutes" => 60,
        "hours" => 60 * 60,
        "days" => DAY,
        _ => return Err(fields.wrong_value("TokenValidityUnits", "may only hold seconds, minutes, hours and days")),
    };
    let key = format!("{token}Validity");
    let seconds = match fields.number(&key)? {
        None | Some(0) => default,
        Some(number) => number.saturating_mul(unit),
    };
    if range.contains(&seconds) {
        Ok(Duration::from_secs(seconds))
    } else if refresh {
        Err(fields.wrong_value(&key, "must be from 60 minutes to 10 years"))
    } else {
        Err(fields.wrong_value(&key, "must be from 5 minutes to 1 day"))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::pools::Triggers;

    fn client(properties: &Value, secret: Option<&str>) -> Result<Client, FieldError> {
        let schema = json!({"Schema": [{"Name": "x"}]}).as_object().unwrap().clone();
        let pool = Pool::new(
            "us-east-1_p".into(),
            "p".into(),
            Triggers::default(),
            schema,
            Duration::ZERO,
        )
        .unwrap();
        let properties = properties.as_object().unwrap().clone();
        Client::new(
            "abc".into(),
            &pool,
            secret.map(str::to_owned),
            properties,
            Duration::ZERO,
        )
    }

    fn refusal(flows: &Value, flow: Flow, admin: bool) -> Option<String> {
        let client = client(&json!({"ExplicitAuthFlows": flows}), None).unwrap();
        client
            .flows
            .check(flow, admin)
            .err()
            .map(|error| error.message.into_owned())
    }

    #[test]
    fn only_the_flows_that_are_named_may_be_used() {
        let custom = json!(["ALLOW_CUSTOM_AUTH"]);
        assert_eq!(refusal(&custom, Flow::Custom, false), None);
        let text = "USER_PASSWORD_AUTH flow not enabled for this client";
        assert_eq!(refusal(&custom, Flow::UserPassword, false).unwrap(), text);
        assert_eq!(
            refusal(&custom, Flow::AdminUserPassword, true).unwrap(),
            "Auth flow not enabled for this client"
        );
        assert!(refusal(&custom, Flow::RefreshToken, false).is_some());
        let old = json!(["CUSTOM_AUTH_FLOW_ONLY"]);
        let text = "Only custom auth (lambda driven) is enabled for this client.";
        assert_eq!(refusal(&old, Flow::UserSrp, false).unwrap(), text);
        assert_eq!(
            refusal(&json!(["ADMIN_NO_SRP_AUTH"]), Flow::AdminUserPassword, true),
            None
        );
        assert!(refusal(&json!([]), Flow::UserPassword, false).is_some());
        assert_eq!(refusal(&json!([]), Flow::UserSrp, false), None);
    }

    #[test]
    fn properties_that_do_not_parse_are_named() {
        for (properties, path) in [
            (json!({"ExplicitAuthFlows": ["ALLOW_NOTHING"]}), "`ExplicitAuthFlows`"),
            (
                json!({"ExplicitAuthFlows": ["ALLOW_CUSTOM_AUTH", "USER_PASSWORD_AUTH"]}),
                "`ExplicitAuthFlows`",
            ),
            (json!({"AuthSessionValidity": 16}), "`AuthSessionValidity`"),
            (json!({"AuthSessionValidity": 2}), "`AuthSessionValidity`"),
            (
                json!({"PreventUserExistenceErrors": true}),
                "`PreventUserExistenceErrors`",
            ),
            (
                json!({"AccessTokenValidity": 2, "TokenValidityUnits": {"AccessToken": "days"}}),
                "`AccessTokenValidity`",
            ),
            (json!({"ReadAttributes": ["custom:y"]}), "`ReadAttributes`"),
            (
                json!({"RefreshTokenRotation": {"Feature": "ENABLED", "RetryGracePeriodSeconds": 61}}),
                "`RefreshTokenRotation.RetryGracePeriodSeconds`",
            ),
            (
                json!({"RefreshTokenRotation": {"Feature": "ON"}}),
                "`RefreshTokenRotation.Feature`",
            ),
        ] {
            let Err(error) = client(&properties, None) else {
                panic!("{properties} was taken")
            };
            assert!(error.to_string().starts_with(path), "{error}");
        }
    }

    #[test]
    fn custom_attributes_are_readable_and_writable_only_where_named() {
        let open = client(&json!({}), None).unwrap();
        assert!(open.may_read("email") && open.may_write("email"));
        assert!(!open.may_read("custom:x") && !open.may_write("custom:x"));
        let named = client(
            &json!({"ReadAttributes": ["custom:x"], "WriteAttributes": ["name"]}),
            None,
        )
        .unwrap();
        assert!(named.may_read("custom:x") && named.may_read("sub") && !named.may_read("email"));
        assert!(named.may_write("name") && !named.may_write("email"));
    }

    #[test]
    fn a_secret_hash_covers_the_name_in_the_same_request() {
        let client = client(&json!({}), Some("secret")).unwrap();
        let key = hmac::Key::new(hmac::HMAC_SHA256, b"secret");
        let hash = STANDARD.encode(hmac::sign(&key, b"anaabc"));
        assert!(client.check_secret_hash("ana", Some(&hash)).is_ok());
        for (login, hash) in [
            ("bea", Some(hash.as_str())),
            ("ana", Some("")),
            ("ana", Some("%")),
            ("ana", None),
        ] {
            assert_eq!(
                client.check_secret_hash(login, hash).unwrap_err().name,
                "NotAuthorizedException"
            );
        }
    }
}
