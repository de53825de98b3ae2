//! `{{ challenge_name | upcase }}`: six digits that a pager service of my own delivers.

mod issuer;
mod service;
mod verifier;

use cognito_challenge::telemetry::{Metric, Telemetry};

pub use issuer::issuer;
pub use verifier::verifier;

/// The name of this challenge.
pub const NAME: &str = "{{ challenge_name | upcase }}";

/// The user attribute with the pager number.
pub const ATTRIBUTE: &str = "custom:pager";

/// Private parameter: the code that was sent.
const CODE: &str = "code";

/// Private parameter: the id of the page. The service uses it to look up whether the code was revoked.
const PAGE: &str = "page";

/// The fields and metrics that this type adds to the log.
static TELEMETRY: Telemetry = Telemetry {
    krate: env!("CARGO_CRATE_NAME"),
    fields: &["pagerStatus"],
    metrics: &[
        Metric::count("PagesSent", None),
        Metric::count("CodesRevoked", None),
        Metric::time("PagerMilliseconds"),
    ],
};
