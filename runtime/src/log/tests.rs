use std::io;
use std::sync::{Arc, Mutex};

use serde_json::json;
use tracing::subscriber::with_default;
use tracing::{error_span, info, info_span, warn};
use tracing_subscriber::layer::SubscriberExt;

use super::*;

/// A writer that keeps the lines of a test.
#[derive(Clone, Default)]
struct Paper(Arc<Mutex<Vec<u8>>>);

impl Write for Paper {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The telemetry of a challenge type in another crate.
static PAGER: Telemetry = Telemetry {
    krate: "pager",
    fields: &["pagerRegion", "pagerLoad", "pagerQueue", "pagerRetries", "pagerWorks"],
    metrics: &[Metric::count("PagesSent", Some("pagerRegion"))],
};

/// Returns the fields of each line in these tests.
fn fields() -> Vec<&'static str> {
    FIELDS.iter().chain(PAGER.fields).copied().collect()
}

/// Returns the lines that `act` writes to a log of `level`.
fn lines(level: LevelFilter, act: impl FnOnce()) -> Vec<Value> {
    let paper = Paper::default();
    let out = paper.clone();
    let log = Log {
        function: "f".into(),
        level,
        schema: Schema::new(&[&PAGER]).unwrap(),
        out: move || out.clone(),
    };
    LazyLock::force(&UNDECIDED);
    with_default(tracing_subscriber::registry().with(log), act);
    let bytes = paper.0.lock().unwrap().clone();
    let text = String::from_utf8(bytes).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn keys(line: &Value) -> Vec<&str> {
    line.as_object().unwrap().keys().map(String::as_str).collect()
}

#[test]
fn a_line_is_recorded_even_if_a_thread_without_a_log_reached_its_code_first() {
    fn log() {
        info!(reason = "reached", "reached");
    }
    let ((), lines) = record(&[], || {
        std::thread::spawn(log).join().unwrap();
        log();
    });
    let [line] = lines.as_slice() else {
        panic!("expected one line: {lines:?}")
    };
    assert_eq!(serde_json::from_str::<Value>(line).unwrap()["reason"], "reached");
}

#[test]
fn an_invocation_is_one_line_with_every_field() {
    let lines = lines(LevelFilter::INFO, || {
        error_span!(INVOCATION, requestId = "r", coldStart = false).in_scope(|| {
            info!(decision = "ask", step = 2_usize, challenge = None::<&str>, "asked");
        });
    });
    let [line] = lines.as_slice() else { panic!("{lines:?}") };
    assert_eq!(keys(line), fields());
    for (field, value) in [
        ("level", json!("INFO")),
        ("message", json!("asked")),
        ("function", json!("f")),
        ("version", json!(VERSION)),
        ("requestId", json!("r")),
        ("step", json!(2)),
        ("challenge", Value::Null),
        ("coldStart", json!(false)),
    ] {
        assert_eq!(line[field], value, "{field}");
    }
    let timestamp = line["timestamp"].as_str().unwrap();
    assert!(timestamp.contains('T') && timestamp.ends_with('Z'), "{timestamp}");
    assert!(line["milliseconds"].is_f64());
}

#[test]
fn counts_and_durations_are_members_that_the_line_declares() {
    let lines = lines(LevelFilter::INFO, || {
        error_span!(INVOCATION, coldStart = true).in_scope(|| {
            info_span!("S3Milliseconds").in_scope(|| {});
            info_span!("something else").in_scope(|| {});
            info!(Issued = 1, decision = "issue", challenge = "CAPTCHA", "asked");
        });
    });
    let line = &lines[0];
    assert_eq!((&line["Issued"], &line["ColdStarts"]), (&json!(1), &json!(1)));
    assert!(line["S3Milliseconds"].is_f64());
    let mut expected = fields();
    expected.extend(["S3Milliseconds", "Issued", "ColdStarts", "_aws"]);
    assert_eq!(keys(line), expected);
}

#[test]
fn an_unknown_field_is_not_written() {
    let lines = lines(LevelFilter::INFO, || {
        error_span!(INVOCATION, answer = "MARKER").in_scope(|| {
            info!(decision = "ask", answer = "MARKER", "asked");
        });
    });
    assert!(!lines[0].to_string().contains("MARKER"), "{}", lines[0]);
}

#[test]
fn a_warning_raises_the_level_of_the_line_and_keeps_its_other_fields() {
    let act = || {
        error_span!(INVOCATION).in_scope(|| {
            warn!(reason = "S3Late", "late");
            info!(decision = "issue", "asked");
        });
        error_span!(INVOCATION).in_scope(|| info!(decision = "issue", "asked"));
    };
    let lines = lines(LevelFilter::WARN, act);
    let [line] = lines.as_slice() else { panic!("{lines:?}") };
    assert_eq!(
        [&line["level"], &line["message"], &line["reason"], &line["decision"]],
        ["WARN", "late; asked", "S3Late", "issue"]
    );
}

#[test]
fn the_last_value_of_a_field_counts_and_messages_are_joined() {
    let lines = lines(LevelFilter::INFO, || {
        error_span!(INVOCATION).in_scope(|| {
            info!(decision = "issue", reason = "S3Late", Issued = 1, "first");
            info!(decision = "error", reason = "S3Failed", Issued = 2, "second");
        });
    });
    let line = &lines[0];
    assert_eq!(
        [&line["decision"], &line["reason"], &line["message"]],
        ["error", "S3Failed", "first; second"]
    );
    assert_eq!(line["Issued"], 2);
    let declared = &line["_aws"]["CloudWatchMetrics"][0]["Metrics"];
    assert_eq!(declared.as_array().unwrap().len(), 1, "a metric occurs twice: {line}");
}

#[test]
fn an_invocation_without_a_decision_is_an_error() {
    let lines = lines(LevelFilter::ERROR, || drop(error_span!(INVOCATION)));
    assert_eq!([&lines[0]["level"], &lines[0]["decision"]], ["ERROR", "error"]);
}

#[test]
fn only_the_message_of_other_crates_is_written() {
    let lines = lines(LevelFilter::INFO, || {
        error_span!(INVOCATION, requestId = "r").in_scope(|| {
            warn!(target: "hyper::client", decision = "MARKER", userPool = "MARKER", "connection lost");
            info!(decision = "issue", "asked");
        });
    });
    let [theirs, ours] = lines.as_slice() else {
        panic!("{lines:?}")
    };
    assert_eq!(keys(theirs), fields());
    assert!(!theirs.to_string().contains("MARKER"), "{theirs}");
    assert_eq!(
        [&theirs["message"], &theirs["requestId"]],
        ["hyper: connection lost", "r"]
    );
    assert_eq!(ours["decision"], "issue");
}

#[test]
fn every_event_outside_of_an_invocation_is_a_line() {
    let lines = lines(LevelFilter::INFO, || warn!("cannot warm up"));
    assert_eq!(
        [&lines[0]["message"], &lines[0]["decision"]],
        [&json!("cannot warm up"), &Value::Null]
    );
}

#[test]
fn a_challenge_type_of_another_crate_writes_only_what_it_declared() {
    let lines = lines(LevelFilter::INFO, || {
        error_span!(INVOCATION).in_scope(|| {
            info!(target: "pager::issuer", PagesSent = 1, pagerRegion = "north", reason = "Slow", Issued = 5,
                decision = "MARKER", code = "MARKER", "paged");
            info!(target: "pager::issuer", pagerLoad = 0.5, pagerQueue = 7_u64, pagerRetries = -1, pagerWorks = true,
                load = 0.25, queue = 77_u64, retries = -77, works = false, "queued");
            info!(decision = "issue", "asked");
        });
    });
    let [line] = lines.as_slice() else { panic!("{lines:?}") };
    assert_eq!(
        [
            &line["pagerRegion"],
            &line["reason"],
            &line["decision"],
            &line["message"]
        ],
        ["north", "Slow", "issue", "paged; queued; asked"]
    );
    assert_eq!(
        ["pagerLoad", "pagerQueue", "pagerRetries", "pagerWorks"].map(|field| line[field].clone()),
        [json!(0.5), json!(7), json!(-1), json!(true)]
    );
    assert!(
        keys(line)
            .iter()
            .all(|key| !["load", "queue", "retries", "works"].contains(key))
    );
    assert_eq!((&line["PagesSent"], &line["Issued"]), (&json!(1), &Value::Null));
    assert_eq!(
        line["_aws"]["CloudWatchMetrics"][0]["Dimensions"],
        json!([["function"], ["function", "pagerRegion"]])
    );
    assert!(!line.to_string().contains("MARKER"), "{line}");
}

#[test]
fn a_duplicate_field_or_metric_is_rejected() {
    static FIELD: Telemetry = Telemetry {
        krate: "a",
        fields: &["decision"],
        metrics: &[],
    };
    static METRIC: Telemetry = Telemetry {
        krate: "a",
        fields: &[],
        metrics: &[Metric::count("Issued", None)],
    };
    static AGAIN: Telemetry = Telemetry {
        krate: "b",
        fields: &["pagerRegion"],
        metrics: &[],
    };
    for refused in [&[&FIELD][..], &[&METRIC], &[&PAGER, &AGAIN]] {
        assert!(Schema::new(refused).is_err(), "{refused:?}");
    }
    assert!(Schema::new(&[&PAGER, &PAGER, Telemetry::NONE]).is_ok());
}
