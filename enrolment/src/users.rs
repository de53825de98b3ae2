//! The users of the pool. An attribute contains their enrolment.

use std::collections::HashMap;
use std::time::Duration;

use async_trait::async_trait;
use aws_sdk_cognitoidentityprovider::Client;
use aws_sdk_cognitoidentityprovider::config::BehaviorVersion;
use aws_sdk_cognitoidentityprovider::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_cognitoidentityprovider::types::AttributeType;
use cognito_challenge::challenges::security_question::policy::KNOWN_TO_OTHERS;
use cognito_challenge::challenges::security_question::{ATTRIBUTE, Enrollment};
use cognito_challenge::user::{self, Existence};
use cognito_challenge_messages::Medium;
use cognito_challenge_runtime::{ConfigError, Environment};

/// The time limit for a response of Cognito.
const BUDGET: Duration = Duration::from_millis(1500);

/// The operations of the user pool that the function needs.
#[async_trait]
pub(crate) trait Users: Send + Sync {
    /// Finds the user by username or alias.
    async fn find(&self, name: &str) -> Result<Option<User>, PoolError>;

    /// Sets the enrolment of the user called `name`. An empty value removes it.
    async fn set(&self, name: &str, enrollment: &str) -> Result<(), PoolError>;
}

/// A user of the pool. It has no `Debug`, because it holds attributes.
#[derive(Clone)]
pub(crate) struct User {
    /// The username in the pool.
    pub(crate) name: String,
    pub(crate) enabled: bool,
    /// The user's status, such as `CONFIRMED`.
    pub(crate) status: String,
    pub(crate) attributes: HashMap<String, String>,
}

impl User {
    /// Returns the user's `sub`, which is unique.
    pub(crate) fn sub(&self) -> &str {
        self.attribute("sub")
    }

    /// Returns the enrolled questions and answers.
    pub(crate) fn enrollment(&self) -> Enrollment {
        Enrollment::parse(self.attribute(ATTRIBUTE))
    }

    /// Returns the language that the user has chosen.
    pub(crate) fn locale(&self) -> Option<&str> {
        Some(self.attribute("locale")).filter(|locale| !locale.is_empty())
    }

    /// Returns names and addresses that others know about the user.
    pub(crate) fn known(&self) -> Vec<&str> {
        let known = KNOWN_TO_OTHERS.iter().map(|name| self.attribute(name));
        known
            .filter(|value| !value.is_empty())
            .chain([self.name.as_str()])
            .collect()
    }

    /// Returns the verified e-mail address.
    pub(crate) fn address(&self, pool: &str) -> Option<String> {
        let user = user::User::new(pool, &self.name, Existence::Existing, &self.attributes);
        Medium::Email.verified_address(&user).map(str::to_owned)
    }

    /// Returns the address for a link: a verified one, of a user that lacks only the answers to sign in.
    pub(crate) fn address_for_a_link(&self, pool: &str) -> Option<String> {
        // An invited user has a temporary password. An unconfirmed user has proved nothing yet.
        let invited = ["CONFIRMED", "FORCE_CHANGE_PASSWORD", "RESET_REQUIRED"].contains(&self.status.as_str());
        let may_enrol = self.enabled && invited && self.enrollment().is_empty();
        self.address(pool).filter(|_| may_enrol)
    }

    fn attribute(&self, name: &str) -> &str {
        self.attributes.get(name).map_or("", String::as_str)
    }
}

/// The error of a request to the pool. The text contains no name and no attribute.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{operation}: {code}")]
pub(crate) struct PoolError {
    operation: &'static str,
    /// The error code of Cognito.
    code: String,
}

impl PoolError {
    pub(crate) fn new(operation: &'static str, code: impl Into<String>) -> Self {
        Self {
            operation,
            code: code.into(),
        }
    }
}

/// The pool, through the AWS SDK.
pub(crate) struct Pool {
    client: Client,
    id: String,
}

impl Pool {
    /// Creates the pool called `id`, from the variables of the AWS SDK.
    ///
    /// # Errors
    ///
    /// Returns an error if a variable is missing or invalid.
    pub(crate) fn configure(id: &str, environment: &Environment) -> Result<Self, ConfigError> {
        let config = cognito_challenge_aws::configure(environment, "COGNITO_IDENTITY_PROVIDER")?;
        let config =
            aws_sdk_cognitoidentityprovider::config::Builder::from(&config).behavior_version(BehaviorVersion::latest());
        Ok(Self {
            client: Client::from_conf(config.build()),
            id: id.to_owned(),
        })
    }
}

#[async_trait]
impl Users for Pool {
    async fn find(&self, name: &str) -> Result<Option<User>, PoolError> {
        let get = self.client.admin_get_user().user_pool_id(&self.id).username(name);
        let user = match within("AdminGetUser", get.send()).await? {
            Ok(user) => user,
            Err(error) if error.code() == Some("UserNotFoundException") => return Ok(None),
            Err(error) => return Err(refused("AdminGetUser", &error)),
        };
        let attributes = user.user_attributes().iter();
        let attributes = attributes.filter_map(|one| Some((one.name().to_owned(), one.value()?.to_owned())));
        Ok(Some(User {
            name: user.username().to_owned(),
            enabled: user.enabled(),
            status: user
                .user_status()
                .map(|status| status.as_str().to_owned())
                .unwrap_or_default(),
            attributes: attributes.collect(),
        }))
    }

    async fn set(&self, name: &str, enrollment: &str) -> Result<(), PoolError> {
        const OPERATION: &str = "AdminUpdateUserAttributes";
        let attribute = AttributeType::builder().name(ATTRIBUTE).value(enrollment).build();
        let attribute = attribute.map_err(|_| PoolError::new(OPERATION, "no attribute"))?;
        let update = self.client.admin_update_user_attributes().user_pool_id(&self.id);
        let update = update.username(name).user_attributes(attribute);
        match within(OPERATION, update.send()).await? {
            Ok(_) => Ok(()),
            Err(error) => Err(refused(OPERATION, &error)),
        }
    }
}

async fn within<T>(operation: &'static str, answer: impl Future<Output = T>) -> Result<T, PoolError> {
    let answer = tokio::time::timeout(BUDGET, answer).await;
    answer.map_err(|_| PoolError::new(operation, "no answer in time"))
}

/// The error's text may quote the request. So only Cognito's error code is kept.
fn refused<E: ProvideErrorMetadata, R>(operation: &'static str, error: &SdkError<E, R>) -> PoolError {
    PoolError::new(operation, error.code().unwrap_or("no answer"))
}
