//! Where a picture or a sound goes: to a private bucket, behind an address that expires, or inline when the bucket is late.

use std::time::Duration;

use aws_sdk_s3::Client;
use aws_sdk_s3::config::{BehaviorVersion, RequestChecksumCalculation};
use aws_sdk_s3::error::SdkError;
use aws_sdk_s3::presigning::PresigningConfig;
use aws_sdk_s3::primitives::ByteStream;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use cognito_challenge::session::SessionMinutes;
use cognito_challenge_runtime::{ConfigError, Environment};
use tracing::{Instrument, info_span, warn};

/// How long S3 may take. Cognito gives the whole function 5 seconds.
const BUDGET: Duration = Duration::from_secs(2);

/// A bucket for pictures and sounds.
pub(super) struct Store {
    client: Client,
    bucket: String,
    session: SessionMinutes,
}

impl Store {
    pub(super) fn configure(environment: &Environment) -> Result<Self, ConfigError> {
        let text = |value: &str| Ok::<_, ConfigError>(value.to_owned());
        let config = aws_sdk_s3::config::Builder::from(&cognito_challenge_aws::configure(environment, "S3")?)
            .behavior_version(BehaviorVersion::latest())
            .request_checksum_calculation(RequestChecksumCalculation::WhenRequired);
        Ok(Self {
            client: Client::from_conf(config.build()),
            bucket: environment.required("CAPTCHA_BUCKET", text)?,
            session: environment.required("AUTH_SESSION_MINUTES", str::parse)?,
        })
    }

    /// Opens the connection that the first picture goes over. While a function starts it has a whole processor; after
    /// that TLS would take a small one most of a second. Without S3 it starts all the same.
    pub(super) async fn connect(&self) {
        // There is no such object, and who may not list is told 403: what counts is the connection that stays open.
        let head = self.client.head_object().bucket(&self.bucket).key("captcha/").send();
        match tokio::time::timeout(cognito_challenge_aws::CONNECTING, head).await {
            Ok(Ok(_) | Err(SdkError::ServiceError(_))) => {}
            Ok(Err(_)) => warn!("no connection to S3"),
            Err(_) => warn!("S3 did not answer in time"),
        }
    }

    /// Stores `medium` under `id` and gives the address to get it from. Where S3 fails or is late that is a `data:` URL:
    /// a sign-in does not wait for a bucket.
    pub(super) async fn publish(&self, id: u128, medium: Medium) -> String {
        let upload = self.upload(id, &medium).instrument(info_span!("S3Milliseconds"));
        let reason = match tokio::time::timeout(BUDGET, upload).await {
            Ok(Some(url)) => return url,
            Ok(None) => "S3Failed",
            Err(_) => "S3Late",
        };
        warn!(
            InlineFallbacks = 1,
            reason, "S3 did not take the medium, so it goes inline"
        );
        format!("data:{};base64,{}", medium.kind, STANDARD.encode(&medium.bytes))
    }

    /// Stores `medium` and signs a GET for as long as the client may take to answer.
    async fn upload(&self, id: u128, medium: &Medium) -> Option<String> {
        let key = format!("captcha/{id:032x}.{}", medium.extension);
        let put = self
            .client
            .put_object()
            .bucket(&self.bucket)
            .key(&key)
            .body(ByteStream::from(medium.bytes.clone()));
        if let Err(error) = put.content_type(medium.kind).cache_control("no-store").send().await {
            // The error's own text may quote the request, so only what S3 calls it is logged.
            let error = error.into_service_error();
            warn!("PutObject failed: {}", error.meta().code().unwrap_or("no answer"));
            return None;
        }
        let expires = PresigningConfig::expires_in(self.session.duration()).ok()?;
        let get = self
            .client
            .get_object()
            .bucket(&self.bucket)
            .key(key)
            .presigned(expires)
            .await
            .ok()?;
        Some(get.uri().to_owned())
    }
}

/// What is stored.
pub(super) struct Medium {
    /// Of the object's name.
    pub(super) extension: &'static str,
    /// The media type.
    pub(super) kind: &'static str,
    pub(super) bytes: Vec<u8>,
}
