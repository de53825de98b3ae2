//! Builds the function binaries with cargo.

use std::collections::{BTreeMap, BTreeSet};
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

    /// The folder that everything is built in.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// The name of the profile, which is not always the name of its folder.
    fn profile(&self) -> &str {
        if self.profile == "debug" { "dev" } else { &self.profile }
    }
}

/// What to build, and how.
#[derive(Clone, Debug)]
pub(crate) struct Build {
    pub(crate) packages: Vec<String>,
    pub(crate) target: Target,
    /// The folder of the workspace that the packages are in.
    pub(crate) workspace: PathBuf,
    /// This process's own.
    pub(crate) environment: BTreeMap<String, String>,
}

impl Build {
    /// Builds the packages and gives their binaries. Cargo's progress goes to standard error.
    ///
    /// # Errors
    /// If cargo cannot be run or fails.
    pub(crate) async fn run(&self) -> Result<BTreeMap<String, PathBuf>, BuildError> {
        let mut command = self.cargo();
        command
            .args([
                "build",
                "--message-format",
                "json-render-diagnostics",
                "--profile",
                self.target.profile(),
                "--target-dir",
            ])
            .arg(&self.target.folder)
            .args(self.packages.iter().flat_map(|package| ["--package", package]));
        let messages = output(&mut command).await?;
        let mut binaries = binaries(&messages);
        self.packages
            .iter()
            .map(|package| {
                let binary = binaries
                    .remove(package)
                    .ok_or_else(|| BuildError::Missing(package.clone()))?;
                Ok((package.clone(), binary))
            })
            .collect()
    }

    /// The folders of the packages and of what they depend on in the workspace.
    ///
    /// # Errors
    /// If cargo cannot be run or fails.
    pub(crate) async fn folders(&self) -> Result<BTreeSet<PathBuf>, BuildError> {
        let mut command = self.cargo();
        command.args(["metadata", "--no-deps", "--format-version", "1"]);
        Ok(folders(&output(&mut command).await?, &self.packages))
    }

    fn cargo(&self) -> Command {
        let cargo = self.environment.get("CARGO").map_or("cargo", String::as_str);
        let mut command = Command::new(cargo);
        command.current_dir(&self.workspace);
        // `cargo run` sets these for `local`. Build scripts that watch them would run again, and compile for minutes.
        for name in self.environment.keys().filter(|name| is_of_this_package(name)) {
            command.env_remove(name);
        }
        command
    }
}

async fn output(cargo: &mut Command) -> Result<Vec<u8>, BuildError> {
    cargo
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::inherit())
        .kill_on_drop(true);
    // Not `output()`, which would keep cargo's progress to itself.
    let running = cargo.spawn().map_err(BuildError::NoCargo)?;
    let output = running.wait_with_output().await.map_err(BuildError::NoCargo)?;
    if !output.status.success() {
        return Err(BuildError::Failed);
    }
    Ok(output.stdout)
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

/// What cargo knows of the workspace.
#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
}

/// A package of the workspace.
#[derive(Deserialize)]
struct Package {
    name: String,
    manifest_path: PathBuf,
    dependencies: Vec<Dependency>,
}

/// What a package depends on.
#[derive(Deserialize)]
struct Dependency {
    kind: Option<String>,
    /// Its folder, if it has one here.
    path: Option<PathBuf>,
}

/// The folders of `packages` and of what is built for them, as far as `metadata` names any.
fn folders(metadata: &[u8], packages: &[String]) -> BTreeSet<PathBuf> {
    let Ok(Metadata { packages: known }) = serde_json::from_slice(metadata) else {
        return BTreeSet::new();
    };
    let of_names = known.iter().filter(|package| packages.contains(&package.name));
    let mut open: Vec<_> = of_names.filter_map(|package| package.manifest_path.parent()).collect();
    let mut folders = BTreeSet::new();
    while let Some(folder) = open.pop() {
        if folders.insert(folder.to_owned()) {
            let here = known
                .iter()
                .filter(|package| package.manifest_path.parent() == Some(folder));
            let needed = here.flat_map(|package| &package.dependencies);
            let built = needed.filter(|dependency| dependency.kind.as_deref() != Some("dev"));
            open.extend(built.filter_map(|dependency| dependency.path.as_deref()));
        }
    }
    folders
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_folders_are_those_of_everything_that_is_built_and_of_nothing_else() {
        let package = |name: &str, dependencies: serde_json::Value| serde_json::json!({ "name": name, "manifest_path": format!("/w/{name}/Cargo.toml"), "dependencies": dependencies });
        let metadata = serde_json::json!({ "packages": [
            package("create", serde_json::json!([
                { "kind": null, "path": "/w/shared" },
                { "kind": "dev", "path": "/w/tests" },
                { "kind": null },
            ])),
            package("shared", serde_json::json!([{ "kind": "build", "path": "/w/fonts" }])),
            package("fonts", serde_json::json!([])),
            package("local", serde_json::json!([{ "kind": null, "path": "/w/shared" }])),
            package("tests", serde_json::json!([])),
        ] });
        let found = folders(metadata.to_string().as_bytes(), &["create".to_owned()]);
        let expected = ["/w/create", "/w/fonts", "/w/shared"].map(PathBuf::from);
        assert_eq!(found, BTreeSet::from(expected));
    }

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
