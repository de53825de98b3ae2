//! Records the messages and the log of a pool.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crate::{Call, Journal, Mail, Message};

/// Stores messages and lines.
#[derive(Default)]
pub(super) struct Recorder {
    messages: Mutex<Vec<Message>>,
    lines: Mutex<Vec<String>>,
}

impl Recorder {
    pub(super) fn messages(&self) -> Vec<Message> {
        self.messages.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) fn lines(&self) -> Vec<String> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn add(&self, line: String) {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner).push(line);
    }
}

impl Mail for Recorder {
    fn send(&self, message: Message, _: Duration) {
        self.messages
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(message);
    }
}

impl Journal for Recorder {
    fn call(&self, call: &Call<'_>) {
        self.add(format!("{} {} {}", call.function, call.occasion, call.decision));
    }

    fn warn(&self, text: &str) {
        self.add(text.to_owned());
    }
}
