//! An HTTPS client for services outside AWS. It uses only libraries that the AWS SDKs link anyway.

use std::net::IpAddr;
use std::time::Duration;

use aws_smithy_http_client::Connector;
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};
use aws_smithy_runtime_api::client::http::HttpConnector;
use aws_smithy_runtime_api::http::Request;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::byte_stream::ByteStream;
use cognito_challenge_runtime::{ConfigError, Environment, VERSION};

use crate::{PROGRAM, trust};

/// A client for one address. It keeps its connection open between requests.
#[derive(Debug)]
pub struct Client {
    connector: Connector,
    url: String,
}

/// An HTTP reply.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// The HTTP status.
    pub status: u16,
    /// The body.
    pub body: Vec<u8>,
}

/// The reason why there is no reply. It contains no detail of the request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NoReply {
    /// The address cannot be reached, its certificate is not trusted, or the connection broke.
    #[error("cannot be reached")]
    Unreachable,
    /// The time limit was exceeded.
    #[error("did not reply in time")]
    Late,
    /// The reply is longer than allowed.
    #[error("sent a reply that is too long")]
    TooLong,
}

impl Client {
    /// Creates a client for `url`.
    ///
    /// With `https:` it trusts the certificates in the file `AWS_CA_BUNDLE`, else those of the operating system. It
    /// reads the latter only if `url` is `https:`.
    ///
    /// # Errors
    ///
    /// Returns an error if `AWS_CA_BUNDLE` is invalid.
    pub fn new(environment: &Environment, url: Url) -> Result<Self, ConfigError> {
        let connector = Connector::builder()
            .tls_provider(Provider::Rustls(CryptoMode::Ring))
            .tls_context(trust::configure(environment, Some(&url.0))?)
            .build();
        Ok(Self { connector, url: url.0 })
    }

    /// Opens the connection with an empty request.
    pub async fn connect(&self, within: Duration) {
        let mut request = Request::new(SdkBody::empty());
        if request.set_uri(self.url.as_str()).is_ok() {
            // The response does not matter: some services reject such a request.
            let _ = self.send(request, 64 * 1024, within).await;
        }
    }

    /// Sends `body` and returns the reply with any status, if its body has at most `most` bytes. It does not follow
    /// redirects.
    ///
    /// # Errors
    ///
    /// Returns an error if there is no reply.
    pub async fn post(
        &self,
        media_type: &'static str,
        body: String,
        most: usize,
        within: Duration,
    ) -> Result<Reply, NoReply> {
        let mut request = Request::new(SdkBody::from(body));
        let uri = request.set_uri(self.url.as_str());
        uri.and(request.set_method("POST")).map_err(|_| NoReply::Unreachable)?;
        request.headers_mut().insert("content-type", media_type);
        self.send(request, most, within).await
    }

    async fn send(&self, mut request: Request, most: usize, within: Duration) -> Result<Reply, NoReply> {
        request.headers_mut().insert("accept", "application/json");
        request
            .headers_mut()
            .insert("user-agent", format!("{PROGRAM}/{VERSION}"));
        let replying = async {
            let reply = self.connector.call(request).await.map_err(|_| NoReply::Unreachable)?;
            let (status, mut rest) = (reply.status().as_u16(), ByteStream::new(reply.into_body()));
            let mut body = Vec::new();
            while let Some(part) = rest.next().await {
                let part = part.map_err(|_| NoReply::Unreachable)?;
                if body.len() + part.len() > most {
                    return Err(NoReply::TooLong);
                }
                body.extend_from_slice(&part);
            }
            Ok(Reply { status, body })
        };
        tokio::time::timeout(within, replying)
            .await
            .unwrap_or(Err(NoReply::Late))
    }
}

/// An address that the functions may call: `https:`, or `http:` on this machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Url(String);

