//! The environment of the process.

use std::collections::BTreeMap;
use std::io;
use std::path::PathBuf;

/// The environment of `local` on this machine.
#[derive(Debug)]
pub(crate) struct System {
    pub(crate) environment: BTreeMap<String, String>,
    pub(crate) folder: PathBuf,
    pub(crate) program: PathBuf,
}

impl System {
    /// Reads it from this machine.
    #[expect(clippy::disallowed_methods, reason = "the environment of this process comes in here")]
    pub(crate) fn this() -> io::Result<Self> {
        let text = |(name, value): (std::ffi::OsString, std::ffi::OsString)| {
            Some((name.into_string().ok()?, value.into_string().ok()?))
        };
        Ok(Self {
            environment: std::env::vars_os().filter_map(text).collect(),
            folder: std::env::current_dir()?,
            program: std::env::current_exe()?,
        })
    }

    /// Returns the root of the workspace around the current folder, or else of the one that this program was built in.
    pub(crate) fn workspace(&self) -> Option<PathBuf> {
        let folders = self.folder.ancestors().chain(self.program.ancestors());
        folders
            .into_iter()
            .find(|folder| folder.join("Cargo.lock").is_file())
            .map(PathBuf::from)
    }
}
