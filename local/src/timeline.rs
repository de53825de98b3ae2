//! The sign-ins of this run, step by step, for the page `/debug`: the calls, the messages and the answers.
//!
//! The memory is limited: only the latest sign-ins are stored, and only the first steps of each. Secrets are hidden
//! when a step is shown.

mod http;
mod step;

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::broadcast::{self, Receiver, Sender};
use user_pools::{Answered, Call, Journal, Mail, Medium};
use uuid::Uuid;

use crate::console::Console;
use crate::outbox::Outbox;
pub(crate) use http::router;
use step::{Kind, Step};

/// The maximum number of stored sign-ins.
const MOST: usize = 30;
/// The maximum number of stored steps of a sign-in.
const MOST_STEPS: usize = 100;
/// The number of steps that a viewer may lag behind.
const LAG: usize = 256;

/// Prints the steps of sign-ins on the terminal and stores them for the page.
pub(crate) struct Timeline {
    console: Arc<Console>,
    outbox: Arc<Outbox>,
    history: Mutex<History>,
    live: Sender<News>,
}

/// An update for viewers.
#[derive(Clone, Debug)]
enum News {
    /// The sign-in was removed to limit the memory.
    Forgotten(Option<Uuid>),
    Step(Arc<Step>),
}

#[derive(Default)]
struct History {
    /// The oldest first. The steps that belong to no sign-in are one of them.
    sign_ins: VecDeque<SignIn>,
    /// Messages of functions that are still running. Their sign-in is known only when the call ends.
    sent: Vec<(Instant, Kind)>,
}

struct SignIn {
    id: Option<Uuid>,
    steps: Vec<Arc<Step>>,
}

impl Timeline {
    /// Returns an empty timeline.
    pub(crate) fn new(console: Arc<Console>) -> Self {
        Self {
            console,
            outbox: Arc::default(),
            history: Mutex::default(),
            live: broadcast::channel(LAG).0,
        }
    }

    /// Returns the messages of this run.
    pub(crate) fn outbox(&self) -> Arc<Outbox> {
        Arc::clone(&self.outbox)
    }

    /// Adds a message of a function, which has the number `id` in the outbox.
    pub(crate) fn sent(&self, id: u64, medium: Medium, to: &str, short: &str) {
        let message = Kind::Message {
            id,
            medium,
            to: to.to_owned(),
            text: short.to_owned(),
        };
        let mut history = self.lock();
        // The limit is the maximum number of concurrent calls. If a function sends more messages, the first ones are
        // lost.
        if history.sent.len() >= MOST_STEPS {
            history.sent.remove(0);
        }
        history.sent.push((Instant::now(), message));
    }

    /// Returns all stored steps, in their order, and a receiver of the following ones.
    fn watch(&self) -> (Vec<Arc<Step>>, Receiver<News>) {
        let history = self.lock();
        let live = self.live.subscribe();
        let steps = history
            .sign_ins
            .iter()
            .flat_map(|sign_in| sign_in.steps.iter().cloned());
        (steps.collect(), live)
    }

    fn add(&self, sign_in: Option<Uuid>, kind: Kind) {
        let mut history = self.lock();
        let step = Arc::new(Step { sign_in, kind });
        if !history.sign_ins.iter().any(|known| known.id == sign_in) {
            if history.sign_ins.len() >= MOST {
                let oldest = history.sign_ins.pop_front();
                self.tell(oldest.map(|oldest| News::Forgotten(oldest.id)));
            }
            history.sign_ins.push_back(SignIn {
                id: sign_in,
                steps: Vec::new(),
            });
        }
        let known = history.sign_ins.iter_mut().find(|known| known.id == sign_in);
        let Some(known) = known else { return };
        if known.steps.len() < MOST_STEPS {
            known.steps.push(Arc::clone(&step));
            self.tell(Some(News::Step(step)));
        }
    }

    /// Sends an update to all viewers.
    fn tell(&self, news: Option<News>) {
        if let Some(news) = news {
            // The only possible error: no viewers.
            let _ = self.live.send(news);
        }
    }

    /// Removes and returns the messages that were sent since a call began.
    fn sent_within(&self, elapsed: Duration) -> Vec<Kind> {
        let begun = Instant::now().checked_sub(elapsed);
        let mut history = self.lock();
        let all = std::mem::take(&mut history.sent);
        let (within, before): (Vec<_>, Vec<_>) = all
            .into_iter()
            .partition(|(time, _)| begun.is_none_or(|begun| *time >= begun));
        history.sent = before;
        within.into_iter().map(|(_, message)| message).collect()
    }

    fn lock(&self) -> MutexGuard<'_, History> {
        self.history.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Journal for Timeline {
    fn call(&self, call: &Call<'_>) {
        Journal::call(&*self.console, call);
        for message in self.sent_within(call.elapsed) {
            self.add(call.sign_in, message);
        }
        self.add(call.sign_in, Kind::of_call(call));
    }

    fn answered(&self, answered: &Answered<'_>) {
        self.add(answered.sign_in, Kind::of_answer(answered));
    }

    fn warn(&self, text: &str) {
        self.console.warn(text);
    }
}

impl Mail for Timeline {
    fn send(&self, message: user_pools::Message, now: Duration) {
        let (sign_in, medium, to) = (message.sign_in, message.medium, message.address.clone());
        let text = format!("{} ({})", message.code, message.purpose);
        let id = self.outbox.add_code(message, now);
        self.add(sign_in, Kind::Message { id, medium, to, text });
    }
}

impl std::fmt::Debug for Timeline {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Timeline(..)")
    }
}

#[cfg(test)]
mod tests;
