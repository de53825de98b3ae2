//! One child process of a function: started, given work, then killed with all its descendants and reaped.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use listener::Callers;
use tokio::net::TcpListener;
use tokio::process::{Child, Command};
use tokio::sync::{oneshot, watch};
use tokio::task::JoinSet;
use tokio::time::timeout;
use uuid::Uuid;

use super::function_error::{FunctionError, exit_text};
use super::output::{Lines, copy_lines};
use super::process_group::{Counted, Group, has_ended};
use super::reaper::Reaper;
use super::runtime_api::{Desk, Work, router};

/// The program of a process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Program {
    /// A binary that implements the Runtime API.
    Binary(PathBuf),
    /// A program with arguments that implements the Runtime API, started in a folder.
    Command {
        /// The program.
        program: PathBuf,
        /// The arguments.
        arguments: Vec<PathBuf>,
        /// The working directory: the folder of the function's code.
        folder: PathBuf,
    },
    /// A command line for `sh -c` that implements the Runtime API.
    Shell(String),
}

/// The link between processes and their [`super::Functions`].
#[derive(Clone, Debug)]
pub(super) struct Lifeline {
    /// True or closed if every process must end.
    pub(super) stop: watch::Receiver<bool>,
    /// The number of processes, to wait for the end of the last one.
    pub(super) running: Arc<watch::Sender<usize>>,
    /// Kills the remaining groups if this process cannot.
    pub(super) reaper: Arc<Reaper>,
}

/// A running process. Dropping it kills it.
#[derive(Debug)]
pub(super) struct Process {
    id: Option<u32>,
    program: Arc<Program>,
    desk: Arc<Desk>,
    lines: Arc<Lines>,
    ended: watch::Receiver<Option<String>>,
    _kill_on_drop: oneshot::Sender<()>,
}

/// The result of [`Process::run`].
#[derive(Debug)]
pub(super) enum Ran {
    /// The response of the function. The process can take more work.
    Answered(Result<Bytes, FunctionError>),
    /// The process has ended, or must end.
    Failed(FunctionError),
    /// The process ended before it took the event, so another process can take it.
    NotTaken(FunctionError),
}

impl Process {
    /// Starts `program` with only `environment`. The process has not asked for work yet.
    pub(super) async fn start(
        program: Arc<Program>,
        environment: &BTreeMap<String, String>,
        arn: String,
        lines: Lines,
        lifeline: Lifeline,
    ) -> std::io::Result<Self> {
        // The count precedes the check of `stop`: a shutdown either sees this process or is seen by it.
        let counted = Counted::new(Arc::clone(&lifeline.running));
        if *lifeline.stop.borrow() {
            return Err(std::io::Error::other("Runtime was stopped"));
        }
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let address = listener.local_addr()?;
        let mut command = command(&program);
        command
            .env_clear()
            .envs(environment)
            .env("AWS_LAMBDA_RUNTIME_API", address.to_string())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0)
            .kill_on_drop(true);
        let child = command.spawn()?;
        let id = child.id();
        let group = Group::new(&child, Arc::clone(&lifeline.reaper), counted);
        let desk = Arc::new(Desk::new(arn));
        let lines = Arc::new(lines);
        let (kill, killed) = oneshot::channel();
        let (tell, ended) = watch::channel(None);
        let keeper = Keeper {
            child,
            group,
            lines: Arc::clone(&lines),
            killed,
            stop: lifeline.stop,
            tell,
        };
        tokio::spawn(keeper.run(listener, Arc::clone(&desk)));
        Ok(Self {
            id,
            program,
            desk,
            lines,
            ended,
            _kill_on_drop: kill,
        })
    }

    /// Waits until the process has started and asks for work.
    ///
    /// # Errors
    ///
    /// Returns the known part of the reason if the process ends or takes longer than `limit`.
    pub(super) async fn ready(&mut self, id: Uuid, limit: Duration) -> Result<(), NotReady> {
        tokio::select! {
            biased;
            () = self.desk.asked() => {
                self.lines.release();
                Ok(())
            }
            exit = exit_of(&mut self.ended) => {
                let error = self.desk.init_error().unwrap_or_else(|| FunctionError::ended(id, &exit));
                Err(NotReady { error, exit, lines: self.lines.take() })
            }
            () = tokio::time::sleep(limit) => {
                let exit = format!("did not ask for work within {} seconds", limit.as_secs());
                Err(NotReady { error: FunctionError::timed_out(id, limit), exit, lines: self.lines.take() })
            }
        }
    }

    /// Whether the process was started with this very program. The path alone may name another file by now.
    pub(super) fn runs(&self, program: &Arc<Program>) -> bool {
        Arc::ptr_eq(&self.program, program)
    }

    /// Whether the process is running.
    pub(super) fn is_alive(&self) -> bool {
        self.ended.borrow().is_none() && !self.id.is_some_and(has_ended)
    }

    /// Sends `event` to the process and waits for the response.
    pub(super) async fn run(&mut self, id: Uuid, event: Bytes, limit: Duration) -> Ran {
        let (answer, mut answered) = oneshot::channel();
        if self
            .desk
            .put(Work {
                id,
                event,
                timeout: limit,
                answer,
            })
            .is_err()
        {
            return Ran::NotTaken(FunctionError::ended(id, "Runtime stopped asking for work"));
        }
        tokio::select! {
            biased;
            Ok(answer) = &mut answered => Ran::Answered(answer),
            exit = exit_of(&mut self.ended) => {
                // The response may have arrived together with the end.
                if let Ok(answer) = answered.try_recv() {
                    return Ran::Answered(answer);
                }
                let error = FunctionError::ended(id, &exit);
                if self.desk.has_taken(id) { Ran::Failed(error) } else { Ran::NotTaken(error) }
            }
            () = tokio::time::sleep(limit) => Ran::Failed(FunctionError::timed_out(id, limit)),
        }
    }
}

