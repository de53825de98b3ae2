//! Ends the functions if `local` is killed and cannot do it.

use std::io::Write;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, PoisonError};

/// Reads process groups: `+` adds one and `-` removes one. When the other end of the pipe is closed, it kills the
/// remaining ones.
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

/// A shell that reads from a pipe. Closing the pipe ends the shell, after it has killed every group it knows.
#[derive(Debug)]
pub(super) struct Reaper(Mutex<Option<Child>>);

impl Reaper {
    /// Starts the shell. Without it, processes remain only if `local` is killed.
    pub(super) fn start() -> Self {
        let shell = Command::new("/bin/sh")
            .args(["-c", SCRIPT, "local-reaper"])
            .env_clear()
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            // A Ctrl-C in the terminal must not end it.
            .process_group(0)
            .spawn();
        Self(Mutex::new(shell.ok()))
    }

    /// Adds `group`, which ends with `local`.
    pub(super) fn add(&self, group: u32) {
        self.tell(format_args!("+ {group}\n"));
    }

    /// Removes `group`, whose number may be reused.
    pub(super) fn remove(&self, group: u32) {
        self.tell(format_args!("- {group}\n"));
    }

    /// Kills the remaining groups.
    pub(super) fn close(&self) {
        let child = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(mut child) = child {
            drop(child.stdin.take());
            // The shell has nothing to wait for, so this takes only a moment.
            let _ = child.wait();
        }
    }

    fn tell(&self, line: std::fmt::Arguments<'_>) {
        let mut child = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(pipe) = child.as_mut().and_then(|child| child.stdin.as_mut()) {
            // One write for each line: a shell that is killed in between never reads a part of a number.
            let _ = pipe.write_all(line.to_string().as_bytes());
        }
    }
}

impl Drop for Reaper {
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
        let reaper = Reaper::start();
        reaper.add(left.id());
        reaper.add(removed.id());
        reaper.remove(removed.id());
        drop(reaper);
        assert_eq!(
            std::os::unix::process::ExitStatusExt::signal(&left.wait().unwrap()),
            Some(9)
        );
        assert_eq!(removed.try_wait().unwrap(), None);
        removed.kill().unwrap();
        removed.wait().unwrap();
    }
}
