//! The log: one line for each invocation, which also contains its metrics.
//!
//! A function logs with `tracing` events. The names of their fields are in [`FIELDS`], in [`METRICS`], or in the
//! [`Telemetry`] of a challenge type. The log collects the fields and writes the line when the span of the invocation
//! closes.

use std::io::Write;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};
use std::time::{Instant, SystemTime};

use cognito_challenge::telemetry::{Metric, Telemetry};
use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::Value;
use tracing::field::{Field, Visit};
use tracing::level_filters::LevelFilter;
use tracing::span::{Attributes, Id};
use tracing::{Dispatch, Event, Level, Subscriber};
use tracing_subscriber::filter::dynamic_filter_fn;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::time::{self, FormatTime};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt};
use tracing_subscriber::registry::LookupSpan;

use super::VERSION;
use super::metrics::{self, Declaration, METRICS};

/// The fields of every line, in order. A field without a value is null.
///
/// Besides them, a line contains only metrics and declared telemetry, so that nothing else is logged by mistake.
pub const FIELDS: [&str; 17] = [
    "timestamp",
    "level",
    "message",
    metrics::FUNCTION,
    "version",
    "requestId",
    "trigger",
    "userPool",
    "client",
    "user",
    "challenge",
    "step",
    "attempt",
    "decision",
    "reason",
    "milliseconds",
    "coldStart",
];

/// The crates whose events become part of the invocation's line. Events of other crates become separate lines.
const OWN: [&str; 8] = [
    "cognito_challenge",
    "cognito_challenge_messages",
    "cognito_challenge_runtime",
    "define_auth_challenge",
    "create_auth_challenge",
    "verify_auth_challenge",
    "enrolment",
    "pre_token_generation",
];

/// The name of the span of an invocation.
pub(super) const INVOCATION: &str = "invocation";

/// A second subscriber besides that of [`record`].
///
/// With only one, `tracing` decides for the whole process whether a callsite is enabled when a thread first reaches it,
/// even if this thread has no subscriber. Lines of other threads would then be lost. This subscriber leaves the decision
/// to each event.
static UNDECIDED: LazyLock<Dispatch> =
    LazyLock::new(|| Dispatch::new(tracing_subscriber::registry().with(dynamic_filter_fn(|_, _| true))));

/// Runs `act` as an invocation. Returns its result and all log lines, at the lowest level. Use it in tests.
pub fn record<T>(telemetry: &[&'static Telemetry], act: impl FnOnce() -> T) -> (T, Vec<String>) {
    LazyLock::force(&UNDECIDED);
    let lines = Arc::new(Mutex::new(Vec::new()));
    let schema = Schema::new(telemetry).unwrap_or_default();
    let targets = super::targets(&schema, LevelFilter::TRACE);
    let log = Log {
        function: String::new(),
        level: LevelFilter::TRACE,
        schema,
        out: Mutex::new(Lines(Arc::clone(&lines))),
    };
    let subscriber = tracing_subscriber::registry().with(targets).with(log);
    let acted = tracing::subscriber::with_default(subscriber, || tracing::error_span!(INVOCATION).in_scope(act));
    let bytes = lines.lock().unwrap_or_else(PoisonError::into_inner);
    (
        acted,
        String::from_utf8_lossy(&bytes).lines().map(str::to_owned).collect(),
    )
}

/// A writer that keeps the lines in memory.
struct Lines(Arc<Mutex<Vec<u8>>>);

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// The `tracing` layer that writes the lines.
pub(super) struct Log<W> {
    /// The name of the Lambda function.
    pub(super) function: String,
    /// The lowest level that is written.
    pub(super) level: LevelFilter,
    /// The fields and metrics that may be written.
    pub(super) schema: Schema,
    /// The output.
    pub(super) out: W,
}

impl<W: for<'w> MakeWriter<'w>> Log<W> {
    /// Creates an empty line of `level`.
    fn line(&self, level: Level) -> Line {
        let mut line = Line {
            level,
            values: vec![Value::Null; FIELDS.len() + self.schema.fields.len()],
            metrics: Vec::new(),
            schema: self.schema.clone(),
        };
        line.set(metrics::FUNCTION, Value::from(self.function.as_str()));
        line.set("version", Value::from(VERSION));
        line
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "the log is an edge: its lines say when they were written"
    )]
    fn write(&self, line: &mut Line) {
        if line.level > self.level {
            return;
        }
        let mut timestamp = String::new();
        // Lambda treats a line without a timestamp as INFO, whatever its level is.
        let _ = time::SystemTime.format_time(&mut Writer::new(&mut timestamp));
        line.set("timestamp", timestamp.into());
        line.set("level", line.level.as_str().into());
        let written = Written(line, SystemTime::now());
        if let Ok(mut bytes) = serde_json::to_vec(&written) {
            bytes.push(b'\n');
            // An error while writing the log cannot be logged.
            let _ = self.out.make_writer().write_all(&bytes);
        }
    }
}

