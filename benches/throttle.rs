//! Limits a process to the share of a processor that Lambda assigns to a memory size, with Linux's control groups.

use std::fs;
use std::io;
use std::path::PathBuf;

/// The memory in MB with which a function has one full processor.
pub const WHOLE: u32 = 1769;

/// The period in which Linux renews the share, in microseconds. Lambda does not document its period; published
/// measurements found 20 ms.
const PERIOD: u32 = 20_000;

/// A control group. It is removed when this value is dropped.
pub struct Throttle {
    folder: PathBuf,
    second: bool,
}

impl Throttle {
    /// Creates a group without a limit. This requires root, and version 1 or 2 of control groups.
    ///
    /// # Errors
    ///
    /// Returns an error if the group cannot be created.
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

    /// Adds the process `id` to the group.
    ///
    /// # Errors
    ///
    /// Returns an error if the process has ended.
    pub fn take(&self, id: u32) -> io::Result<()> {
        fs::write(self.folder.join("cgroup.procs"), id.to_string())
    }

    /// Limits the group to the share for a function with `memory` MB.
    ///
    /// # Errors
    ///
    /// Returns an error if Linux rejects the share.
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
        // Killed processes leave the group with a short delay.
        for _ in 0..100 {
            if fs::remove_dir(&self.folder).is_ok() {
                break;
            }
            std::thread::sleep(std::time::Duration::from_millis(10));
        }
    }
}
