//! The metrics of the functions' dashboard, from the lines that they print.
//!
//! Like CloudWatch, it extracts the metrics from lines in the embedded metric format.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use axum::response::Json;
use serde::Serialize;
use serde_json::{Map, Value};

/// The key of a metric: namespace, name, and dimensions with their values.
type Key = (String, String, BTreeMap<String, String>);

/// The metrics since the start.
#[derive(Debug, Default)]
pub(crate) struct Board {
    metrics: Mutex<BTreeMap<Key, Series>>,
}

/// The values of a metric.
#[derive(Clone, Debug, Default)]
struct Series {
    unit: String,
    count: u64,
    sum: f64,
    /// The latest values, for the percentiles.
    recent: Vec<f64>,
}

/// The number of values for percentiles.
const RECENT: usize = 1000;

/// The maximum number of metrics. A function with more is not from this project, and must not fill the memory.
const MAX_SERIES: usize = 1000;

/// The summary of a metric.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Total {
    pub(crate) namespace: String,
    pub(crate) metric: String,
    pub(crate) dimensions: BTreeMap<String, String>,
    pub(crate) unit: String,
    /// The number of values.
    pub(crate) samples: u64,
    pub(crate) sum: f64,
    /// The median of the latest thousand values.
    pub(crate) p50: f64,
    pub(crate) p99: f64,
}

impl Board {
    /// Extracts the metrics from a line in the format.
    pub(crate) fn read(&self, line: &Map<String, Value>) {
        let directives = line
            .get("_aws")
            .and_then(|declared| declared.get("CloudWatchMetrics")?.as_array());
        for directive in directives.into_iter().flatten() {
            self.directive(line, directive);
        }
        // Lambda measures this itself.
        if let Some(milliseconds) = line.get("milliseconds").and_then(Value::as_f64)
            && let Some(function) = line.get("function").and_then(Value::as_str)
        {
            let dimensions = BTreeMap::from([("FunctionName".to_owned(), function.to_owned())]);
            let key = ("AWS/Lambda".to_owned(), "Duration".to_owned(), dimensions);
            self.add(key, "Milliseconds", milliseconds);
        }
    }

    fn directive(&self, line: &Map<String, Value>, directive: &Value) {
        let text = |value: &Value, name: &str| Some(value.get(name)?.as_str()?.to_owned());
        let items = |name: &str| directive.get(name).and_then(Value::as_array).into_iter().flatten();
        let Some(namespace) = text(directive, "Namespace") else {
            return;
        };
        for metric in items("Metrics") {
            let Some(name) = text(metric, "Name") else { continue };
            let Some(value) = line.get(&name).and_then(Value::as_f64) else {
                continue;
            };
            for set in items("Dimensions") {
                let dimension = |name: &Value| {
                    let name = name.as_str()?;
                    Some((name.to_owned(), line.get(name)?.as_str()?.to_owned()))
                };
                let dimensions: Option<_> = set.as_array().into_iter().flatten().map(dimension).collect();
                if let Some(dimensions) = dimensions {
                    let unit = text(metric, "Unit").unwrap_or_default();
                    self.add((namespace.clone(), name.clone(), dimensions), &unit, value);
                }
            }
        }
    }

    fn add(&self, key: Key, unit: &str, value: f64) {
        let mut metrics = self.metrics.lock().unwrap_or_else(PoisonError::into_inner);
        if metrics.len() >= MAX_SERIES && !metrics.contains_key(&key) {
            return;
        }
        let series = metrics.entry(key).or_default();
        unit.clone_into(&mut series.unit);
        series.count += 1;
        series.sum += value;
        if series.recent.len() >= RECENT {
            series.recent.remove(0);
        }
        series.recent.push(value);
    }

    /// Returns every metric, in alphabetical order.
    pub(crate) fn totals(&self) -> Vec<Total> {
        let metrics = self.metrics.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let total = |((namespace, metric, dimensions), mut series): (Key, Series)| {
            series.recent.sort_by(f64::total_cmp);
            Total {
                namespace,
                metric,
                dimensions,
                unit: series.unit.clone(),
                samples: series.count,
                sum: series.sum,
                p50: percentile(&series.recent, 50),
                p99: percentile(&series.recent, 99),
            }
        };
        metrics.into_iter().map(total).collect()
    }

    /// Handles `GET /debug/metrics`.
    pub(crate) fn answer(&self) -> Json<Vec<Total>> {
        Json(self.totals())
    }
}

impl Total {
    /// Returns the figures in one line, for the terminal.
    pub(crate) fn text(&self) -> String {
        let Self { metric, unit, .. } = self;
        let dimensions: Vec<&str> = self.dimensions.values().map(String::as_str).collect();
        let dimensions = dimensions.join(" ");
        if unit == "Count" {
            format!("{metric:<20} {:>8}  {dimensions}", self.sum)
        } else {
            format!(
                "{metric:<20} {:>8}  {dimensions} (p50 {} ms, p99 {} ms)",
                self.samples, self.p50, self.p99
            )
        }
    }
}

/// Returns the smallest value that is at least as large as `share` percent of `sorted`.
fn percentile(sorted: &[f64], share: usize) -> f64 {
    let rank = (sorted.len() * share).div_ceil(100).saturating_sub(1);
    sorted.get(rank).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(board: &Board, line: Value) {
        let Value::Object(line) = line else { panic!("{line}") };
        board.read(&line);
    }

    fn line(challenge: Option<&str>, passed: &Value) -> Value {
        json!({"function": "Verify", "challenge": challenge, "Passed": passed, "_aws": {"Timestamp": 1,
            "CloudWatchMetrics": [{"Namespace": "N", "Dimensions": [["function"], ["function", "challenge"]],
                "Metrics": [{"Name": "Passed", "Unit": "Count"}, {"Name": "Missing", "Unit": "Count"}]}]}})
    }

    #[test]
    fn every_set_of_dimensions_is_summed_by_itself() {
        let board = Board::default();
        read(&board, line(Some("CAPTCHA"), &json!(1)));
        read(&board, line(Some("PROOF_OF_WORK"), &json!(1)));
        let totals: Vec<_> = board
            .totals()
            .iter()
            .map(|total| (total.dimensions.get("challenge").cloned(), total.samples))
            .collect();
        let of = |challenge: &str| Some(challenge.to_owned());
        assert_eq!(totals, [(of("CAPTCHA"), 1), (of("PROOF_OF_WORK"), 1), (None, 2)]);
    }

    #[test]
    fn what_is_declared_and_not_there_is_not_counted() {
        let board = Board::default();
        read(&board, line(None, &json!("1")));
        read(&board, json!({"Passed": 1, "_aws": {"CloudWatchMetrics": "x"}}));
        assert_eq!(board.totals(), []);
        read(&board, line(None, &json!(1)));
        assert_eq!(board.totals().len(), 1);
    }

    #[test]
    fn the_time_of_every_invocation_is_lambdas_duration() {
        let board = Board::default();
        for milliseconds in 1..=100 {
            read(&board, json!({"function": "Define", "milliseconds": milliseconds}));
        }
        let [duration] = &board.totals()[..] else {
            panic!("{:?}", board.totals())
        };
        assert_eq!((duration.metric.as_str(), duration.samples), ("Duration", 100));
        assert!((duration.p50, duration.p99) == (50.0, 99.0), "{duration:?}");
    }
}