impl<S, W> Layer<S> for Log<W>
where
    S: Subscriber + for<'s> LookupSpan<'s>,
    W: for<'w> MakeWriter<'w> + 'static,
{
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let Some(span) = context.span(id) else { return };
        let mut extensions = span.extensions_mut();
        extensions.insert(Instant::now());
        if span.name() == INVOCATION {
            let mut line = self.line(Level::INFO);
            attributes.record(&mut line);
            extensions.insert(line);
        }
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let metadata = event.metadata();
        let invocation = context
            .event_scope(event)
            .and_then(|mut scope| scope.find(|span| span.name() == INVOCATION));
        let mut extensions = invocation.as_ref().map(|span| span.extensions_mut());
        let gathered = extensions.as_mut().and_then(|extensions| extensions.get_mut::<Line>());
        let krate = metadata.target().split("::").next().unwrap_or_default();
        if self.schema.crates().any(|own| own == krate) {
            let record = |line: &mut Line| {
                if OWN.contains(&krate) {
                    event.record(line);
                } else {
                    event.record(&mut OfType(line));
                }
            };
            if let Some(line) = gathered {
                record(line);
                line.level = line.level.min(*metadata.level());
            } else {
                let mut line = self.line(*metadata.level());
                record(&mut line);
                self.write(&mut line);
            }
        } else {
            // For other crates, only the message is written, because their fields may contain secrets.
            let mut theirs = self.line(*metadata.level());
            theirs.set("message", Value::from(format!("{krate}:")));
            event.record(&mut Message(&mut theirs));
            if let Some(line) = gathered {
                theirs.set("requestId", line.get("requestId").clone());
            }
            self.write(&mut theirs);
        }
    }

    fn on_close(&self, id: Id, context: Context<'_, S>) {
        let Some(span) = context.span(&id) else { return };
        let Some(elapsed) = span.extensions().get::<Instant>().map(Instant::elapsed) else {
            return;
        };
        if let Some(mut line) = span.extensions_mut().remove::<Line>() {
            line.set("milliseconds", metrics::milliseconds(elapsed));
            if line.get("decision").is_null() {
                line.level = Level::ERROR;
                line.set("decision", "error".into());
                line.set("message", "the function ended without a response".into());
            }
            if line.get("coldStart") == true {
                line.set("ColdStarts", 1.into());
            }
            self.write(&mut line);
        } else if let Some(invocation) = span.scope().find(|span| span.name() == INVOCATION)
            && let Some(line) = invocation.extensions_mut().get_mut::<Line>()
        {
            line.set(span.name(), metrics::milliseconds(elapsed));
        }
    }
}

