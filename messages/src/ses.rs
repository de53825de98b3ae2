//! Amazon SES, API version 2.

use async_trait::async_trait;
use aws_sdk_sesv2::Client;
use aws_sdk_sesv2::config::BehaviorVersion;
use aws_sdk_sesv2::config::retry::RetryConfig;
use aws_sdk_sesv2::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_sesv2::types::{Body, Content, Destination, EmailContent, Message as Simple, MessageHeader};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use cognito_challenge_runtime::{ConfigError, Environment};
use tracing::warn;

use super::words::product;
use super::{Medium, Message, SendError, Sender};

/// A sender of e-mail.
pub struct Ses {
    client: Client,
    /// The value of the header `From`.
    from: String,
}

impl Ses {
    /// Reads `MAIL_FROM`, `PRODUCT_NAME` (the name of the sender) and the variables of the AWS SDK.
    ///
    /// # Errors
    ///
    /// Returns an error if a variable is missing or invalid.
    pub fn configure(environment: &Environment) -> Result<Self, ConfigError> {
        let address = |text: &str| {
            let is_address = Medium::Email.is_address(text);
            let known = is_address.then(|| text.to_owned());
            known.ok_or("write an address alone, such as `sign-in@example.com`")
        };
        let product = environment.optional("PRODUCT_NAME", product)?;
        let from = from(product.as_deref(), &environment.required("MAIL_FROM", address)?);
        let config = aws_sdk_sesv2::config::Builder::from(&cognito_challenge_aws::configure(environment, "SESV2")?)
            .behavior_version(BehaviorVersion::latest())
            // A retry after a lost acknowledgement would send the mail twice.
            .retry_config(RetryConfig::disabled());
        Ok(Self {
            client: Client::from_conf(config.build()),
            from,
        })
    }
}

#[async_trait]
impl Sender for Ses {
    async fn send(&self, message: &Message) -> Result<(), SendError> {
        let refused = |_| SendError::new("the mail has no content");
        let text = |text: &str| Content::builder().data(text).charset("UTF-8").build().map_err(refused);
        let body = Body::builder().text(text(&message.text)?).html(text(&message.html)?);
        // Mail servers send no out-of-office reply to such a mail: RFC 3834.
        let header = MessageHeader::builder().name("Auto-Submitted").value("auto-generated");
        let simple = Simple::builder()
            .subject(text(&message.subject)?)
            .body(body.build())
            .headers(header.build().map_err(refused)?);
        let send = self
            .client
            .send_email()
            .from_email_address(&self.from)
            .destination(Destination::builder().to_addresses(&message.to).build())
            .content(EmailContent::builder().simple(simple.build()).build());
        match send.send().await {
            Ok(_) => Ok(()),
            // The error's text may quote the address. So only the error code of SES is kept.
            Err(error) => {
                let code = error.code().unwrap_or("no answer");
                Err(SendError::new(format!("SES did not accept the mail: {code}")))
            }
        }
    }

    async fn prepare(&self) {
        // SES rejects a mail without content, and the connection stays open.
        match self.client.send_email().send().await {
            Ok(_) | Err(SdkError::ServiceError(_)) => {}
            Err(_) => warn!("no connection to SES"),
        }
    }
}

/// Returns the header `From`. The name is quoted (RFC 5322), or encoded if it is not ASCII (RFC 2047).
fn from(product: Option<&str>, address: &str) -> String {
    match product {
        None => address.to_owned(),
        Some(name) if name.is_ascii() => {
            let quoted = name.replace('\\', "\\\\").replace('"', "\\\"");
            format!("\"{quoted}\" <{address}>")
        }
        Some(name) => {
            // An encoded word has at most 75 characters, that is 45 bytes. It must not split a character.
            let mut words = vec![String::new()];
            for letter in name.chars() {
                match words.last_mut().filter(|word| word.len() + letter.len_utf8() <= 45) {
                    Some(word) => word.push(letter),
                    None => words.push(letter.into()),
                }
            }
            let words: Vec<_> = words
                .iter()
                .map(|word| format!("=?UTF-8?B?{}?=", STANDARD.encode(word)))
                .collect();
            format!("{} <{address}>", words.join(" "))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_cannot_end_the_header_or_add_an_address() {
        let from = |name| from(Some(name), "a@example.com");
        assert_eq!(super::from(None, "a@example.com"), "a@example.com");
        assert_eq!(from("Peccy"), "\"Peccy\" <a@example.com>");
        assert_eq!(from("\" <b@c>, \\"), "\"\\\" <b@c>, \\\\\" <a@example.com>");
        assert_eq!(from("Grüße"), "=?UTF-8?B?R3LDvMOfZQ==?= <a@example.com>");
        for letters in ["ü", "aü", "日", "a日", "😀"] {
            let name: String = letters.chars().cycle().take(64).collect();
            for name in [name, format!("é{}", "a".repeat(63))] {
                for word in super::from(Some(&name), "a@example.com").split(' ') {
                    assert!(word.len() <= 75, "{word}");
                }
            }
        }
    }
}
