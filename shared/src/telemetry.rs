//! What a challenge type adds to the log: fields and metrics of its own.

use serde::Serialize;

/// A metric: something that is counted or timed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Metric {
    /// Its name in the log and in CloudWatch.
    pub name: &'static str,
    /// `Count` or `Milliseconds`.
    pub unit: &'static str,
    /// The log field that it is broken down by, besides the function. Its values must come from a small, closed set.
    #[serde(skip)]
    pub by: Option<&'static str>,
}

impl Metric {
    /// A metric that counts. A function counts by a `tracing` event with a field of this name.
    pub const fn count(name: &'static str, by: Option<&'static str>) -> Self {
        let unit = "Count";
        Self { name, unit, by }
    }

    /// A metric that times. A function times by a `tracing` span of this name.
    pub const fn time(name: &'static str) -> Self {
        let unit = "Milliseconds";
        Self { name, unit, by: None }
    }
}

/// What a challenge type of another crate writes into the line of an invocation. Everything else is left out of the log.
///
/// Besides these, its `tracing` events set `message` and `reason`, and nothing else of the standard fields.
///
/// ```
/// use cognito_challenge::telemetry::{Metric, Telemetry};
///
/// static TELEMETRY: Telemetry = Telemetry {
///     krate: env!("CARGO_CRATE_NAME"),
///     fields: &["pagerRegion"],
///     metrics: &[Metric::count("PagesSent", Some("pagerRegion"))],
/// };
/// ```
#[derive(Debug, PartialEq, Eq)]
pub struct Telemetry {
    /// The crate whose `tracing` events these are: `env!("CARGO_CRATE_NAME")`.
    pub krate: &'static str,
    /// Names of log fields. No value of theirs may be secret.
    pub fields: &'static [&'static str],
    /// Metrics.
    pub metrics: &'static [Metric],
}

impl Telemetry {
    /// No crate, no fields and no metrics: the log takes warnings and errors of the type alone.
    pub const NONE: &'static Self = &Self {
        krate: "",
        fields: &[],
        metrics: &[],
    };
}
