//! Configures clients of AWS services from Lambda's environment variables, with TLS that starts fast.
//!
//! Start with [`configure`], which returns the configuration for a client of the AWS SDK. [`table`] reads and writes items
//! of a DynamoDB table conditionally. [`web`] is a client for other services.

#[cfg(test)]
mod fake;
pub mod table;
mod trust;
pub mod web;

use std::time::Duration;

use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};
use aws_smithy_types::retry::RetryConfig;
use aws_types::SdkConfig;
use aws_types::app_name::AppName;
use aws_types::region::Region;
use cognito_challenge_runtime::{ConfigError, Environment, VERSION};

/// The name of the program in requests to other services. The version follows it.
const PROGRAM: &str = "cognito-challenge";

/// The time limit for opening a connection. Lambda allows 10 seconds for a cold start, but a user is waiting.
pub const CONNECTING: Duration = Duration::from_secs(1);

/// The maximum wait before a retry. A function has time for only one retry.
const BACKOFF: Duration = Duration::from_millis(50);

/// Returns the configuration for a client of `service`, read from Lambda's variables.
///
/// The variables are the role's keys, the region, `AWS_ENDPOINT_URL_` with the service in capitals or
/// `AWS_ENDPOINT_URL`, and `AWS_CA_BUNDLE`.
///
/// # Errors
///
/// Returns an error if a variable is missing or invalid.
pub fn configure(environment: &Environment, service: &str) -> Result<SdkConfig, ConfigError> {
    let text = |value: &str| Ok::<_, ConfigError>(value.to_owned());
    let credentials = Credentials::new(
        environment.required("AWS_ACCESS_KEY_ID", text)?,
        environment.required("AWS_SECRET_ACCESS_KEY", text)?,
        environment.get("AWS_SESSION_TOKEN").map(str::to_owned),
        None,
        "environment",
    );
    let endpoint = environment
        .get(&format!("AWS_ENDPOINT_URL_{service}"))
        .or(environment.get("AWS_ENDPOINT_URL"));
    let mut config = SdkConfig::builder()
        .region(Region::new(environment.required("AWS_REGION", text)?))
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .http_client(
            aws_smithy_http_client::Builder::new()
                .tls_provider(Provider::Rustls(CryptoMode::Ring))
                .tls_context(trust::configure(environment, endpoint)?)
                .build_https(),
        )
        .retry_config(
            RetryConfig::standard()
                .with_max_attempts(2)
                .with_initial_backoff(BACKOFF),
        );
    config.set_endpoint_url(endpoint.map(str::to_owned));
    // A version that is not a valid name is omitted. It is only informative.
    config.set_app_name(AppName::new(format!("{PROGRAM}-{VERSION}")).ok());
    Ok(config.build())
}

#[cfg(test)]
mod tests {
    use aws_sdk_dynamodb::Client;
    use aws_sdk_dynamodb::config::{BehaviorVersion, Builder};
    use tokio::time::Instant;

    use super::*;
    use crate::fake::Service;

    #[tokio::test(start_paused = true)]
    async fn a_request_is_repeated_once_within_fifty_milliseconds() {
        let service = Service::new(503, "");
        let config = Builder::from(&service.config()).behavior_version(BehaviorVersion::latest());
        let client = Client::from_conf(config.build());
        // The wait is random.
        for requests in 1..=20 {
            let started = Instant::now();
            client.list_tables().send().await.unwrap_err();
            assert_eq!(service.requests().len(), 2 * requests);
            assert!(
                started.elapsed() <= Duration::from_millis(50),
                "{:?}",
                started.elapsed()
            );
        }
    }
}
