//! The processes of one function.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::Semaphore;
use uuid::Uuid;

use super::outcome::{Cause, FunctionError};
use super::output::{Lines, Output};
use super::process::{Lifeline, NotReady, Process, Ran};
use super::{Spec, StartError};

/// More overlapping calls than these wait for each other.
pub(super) const MAX_PROCESSES: usize = 16;

/// Lambda's limit for a cold start.
const START_LIMIT: Duration = Duration::from_secs(10);

/// The processes of one function: those without work, and a permit for each that may have some.
pub(super) struct Pool {
    pub(super) spec: Spec,
    arn: String,
    output: Output,
    lifeline: Lifeline,
    /// INVARIANT: whoever holds a permit has at most one process, and starts one only if none is idle. So there are
    /// never more processes than permits.
    permits: Semaphore,
    idle: Mutex<Vec<Process>>,
}

impl Pool {
    /// A pool without processes.
    pub(super) fn new(spec: Spec, arn: String, output: Output, lifeline: Lifeline) -> Self {
        Self {
            spec,
            arn,
            output,
            lifeline,
            permits: Semaphore::new(MAX_PROCESSES),
            idle: Mutex::default(),
        }
    }

    /// Starts one process and keeps it.
    pub(super) async fn warm_up(&self) -> Result<(), StartError> {
        let error = |reason| StartError {
            function: self.spec.binary.clone(),
            reason,
        };
        let mut process = self.start().await.map_err(|failed| error(failed.to_string()))?;
        match process.ready(Uuid::new_v4(), START_LIMIT).await {
            Ok(()) => {
                self.keep(process);
                Ok(())
            }
            Err(NotReady {
                error: reported,
                exit,
                lines,
            }) => Err(error(match reported.cause {
                Cause::Error if lines.is_empty() => reported.message,
                _ => reason(&exit, &lines),
            })),
        }
    }

    /// Runs the function once, in a process that nobody else uses meanwhile.
    pub(super) async fn run(&self, event: Bytes) -> Result<Bytes, FunctionError> {
        let id = Uuid::new_v4();
        let Ok(_permit) = self.permits.acquire().await else {
            return Err(FunctionError::stopped());
        };
        // A process may end between two calls. Only one that was idle can do so before it takes the event.
        while let Some(mut process) = self.take_idle() {
            match process.run(id, event.clone(), self.spec.timeout).await {
                Ran::Answered(answer) => {
                    self.keep(process);
                    return answer;
                }
                Ran::Failed(error) => return Err(error),
                Ran::NotTaken(_) => {}
            }
        }
        let mut process = self
            .start()
            .await
            .map_err(|error| FunctionError::ended(id, &error.to_string()))?;
        if let Err(NotReady { error, lines, .. }) = process.ready(id, START_LIMIT).await {
            for line in lines {
                (self.output)(&self.spec.binary, &line);
            }
            return Err(error);
        }
        match process.run(id, event, self.spec.timeout).await {
            Ran::Answered(answer) => {
                self.keep(process);
                answer
            }
            Ran::Failed(error) | Ran::NotTaken(error) => Err(error),
        }
    }

    /// From now on, calls fail.
    pub(super) fn close(&self) {
        self.permits.close();
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    async fn start(&self) -> std::io::Result<Process> {
        let lines = Lines::new(self.spec.binary.clone(), Arc::clone(&self.output));
        let arn = self.arn.clone();
        Process::start(
            &self.spec.program,
            &self.spec.environment,
            arn,
            lines,
            self.lifeline.clone(),
        )
        .await
    }

    /// The process that worked last, so that the others are left to be forgotten by the memory's caches.
    fn take_idle(&self) -> Option<Process> {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        idle.retain(Process::is_alive);
        idle.pop()
    }

    fn keep(&self, process: Process) {
        if !self.permits.is_closed() {
            self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(process);
        }
    }
}

impl std::fmt::Debug for Pool {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Not the environment: it holds secrets.
        formatter
            .debug_struct("Pool")
            .field("arn", &self.arn)
            .finish_non_exhaustive()
    }
}

/// What is known about a process that ended too early, in one message.
fn reason(exit: &str, lines: &[String]) -> String {
    let exit = exit.strip_prefix("Runtime exited with error: ").unwrap_or(exit);
    match lines {
        [] => format!("{exit}, and it printed nothing"),
        [line] => format!("{exit}: {line}"),
        lines => format!("{exit}\n  {}", lines.join("\n  ")),
    }
}
