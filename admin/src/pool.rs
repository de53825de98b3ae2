//! The user pool, through the AWS SDK.

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_cognitoidentityprovider::Client;
use aws_sdk_cognitoidentityprovider::error::{DisplayErrorContext, ProvideErrorMetadata, SdkError};
use aws_sdk_cognitoidentityprovider::types::AttributeType;
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};
use cognito_challenge::challenges::security_question::ATTRIBUTE;
use cognito_challenge::challenges::security_question::policy::KNOWN_TO_OTHERS;

use crate::args::Place;

/// A user of the pool.
pub(crate) struct User {
    /// The username in the pool. The request may have used an alias or other letter case.
    pub(crate) name: String,
    /// Names and addresses that others know about the user.
    pub(crate) known: Vec<String>,
    /// The value of [`ATTRIBUTE`]. Empty if the user does not have the attribute.
    pub(crate) enrollment: String,
    /// The user's `sub`, which is unique.
    pub(crate) sub: String,
    pub(crate) enabled: bool,
    /// Whether the e-mail address is verified.
    pub(crate) verified: bool,
}

/// A page of the pool's users.
pub(crate) struct Page {
    /// Their usernames and the values of [`ATTRIBUTE`].
    pub(crate) users: Vec<(String, String)>,
    /// The token of the next page, if it exists.
    pub(crate) next: Option<String>,
}

/// Returns the configuration of the AWS SDK for `place`, with credentials from the sources of the AWS CLI.
pub(crate) async fn configure(place: &Place) -> SdkConfig {
    let region = place.region.as_deref().or_else(|| place.user_pool_id.split('_').next());
    let http = aws_smithy_http_client::Builder::new()
        .tls_provider(Provider::Rustls(CryptoMode::Ring))
        .build_https();
    let mut config = aws_config::defaults(BehaviorVersion::latest()).http_client(http);
    if let Some(region) = region {
        config = config.region(Region::new(region.to_owned()));
    }
    config.load().await
}

/// A user pool, and credentials that may administer it.
pub(crate) struct Pool {
    client: Client,
    id: String,
}

impl Pool {
    /// Creates the pool of `place`.
    pub(crate) fn new(place: &Place, config: &SdkConfig) -> Self {
        let mut builder = aws_sdk_cognitoidentityprovider::config::Builder::from(config);
        builder.set_endpoint_url(place.endpoint_url.clone());
        Self {
            client: Client::from_conf(builder.build()),
            id: place.user_pool_id.clone(),
        }
    }

    /// Returns the user called `name`.
    ///
    /// # Errors
    ///
    /// Returns the error of Cognito.
    pub(crate) async fn user(&self, name: &str) -> Result<User, PoolError> {
        let user = self
            .client
            .admin_get_user()
            .user_pool_id(&self.id)
            .username(name)
            .send()
            .await?;
        let attributes = user
            .user_attributes()
            .iter()
            .filter(|attribute| KNOWN_TO_OTHERS.contains(&attribute.name()));
        let values = attributes.filter_map(|attribute| attribute.value().map(str::to_owned));
        let name = user.username().to_owned();
        Ok(User {
            known: values.chain([name.clone()]).collect(),
            enrollment: value(user.user_attributes(), ATTRIBUTE),
            sub: value(user.user_attributes(), "sub"),
            enabled: user.enabled(),
            verified: value(user.user_attributes(), "email_verified").eq_ignore_ascii_case("true"),
            name,
        })
    }

    /// Returns at most 60 users, from the page after the token `after`.
    ///
    /// # Errors
    ///
    /// Returns the error of Cognito.
    pub(crate) async fn page(&self, after: Option<&str>) -> Result<Page, PoolError> {
        let list = self.client.list_users().user_pool_id(&self.id);
        let list = list
            .attributes_to_get(ATTRIBUTE)
            .set_pagination_token(after.map(str::to_owned));
        let listed = list.send().await?;
        let users = listed.users().iter();
        Ok(Page {
            users: users
                .map(|user| {
                    (
                        user.username().unwrap_or_default().to_owned(),
                        value(user.attributes(), ATTRIBUTE),
                    )
                })
                .collect(),
            next: listed.pagination_token().map(str::to_owned),
        })
    }

    /// Sets the user's enrolment. An empty value removes it.
    ///
    /// # Errors
    ///
    /// Returns the error of Cognito.
    pub(crate) async fn enroll(&self, name: &str, enrollment: &str) -> Result<(), PoolError> {
        let attribute = AttributeType::builder().name(ATTRIBUTE).value(enrollment).build();
        let attribute = attribute.map_err(|error| PoolError(error.to_string()))?;
        let update = self
            .client
            .admin_update_user_attributes()
            .user_pool_id(&self.id)
            .username(name);
        update.user_attributes(attribute).send().await?;
        Ok(())
    }
}

fn value(attributes: &[AttributeType], name: &str) -> String {
    let found = attributes.iter().find(|attribute| attribute.name() == name);
    found.and_then(AttributeType::value).unwrap_or_default().to_owned()
}

/// The error of a request to the user pool.
#[derive(Debug, thiserror::Error)]
#[error("the user pool: {0}")]
pub(crate) struct PoolError(String);

impl<E, R> From<SdkError<E, R>> for PoolError
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
    R: std::fmt::Debug,
{
    fn from(error: SdkError<E, R>) -> Self {
        Self(reason(error))
    }
}

/// Returns the code and the message of an AWS error, or the reason why the service was not reached.
pub(crate) fn reason<E, R>(error: SdkError<E, R>) -> String
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
    R: std::fmt::Debug,
{
    let service = error.as_service_error();
    match service.and_then(|error| error.code().zip(error.message())) {
        Some((code, message)) => format!("{code}: {message}"),
        None => DisplayErrorContext(error).to_string(),
    }
}
