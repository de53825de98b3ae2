//! The functions as child processes behind the Lambda Runtime API.
//!
//! Each process has a listener of its own on an ephemeral loopback port, and finds it in `AWS_LAMBDA_RUNTIME_API`.
//! The Runtime API has no field that says which process is speaking; with one listener for all processes of a
//! function, an answer could be matched to a process only by guessing. With a listener each, "one invocation at a
//! time in each process, more processes when calls overlap" is a property of the layout: whoever invokes takes a process
//! out of the pool, has it alone, and puts it back.
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
mod pool;
mod process;
mod runtime_api;
#[cfg(test)]
mod tests;
mod watchdog;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use tokio::sync::watch;

pub(crate) use environment::{Settings, environment};
pub(crate) use invoke_api::invoke_api;
pub(crate) use outcome::FunctionError;
pub(crate) use output::Output;
pub(crate) use process::Program;

use crate::lambda::{Failure, Lambda};
use pool::Pool;
use process::Lifeline;
use watchdog::Watchdog;

/// The account that the functions' ARNs name.
pub(crate) const ACCOUNT: &str = "000000000000";

/// One function to run.
#[derive(Clone, Debug)]
pub(crate) struct Spec {
    /// Its name in the template, and in its ARN.
    pub(crate) logical_id: String,
    /// Its other name, which the terminal shows.
    pub(crate) binary: String,
    /// What its processes run.
    pub(crate) program: Program,
    /// Everything its processes have in their environment.
    pub(crate) environment: BTreeMap<String, String>,
    /// How long one invocation may take.
    pub(crate) timeout: Duration,
    /// Whether one process is started before the first call.
    pub(crate) warm: bool,
}

/// A function that does not start.
#[derive(Debug, thiserror::Error)]
#[error("function `{function}` does not start: {reason}")]
pub(crate) struct StartError {
    function: String,
    reason: String,
}

/// Every function, by name. Dropping it kills their processes; [`Functions::shut_down`] also waits for their end.
#[derive(Debug)]
pub(crate) struct Functions {
    pools: Vec<Arc<Pool>>,
    stop: watch::Sender<bool>,
    running: Arc<watch::Sender<usize>>,
    watchdog: Arc<Watchdog>,
}

impl Functions {
    /// The functions of `specs`, none of them started. `output` gets what they print.
    pub(crate) fn new(specs: Vec<Spec>, region: &str, output: &Output) -> Self {
        let (stop, stopped) = watch::channel(false);
        let running = Arc::new(watch::Sender::new(0));
        let watchdog = Arc::new(Watchdog::start());
        let lifeline = Lifeline {
            stop: stopped,
            running: Arc::clone(&running),
            watchdog: Arc::clone(&watchdog),
        };
        let pools = specs
            .into_iter()
            .map(|spec| {
                let arn = format!("arn:aws:lambda:{region}:{ACCOUNT}:function:{}", spec.logical_id);
                Arc::new(Pool::new(spec, arn, Arc::clone(output), lifeline.clone()))
            })
            .collect();
        Self {
            pools,
            stop,
            running,
            watchdog,
        }
    }

    /// Starts one process of each function that is to be warm, all at once.
    ///
    /// # Errors
    /// With the first function that ends, or does not ask for work, and what it printed.
    pub(crate) async fn warm_up(&self) -> Result<(), StartError> {
        let starts: Vec<_> = self
            .pools
            .iter()
            .filter(|pool| pool.spec.warm)
            .map(|pool| {
                let pool = Arc::clone(pool);
                tokio::spawn(async move { pool.warm_up().await })
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
    pub(crate) async fn replace(&self, binary: &str, program: Program) -> Result<(), StartError> {
        let program = Arc::new(program);
        let mut successors = Vec::new();
        for pool in self.pools.iter().filter(|pool| pool.spec.binary == binary) {
            successors.push(pool.successor(&program).await?);
        }
        for successor in successors {
            successor.succeed();
        }
        Ok(())
    }

    /// Runs the function with this logical id, binary name or ARN once with `event`.
    ///
    /// The invocation runs on if the future is dropped. `None` means that no function has this name.
    pub(crate) async fn run(&self, name: &str, event: Bytes) -> Option<Result<Bytes, FunctionError>> {
        let pool = Arc::clone(self.find(name)?);
        let invocation = tokio::spawn(async move { pool.run(event).await });
        Some(invocation.await.unwrap_or_else(|_| Err(FunctionError::stopped())))
    }

    /// The logical id of the function that `name` means.
    pub(crate) fn logical_id(&self, name: &str) -> Option<&str> {
        self.find(name).map(|pool| pool.spec.logical_id.as_str())
    }

    fn find(&self, name: &str) -> Option<&Arc<Pool>> {
        let name = unqualified(name);
        let by_id = self.pools.iter().find(|pool| pool.spec.logical_id == name);
        by_id.or_else(|| self.pools.iter().find(|pool| pool.spec.binary == name))
    }

    /// Kills every process and waits until the last one is reaped. Later calls fail.
    pub(crate) async fn shut_down(&self) {
        for pool in &self.pools {
            pool.close();
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

#[async_trait]
impl Lambda for Functions {
    async fn invoke(&self, function: &str, event: Bytes) -> Result<Bytes, Failure> {
        match self.run(function, event).await {
            Some(ended) => ended.map_err(Failure::from),
            None => Err(Failure::Unknown),
        }
    }
}

/// The name in an ARN or partial ARN, without version or alias.
fn unqualified(name: &str) -> &str {
    let name = name.rsplit_once("function:").map_or(name, |(_, name)| name);
    name.split_once(':').map_or(name, |(name, _)| name)
}
