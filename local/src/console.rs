//! The output in the terminal.

mod banner;
mod line;
pub(crate) mod mask;

use std::fmt::Arguments;
use std::io::{IsTerminal, Write};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use anstyle::{AnsiColor, Style};
use bytes::Bytes;
use user_pools::{Call, Journal};

pub(crate) use banner::{Banner, DemoUser};
pub(crate) use line::in_short;

use crate::metrics::Total;
use mask::masked;

const BOLD: Style = Style::new().bold();
const DIM: Style = Style::new().dimmed();
const YELLOW: Style = AnsiColor::Yellow.on_default();

/// The terminal, shared by all parts that print.
pub(crate) struct Console {
    out: Mutex<Box<dyn Write + Send>>,
    colour: bool,
    trace: bool,
}

impl Console {
    /// Creates standard output, in color if it is a terminal and `no_color` is not set. With `trace`, it shows events
    /// in full. `anstream` would decide about the color too, but reads the environment itself, which only
    /// [`System`](crate::system::System) does here.
    pub(crate) fn new(trace: bool, no_color: bool) -> Self {
        let out = std::io::stdout();
        let colour = out.is_terminal() && !no_color;
        Self {
            out: Mutex::new(Box::new(out)),
            colour,
            trace,
        }
    }

    /// Prints a call of a function in one line.
    ///
    /// `session` and `decision` hold no secret.
    pub(crate) fn call(&self, function: &str, session: &str, decision: &str, elapsed: Duration) {
        let (bold, dim) = (self.style(BOLD), self.style(DIM));
        let millis = elapsed.as_millis();
        self.line(format_args!(
            "{bold}{function}{bold:#} {session} {dim}→{dim:#} {decision} {dim}{millis} ms{dim:#}"
        ));
    }

    /// With `--trace`, prints the event of a call and its response, without secrets.
    pub(crate) fn trace(&self, function: &str, event: &Bytes, response: Option<&Bytes>) {
        if self.trace {
            self.line(format_args!("{function} event {}", masked(event)));
            if let Some(response) = response {
                self.line(format_args!("{function} answer {}", masked(response)));
            }
        }
    }

    /// Prints an event.
    pub(crate) fn say(&self, text: &str) {
        self.line(format_args!("{text}"));
    }

    /// Prints a warning: a reason that a client does not receive, or a hint for the operator.
    pub(crate) fn warn(&self, text: &str) {
        let yellow = self.style(YELLOW);
        self.line(format_args!("{yellow}warning:{yellow:#} {text}"));
    }

    /// Prints a line of a function.
    pub(crate) fn printed(&self, function: &str, line: &str) {
        let dim = self.style(DIM);
        self.line(format_args!("{dim}{function} |{dim:#} {line}"));
    }

    /// Prints a message that was not really sent: its short text, and the address that shows all of it.
    pub(crate) fn sent(&self, medium: &str, to: &str, short: &str, address: &str) {
        let (bold, dim) = (self.style(BOLD), self.style(DIM));
        // The text is from a function and must not control the terminal.
        let (to, short) = (to.escape_debug(), short.escape_debug());
        self.line(format_args!(
            "{bold}{medium}{bold:#} to {to} {dim}→{dim:#} {short} {dim}{address}{dim:#}"
        ));
    }

    /// Prints the metrics of the functions, if there are any.
    pub(crate) fn metrics(&self, totals: &[Total]) {
        for total in totals {
            self.line(format_args!("{}", total.text()));
        }
    }

    /// Prints the data that a user needs to sign in.
    pub(crate) fn banner(&self, banner: &Banner<'_>) {
        self.line(format_args!("{}", banner.text(self.style(BOLD))));
    }

    /// Returns `style`, or a style that writes nothing if the output has no color.
    fn style(&self, style: Style) -> Style {
        if self.colour { style } else { Style::new() }
    }

    fn line(&self, text: Arguments<'_>) {
        let mut out = self.out.lock().unwrap_or_else(PoisonError::into_inner);
        // If the terminal was closed, the error has no reader.
        let _ = writeln!(out, "{text}").and_then(|()| out.flush());
    }
}

impl Journal for Console {
    fn call(&self, call: &Call<'_>) {
        self.call(call.function, call.occasion, call.decision, call.elapsed);
        self.trace(call.function, call.event, call.response);
    }

    fn warn(&self, text: &str) {
        self.warn(text);
    }
}

impl std::fmt::Debug for Console {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Console")
            .field("colour", &self.colour)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use std::sync::Arc;

    use super::*;

    /// The output of a console in memory.
    #[derive(Clone, Default)]
    pub(crate) struct Paper(Arc<Mutex<Vec<u8>>>);

    impl Write for Paper {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    pub(crate) fn console(trace: bool) -> (Console, Paper) {
        let paper = Paper::default();
        (
            Console {
                out: Mutex::new(Box::new(paper.clone())),
                colour: false,
                trace,
            },
            paper,
        )
    }

    pub(crate) fn text(paper: &Paper) -> String {
        String::from_utf8(paper.0.lock().unwrap().clone()).unwrap()
    }

    #[test]
    fn a_call_is_one_line() {
        let (console, paper) = console(false);
        console.call(
            "define-auth-challenge",
            "[SRP_A ✓]",
            "ask PASSWORD_VERIFIER",
            Duration::from_millis(3),
        );
        console.trace("define-auth-challenge", &Bytes::from_static(b"{}"), None);
        assert_eq!(
            text(&paper),
            "define-auth-challenge [SRP_A ✓] → ask PASSWORD_VERIFIER 3 ms\n"
        );
    }

    #[test]
    fn only_a_terminal_gets_color() {
        for (colour, shown) in [(false, "warning: late\n"), (true, "\u{1b}[33mwarning:\u{1b}[0m late\n")] {
            let (mut console, paper) = console(false);
            console.colour = colour;
            console.warn("late");
            assert_eq!(text(&paper), shown);
        }
    }

    #[test]
    fn a_message_is_one_line_whatever_it_says() {
        let (console, paper) = console(false);
        console.sent(
            "SMS",
            "+12065550100",
            "123456 is\nyour \x1b[31mcode ñ",
            "http://127.0.0.1:9229/debug/mail#1",
        );
        assert_eq!(
            text(&paper),
            "SMS to +12065550100 → 123456 is\\nyour \\u{1b}[31mcode ñ http://127.0.0.1:9229/debug/mail#1\n"
        );
    }

    #[test]
    fn a_trace_shows_event_and_answer() {
        let (console, paper) = console(true);
        let event = Bytes::from_static(br#"{"request":{"challengeAnswer":"MARKER"}}"#);
        console.trace(
            "verify",
            &event,
            Some(&Bytes::from_static(br#"{"response":{"answerCorrect":true}}"#)),
        );
        let text = text(&paper);
        assert!(
            text.contains(r#"verify answer {"response":{"answerCorrect":true}}"#),
            "{text}"
        );
        assert!(!text.contains("MARKER"), "{text}");
    }
}
