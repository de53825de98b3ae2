//! A process and its descendants, ended together.

use std::sync::Arc;

use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process_group, waitid};
use tokio::process::Child;
use tokio::sync::watch;

use super::watchdog::Watchdog;

/// A process group that does not outlive this value, whichever way that ends: return, panic or a runtime shut down.
#[derive(Debug)]
pub(super) struct Group {
    leader: Option<u32>,
    watchdog: Arc<Watchdog>,
    _counted: Counted,
}

impl Group {
    /// The group that `child` leads.
    pub(super) fn new(child: &Child, watchdog: Arc<Watchdog>, counted: Counted) -> Self {
        let leader = child.id();
        if let Some(leader) = leader {
            watchdog.add(leader);
        }
        Self {
            leader,
            watchdog,
            _counted: counted,
        }
    }

    /// Ends everyone in it.
    pub(super) fn kill(&self) {
        if let Some(leader) = self.leader.and_then(pid) {
            // Fails if nobody is left, which is the aim.
            let _ = kill_process_group(leader, Signal::KILL);
        }
    }
}

/// Whether the child `id` has ended, reaped or not. The kernel knows before anybody here has been told.
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
            self.watchdog.remove(leader);
        }
    }
}

/// One of the processes that run.
#[derive(Debug)]
pub(super) struct Counted(Arc<watch::Sender<usize>>);

impl Counted {
    /// One more.
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
