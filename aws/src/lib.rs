//! Configures clients of AWS services from Lambda's environment variables, with TLS that starts fast.
//!
//! Start with [`configure`], which returns the configuration for a client of the AWS SDK. [`table`] reads and writes items
//! of a DynamoDB table conditionally. [`web`] is a client for other services.

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
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use aws_sdk_dynamodb::Client;
    use aws_sdk_dynamodb::config::BehaviorVersion;
    use aws_smithy_runtime_api::client::http::{
        HttpConnector, HttpConnectorFuture, SharedHttpConnector, http_client_fn,
    };
    use aws_smithy_runtime_api::http::{Request, Response, StatusCode};
    use aws_smithy_types::body::SdkBody;
    use tokio::time::Instant;

    use super::*;

    /// A service that counts requests and responds to none of them.
    #[derive(Clone, Debug, Default)]
    struct Unavailable(Arc<AtomicUsize>);

    impl HttpConnector for Unavailable {
        fn call(&self, _: Request) -> HttpConnectorFuture {
            self.0.fetch_add(1, Ordering::Relaxed);
            let status = StatusCode::try_from(503).unwrap();
            HttpConnectorFuture::ready(Ok(Response::new(status, SdkBody::empty())))
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_request_is_repeated_once_within_fifty_milliseconds() {
        let variables = [
            ("AWS_ACCESS_KEY_ID", "id"),
            ("AWS_SECRET_ACCESS_KEY", "secret"),
            ("AWS_REGION", "eu-west-1"),
        ];
        let service = Unavailable::default();
        let connector = SharedHttpConnector::new(service.clone());
        let config = configure(&Environment::new(variables), "DYNAMODB").unwrap();
        let config = config
            .into_builder()
            .http_client(http_client_fn(move |_, _| connector.clone()))
            .behavior_version(BehaviorVersion::latest())
            .build();
        let client = Client::new(&config);
        // The wait is random.
        for requests in 1..=20 {
            let started = Instant::now();
            client.list_tables().send().await.unwrap_err();
            assert_eq!(service.0.load(Ordering::Relaxed), 2 * requests);
            assert!(
                started.elapsed() <= Duration::from_millis(50),
                "{:?}",
                started.elapsed()
            );
        }
    }
}
