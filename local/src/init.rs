//! `init`: a first project, which signs in without changes.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use clap::ValueEnum;

const TEMPLATE: &str = include_str!("../init/template.yaml");
const README: &str = include_str!("../init/README.md");
const IGNORED: &str = include_str!("../init/gitignore");
const EVENT: &str = include_str!("../init/events/define.event.json");
const RESPONSE: &str = include_str!("../init/events/define.response.json");
const NODEJS: [&str; 3] = [
    include_str!("../init/nodejs/define.mjs"),
    include_str!("../init/nodejs/create.mjs"),
    include_str!("../init/nodejs/verify.mjs"),
];
const PYTHON: [&str; 3] = [
    include_str!("../init/python/define.py"),
    include_str!("../init/python/create.py"),
    include_str!("../init/python/verify.py"),
];

/// The language of a project's functions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Language {
    /// JavaScript for Node.js
    Nodejs,
    /// Python
    Python,
    /// Rust, with the library of this repository
    Rust,
}

/// The reason why no project was written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum InitError {
    #[error("the folder `{0}` is not empty: name a new one")]
    NotEmpty(PathBuf),
    #[error(
        "cargo-lambda creates projects in Rust, in a clone of the repository of this program: cargo lambda new {0} \
         --template CLONE/examples/template"
    )]
    Rust(String),
    #[error("cannot write `{path}`: {error}")]
    Write { path: PathBuf, error: io::Error },
}

/// Writes a project into `folder`, which must not exist or be empty.
pub(crate) fn write(folder: &Path, language: Language) -> Result<(), InitError> {
    let (runtime, extension, functions) = match language {
        Language::Nodejs => ("nodejs22.x", "mjs", NODEJS),
        Language::Python => ("python3.13", "py", PYTHON),
        Language::Rust => return Err(InitError::Rust(folder.display().to_string())),
    };
    let failed = |path: &Path| {
        let path = path.to_owned();
        |error| InitError::Write { path, error }
    };
    if folder.read_dir().is_ok_and(|mut entries| entries.next().is_some()) {
        return Err(InitError::NotEmpty(folder.to_owned()));
    }
    for inner in ["functions", "events"] {
        let inner = folder.join(inner);
        fs::create_dir_all(&inner).map_err(failed(&inner))?;
    }
    let names = ["define", "create", "verify"].map(|name| format!("functions/{name}.{extension}"));
    let functions = names.iter().map(String::as_str).zip(functions);
    let (template, readme) = (
        TEMPLATE.replace("RUNTIME", runtime),
        README.replace("EXTENSION", extension),
    );
    let others = [
        (".gitignore", IGNORED),
        ("README.md", &readme),
        ("events/define.event.json", EVENT),
        ("events/define.response.json", RESPONSE),
        ("template.yaml", &template),
    ];
    for (name, text) in functions.chain(others) {
        let path = folder.join(name);
        fs::write(&path, text).map_err(failed(&path))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_with_files_is_left_as_it_is() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("mine"), "x").unwrap();
        let error = write(folder.path(), Language::Nodejs).unwrap_err().to_string();
        assert!(error.ends_with("is not empty: name a new one"), "{error}");
        assert_eq!(folder.path().read_dir().unwrap().count(), 1);
    }

    #[test]
    fn a_project_has_no_word_that_was_to_be_replaced() {
        for language in [Language::Nodejs, Language::Python] {
            let folder = tempfile::tempdir().unwrap();
            write(folder.path(), language).unwrap();
            for name in ["README.md", "template.yaml"] {
                let text = fs::read_to_string(folder.path().join(name)).unwrap();
                assert!(!text.contains("RUNTIME") && !text.contains("EXTENSION"), "{text}");
            }
        }
    }
}