impl Url {
    /// Parses an address without user, query and fragment.
    ///
    /// # Errors
    ///
    /// Returns a message that describes the correct form.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        const FORM: &str = "write an address such as `https://cap.example.com/d9256640cb53/`";
        let plain = |rest: &str| {
            rest.bytes().all(|byte| byte.is_ascii_graphic())
                && !rest.contains(['?', '#', '@', '\\', '"', '<', '>', '`', '{', '}', '|', '^'])
        };
        let (scheme, rest) = text.split_once("://").ok_or(FORM)?;
        let (authority, _) = rest.split_once('/').unwrap_or((rest, ""));
        let host = match authority.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
            Some((host, _)) => host,
            None => authority.split(':').next().unwrap_or_default(),
        };
        if host.is_empty() || !plain(rest) {
            return Err(FORM);
        }
        match scheme {
            "https" => Ok(Self(text.to_owned())),
            "http" if is_this_machine(host) => Ok(Self(text.to_owned())),
            "http" => Err(
                "write `https://`: a plain `http://` address is for this machine only, such as `http://127.0.0.1:3000/`",
            ),
            _ => Err(FORM),
        }
    }

    /// Returns the address of `name` below this address.
    #[must_use]
    pub fn join(&self, name: &str) -> Self {
        Self(format!("{}/{name}", self.0.trim_end_matches('/')))
    }

    /// Returns the address as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

fn is_this_machine(host: &str) -> bool {
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use std::io::{BufRead, BufReader, Write};
    use std::net::TcpListener;
    use std::thread;

    use super::*;

    /// Starts a server that answers one request with a body of this many bytes. Returns its address.
    fn serving(bytes: usize) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}/", listener.local_addr().unwrap());
        thread::spawn(move || {
            let (mut connection, _) = listener.accept().unwrap();
            let request = BufReader::new(connection.try_clone().unwrap()).lines();
            request.map_while(Result::ok).find(String::is_empty).unwrap();
            let head = format!("HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: {bytes}\r\n\r\n");
            connection
                .write_all(format!("{head}{}", "x".repeat(bytes)).as_bytes())
                .unwrap();
        });
        address
    }

    #[tokio::test]
    async fn a_reply_may_have_exactly_the_allowed_number_of_bytes() {
        for (bytes, expected) in [
            (0, Ok(0)),
            (1024, Ok(1024)),
            (1025, Err(NoReply::TooLong)),
            (1 << 20, Err(NoReply::TooLong)),
        ] {
            let url = Url::parse(&serving(bytes)).unwrap();
            let client = Client::new(&Environment::new::<&str>([]), url).unwrap();
            let reply = client
                .post("text/plain", String::new(), 1024, Duration::from_mins(1))
                .await;
            assert_eq!(reply.map(|reply| reply.body.len()), expected, "{bytes}");
        }
    }

    #[test]
    fn plain_http_is_only_accepted_for_this_machine() {
        for url in [
            "https://api.hcaptcha.com/siteverify",
            "https://cap.example.com/d9256640cb53/",
            "https://cap.example.com:8443",
            "http://127.0.0.1:3000/",
            "http://127.9.9.9/",
            "http://localhost:3000/key/",
            "http://[::1]:3000/",
        ] {
            assert_eq!(Url::parse(url).map(|url| url.0).as_deref(), Ok(url));
        }
        for url in [
            "http://cap.example.com/",
            "http://127.0.0.1.example.com/",
            "http://localhost.example.com/",
            "http://10.0.0.1/",
            "http://[::2]/",
            "http://0.0.0.0/",
            "http://2130706433/",
        ] {
            let error = Url::parse(url).unwrap_err();
            assert!(error.starts_with("write `https://`"), "{url}: {error}");
        }
        for url in [
            "",
            "cap.example.com",
            "https://",
            "https:///path",
            "ftp://127.0.0.1/",
            "https://a b/",
            "https://user@host/",
            "http://127.0.0.1@evil.example/",
            "https://host/?x",
            "https://host/#x",
            "https://host/\n",
            "file:///etc/passwd",
        ] {
            let error = Url::parse(url).unwrap_err();
            assert!(error.starts_with("write an address such as"), "{url}: {error}");
        }
    }

    #[test]
    fn a_name_is_appended_to_an_address_with_or_without_a_slash() {
        for url in ["https://cap.example.com/key", "https://cap.example.com/key/"] {
            let joined = Url::parse(url).unwrap().join("siteverify");
            assert_eq!(joined.as_str(), "https://cap.example.com/key/siteverify");
        }
    }
}
