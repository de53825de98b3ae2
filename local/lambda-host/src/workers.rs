//! The processes of one function.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::{Semaphore, SemaphorePermit};
use uuid::Uuid;

use super::function_error::{Cause, FunctionError};
use super::output::{Lines, Output};
use super::process::{Lifeline, NotReady, Process, Program, Ran};
use super::{Spec, StartError};

/// The maximum number of concurrent calls. More calls wait.
pub(super) const MAX_PROCESSES: usize = 16;

/// Lambda's limit for a cold start.
const START_LIMIT: Duration = Duration::from_secs(10);

/// The processes of one function: the idle ones, and a permit for each that may work.
pub(super) struct Workers {
    pub(super) spec: Spec,
    arn: String,
    output: Output,
    lifeline: Lifeline,
    /// INVARIANT: the owner of a permit has at most one process, and starts one only if none is idle. So there are
    /// never more processes than permits.
    permits: Semaphore,
    current: Mutex<Current>,
}

/// The program and the idle processes.
struct Current {
    program: Arc<Program>,
    /// INVARIANT: these run `program`.
    idle: Vec<Process>,
}

/// A program that can replace the current one. It has started, if the function's processes start before they are
/// called.
pub(super) struct Successor<'a> {
    workers: &'a Workers,
    program: Arc<Program>,
    process: Option<Process>,
    _permit: SemaphorePermit<'a>,
}

impl Successor<'_> {
    /// Makes it the current program. Running calls finish in the old one.
    pub(super) fn succeed(self) {
        let mut current = self.workers.current();
        current.program = self.program;
        current.idle.clear();
        drop(current);
        if let Some(process) = self.process {
            self.workers.keep(process);
        }
    }
}

impl Workers {
    /// Creates a function without processes.
    pub(super) fn new(spec: Spec, arn: String, output: Output, lifeline: Lifeline) -> Self {
        let current = Current {
            program: Arc::new(spec.program.clone()),
            idle: Vec::new(),
        };
        Self {
            spec,
            arn,
            output,
            lifeline,
            permits: Semaphore::new(MAX_PROCESSES),
            current: Mutex::new(current),
        }
    }

    /// Starts one process and keeps it.
    pub(super) async fn warm_up(&self) -> Result<(), StartError> {
        let program = self.current().program.clone();
        let process = self.started(program).await?;
        self.keep(process);
        Ok(())
    }

    /// Tries `program`, while calls still use the current one.
    pub(super) async fn successor(&self, program: &Arc<Program>) -> Result<Successor<'_>, StartError> {
        let permit = self.permits.acquire().await.map_err(|_| StartError {
            function: self.spec.binary.clone(),
            reason: "it was stopped".to_owned(),
        })?;
        let process = if self.spec.warm {
            Some(self.started(Arc::clone(program)).await?)
        } else {
            None
        };
        Ok(Successor {
            workers: self,
            program: Arc::clone(program),
            process,
            _permit: permit,
        })
    }

    /// Starts a process and waits until it asks for work.
    async fn started(&self, program: Arc<Program>) -> Result<Process, StartError> {
        let error = |reason| StartError {
            function: self.spec.binary.clone(),
            reason,
        };
        let start = self.start(program).await;
        let mut process = start.map_err(|failed| error(failed.to_string()))?;
        match process.ready(Uuid::new_v4(), START_LIMIT).await {
            Ok(()) => Ok(process),
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

    /// Runs the function once, in a process that no other call uses.
    pub(super) async fn run(&self, event: Bytes) -> Result<Bytes, FunctionError> {
        let id = Uuid::new_v4();
        let Ok(_permit) = self.permits.acquire().await else {
            return Err(FunctionError::stopped());
        };
        // A process may end between two calls. Only an idle one can end before it takes the event.
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
        let program = self.current().program.clone();
        let mut process = self
            .start(program)
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

    /// Returns whether a process waits for work.
    pub(super) fn is_warm(&self) -> bool {
        self.current().idle.iter().any(Process::is_alive)
    }

    /// Makes later calls fail.
    pub(super) fn close(&self) {
        self.permits.close();
        self.current().idle.clear();
    }

    fn current(&self) -> MutexGuard<'_, Current> {
        self.current.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn start(&self, program: Arc<Program>) -> std::io::Result<Process> {
        let lines = Lines::new(self.spec.binary.clone(), Arc::clone(&self.output));
        let arn = self.arn.clone();
        Process::start(program, &self.spec.environment, arn, lines, self.lifeline.clone()).await
    }

    /// Returns the process that worked last, so that the memory of the others can leave the caches.
    fn take_idle(&self) -> Option<Process> {
        let mut current = self.current();
        current.idle.retain(Process::is_alive);
        current.idle.pop()
    }

    /// Keeps `process` for later calls, unless its program was replaced.
    fn keep(&self, process: Process) {
        let mut current = self.current();
        if !self.permits.is_closed() && process.runs(&current.program) {
            current.idle.push(process);
        }
    }
}

impl std::fmt::Debug for Workers {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The environment is not shown: it contains secrets.
        formatter
            .debug_struct("Workers")
            .field("arn", &self.arn)
            .finish_non_exhaustive()
    }
}

/// Returns one message with all that is known about a process that ended too early.
fn reason(exit: &str, lines: &[String]) -> String {
    let exit = exit.strip_prefix("Runtime exited with error: ").unwrap_or(exit);
    match lines {
        [] => format!("{exit}, and it printed nothing"),
        [line] => format!("{exit}: {line}"),
        lines => format!("{exit}\n  {}", lines.join("\n  ")),
    }
}
