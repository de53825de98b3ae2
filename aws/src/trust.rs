//! The root certificates that the functions trust for AWS services.

use std::fs;

use aws_smithy_http_client::tls::{TlsContext, TrustStore};
use cognito_challenge_runtime::{ConfigError, Environment};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;

/// Amazon's root certificates. Reading all roots of the operating system would take milliseconds of every cold start,
/// and would trust other authorities than Amazon.
const AMAZON: &str = include_str!("../roots/amazon.pem");

/// Returns the TLS context. It trusts the certificates in the file `AWS_CA_BUNDLE`, as the AWS CLI does.
///
/// Without this variable it trusts Amazon's roots, or for another `https:` endpoint the roots of the operating system.
pub(crate) fn configure(environment: &Environment, endpoint: Option<&str>) -> Result<TlsContext, ConfigError> {
    let store = match trusted(environment, endpoint)? {
        Trusted::Amazon => TrustStore::empty().with_pem_certificate(AMAZON),
        Trusted::Bundle(pem) => TrustStore::empty().with_pem_certificate(pem),
        Trusted::OperatingSystem => TrustStore::default(),
    };
    let context = TlsContext::builder().with_trust_store(store).build();
    context.map_err(|_| ConfigError::Invalid {
        name: "AWS_CA_BUNDLE",
        error: NO_BUNDLE.into(),
    })
}

/// The certificates that a client trusts.
#[derive(Debug, PartialEq, Eq)]
enum Trusted {
    /// [`AMAZON`].
    Amazon,
    /// The certificates in this file.
    Bundle(Vec<u8>),
    /// The certificates that the operating system trusts.
    OperatingSystem,
}

fn trusted(environment: &Environment, endpoint: Option<&str>) -> Result<Trusted, ConfigError> {
    Ok(match environment.optional("AWS_CA_BUNDLE", bundle)? {
        Some(pem) => Trusted::Bundle(pem),
        None if endpoint.is_some_and(|endpoint| endpoint.starts_with("https:")) => Trusted::OperatingSystem,
        None => Trusted::Amazon,
    })
}

const NO_BUNDLE: &str = "write the path of a file with certificates in PEM format";

/// Returns the content of the file `path`, which must be certificates: the TLS client panics on other content.
fn bundle(path: &str) -> Result<Vec<u8>, &'static str> {
    let pem = fs::read(path).map_err(|_| NO_BUNDLE)?;
    let certificates: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&pem).collect();
    if certificates.is_ok_and(|certificates| !certificates.is_empty()) {
        Ok(pem)
    } else {
        Err(NO_BUNDLE)
    }
}

#[cfg(test)]
mod tests {
    use webpki_root_certs::TLS_SERVER_ROOT_CERTS;

    use super::*;

    #[test]
    fn the_five_bundled_roots_are_trusted_by_mozilla_too() {
        let roots: Vec<_> = CertificateDer::pem_slice_iter(AMAZON.as_bytes())
            .collect::<Result<_, _>>()
            .unwrap();
        assert_eq!(roots.len(), 5);
        for root in roots {
            assert!(TLS_SERVER_ROOT_CERTS.contains(&root));
        }
    }

    #[test]
    fn aws_is_verified_with_amazons_roots_and_other_endpoints_with_those_of_the_system() {
        let roots = concat!(env!("CARGO_MANIFEST_DIR"), "/roots/amazon.pem");
        let (none, bundled) = (
            Environment::new::<&str>([]),
            Environment::new([("AWS_CA_BUNDLE", roots)]),
        );
        for (endpoint, expected) in [
            (None, Trusted::Amazon),
            (Some("http://127.0.0.1:8000"), Trusted::Amazon),
            (Some("https://s3.example.com"), Trusted::OperatingSystem),
        ] {
            assert_eq!(trusted(&none, endpoint), Ok(expected));
            assert_eq!(trusted(&bundled, endpoint), Ok(Trusted::Bundle(AMAZON.into())));
        }
    }

    #[test]
    fn a_bundle_without_certificates_is_rejected() {
        let manifest = concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml");
        for path in ["/nowhere", manifest] {
            let environment = Environment::new([("AWS_CA_BUNDLE", path)]);
            let error = configure(&environment, None).unwrap_err().to_string();
            assert_eq!(
                error,
                "variable `AWS_CA_BUNDLE`: write the path of a file with certificates in PEM format"
            );
        }
        let roots = concat!(env!("CARGO_MANIFEST_DIR"), "/roots/amazon.pem");
        assert!(configure(&Environment::new([("AWS_CA_BUNDLE", roots)]), None).is_ok());
    }
}