/// The fields and metrics that lines may have: [`FIELDS`], [`METRICS`], and those that challenge types of other crates
/// declare.
#[derive(Clone, Default)]
pub(super) struct Schema {
    crates: Arc<[&'static str]>,
    /// The fields after [`FIELDS`].
    fields: Arc<[&'static str]>,
    metrics: Arc<[&'static Metric]>,
}

impl Schema {
    /// Creates a schema with the declarations of `telemetry`.
    ///
    /// # Errors
    ///
    /// Returns an error if a field or a metric exists already.
    pub(super) fn new(telemetry: &[&'static Telemetry]) -> Result<Self, String> {
        let mut different: Vec<&'static Telemetry> = Vec::new();
        for telemetry in telemetry {
            // Two types of a crate, or both halves of a type, can share a declaration.
            if !different.contains(telemetry) {
                different.push(telemetry);
            }
        }
        let mut names: Vec<&str> = FIELDS.to_vec();
        names.extend(METRICS.iter().map(|metric| metric.name));
        let declared = different.iter().flat_map(|telemetry| {
            let metrics = telemetry.metrics.iter().map(|metric| metric.name);
            telemetry.fields.iter().copied().chain(metrics)
        });
        for name in declared {
            if names.contains(&name) || name.is_empty() || name == "_aws" {
                return Err(format!(
                    "the log already has a field or metric `{name}`: choose another name"
                ));
            }
            names.push(name);
        }
        Ok(Self {
            crates: different
                .iter()
                .map(|telemetry| telemetry.krate)
                .filter(|krate| !krate.is_empty())
                .collect(),
            fields: different
                .iter()
                .flat_map(|telemetry| telemetry.fields)
                .copied()
                .collect(),
            metrics: different.iter().flat_map(|telemetry| telemetry.metrics).collect(),
        })
    }

    /// Returns the crates whose events become part of the invocation's line.
    pub(super) fn crates(&self) -> impl Iterator<Item = &'static str> + '_ {
        OWN.into_iter().chain(self.crates.iter().copied())
    }

    fn field(&self, name: &str) -> Option<usize> {
        self.fields().position(|field| field == name)
    }

    fn fields(&self) -> impl Iterator<Item = &'static str> + '_ {
        FIELDS.into_iter().chain(self.fields.iter().copied())
    }

    fn metric(&self, name: &str) -> Option<&'static Metric> {
        METRICS
            .iter()
            .chain(self.metrics.iter().copied())
            .find(|metric| metric.name == name)
    }
}

/// A line that is being collected.
struct Line {
    /// The highest severity of its events.
    level: Level,
    /// The values, in the order of the schema's fields.
    values: Vec<Value>,
    metrics: Vec<(&'static Metric, Value)>,
    schema: Schema,
}

impl Line {
    fn get(&self, field: &str) -> &Value {
        let index = self.schema.field(field);
        index.and_then(|index| self.values.get(index)).unwrap_or(&Value::Null)
    }

    /// Sets a field or a metric and ignores other names. A second message is appended to the first.
    fn set(&mut self, name: &str, value: Value) {
        let index = self.schema.field(name);
        match (index.and_then(|index| self.values.get_mut(index)), value) {
            (Some(Value::String(before)), Value::String(more)) if name == "message" => {
                let separator = if before.ends_with(':') { " " } else { "; " };
                *before = format!("{before}{separator}{more}");
            }
            (Some(slot), value) => *slot = value,
            (None, value) => {
                // A name must not occur twice: CloudWatch would reject the line.
                self.metrics.retain(|(metric, _)| metric.name != name);
                self.metrics
                    .extend(self.schema.metric(name).map(|metric| (metric, value)));
            }
        }
    }
}

impl Visit for Line {
    fn record_bool(&mut self, field: &Field, value: bool) {
        self.set(field.name(), value.into());
    }

    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        self.set(field.name(), format!("{value:?}").into());
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.set(field.name(), value.into());
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.set(field.name(), value.into());
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.set(field.name(), value.into());
    }
}

/// Records what a challenge type of another crate may write: `message`, `reason` and its declared telemetry.
struct OfType<'a>(&'a mut Line);

impl OfType<'_> {
    fn may_write(&self, field: &Field) -> bool {
        let name = field.name();
        let schema = &self.0.schema;
        ["message", "reason"].contains(&name)
            || schema.fields.contains(&name)
            || schema.metrics.iter().any(|metric| metric.name == name)
    }
}

impl Visit for OfType<'_> {
    fn record_bool(&mut self, field: &Field, value: bool) {
        if self.may_write(field) {
            self.0.record_bool(field, value);
        }
    }

    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        if self.may_write(field) {
            self.0.record_debug(field, value);
        }
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        if self.may_write(field) {
            self.0.set(field.name(), value.into());
        }
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        if self.may_write(field) {
            self.0.record_i64(field, value);
        }
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        if self.may_write(field) {
            self.0.record_str(field, value);
        }
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        if self.may_write(field) {
            self.0.record_u64(field, value);
        }
    }
}

/// Records only the message.
struct Message<'a>(&'a mut Line);

impl Visit for Message<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        if field.name() == "message" {
            self.0.record_debug(field, value);
        }
    }
}

/// Serializes a line with its time to JSON.
struct Written<'a>(&'a Line, SystemTime);

impl Serialize for Written<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self(line, now) = self;
        let mut map = serializer.serialize_map(None)?;
        for (name, value) in line.schema.fields().zip(&line.values) {
            map.serialize_entry(name, value)?;
        }
        for (metric, value) in &line.metrics {
            map.serialize_entry(metric.name, value)?;
        }
        if !line.metrics.is_empty() {
            let metrics = line.metrics.iter().map(|(metric, _)| *metric);
            let has = |field: &str| line.get(field).is_string();
            map.serialize_entry("_aws", &Declaration::new(metrics, has, *now))?;
        }
        map.end()
    }
}

#[cfg(test)]
mod tests;
