//! The log fields and metrics that a challenge type defines.

use serde::Serialize;

/// A metric: a count or a duration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Metric {
    /// The name in the log and in CloudWatch.
    pub name: &'static str,
    /// The unit: `Count` or `Milliseconds`.
    pub unit: &'static str,
    /// The log field that becomes a dimension besides the function. Its values must come from a small, closed set.
    #[serde(skip)]
    pub by: Option<&'static str>,
}

impl Metric {
    /// Creates a metric for a count. To count, emit a `tracing` event with a field of this name.
    pub const fn count(name: &'static str, by: Option<&'static str>) -> Self {
        let unit = "Count";
        Self { name, unit, by }
    }

    /// Creates a metric for a duration. To measure, use a `tracing` span of this name.
    pub const fn time(name: &'static str) -> Self {
        let unit = "Milliseconds";
        Self { name, unit, by: None }
    }
}

/// The fields and metrics that a challenge type of another crate adds to the log line of an invocation. All other
/// fields are omitted from the log.
///
/// The type's `tracing` events may also set the standard fields `message` and `reason`, but no other standard field.
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
    /// The crate that emits the `tracing` events: `env!("CARGO_CRATE_NAME")`.
    pub krate: &'static str,
    /// The names of the log fields. Their values must not be secret.
    pub fields: &'static [&'static str],
    /// The metrics.
    pub metrics: &'static [Metric],
}

impl Telemetry {
    /// No crate, no fields and no metrics: the log contains only warnings and errors of the type.
    pub const NONE: &'static Self = &Self {
        krate: "",
        fields: &[],
        metrics: &[],
    };
}
