//! Builds the function binaries with cargo.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use serde::Deserialize;
use tokio::process::Command;

/// Why there are no binaries.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum BuildError {
    #[error("cargo could not build the functions (its own messages are above)")]
    Failed,
    #[error("cargo built no binary `{0}`: the workspace needs a package of this name with a binary of this name")]
    Missing(String),
    #[error("cannot run cargo to build the functions: {0} (or give their folder with `--functions-dir`)")]
    NoCargo(#[source] io::Error),
    #[error("`{0}` was not built by cargo, so the functions have to be given with `--functions-dir`")]
    NotInTarget(PathBuf),
}

/// Where and how `local` itself was built.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Target {
    folder: PathBuf,
    profile: String,
}

impl Target {
    /// Reads it from the path of this program: `FOLDER/PROFILE/local`.
    pub(crate) fn of(program: &Path) -> Result<Self, BuildError> {
        let error = || BuildError::NotInTarget(program.to_owned());
        let mut profile = program.parent().ok_or_else(error)?;
        // Tests run from a folder below.
        if profile.ends_with("deps") {
            profile = profile.parent().ok_or_else(error)?;
        }
        let folder = profile.parent().ok_or_else(error)?;
        // A build for a named target is one folder further down; cargo marks the uppermost.
        let marked = folder
            .ancestors()
            .take(2)
            .find(|folder| folder.join("CACHEDIR.TAG").exists());
        let profile = profile.file_name().and_then(|name| name.to_str()).ok_or_else(error)?;
        Ok(Self {
            folder: marked.ok_or_else(error)?.to_owned(),
            profile: profile.to_owned(),
        })
    }

    /// The name of the profile, which is not always the name of its folder.
    fn profile(&self) -> &str {
        if self.profile == "debug" { "dev" } else { &self.profile }
    }
}

/// Builds the packages of the workspace at `workspace` and gives their binaries. Cargo's progress goes to standard error.
///
/// `environment` is this process's own.
///
/// # Errors
/// If cargo cannot be run or fails.
pub(crate) async fn build(
    packages: &[&str],
    target: &Target,
    workspace: &Path,
    environment: impl IntoIterator<Item = (String, String)>,
) -> Result<BTreeMap<String, PathBuf>, BuildError> {
    let environment: BTreeMap<_, _> = environment.into_iter().collect();
    let cargo = environment.get("CARGO").map_or("cargo", String::as_str);
    let mut command = Command::new(cargo);
    command
        .args([
            "build",
            "--message-format",
            "json-render-diagnostics",
            "--profile",
            target.profile(),
            "--target-dir",
        ])
        .arg(&target.folder)
        .args(packages.iter().flat_map(|package| ["--package", package]))
        .current_dir(workspace)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::inherit())
        .kill_on_drop(true);
    // `cargo run` sets these for `local`. Build scripts that watch them would run again, and compile for minutes.
    for name in environment.keys().filter(|name| is_of_this_package(name)) {
        command.env_remove(name);
    }
    // Not `output()`, which would keep cargo's progress to itself.
    let cargo = command.spawn().map_err(BuildError::NoCargo)?;
    let output = cargo.wait_with_output().await.map_err(BuildError::NoCargo)?;
    if !output.status.success() {
        return Err(BuildError::Failed);
    }
    let mut binaries = binaries(&output.stdout);
    packages
        .iter()
        .map(|package| {
            let binary = binaries
                .remove(*package)
                .ok_or_else(|| BuildError::Missing((*package).to_owned()))?;
            Ok(((*package).to_owned(), binary))
        })
        .collect()
}

fn is_of_this_package(variable: &str) -> bool {
    const NAMES: [&str; 5] = [
        "CARGO_BIN_NAME",
        "CARGO_CRATE_NAME",
        "CARGO_MANIFEST_DIR",
        "CARGO_MANIFEST_PATH",
        "CARGO_PRIMARY_PACKAGE",
    ];
    variable.starts_with("CARGO_PKG_") || NAMES.contains(&variable)
}

/// A line of cargo's output.
#[derive(Deserialize)]
struct Message {
    target: Option<Name>,
    executable: Option<PathBuf>,
}

/// What cargo built.
#[derive(Deserialize)]
struct Name {
    name: String,
}

/// The executables that cargo says it has built, by name.
fn binaries(messages: &[u8]) -> BTreeMap<String, PathBuf> {
    messages
        .split(|byte| *byte == b'\n')
        .filter_map(|line| serde_json::from_slice::<Message>(line).ok())
        .filter_map(|message| Some((message.target?.name, message.executable?)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn binaries_are_those_that_cargo_names() {
        let messages = br#"{"reason":"compiler-artifact","target":{"name":"shared","kind":["lib"]},"executable":null}
not json
{"reason":"compiler-artifact","target":{"name":"define","kind":["bin"]},"executable":"/t/debug/define"}
{"reason":"build-finished","success":true}
"#;
        assert_eq!(
            binaries(messages),
            BTreeMap::from([("define".into(), PathBuf::from("/t/debug/define"))])
        );
    }

    #[test]
    fn the_functions_are_built_as_local_was() {
        let program = std::env::current_exe().unwrap();
        let target = Target::of(&program).unwrap();
        assert!(program.starts_with(target.folder.join(&target.profile)));
        assert!(matches!(
            Target::of(Path::new("/usr/bin/local")),
            Err(BuildError::NotInTarget(_))
        ));
    }
}
