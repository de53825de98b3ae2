//! Ends the functions when `local` is killed in a way that it cannot notice.

use std::io::Write;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, PoisonError};

/// Reads process groups, `+` for a new one and `-` for one that is gone. When the other end of the pipe is closed, by
/// whatever means, it kills those that are left.
const SCRIPT: &str = r#"
groups=
while read -r sign group; do
    case $sign in
    +) groups="$groups $group" ;;
    -)
        rest=
        for other in $groups; do [ "$other" = "$group" ] || rest="$rest $other"; done
        groups=$rest
        ;;
    esac
done
for group in $groups; do kill -s KILL -- "-$group" 2>/dev/null; done
"#;

/// A shell that holds the other end of a pipe. Closing it ends the shell, after it has killed every group it knows.
#[derive(Debug)]
pub(super) struct Watchdog(Mutex<Option<Child>>);

impl Watchdog {
    /// Starts the shell. Without one, only a `local` that is killed leaves processes behind.
    pub(super) fn start() -> Self {
        let shell = Command::new("/bin/sh")
            .args(["-c", SCRIPT, "local-watchdog"])
            .env_clear()
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            // A Ctrl-C in the terminal is not for it.
            .process_group(0)
            .spawn();
        Self(Mutex::new(shell.ok()))
    }

    /// From now on, `group` ends with `local`.
    pub(super) fn add(&self, group: u32) {
        self.tell(format_args!("+ {group}\n"));
    }

    /// `group` is gone, and its number may go to somebody else.
    pub(super) fn remove(&self, group: u32) {
        self.tell(format_args!("- {group}\n"));
    }

    /// Kills every group that is left.
    pub(super) fn close(&self) {
        let child = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(mut child) = child {
            drop(child.stdin.take());
            // It has nothing to wait for, so this takes a moment only.
            let _ = child.wait();
        }
    }

    fn tell(&self, line: std::fmt::Arguments<'_>) {
        let mut child = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(pipe) = child.as_mut().and_then(|child| child.stdin.as_mut()) {
            // One write a line: a shell that is killed in between never reads half a number.
            let _ = pipe.write_all(line.to_string().as_bytes());
        }
    }
}

impl Drop for Watchdog {
    fn drop(&mut self) {
        self.close();
    }
}

#[cfg(test)]
mod tests {

    use super::*;

    fn sleeper() -> Child {
        Command::new("sleep").arg("1000").process_group(0).spawn().unwrap()
    }

    #[test]
    fn a_closed_pipe_ends_the_groups_that_are_left_and_no_other() {
        let (mut left, mut removed) = (sleeper(), sleeper());
        let watchdog = Watchdog::start();
        watchdog.add(left.id());
        watchdog.add(removed.id());
        watchdog.remove(removed.id());
        drop(watchdog);
        assert_eq!(
            std::os::unix::process::ExitStatusExt::signal(&left.wait().unwrap()),
            Some(9)
        );
        assert_eq!(removed.try_wait().unwrap(), None);
        removed.kill().unwrap();
        removed.wait().unwrap();
    }
}
