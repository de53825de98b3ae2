//! Alarms and the dashboard use only metrics that the functions emit.

use cognito_challenge::telemetry::Metric;
use cognito_challenge_runtime::metrics::{FUNCTION, METRICS, NAMESPACE};
use serde_json::Value;

use super::super::Template;
use super::{deployment, with, workspace};

/// Metrics of challenge types, which `local` does not link.
const OF_TYPES: [&str; 4] = [
    "MessageMilliseconds",
    "MessagesFailed",
    "MessagesLimited",
    "MessagesSent",
];

fn is_known(name: &str) -> bool {
    METRICS.iter().any(|known| known.name == name) || OF_TYPES.contains(&name)
}

fn text() -> String {
    std::fs::read_to_string(workspace().join("template.yaml")).unwrap()
}

/// Returns the dashboard's metrics: those that it names, and those that it searches for.
fn dashboard() -> (Vec<Vec<Value>>, Vec<String>) {
    let text = text();
    let (_, body) = text.split_once("DashboardBody: !Sub\n        - |").unwrap();
    let (body, _) = body.split_once("\n        #").unwrap();
    let body: Value = serde_json::from_str(body).unwrap();
    let widgets = body["widgets"].as_array().unwrap();
    let metrics = widgets
        .iter()
        .flat_map(|widget| widget["properties"]["metrics"].as_array().unwrap());
    let (mut named, mut searched) = (Vec::new(), Vec::new());
    for metric in metrics {
        let metric = metric.as_array().unwrap();
        match metric[0]["expression"].as_str() {
            Some(search) => searched.push(search.to_owned()),
            None => named.push(metric.clone()),
        }
    }
    (named, searched)
}

#[test]
fn the_dashboard_shows_every_metric_and_no_other() {
    let (named, searched) = dashboard();
    let (ours, lambdas): (Vec<_>, Vec<_>) = named.iter().partition(|metric| metric[0] == NAMESPACE);
    for metric in &ours {
        assert!(is_known(metric[1].as_str().unwrap()), "{metric:?}");
        assert_eq!(metric[2], FUNCTION);
    }
    for metric in &lambdas {
        assert_eq!([&metric[0], &metric[2]], ["AWS/Lambda", "FunctionName"]);
    }
    for Metric { name, by, .. } in &METRICS {
        let quoted = format!("MetricName=\"{name}\"");
        let search = searched.iter().find(|search| search.contains(&quoted));
        assert!(
            search.is_some() || ours.iter().any(|metric| metric[1] == *name),
            "{name} is not shown"
        );
        if let Some(search) = search {
            let dimensions = format!("{{{NAMESPACE},{FUNCTION},{}}}", by.unwrap());
            assert!(search.contains(&dimensions), "{search}");
        }
    }
}

#[test]
fn alarms_watch_metrics_that_there_are() {
    let text = text();
    let alarms: Vec<&str> = text.split("Type: AWS::CloudWatch::Alarm").skip(1).collect();
    assert_eq!(alarms.len(), 14);
    for alarm in alarms {
        let (alarm, _) = alarm.split_once("\n\n").unwrap();
        let (_, name) = alarm.split_once("MetricName: ").unwrap();
        let name = name.lines().next().unwrap();
        if alarm.contains(&format!("Namespace: {NAMESPACE}")) {
            assert!(is_known(name), "{name}");
            assert!(alarm.contains(&format!("{{Name: {FUNCTION}, ")), "{alarm}");
        } else {
            assert!(["Duration", "Errors", "Throttles"].contains(&name), "{name}");
        }
        assert!(alarm.contains("TreatMissingData: notBreaching"), "{alarm}");
    }
}

#[test]
fn alarms_can_be_sent_and_need_not_be() {
    let read = |parameters: &[(&str, &str)]| {
        let path = workspace().join("template.yaml");
        Template::read(&path, &with(parameters)).map_err(|error| error.to_string())
    };
    let topic = "arn:aws:sns:us-east-1:123456789012:ops";
    assert!(read(&[]).is_ok());
    assert!(read(&[("AlarmAddress", "ops@example.com"), ("AlarmTopicArn", topic)]).is_ok());
    for (parameter, value) in [("AlarmAddress", "ops"), ("AlarmTopicArn", "ops")] {
        assert!(read(&[(parameter, value)]).unwrap_err().contains(parameter));
    }
}

#[test]
fn functions_log_at_the_level_of_the_template_and_no_less_than_metrics_need() {
    let path = workspace().join("template.yaml");
    let levels = |template: Template| -> Vec<String> {
        let level = |function: &super::super::Function| function.environment["AWS_LAMBDA_LOG_LEVEL"].clone();
        template.functions.iter().map(level).collect()
    };
    assert_eq!(levels(Template::read(&path, &deployment()).unwrap()), ["INFO"; 5]);
    let debug = with(&[("LogLevel", "DEBUG")]);
    assert_eq!(levels(Template::read(&path, &debug).unwrap()), ["DEBUG"; 5]);
    assert!(Template::read(&path, &with(&[("LogLevel", "WARN")])).is_err());
}
