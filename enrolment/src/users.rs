//! The users of the pool, whose attribute holds the enrolment.

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

/// How long Cognito may take for an answer.
const BUDGET: Duration = Duration::from_millis(1500);

/// What the function asks of the user pool.
#[async_trait]
pub(crate) trait Users: Send + Sync {
    /// The user whose username or alias `name` is.
    async fn find(&self, name: &str) -> Result<Option<User>, PoolError>;

    /// Sets the enrolment of the user called `name`; an empty one takes it away.
    async fn set(&self, name: &str, enrollment: &str) -> Result<(), PoolError>;
}

/// A user of the pool. It has no `Debug`, because it holds attributes.
#[derive(Clone)]
pub(crate) struct User {
    /// The username in the pool.
    pub(crate) name: String,
    pub(crate) enabled: bool,
    /// Such as `CONFIRMED`.
    pub(crate) status: String,
    pub(crate) attributes: HashMap<String, String>,
}

impl User {
    /// The user's `sub`, which no other user has.
    pub(crate) fn sub(&self) -> &str {
        self.attribute("sub")
    }

    /// What is enrolled.
    pub(crate) fn enrollment(&self) -> Enrollment {
        Enrollment::parse(self.attribute(ATTRIBUTE))
    }

    /// The language that the user has chosen.
    pub(crate) fn locale(&self) -> Option<&str> {
        Some(self.attribute("locale")).filter(|locale| !locale.is_empty())
    }

    /// What others know of the user.
    pub(crate) fn known(&self) -> Vec<&str> {
        let known = KNOWN_TO_OTHERS.iter().map(|name| self.attribute(name));
        known
            .filter(|value| !value.is_empty())
            .chain([self.name.as_str()])
            .collect()
    }

    /// The verified e-mail address.
    pub(crate) fn address(&self, pool: &str) -> Option<String> {
        let user = user::User::new(pool, &self.name, Existence::Existing, &self.attributes);
        Medium::Email.verified_address(&user).map(str::to_owned)
    }

    /// The verified address of a user who could sign in with answers: a link may be mailed to it.
    pub(crate) fn address_for_a_link(&self, pool: &str) -> Option<String> {
        // An invited user has a temporary password. An unconfirmed one has proved nothing yet.
        let invited = ["CONFIRMED", "FORCE_CHANGE_PASSWORD", "RESET_REQUIRED"].contains(&self.status.as_str());
        let may_enrol = self.enabled && invited && self.enrollment().is_empty();
        self.address(pool).filter(|_| may_enrol)
    }

    fn attribute(&self, name: &str) -> &str {
        self.attributes.get(name).map_or("", String::as_str)
    }
}

/// Cognito failed or did not answer. The text contains no name and no attribute.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{operation}: {code}")]
pub(crate) struct PoolError {
    operation: &'static str,
    /// What Cognito calls the error.
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

/// The pool, over the AWS SDK.
pub(crate) struct Pool {
    client: Client,
    id: String,
}

impl Pool {
    /// The pool called `id`, from what the AWS SDK needs.
    ///
    /// # Errors
    ///
    /// A variable that is missing or cannot be.
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

/// The error's own text may quote the request, so only what Cognito calls it is kept.
fn refused<E: ProvideErrorMetadata, R>(operation: &'static str, error: &SdkError<E, R>) -> PoolError {
    PoolError::new(operation, error.code().unwrap_or("no answer"))
}
