//! Functions in languages that Lambda has a runtime for: each has a small runtime client, run by an interpreter of this
//! machine.

use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use tempfile::TempDir;

use crate::Program;

/// The runtime client for handlers in JavaScript.
const NODE: &str = include_str!("../runtimes/node.mjs");
/// The runtime client for handlers in Python.
const PYTHON: &str = include_str!("../runtimes/python.py");

/// A language of functions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    /// JavaScript, run by Node.js.
    Node,
    /// Python.
    Python,
}

impl Language {
    /// Returns the name of the source file that a template contains. CloudFormation calls it `index`.
    fn inline_file(self, source: &str) -> &'static str {
        let is_module = |line: &str| line.starts_with("import ") || line.starts_with("export ");
        match self {
            Self::Node if source.lines().any(is_module) => "index.mjs",
            Self::Node => "index.js",
            Self::Python => "index.py",
        }
    }

    /// Searches the folders of `path` for an interpreter of `runtime`, such as `python3.13`. For Python, one of the
    /// same version is preferred. It must run: version managers add names that run nothing.
    pub fn interpreter(self, runtime: &str, path: &str) -> Option<PathBuf> {
        let names: &[&str] = match self {
            Self::Node => &["node"],
            Self::Python => &[runtime, "python3", "python"],
        };
        let folders = || path.split(':').filter(|folder| !folder.is_empty()).map(Path::new);
        names
            .iter()
            .flat_map(|name| folders().map(move |folder| folder.join(name)))
            .find(|path| path.is_file() && runs(path))
    }
}

/// Whether the interpreter prints its version.
fn runs(interpreter: &Path) -> bool {
    let mut command = Command::new(interpreter);
    command.arg("--version").stdin(Stdio::null()).stdout(Stdio::null());
    command
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

/// The runtime clients, and the sources that templates contain, in a folder that is deleted on drop.
#[derive(Debug)]
pub struct Runtimes(TempDir);

impl Runtimes {
    /// Writes the clients.
    ///
    /// # Errors
    ///
    /// Returns an error if the folder cannot be written.
    pub fn new() -> io::Result<Self> {
        let folder = tempfile::Builder::new().prefix("runtimes-").tempdir()?;
        std::fs::write(folder.path().join("node.mjs"), NODE)?;
        std::fs::write(folder.path().join("python.py"), PYTHON)?;
        Ok(Self(folder))
    }

    /// Returns the program that runs the handlers in `folder`.
    pub fn program(&self, language: Language, interpreter: PathBuf, folder: PathBuf) -> Program {
        let client = self.0.path().join(match language {
            Language::Node => "node.mjs",
            Language::Python => "python.py",
        });
        let arguments = match language {
            Language::Node => vec![client],
            // Without buffers, the output is shown at once. Compiled files would look like changes of the source.
            Language::Python => vec!["-u".into(), "-B".into(), client],
        };
        Program::Command {
            program: interpreter,
            arguments,
            folder,
        }
    }

    /// Writes the source of the function called `name` into its own folder, and returns the folder.
    ///
    /// # Errors
    ///
    /// Returns an error if it cannot be written.
    pub fn inline(&self, language: Language, name: &str, source: &str) -> io::Result<PathBuf> {
        let folder = self.0.path().join(name);
        std::fs::create_dir_all(&folder)?;
        std::fs::write(folder.join(language.inline_file(source)), source)?;
        Ok(folder)
    }
}
