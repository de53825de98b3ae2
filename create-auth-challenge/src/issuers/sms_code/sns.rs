//! Text messages through Amazon SNS.

use async_trait::async_trait;
use aws_sdk_sns::Client;
use aws_sdk_sns::config::BehaviorVersion;
use aws_sdk_sns::config::retry::RetryConfig;
use aws_sdk_sns::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_sns::types::MessageAttributeValue;
use cognito_challenge_messages::{Message, SendError, Sender};
use cognito_challenge_runtime::{ConfigError, Environment};
use tracing::warn;

/// A sender of text messages.
pub(super) struct Sns {
    client: Client,
}

impl Sns {
    /// Reads the variables of the AWS SDK.
    ///
    /// # Errors
    ///
    /// Returns an error if a variable is missing or invalid.
    pub(super) fn configure(environment: &Environment) -> Result<Self, ConfigError> {
        let config = aws_sdk_sns::config::Builder::from(&cognito_challenge_aws::configure(environment, "SNS")?)
            .behavior_version(BehaviorVersion::latest())
            // A retry after a lost acknowledgement would send the message twice.
            .retry_config(RetryConfig::disabled());
        Ok(Self {
            client: Client::from_conf(config.build()),
        })
    }
}

#[async_trait]
impl Sender for Sns {
    async fn send(&self, message: &Message) -> Result<(), SendError> {
        let kind = MessageAttributeValue::builder()
            .data_type("String")
            .string_value("Transactional");
        let kind = kind.build().map_err(|_| SendError::new("the message has no kind"))?;
        let publish = self
            .client
            .publish()
            .phone_number(&message.to)
            .message(&message.text)
            .message_attributes("AWS.SNS.SMS.SMSType", kind);
        match publish.send().await {
            Ok(_) => Ok(()),
            // The error's text may quote the number. So only the error code of SNS is kept.
            Err(error) => {
                let code = error.code().unwrap_or("no answer");
                Err(SendError::new(format!("SNS did not accept the message: {code}")))
            }
        }
    }

    async fn prepare(&self) {
        // SNS rejects a message without a number, and the connection stays open.
        match self.client.publish().send().await {
            Ok(_) | Err(SdkError::ServiceError(_)) => {}
            Err(_) => warn!("no connection to SNS"),
        }
    }
}
