//! Stores pictures and sounds in a private S3 bucket and signs their addresses. If S3 is late, sends them inline.

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

/// The time limit for S3. Cognito allows 5 seconds for the whole function.
const BUDGET: Duration = Duration::from_secs(2);

/// A client of the bucket for pictures and sounds.
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

    /// Opens the connection to S3 before the first picture.
    ///
    /// During its start, a function has a full processor. Later, TLS would take most of a second on a small one. The
    /// function starts even if S3 is unavailable.
    pub(super) async fn connect(&self) {
        // The object does not exist, and S3 returns 403 without the permission to list. Only the open connection
        // matters.
        let head = self.client.head_object().bucket(&self.bucket).key("captcha/").send();
        match tokio::time::timeout(cognito_challenge_aws::CONNECTING, head).await {
            Ok(Ok(_) | Err(SdkError::ServiceError(_))) => {}
            Ok(Err(_)) => warn!("cannot connect to S3"),
            Err(_) => warn!("S3 did not respond in time"),
        }
    }

    /// Stores `medium` under `id` and returns its address. If S3 fails or is late, returns a `data:` URL, so that the
    /// sign-in can continue.
    pub(super) async fn publish(&self, id: u128, medium: Medium) -> String {
        let upload = self.upload(id, &medium).instrument(info_span!("S3Milliseconds"));
        let reason = match tokio::time::timeout(BUDGET, upload).await {
            Ok(Some(url)) => return url,
            Ok(None) => "S3Failed",
            Err(_) => "S3Late",
        };
        warn!(
            InlineFallbacks = 1,
            reason, "S3 did not store the picture or sound: it is sent inline"
        );
        format!("data:{};base64,{}", medium.kind, STANDARD.encode(&medium.bytes))
    }

    /// Stores `medium` and returns a signed address that is valid as long as the client may take to answer.
    async fn upload(&self, id: u128, medium: &Medium) -> Option<String> {
        let key = format!("captcha/{id:032x}.{}", medium.extension);
        let put = self
            .client
            .put_object()
            .bucket(&self.bucket)
            .key(&key)
            .body(ByteStream::from(medium.bytes.clone()));
        if let Err(error) = put.content_type(medium.kind).cache_control("no-store").send().await {
            // Logs only the error code, because the error message may quote the request.
            let error = error.into_service_error();
            warn!("PutObject failed: {}", error.meta().code().unwrap_or("no response"));
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

/// A picture or a sound to store.
pub(super) struct Medium {
    /// The file extension of the object's name.
    pub(super) extension: &'static str,
    /// The media type.
    pub(super) kind: &'static str,
    pub(super) bytes: Vec<u8>,
}
