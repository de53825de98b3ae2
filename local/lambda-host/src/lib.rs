//! The functions as child processes behind the Lambda Runtime API.
//!
//! Each process has a listener of its own on an ephemeral loopback port, and finds it in `AWS_LAMBDA_RUNTIME_API`.
//! The Runtime API has no field that says which process is speaking; with one listener for all processes of a
//! function, an answer could be matched to a process only by guessing. With a listener each, "one invocation at a
//! time in each process, more processes when calls overlap" is a property of the layout: each invocation takes a process
//! out of the idle ones, has it alone, and puts it back.
//!
//! A process gets the environment of the template and what Lambda itself sets, nothing of `local`'s own. It leads a
//! process group, and the group is killed when the process is no longer wanted: when its time limit is up, when
//! [`Functions`] is shut down or dropped, and when `local` panics. Should `local` itself be killed, every idle
//! process sees its connection close, which ends `lambda_runtime` and the other runtimes, and `watchdog.rs` kills the groups.

mod environment;
mod group;
mod invoke_api;
mod outcome;
mod output;
mod process;
mod runtime_api;
mod runtimes;
#[cfg(test)]
mod tests;
mod watchdog;
mod workers;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::watch;

pub use environment::{Environment, environment};
pub use invoke_api::invoke_api;
pub use outcome::{Cause, FunctionError};
pub use output::Output;
pub use process::Program;
pub use runtime_api::MAX_PAYLOAD;
pub use runtimes::{Language, Runtimes};

use process::Lifeline;
use watchdog::Watchdog;
use workers::Workers;

/// The account that the functions' ARNs name.
pub const ACCOUNT: &str = "000000000000";

/// One function to run.
#[derive(Clone, Debug)]
pub struct Spec {
    /// Its name in the template, and in its ARN.
    pub logical_id: String,
    /// Its other name, which the terminal shows.
    pub binary: String,
    /// What its processes run.
    pub program: Program,
    /// Everything its processes have in their environment.
    pub environment: BTreeMap<String, String>,
    /// How long one invocation may take.
    pub timeout: Duration,
    /// Whether one process is started before the first call.
    pub warm: bool,
}

/// A function that does not start.
#[derive(Debug, thiserror::Error)]
#[error("function `{function}` does not start: {reason}")]
pub struct StartError {
    function: String,
    reason: String,
}

/// Every function, by name. Dropping it kills their processes; [`Functions::shut_down`] also waits for their end.
#[derive(Debug)]
pub struct Functions {
    workers: Vec<Arc<Workers>>,
    stop: watch::Sender<bool>,
    running: Arc<watch::Sender<usize>>,
    watchdog: Arc<Watchdog>,
}

impl Functions {
    /// The functions of `specs`, none of them started. `output` gets what they print.
    pub fn new(specs: Vec<Spec>, region: &str, output: &Output) -> Self {
        let (stop, stopped) = watch::channel(false);
        let running = Arc::new(watch::Sender::new(0));
        let watchdog = Arc::new(Watchdog::start());
        let lifeline = Lifeline {
            stop: stopped,
            running: Arc::clone(&running),
            watchdog: Arc::clone(&watchdog),
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
            watchdog,
        }
    }

    /// Starts one process of each function that is to be warm, all at once.
    ///
    /// # Errors
    /// With the first function that ends, or does not ask for work, and what it printed.
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

    /// Lets calls from now on go to `program`, in every function that runs `binary`. Calls that run already end where
    /// they are.
    ///
    /// # Errors
    /// If it does not start. Then nothing has changed.
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
    /// The invocation runs on if the future is dropped. `None` means that no function has this name.
    pub async fn run(&self, name: &str, event: Bytes) -> Option<Result<Bytes, FunctionError>> {
        let workers = Arc::clone(self.find(name)?);
        let invocation = tokio::spawn(async move { workers.run(event).await });
        Some(invocation.await.unwrap_or_else(|_| Err(FunctionError::stopped())))
    }

    /// Whether a process of the function that `name` means waits for work.
    pub fn is_warm(&self, name: &str) -> bool {
        self.find(name).is_some_and(|workers| workers.is_warm())
    }

    /// The logical id of the function that `name` means.
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
        // An error would mean that the sender is gone, and the sender is `self`.
        let _ = self.running.subscribe().wait_for(|running| *running == 0).await;
        self.watchdog.close();
    }
}

impl Drop for Functions {
    fn drop(&mut self) {
        self.stop.send_replace(true);
        // Not left to the tasks that look after the processes: after a panic they may never run again.
        self.watchdog.close();
    }
}

/// The name in an ARN or partial ARN, without version or alias.
fn unqualified(name: &str) -> &str {
    let name = name.rsplit_once("function:").map_or(name, |(_, name)| name);
    name.split_once(':').map_or(name, |(name, _)| name)
}
