//! The rules of CloudWatch's embedded metric format, from its specification.

use std::collections::BTreeSet;
use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::{Map, Value};

/// The units that CloudWatch knows, except those for bytes and bits.
const UNITS: [&str; 6] = [
    "Count",
    "Count/Second",
    "Microseconds",
    "Milliseconds",
    "None",
    "Seconds",
];

const DAY_MS: u64 = 24 * 60 * 60 * 1000;

/// Returns the parts of `line` that CloudWatch would reject.
///
/// # Panics
///
/// Panics if the line is not a JSON object.
#[expect(clippy::disallowed_methods, reason = "CloudWatch rejects old metrics")]
pub fn violations(line: &Value) -> Vec<String> {
    let mut wrong = Wrong(Vec::new());
    let root = line.as_object().unwrap();
    let declared = &line["_aws"];
    wrong.unless(only(declared, &["Timestamp", "CloudWatchMetrics"]), "members of `_aws`");
    wrong.unless(line.to_string().len() <= 256 * 1024, "an event of at most 256 KiB");
    let now = u64::try_from(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis()).unwrap();
    let timestamp = declared["Timestamp"].as_u64().unwrap_or_default();
    let taken = now - 14 * DAY_MS..now + DAY_MS / 12;
    wrong.unless(taken.contains(&timestamp), "`Timestamp` in milliseconds since 1970");
    let directives = declared["CloudWatchMetrics"].as_array().cloned().unwrap_or_default();
    wrong.unless(!directives.is_empty(), "`CloudWatchMetrics`");
    let mut names = BTreeSet::new();
    for directive in &directives {
        wrong.directive(directive, root);
        for metric in directive["Metrics"].as_array().into_iter().flatten() {
            wrong.unless(names.insert(metric["Name"].to_string()), "each metric declared once");
        }
    }
    wrong.0
}

struct Wrong(Vec<String>);

impl Wrong {
    fn unless(&mut self, right: bool, what: &str) {
        if !right {
            self.0.push(what.to_owned());
        }
    }

    fn directive(&mut self, directive: &Value, root: &Map<String, Value>) {
        self.unless(
            only(directive, &["Namespace", "Dimensions", "Metrics"]),
            "members of a directive",
        );
        let namespace = directive["Namespace"].as_str().unwrap_or_default();
        let allowed = |letter: char| letter.is_ascii_alphanumeric() || ".-_/#:".contains(letter);
        self.unless(
            (1..=255).contains(&namespace.len()) && namespace.chars().all(allowed) && !namespace.starts_with("AWS/"),
            "`Namespace`",
        );
        let sets = directive["Dimensions"].as_array().cloned().unwrap_or_default();
        self.unless(!sets.is_empty(), "`Dimensions`");
        for set in &sets {
            let names = set.as_array().cloned().unwrap_or_default();
            self.unless(!names.is_empty() && names.len() <= 30, "a set of 1 to 30 dimensions");
            for name in &names {
                let value = name.as_str().and_then(|name| root.get(name)?.as_str());
                let fits =
                    |value: &str| (1..=1024).contains(&value.len()) && value.is_ascii() && !value.starts_with(':');
                self.unless(
                    value.is_some_and(fits),
                    &format!("a value for the dimension {name} at the root"),
                );
            }
        }
        let metrics = directive["Metrics"].as_array().cloned().unwrap_or_default();
        self.unless((1..=100).contains(&metrics.len()), "1 to 100 `Metrics`");
        for metric in &metrics {
            self.unless(
                only(metric, &["Name", "Unit", "StorageResolution"]),
                "members of a metric",
            );
            self.unless(
                UNITS.contains(&metric["Unit"].as_str().unwrap_or_default()),
                "`Unit` of CloudWatch's list",
            );
            let name = metric["Name"].as_str().unwrap_or_default();
            self.unless((1..=1024).contains(&name.len()), "`Name`");
            self.unless(
                root.get(name).is_some_and(Value::is_number),
                &format!("a number for the metric `{name}` at the root"),
            );
        }
    }
}

fn only(object: &Value, members: &[&str]) -> bool {
    object
        .as_object()
        .is_some_and(|object| object.keys().all(|key| members.contains(&key.as_str())))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    #[expect(clippy::disallowed_methods, reason = "CloudWatch rejects old metrics")]
    fn every_rule_can_be_broken() {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis();
        let right = json!({"f": "x", "M": 1, "_aws": {"Timestamp": u64::try_from(now).unwrap(), "CloudWatchMetrics":
            [{"Namespace": "N", "Dimensions": [["f"]], "Metrics": [{"Name": "M", "Unit": "Count"}]}]}});
        assert_eq!(violations(&right), Vec::<String>::new());
        let directive = "/_aws/CloudWatchMetrics/0";
        for (path, value) in [
            ("/f", json!(null)),
            ("/M", json!("1")),
            ("/_aws/Timestamp", json!(1_767_225_600)),
            ("/_aws/CloudWatchMetrics", json!([])),
            (&format!("{directive}/Namespace"), json!("AWS/Lambda")),
            (&format!("{directive}/Dimensions"), json!([])),
            (&format!("{directive}/Dimensions/0"), json!(["g"])),
            (&format!("{directive}/Metrics"), json!([])),
            (&format!("{directive}/Metrics/0/Unit"), json!("ms")),
            (&format!("{directive}/Metrics/0/Name"), json!("other")),
        ] {
            let mut line = right.clone();
            *line.pointer_mut(path).unwrap() = value;
            assert_ne!(violations(&line), Vec::<String>::new(), "{path}");
        }
    }
}
