//! Functions in languages whose runtime Lambda provides: a small runtime client for each, run by the interpreter of this
//! machine.

use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use tempfile::TempDir;

use crate::Program;

/// Speaks the Runtime API for a handler in JavaScript.
const NODE: &str = include_str!("../runtimes/node.mjs");
/// The same for a handler in Python.
const PYTHON: &str = include_str!("../runtimes/python.py");

/// A language that functions are written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    /// JavaScript, run by Node.js.
    Node,
    /// Python.
    Python,
}

impl Language {
    /// The name of a source file that a template holds itself. CloudFormation calls it `index`.
    fn inline_file(self, source: &str) -> &'static str {
        let is_module = |line: &str| line.starts_with("import ") || line.starts_with("export ");
        match self {
            Self::Node if source.lines().any(is_module) => "index.mjs",
            Self::Node => "index.js",
            Self::Python => "index.py",
        }
    }

    /// Looks for an interpreter of `runtime`, such as `python3.13`, that runs, in the folders of `path`. For Python, one of
    /// this very version comes first. Version managers put names there that run nothing.
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

/// Whether the interpreter tells its version.
fn runs(interpreter: &Path) -> bool {
    let mut command = Command::new(interpreter);
    command.arg("--version").stdin(Stdio::null()).stdout(Stdio::null());
    command
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

/// The runtime clients, and the sources that templates hold, in a folder that is gone when this is dropped.
#[derive(Debug)]
pub struct Runtimes(TempDir);

impl Runtimes {
    /// Writes the clients.
    ///
    /// # Errors
    /// If no folder can be written.
    pub fn new() -> io::Result<Self> {
        let folder = tempfile::Builder::new().prefix("runtimes-").tempdir()?;
        std::fs::write(folder.path().join("node.mjs"), NODE)?;
        std::fs::write(folder.path().join("python.py"), PYTHON)?;
        Ok(Self(folder))
    }

    /// What runs the handlers in `folder`.
    pub fn program(&self, language: Language, interpreter: PathBuf, folder: PathBuf) -> Program {
        let client = self.0.path().join(match language {
            Language::Node => "node.mjs",
            Language::Python => "python.py",
        });
        let arguments = match language {
            Language::Node => vec![client],
            // Without buffers, what it prints is shown as it comes. Compiled files would look like changes of the source.
            Language::Python => vec!["-u".into(), "-B".into(), client],
        };
        Program::Command {
            program: interpreter,
            arguments,
            folder,
        }
    }

    /// Writes the source of the function called `name` into a folder of its own, and gives the folder.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn inline(&self, language: Language, name: &str, source: &str) -> io::Result<PathBuf> {
        let folder = self.0.path().join(name);
        std::fs::create_dir_all(&folder)?;
        std::fs::write(folder.join(language.inline_file(source)), source)?;
        Ok(folder)
    }
}