/// The reason why a process cannot take work.
#[derive(Debug)]
pub(super) struct NotReady {
    pub(super) error: FunctionError,
    /// The description of its end.
    pub(super) exit: String,
    /// Its output until then.
    pub(super) lines: Vec<String>,
}

async fn exit_of(ended: &mut watch::Receiver<Option<String>>) -> String {
    match ended.wait_for(Option::is_some).await {
        Ok(exit) => exit.clone().unwrap_or_default(),
        Err(_) => "Runtime was stopped".to_owned(),
    }
}

fn command(program: &Program) -> Command {
    match program {
        Program::Binary(path) => {
            let mut command = Command::new(path);
            if let Some(folder) = path.parent() {
                command.current_dir(folder);
            }
            command
        }
        Program::Command {
            program,
            arguments,
            folder,
        } => {
            let mut command = Command::new(program);
            command.args(arguments).current_dir(folder);
            command
        }
        Program::Shell(line) => {
            let mut command = Command::new("/bin/sh");
            command.arg("-c").arg(line);
            command
        }
    }
}

/// Waits for a process until it is reaped.
struct Keeper {
    child: Child,
    group: Group,
    lines: Arc<Lines>,
    killed: oneshot::Receiver<()>,
    stop: watch::Receiver<bool>,
    tell: watch::Sender<Option<String>>,
}

impl Keeper {
    async fn run(self, listener: TcpListener, desk: Arc<Desk>) {
        let Self {
            mut child,
            group,
            lines,
            killed,
            stop,
            tell,
        } = self;
        let mut readers = JoinSet::new();
        if let Some(stdout) = child.stdout.take() {
            readers.spawn(copy_lines(stdout, Arc::clone(&lines)));
        }
        if let Some(stderr) = child.stderr.take() {
            readers.spawn(copy_lines(stderr, Arc::clone(&lines)));
        }
        let status = tokio::select! {
            status = child.wait() => status,
            () = unwanted(killed, stop) => end(&mut child, &group).await,
            _ = listener::serve(listener, Callers::Programs, router(desk)) => end(&mut child, &group).await,
        };
        // The remaining descendants are killed too, and with them the last writers of its pipes.
        drop(group);
        let _ = timeout(Duration::from_millis(500), async {
            while readers.join_next().await.is_some() {}
        })
        .await;
        let exit = status.map_or_else(|error| format!("Runtime could not be waited for: {error}"), exit_text);
        tell.send_replace(Some(exit));
    }
}

/// Waits until the process is no longer needed. A dropped sender means the same.
async fn unwanted(killed: oneshot::Receiver<()>, mut stop: watch::Receiver<bool>) {
    tokio::select! {
        _ = killed => {}
        _ = stop.wait_for(|stop| *stop) => {}
    }
}

async fn end(child: &mut Child, group: &Group) -> std::io::Result<std::process::ExitStatus> {
    group.kill();
    child.wait().await
}
