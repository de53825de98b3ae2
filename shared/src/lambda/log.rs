//! The log: one line for each invocation, which carries its metrics too.
//!
//! A function says what it did by `tracing` events whose fields are named in [`FIELDS`] or [`METRICS`](super::metrics);
//! `Log` gathers them, and writes the line when the invocation's span closes.

use std::io::Write;
use std::time::{Instant, SystemTime};

use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::Value;
use tracing::field::{Field, Visit};
use tracing::level_filters::LevelFilter;
use tracing::span::{Attributes, Id};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::time::{self, FormatTime};
use tracing_subscriber::layer::{Context, Layer};
use tracing_subscriber::registry::LookupSpan;

use super::metrics::{self, Declaration, Metric};

/// The fields of every line, in order. What does not apply is null.
///
/// Nothing else is written but metrics, so nothing else can get into the log by mistake.
pub const FIELDS: [&str; 16] = [
    "timestamp",
    "level",
    "message",
    metrics::FUNCTION,
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

/// The crates whose events are part of an invocation's line. What others log gets lines of its own.
pub(super) const OWN: [&str; 5] = [
    "shared",
    "define_auth_challenge",
    "create_auth_challenge",
    "verify_auth_challenge",
    "pre_token_generation",
];

/// The name of the span around an invocation.
pub(super) const INVOCATION: &str = "invocation";

/// Writes the lines.
pub(super) struct Log<W> {
    /// The name of the Lambda function.
    pub(super) function: String,
    /// The least severe level that is written.
    pub(super) level: LevelFilter,
    /// Where to.
    pub(super) out: W,
}

impl<W: for<'w> MakeWriter<'w>> Log<W> {
    /// An empty line of `level`.
    fn line(&self, level: Level) -> Line {
        let mut line = Line {
            level,
            values: Default::default(),
            metrics: Vec::new(),
        };
        line.set(metrics::FUNCTION, Value::from(self.function.as_str()));
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
        // Lambda takes a line without a time for an INFO, whatever its level.
        let _ = time::SystemTime.format_time(&mut Writer::new(&mut timestamp));
        line.set("timestamp", timestamp.into());
        line.set("level", line.level.as_str().into());
        let written = Written(line, SystemTime::now());
        if let Ok(mut bytes) = serde_json::to_vec(&written) {
            bytes.push(b'\n');
            // Who cannot write a log has nowhere to say so.
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
        if OWN.contains(&krate) {
            if let Some(line) = gathered {
                event.record(line);
                line.level = line.level.min(*metadata.level());
            } else {
                let mut line = self.line(*metadata.level());
                event.record(&mut line);
                self.write(&mut line);
            }
        } else {
            // Of others only the message: their fields may hold anything.
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
                line.set("message", "the function ended without an answer".into());
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

/// What is known so far of what will be a line.
struct Line {
    /// The most severe of what was said.
    level: Level,
    /// In the order of [`FIELDS`].
    values: [Value; FIELDS.len()],
    metrics: Vec<(&'static Metric, Value)>,
}

impl Line {
    fn get(&self, field: &str) -> &Value {
        let index = FIELDS.iter().position(|name| *name == field);
        index.and_then(|index| self.values.get(index)).unwrap_or(&Value::Null)
    }

    /// Sets a field or a metric; any other name is dropped. A message is added to the one before.
    fn set(&mut self, name: &str, value: Value) {
        let index = FIELDS.iter().position(|field| *field == name);
        match (index.and_then(|index| self.values.get_mut(index)), value) {
            (Some(Value::String(before)), Value::String(more)) if name == "message" => {
                let separator = if before.ends_with(':') { " " } else { "; " };
                *before = format!("{before}{separator}{more}");
            }
            (Some(slot), value) => *slot = value,
            (None, value) => {
                // No name twice: CloudWatch would refuse the line.
                self.metrics.retain(|(metric, _)| metric.name != name);
                self.metrics.extend(Metric::named(name).map(|metric| (metric, value)));
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

/// Takes nothing but the message.
struct Message<'a>(&'a mut Line);

impl Visit for Message<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        if field.name() == "message" {
            self.0.record_debug(field, value);
        }
    }
}

/// A line and when it is written, as JSON.
struct Written<'a>(&'a Line, SystemTime);

impl Serialize for Written<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self(line, now) = self;
        let mut map = serializer.serialize_map(None)?;
        for (name, value) in FIELDS.iter().zip(&line.values) {
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
