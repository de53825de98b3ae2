//! The output of processes, line by line.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::io::{AsyncRead, AsyncReadExt};

/// Receives the name of a function and a line of its output.
pub type Output = Arc<dyn Fn(&str, &str) + Send + Sync>;

/// The longest line. Longer ones are split, so that a function cannot fill the memory.
const MAX_LINE: usize = 16 * 1024;

/// The maximum number of lines that are held back.
const MAX_HELD: usize = 100;

/// The lines of one process, held back until it has started. If it does not start, they are the reason.
pub(super) struct Lines {
    function: String,
    output: Output,
    held: Mutex<Option<Vec<String>>>,
}

impl Lines {
    /// Creates the lines of `function`, which are sent to `output`.
    pub(super) fn new(function: String, output: Output) -> Self {
        Self {
            function,
            output,
            held: Mutex::new(Some(Vec::new())),
        }
    }

    /// Shows the lines that were held back, and all later ones at once.
    pub(super) fn release(&self) {
        for line in self.take() {
            (self.output)(&self.function, &line);
        }
    }

    /// Returns the lines that were held back. Later lines are shown.
    pub(super) fn take(&self) -> Vec<String> {
        self.held
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take()
            .unwrap_or_default()
    }

    fn push(&self, line: &[u8]) {
        let line = printable(line);
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        match held.as_mut() {
            Some(lines) if lines.len() < MAX_HELD => lines.push(line),
            Some(_) => {
                drop(held);
                self.release();
                (self.output)(&self.function, &line);
            }
            None => (self.output)(&self.function, &line),
        }
    }
}

impl fmt::Debug for Lines {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Lines")
            .field("function", &self.function)
            .finish_non_exhaustive()
    }
}

/// Copies the output of `from` to `lines`.
pub(super) async fn copy_lines(mut from: impl AsyncRead + Unpin, lines: Arc<Lines>) {
    let mut buffer = Vec::with_capacity(1024);
    while let Ok(1..) = from.read_buf(&mut buffer).await {
        while let Some(end) = buffer.iter().position(|byte| *byte == b'\n') {
            let line: Vec<u8> = buffer.drain(..=end).collect();
            lines.push(line.trim_ascii_end());
        }
        if buffer.len() >= MAX_LINE {
            lines.push(&buffer);
            buffer.clear();
        }
        buffer.reserve(1024);
    }
    if !buffer.is_empty() {
        lines.push(&buffer);
    }
}

/// Removes control characters: log text may come from a client, and must not control the terminal.
fn printable(line: &[u8]) -> String {
    String::from_utf8_lossy(line)
        .chars()
        .filter(|letter| !letter.is_control() || *letter == '\t')
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn collected() -> (Arc<Mutex<Vec<String>>>, Lines) {
        let shown = Arc::new(Mutex::new(Vec::new()));
        let sink = Arc::clone(&shown);
        let output: Output = Arc::new(move |function, line| sink.lock().unwrap().push(format!("{function} {line}")));
        (shown, Lines::new("f".into(), output))
    }

    #[tokio::test]
    async fn lines_are_held_back_until_the_start_is_over() {
        let (shown, lines) = collected();
        let lines = Arc::new(lines);
        copy_lines(&b"one\r\ntwo\nthree"[..], Arc::clone(&lines)).await;
        assert!(shown.lock().unwrap().is_empty());
        lines.release();
        assert_eq!(*shown.lock().unwrap(), ["f one", "f two", "f three"]);
        copy_lines(&b"four\n"[..], lines).await;
        assert_eq!(shown.lock().unwrap().last().unwrap(), "f four");
    }

    #[tokio::test]
    async fn output_cannot_steer_the_terminal_or_fill_the_memory() {
        let (shown, lines) = collected();
        lines.release();
        let mut input = b"\x1b]0;title\x07\x1b[2Jred".to_vec();
        input.push(b'\n');
        input.extend(std::iter::repeat_n(b'x', 3 * MAX_LINE));
        copy_lines(&input[..], Arc::new(lines)).await;
        let shown = shown.lock().unwrap();
        assert_eq!(shown[0], "f ]0;title[2Jred");
        assert!(
            shown.iter().all(|line| line.len() <= 2 * MAX_LINE + 2),
            "a line is too long"
        );
        assert!(shown.len() > 2, "one long line stays one piece");
    }
}
