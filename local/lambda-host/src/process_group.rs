//! A process and its descendants, ended together.

use std::sync::Arc;

use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process_group, waitid};
use tokio::process::Child;
use tokio::sync::watch;

use super::reaper::Reaper;

/// A process group. Dropping it kills the group, also after a panic or the shutdown of the runtime.
#[derive(Debug)]
pub(super) struct Group {
    leader: Option<u32>,
    reaper: Arc<Reaper>,
    _counted: Counted,
}

impl Group {
    /// Returns the group that `child` leads.
    pub(super) fn new(child: &Child, reaper: Arc<Reaper>, counted: Counted) -> Self {
        let leader = child.id();
        if let Some(leader) = leader {
            reaper.add(leader);
        }
        Self {
            leader,
            reaper,
            _counted: counted,
        }
    }

    /// Kills all processes of the group.
    pub(super) fn kill(&self) {
        if let Some(leader) = self.leader.and_then(pid) {
            // An error means that no process is left, which is the goal.
            let _ = kill_process_group(leader, Signal::KILL);
        }
    }
}

/// Whether the child `id` has ended, reaped or not. The kernel knows this first.
pub(super) fn has_ended(id: u32) -> bool {
    let look = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
    pid(id).is_some_and(|id| !matches!(waitid(WaitId::Pid(id), look), Ok(None)))
}

fn pid(id: u32) -> Option<Pid> {
    i32::try_from(id).ok().and_then(Pid::from_raw)
}

impl Drop for Group {
    fn drop(&mut self) {
        self.kill();
        if let Some(leader) = self.leader {
            self.reaper.remove(leader);
        }
    }
}

/// One running process, in the count of all.
#[derive(Debug)]
pub(super) struct Counted(Arc<watch::Sender<usize>>);

impl Counted {
    /// Counts one more process.
    pub(super) fn new(running: Arc<watch::Sender<usize>>) -> Self {
        running.send_modify(|running| *running += 1);
        Self(running)
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.send_modify(|running| *running = running.saturating_sub(1));
    }
}
