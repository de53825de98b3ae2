//! The functions as child processes behind the Lambda Runtime API.
//!
//! Each process has its own listener on an ephemeral loopback port, which `AWS_LAMBDA_RUNTIME_API` names. Requests of
//! the Runtime API do not say which process sends them. With one listener for all processes of a function, a response
//! could not be matched to its process. With a listener each, "one invocation at a time in each process, more processes
//! when calls overlap" follows from the structure: an invocation takes an idle process, uses it alone, and puts it
//! back.
//!
//! A process gets the environment of the template and the variables that Lambda sets, none of `local`'s own. It leads a
//! process group. The group is killed when the process is no longer needed: at its time limit, when [`Functions`] is
//! shut down or dropped, and when `local` panics. If `local` itself is killed, every idle process sees its connection
//! close, which ends `lambda_runtime` and the other runtimes, and `reaper.rs` kills the groups.

mod environment;
mod function_error;
mod invoke_api;
mod output;
mod process;
mod process_group;
mod reaper;
mod runtime_api;
mod runtimes;
#[cfg(test)]
mod tests;
mod workers;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::watch;

pub use environment::{Environment, environment};
pub use function_error::{Cause, FunctionError};
pub use invoke_api::invoke_api;
pub use output::Output;
pub use process::Program;
pub use runtime_api::MAX_PAYLOAD;
pub use runtimes::{Language, Runtimes};

use process::Lifeline;
use reaper::Reaper;
use workers::Workers;

/// The account in the functions' ARNs.
pub const ACCOUNT: &str = "000000000000";

/// The configuration of a function.
#[derive(Clone, Debug)]
pub struct Spec {
    /// The name in the template and in the ARN.
    pub logical_id: String,
    /// Its other name, which the terminal shows.
    pub binary: String,
    /// The program of its processes.
    pub program: Program,
    /// The environment of its processes.
    pub environment: BTreeMap<String, String>,
    /// The time limit of an invocation.
    pub timeout: Duration,
    /// Whether one process is started before the first call.
    pub warm: bool,
}

/// A function did not start.
#[derive(Debug, thiserror::Error)]
#[error("function `{function}` does not start: {reason}")]
pub struct StartError {
    function: String,
    reason: String,
}

/// All functions, by name. Dropping it kills their processes. [`Functions::shut_down`] also waits for their end.
#[derive(Debug)]
pub struct Functions {
    workers: Vec<Arc<Workers>>,
    stop: watch::Sender<bool>,
    running: Arc<watch::Sender<usize>>,
    reaper: Arc<Reaper>,
}

impl Functions {
    /// Creates the functions of `specs` without starting processes. `output` receives their output.
    pub fn new(specs: Vec<Spec>, region: &str, output: &Output) -> Self {
        let (stop, stopped) = watch::channel(false);
        let running = Arc::new(watch::Sender::new(0));
        let reaper = Arc::new(Reaper::start());
        let lifeline = Lifeline {
            stop: stopped,
            running: Arc::clone(&running),
            reaper: Arc::clone(&reaper),
        };
        let workers = specs
            .into_iter()
            .map(|spec| {
                let arn = format!("arn:aws:lambda:{region}:{ACCOUNT}:function:{}", spec.logical_id);
                Arc::new(Workers::new(spec, arn, Arc::clone(output), lifeline.clone()))
            })
            .collect();
        Self {
            workers,
            stop,
            running,
            reaper,
        }
    }

    /// Starts one process of each warm function, all at once.
    ///
    /// # Errors
    ///
    /// Returns the first function that ends or does not ask for work, with its output.
    pub async fn warm_up(&self) -> Result<(), StartError> {
        let starts: Vec<_> = self
            .workers
            .iter()
            .filter(|workers| workers.spec.warm)
            .map(|workers| {
                let workers = Arc::clone(workers);
                tokio::spawn(async move { workers.warm_up().await })
            })
            .collect();
        for start in starts {
            if let Ok(started) = start.await {
                started?;
            }
        }
        Ok(())
    }

    /// Replaces the program of every function that runs `binary`. Running calls finish in the old program.
    ///
    /// # Errors
    ///
    /// Returns an error if the new program does not start. Then nothing has changed.
    pub async fn replace(&self, binary: &str, program: Program) -> Result<(), StartError> {
        let program = Arc::new(program);
        let mut successors = Vec::new();
        for workers in self.workers.iter().filter(|workers| workers.spec.binary == binary) {
            successors.push(workers.successor(&program).await?);
        }
        for successor in successors {
            successor.succeed();
        }
        Ok(())
    }

    /// Runs the function with this logical id, binary name or ARN once with `event`.
    ///
    /// The invocation continues if the future is dropped. `None` means that no function has this name.
    pub async fn run(&self, name: &str, event: Bytes) -> Option<Result<Bytes, FunctionError>> {
        let workers = Arc::clone(self.find(name)?);
        let invocation = tokio::spawn(async move { workers.run(event).await });
        Some(invocation.await.unwrap_or_else(|_| Err(FunctionError::stopped())))
    }

    /// Returns whether a process of the function called `name` waits for work.
    pub fn is_warm(&self, name: &str) -> bool {
        self.find(name).is_some_and(|workers| workers.is_warm())
    }

    /// Returns the logical id of the function called `name`.
    pub fn logical_id(&self, name: &str) -> Option<&str> {
        self.find(name).map(|workers| workers.spec.logical_id.as_str())
    }

    fn find(&self, name: &str) -> Option<&Arc<Workers>> {
        let name = unqualified(name);
        let by_id = self.workers.iter().find(|workers| workers.spec.logical_id == name);
        by_id.or_else(|| self.workers.iter().find(|workers| workers.spec.binary == name))
    }

    /// Kills every process and waits until the last one is reaped. Later calls fail.
    pub async fn shut_down(&self) {
        for workers in &self.workers {
            workers.close();
        }
        self.stop.send_replace(true);
        // An error would mean that the sender was dropped, and `self` owns the sender.
        let _ = self.running.subscribe().wait_for(|running| *running == 0).await;
        self.reaper.close();
    }
}

impl Drop for Functions {
    fn drop(&mut self) {
        self.stop.send_replace(true);
        // The tasks of the processes cannot do this: after a panic, they may not run again.
        self.reaper.close();
    }
}

/// Returns the name in an ARN or partial ARN, without version or alias.
fn unqualified(name: &str) -> &str {
    let name = name.rsplit_once("function:").map_or(name, |(_, name)| name);
    name.split_once(':').map_or(name, |(name, _)| name)
}
