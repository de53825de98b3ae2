//! The sign-ins of this run, step by step, for the page `/debug`: what was called, sent and answered.
//!
//! Bounded: the latest sign-ins, and of each its first steps. Secrets are hidden when a step is shown.

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

/// How many sign-ins are kept.
const MOST: usize = 30;
/// How many steps of each.
const MOST_STEPS: usize = 100;
/// How many steps a viewer may lag behind.
const LAG: usize = 256;

/// What happens, told to the terminal and kept for the page.
pub(crate) struct Timeline {
    console: Arc<Console>,
    outbox: Arc<Outbox>,
    kept: Mutex<Kept>,
    live: Sender<News>,
}

/// What a viewer is told.
#[derive(Clone, Debug)]
enum News {
    /// A sign-in is not kept any more.
    Forgotten(Option<Uuid>),
    Step(Arc<Step>),
}

#[derive(Default)]
struct Kept {
    /// The oldest first. What belongs to no sign-in is one of them.
    sign_ins: VecDeque<SignIn>,
    /// Messages of functions that still run: which sign-in they belong to shows when the call ends.
    sent: Vec<(Instant, Kind)>,
}

struct SignIn {
    id: Option<Uuid>,
    steps: Vec<Arc<Step>>,
}

impl Timeline {
    /// Nothing has happened.
    pub(crate) fn new(console: Arc<Console>) -> Self {
        Self {
            console,
            outbox: Arc::default(),
            kept: Mutex::default(),
            live: broadcast::channel(LAG).0,
        }
    }

    /// Returns the messages of this run.
    pub(crate) fn outbox(&self) -> Arc<Outbox> {
        Arc::clone(&self.outbox)
    }

    /// A function has sent a message, which the outbox has under this number.
    pub(crate) fn sent(&self, id: u64, medium: Medium, to: &str, short: &str) {
        let message = Kind::Message {
            id,
            medium,
            to: to.to_owned(),
            text: short.to_owned(),
        };
        let mut kept = self.lock();
        // As many as there can be calls at once; a function that sends more loses the first.
        if kept.sent.len() >= MOST_STEPS {
            kept.sent.remove(0);
        }
        kept.sent.push((Instant::now(), message));
    }

    /// All that is kept, in its order, and what will follow.
    fn watch(&self) -> (Vec<Arc<Step>>, Receiver<News>) {
        let kept = self.lock();
        let live = self.live.subscribe();
        let steps = kept.sign_ins.iter().flat_map(|sign_in| sign_in.steps.iter().cloned());
        (steps.collect(), live)
    }

    fn add(&self, sign_in: Option<Uuid>, kind: Kind) {
        let mut kept = self.lock();
        let step = Arc::new(Step { sign_in, kind });
        if !kept.sign_ins.iter().any(|known| known.id == sign_in) {
            if kept.sign_ins.len() >= MOST {
                let oldest = kept.sign_ins.pop_front();
                self.tell(oldest.map(|oldest| News::Forgotten(oldest.id)));
            }
            kept.sign_ins.push_back(SignIn {
                id: sign_in,
                steps: Vec::new(),
            });
        }
        let known = kept.sign_ins.iter_mut().find(|known| known.id == sign_in);
        let Some(known) = known else { return };
        if known.steps.len() < MOST_STEPS {
            known.steps.push(Arc::clone(&step));
            self.tell(Some(News::Step(step)));
        }
    }

    /// Tells all viewers, if there are any.
    fn tell(&self, news: Option<News>) {
        if let Some(news) = news {
            // An error only means that nobody looks.
            let _ = self.live.send(news);
        }
    }

    /// The messages that were sent since a call began.
    fn sent_within(&self, elapsed: Duration) -> Vec<Kind> {
        let begun = Instant::now().checked_sub(elapsed);
        let mut kept = self.lock();
        let all = std::mem::take(&mut kept.sent);
        let (within, before): (Vec<_>, Vec<_>) = all
            .into_iter()
            .partition(|(time, _)| begun.is_none_or(|begun| *time >= begun));
        kept.sent = before;
        within.into_iter().map(|(_, message)| message).collect()
    }

    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
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
