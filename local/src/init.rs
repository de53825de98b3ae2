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
const RUST: [&str; 3] = [
    include_str!("../init/rust/define.rs"),
    include_str!("../init/rust/create.rs"),
    include_str!("../init/rust/verify.rs"),
];
const RUST_TEMPLATE: &str = include_str!("../init/rust/template.yaml");
const RUST_IGNORED: &str = include_str!("../init/rust/gitignore");
const MANIFEST: &str = include_str!("../init/rust/manifest.toml");

/// The language of a project's functions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Language {
    /// JavaScript for Node.js
    Nodejs,
    /// Python
    Python,
    /// Rust
    Rust,
}

/// The reason why no project was written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum InitError {
    #[error("the folder `{0}` is not empty: name a new one")]
    NotEmpty(PathBuf),
    #[error("cannot write `{path}`: {error}")]
    Write { path: PathBuf, error: io::Error },
}

/// The parts of a project that depend on its language.
struct Parts {
    template: String,
    ignored: &'static str,
    manifest: Option<&'static str>,
    /// The folder of the code, and the extension of its files.
    code: (&'static str, &'static str),
    /// The code of define, create and verify.
    functions: [&'static str; 3],
    /// The heading of the commands that deploy the project.
    deploy: &'static str,
}

impl Parts {
    fn of(language: Language) -> Self {
        let interpreted = |runtime, extension, functions| Self {
            template: TEMPLATE.replace("RUNTIME", runtime),
            ignored: IGNORED,
            manifest: None,
            code: ("functions", extension),
            functions,
            deploy: "Deploy it to AWS",
        };
        match language {
            Language::Nodejs => interpreted("nodejs22.x", "mjs", NODEJS),
            Language::Python => interpreted("python3.13", "py", PYTHON),
            Language::Rust => Self {
                template: RUST_TEMPLATE.to_owned(),
                ignored: RUST_IGNORED,
                manifest: Some(MANIFEST),
                code: ("src/bin", "rs"),
                functions: RUST,
                deploy: "Deploy it to AWS, with Cargo Lambda installed",
            },
        }
    }
}

/// Writes a project into `folder`, which must not exist or be empty.
pub(crate) fn write(folder: &Path, language: Language) -> Result<(), InitError> {
    let failed = |path: &Path| {
        let path = path.to_owned();
        |error| InitError::Write { path, error }
    };
    if folder.read_dir().is_ok_and(|mut entries| entries.next().is_some()) {
        return Err(InitError::NotEmpty(folder.to_owned()));
    }
    let parts = Parts::of(language);
    let (code, extension) = parts.code;
    for inner in [code, "events"] {
        let inner = folder.join(inner);
        fs::create_dir_all(&inner).map_err(failed(&inner))?;
    }
    let names = ["define", "create", "verify"].map(|name| format!("{code}/{name}.{extension}"));
    let [_, create, verify] = &names;
    let readme = README.replace("CREATE", create).replace("VERIFY", verify);
    let readme = readme.replace("DEPLOY", parts.deploy);
    let functions = names.iter().map(String::as_str).zip(parts.functions);
    let others = [
        (".gitignore", parts.ignored),
        ("README.md", &readme),
        ("events/define.event.json", EVENT),
        ("events/define.response.json", RESPONSE),
        ("template.yaml", &parts.template),
    ];
    let manifest = parts.manifest.map(|manifest| ("Cargo.toml", manifest));
    for (name, text) in functions.chain(others).chain(manifest) {
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
        for language in Language::value_variants() {
            let folder = tempfile::tempdir().unwrap();
            write(folder.path(), *language).unwrap();
            for name in ["README.md", "template.yaml"] {
                let text = fs::read_to_string(folder.path().join(name)).unwrap();
                for word in ["CREATE", "DEPLOY", "RUNTIME", "VERIFY"] {
                    assert!(!text.contains(word), "{word} in {text}");
                }
            }
        }
    }

    #[test]
    fn projects_in_all_languages_have_the_same_user_pool() {
        let pool = |template: &'static str| template.split_once("\n  Users:\n").unwrap().1;
        assert_eq!(pool(TEMPLATE), pool(RUST_TEMPLATE));
    }
}
