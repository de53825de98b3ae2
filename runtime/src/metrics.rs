//! The metrics, which are part of the log lines in CloudWatch's embedded metric format.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use cognito_challenge::telemetry::Metric;
use serde::Serialize;
use serde_json::Value;

/// The namespace of the metrics in CloudWatch.
pub const NAMESPACE: &str = "CustomAuthChallenge";

/// The field that is a dimension of every metric.
pub const FUNCTION: &str = "function";

/// The metrics of the functions. Challenge types of other crates declare their own.
pub static METRICS: [Metric; 21] = [
    Metric::count("AnswersRemoved", None),
    Metric::count("AnswersSet", None),
    Metric::time("Argon2Milliseconds"),
    Metric::time("AttemptsMilliseconds"),
    Metric::count("AttemptsUnreachable", None),
    Metric::count("CannotJudge", Some("challenge")),
    Metric::count("ColdStarts", None),
    Metric::count("Denied", Some("reason")),
    Metric::count("EnrolmentsRefused", Some("reason")),
    Metric::count("Failed", Some("challenge")),
    Metric::count("InlineFallbacks", None),
    Metric::count("Issued", Some("challenge")),
    Metric::count("KeyGone", None),
    Metric::count("LinksRequested", None),
    Metric::count("LockedOut", Some("challenge")),
    Metric::count("NotEnrolled", None),
    Metric::count("Passed", Some("challenge")),
    Metric::time("S3Milliseconds"),
    Metric::count("SignInsPassed", None),
    Metric::count("SignInsStarted", None),
    Metric::count("TokensRefused", Some("trigger")),
];

/// The member `_aws` of a line, which tells CloudWatch which metrics the line contains.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Declaration<'m> {
    /// The time in milliseconds since 1970.
    timestamp: u64,
    cloud_watch_metrics: Vec<Directive<'m>>,
}

/// Metrics with the same dimensions.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Directive<'m> {
    namespace: &'static str,
    dimensions: Vec<Vec<&'static str>>,
    metrics: Vec<&'m Metric>,
}

impl<'m> Declaration<'m> {
    /// Declares that `metrics` are in a line written at `now`.
    ///
    /// `has` returns whether the line has a value for a field: only such a field can be a dimension.
    pub(super) fn new(metrics: impl Iterator<Item = &'m Metric>, has: impl Fn(&str) -> bool, now: SystemTime) -> Self {
        let mut directives: Vec<Directive> = Vec::new();
        for metric in metrics {
            // Each metric is also declared without its second dimension, because an alarm cannot sum over unknown
            // values.
            let mut dimensions = vec![vec![FUNCTION]];
            dimensions.extend(metric.by.filter(|field| has(field)).map(|by| vec![FUNCTION, by]));
            match directives.iter_mut().find(|other| other.dimensions == dimensions) {
                Some(directive) => directive.metrics.push(metric),
                None => directives.push(Directive {
                    namespace: NAMESPACE,
                    dimensions,
                    metrics: vec![metric],
                }),
            }
        }
        let since_1970 = now.duration_since(UNIX_EPOCH).unwrap_or_default();
        Self {
            timestamp: u64::try_from(since_1970.as_millis()).unwrap_or(u64::MAX),
            cloud_watch_metrics: directives,
        }
    }
}

/// Returns `duration` in milliseconds, with microsecond precision.
pub(super) fn milliseconds(duration: Duration) -> Value {
    let micros = u32::try_from(duration.as_micros()).unwrap_or(u32::MAX);
    Value::from(f64::from(micros) / 1000.0)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn named(name: &str) -> &'static Metric {
        METRICS.iter().find(|metric| metric.name == name).unwrap()
    }

    #[test]
    fn a_metric_is_declared_with_and_without_its_second_dimension() {
        let metrics = ["ColdStarts", "Denied"].map(named);
        let now = UNIX_EPOCH + Duration::from_millis(1_767_225_600_123);
        assert_eq!(
            json!(Declaration::new(metrics.into_iter(), |field| field == "reason", now)),
            json!({"Timestamp": 1_767_225_600_123_u64, "CloudWatchMetrics": [
                {"Namespace": "CustomAuthChallenge", "Dimensions": [["function"]],
                    "Metrics": [{"Name": "ColdStarts", "Unit": "Count"}]},
                {"Namespace": "CustomAuthChallenge", "Dimensions": [["function"], ["function", "reason"]],
                    "Metrics": [{"Name": "Denied", "Unit": "Count"}]},
            ]})
        );
    }

    #[test]
    fn a_field_without_a_value_is_not_a_dimension() {
        let denied = [named("Denied")].into_iter();
        let declared = json!(Declaration::new(denied, |_| false, UNIX_EPOCH));
        assert_eq!(declared["CloudWatchMetrics"][0]["Dimensions"], json!([["function"]]));
    }

    #[test]
    fn durations_have_microsecond_precision() {
        assert_eq!(milliseconds(Duration::from_nanos(1_234_567)), json!(1.234));
        assert_eq!(milliseconds(Duration::MAX), json!(4_294_967.295));
    }
}
