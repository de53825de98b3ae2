//! A share of one processor, as Lambda gives it by memory, from Linux's control groups.

use std::fs;
use std::io;
use std::path::PathBuf;

/// The memory in MB that comes with one whole processor.
pub const WHOLE: u32 = 1769;

/// How often Linux renews the share, in microseconds. Lambda's own period is not documented; others measured 20 ms.
const PERIOD: u32 = 20_000;

/// A control group, removed when dropped.
pub struct Throttle {
    folder: PathBuf,
    second: bool,
}

impl Throttle {
    /// Makes a group without a limit; needs root, and version 1 or 2 of control groups.
    ///
    /// # Errors
    ///
    /// A group that cannot be made.
    pub fn new() -> io::Result<Self> {
        let name = format!("benches-{}", std::process::id());
        let second = fs::exists("/sys/fs/cgroup/cgroup.controllers")?;
        let controller = if second { "" } else { "cpu/" };
        let folder = PathBuf::from(format!("/sys/fs/cgroup/{controller}{name}"));
        fs::create_dir(&folder)?;
        let throttle = Self { folder, second };
        if throttle.second && !fs::exists(throttle.folder.join("cpu.max"))? {
            fs::write("/sys/fs/cgroup/cgroup.subtree_control", "+cpu")?;
        }
        Ok(throttle)
    }

    /// Puts the process `id` in.
    ///
    /// # Errors
    ///
    /// A process that has ended.
    pub fn take(&self, id: u32) -> io::Result<()> {
        fs::write(self.folder.join("cgroup.procs"), id.to_string())
    }

    /// Allows what Lambda gives a function of `memory` MB.
    ///
    /// # Errors
    ///
    /// A share that Linux refuses.
    pub fn limit(&self, memory: u32) -> io::Result<()> {
        let quota = PERIOD * memory / WHOLE;
        if self.second {
            return fs::write(self.folder.join("cpu.max"), format!("{quota} {PERIOD}"));
        }
        fs::write(self.folder.join("cpu.cfs_period_us"), PERIOD.to_string())?;
        fs::write(self.folder.join("cpu.cfs_quota_us"), quota.to_string())
    }
}

impl Drop for Throttle {
    fn drop(&mut self) {
        // Processes that have been killed take a moment to leave.
        for _ in 0..100 {
            if fs::remove_dir(&self.folder).is_ok() {
                break;
            }
            std::thread::sleep(std::time::Duration::from_millis(10));
        }
    }
}
