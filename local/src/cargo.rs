//! Builds the function binaries with cargo, each in the workspace of its code.

mod metadata;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use serde::Deserialize;
use tokio::process::Command;

use crate::system::System;
use metadata::Metadata;

/// The reason why the binaries could not be built.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum BuildError {
    #[error("`{first}` and `{second}` both have a binary `{binary}` that a function runs: rename one of the two")]
    Ambiguous {
        binary: String,
        first: PathBuf,
        second: PathBuf,
    },
    #[error("cargo could not build the functions (its own messages are above)")]
    Failed,
    #[error(
        "`{manifest}` has no binary `{binary}` (its binaries: {known}): name one of these in \
         `Metadata.BuildProperties.Binary`, or add `src/bin/{binary}.rs`"
    )]
    Missing {
        binary: String,
        manifest: PathBuf,
        known: String,
    },
    #[error("cannot run cargo to build the functions: {0} (or give their folder with `--functions-dir`)")]
    NoCargo(#[source] io::Error),
    #[error("cannot read what `cargo metadata` prints in `{0}`")]
    Unreadable(PathBuf),
}

/// The target folder and the profile of `local` itself.
#[derive(Clone, Debug, PartialEq, Eq)]
struct OwnBuild {
    folder: PathBuf,
    profile: String,
}

impl OwnBuild {
    /// Reads them from the path of this program: `FOLDER/PROFILE/local`. Returns `None` if the program is not in a
    /// target folder.
    fn of(program: &Path) -> Option<Self> {
        let mut profile = program.parent()?;
        // Tests run in a subfolder.
        if profile.ends_with("deps") {
            profile = profile.parent()?;
        }
        let folder = profile.parent()?;
        // A build for a named target has one more folder level. Cargo marks the top folder: with the tag if it created
        // the folder, and always with its data about the compiler.
        let marked = folder
            .ancestors()
            .take(2)
            .find(|folder| MARKS.iter().any(|mark| folder.join(mark).exists()));
        Some(Self {
            folder: marked?.to_owned(),
            profile: profile.file_name()?.to_str()?.to_owned(),
        })
    }

    /// Returns the name of the profile, which can differ from the name of its folder.
    fn profile(&self) -> &str {
        if self.profile == "debug" { "dev" } else { &self.profile }
    }
}

/// Files that cargo writes into a target folder.
const MARKS: [&str; 2] = ["CACHEDIR.TAG", ".rustc_info.json"];

/// The profile of functions in other workspaces.
const PROFILE: &str = if cfg!(debug_assertions) { "dev" } else { "release" };

/// The manifest of `local`, a package of its workspace.
const MANIFEST: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml");

/// A binary, and the folder of its code in the template.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wanted<'a> {
    pub(crate) binary: &'a str,
    pub(crate) folder: &'a Path,
}

/// The binaries to build in one workspace, and the options.
#[derive(Clone, Debug)]
pub(crate) struct Build {
    workspace: PathBuf,
    /// The manifests of the binaries, by binary.
    binaries: BTreeMap<String, PathBuf>,
    /// The names of their packages.
    packages: BTreeSet<String>,
    /// The target folder of cargo.
    target: PathBuf,
    /// Set for the workspace of `local`: its functions are built with the options of `local`, so that nothing is
    /// compiled twice.
    own: Option<OwnBuild>,
    /// The environment of this process.
    environment: BTreeMap<String, String>,
}

impl Build {
    /// Returns the builds of the `wanted` binaries, one for each workspace.
    ///
    /// # Errors
    ///
    /// Returns an error if cargo cannot be run or fails, or if a binary does not exist.
    pub(crate) async fn of(wanted: &[Wanted<'_>], system: &System) -> Result<Vec<Self>, BuildError> {
        let mut workspaces: Vec<(Metadata, Self)> = Vec::new();
        let mut sources: BTreeMap<&str, PathBuf> = BTreeMap::new();
        for Wanted { binary, folder } in wanted {
            let folder = metadata::real(folder);
            let known = workspaces.iter().position(|(metadata, _)| metadata.has(&folder));
            let (metadata, mut build) = match known {
                Some(index) => workspaces.remove(index),
                None => Self::workspace_of(&folder, system).await?,
            };
            let (package, manifest) = metadata.source_of(binary, &folder)?;
            let first = sources.entry(binary).or_insert_with(|| manifest.clone());
            if *first != manifest {
                return Err(BuildError::Ambiguous {
                    binary: (*binary).to_owned(),
                    first: first.clone(),
                    second: manifest,
                });
            }
            build.packages.insert(package);
            build.binaries.insert((*binary).to_owned(), manifest);
            workspaces.push((metadata, build));
        }
        Ok(workspaces.into_iter().map(|(_, build)| build).collect())
    }

    /// Returns the workspace around `folder`, without binaries to build.
    async fn workspace_of(folder: &Path, system: &System) -> Result<(Metadata, Self), BuildError> {
        let environment = system.environment.clone();
        // The repository of `local` uses one toolchain for all its workspaces.
        let own = Path::new(MANIFEST).ancestors().nth(2).map(metadata::real);
        let chosen_there = own.is_none_or(|own| !folder.starts_with(own));
        let mut command = cargo(folder, &environment, chosen_there);
        command.args(METADATA);
        let metadata = Metadata::read(&output(&mut command).await?, folder)?;
        let is_own = metadata.has_manifest(Path::new(MANIFEST));
        let own = OwnBuild::of(&system.program).filter(|_| is_own);
        let build = Self {
            workspace: metadata.workspace_root.clone(),
            binaries: BTreeMap::new(),
            packages: BTreeSet::new(),
            target: own
                .as_ref()
                .map_or(&metadata.target_directory, |own| &own.folder)
                .clone(),
            own,
            environment,
        };
        Ok((metadata, build))
    }

    /// Returns the workspace's folder.
    pub(crate) fn workspace(&self) -> &Path {
        &self.workspace
    }

    /// Returns cargo's target folder.
    pub(crate) fn target(&self) -> &Path {
        &self.target
    }

    /// Builds the binaries and returns their paths, by name. Cargo's progress goes to standard error.
    ///
    /// # Errors
    ///
    /// Returns an error if cargo cannot be run or fails.
    pub(crate) async fn run(&self) -> Result<BTreeMap<String, PathBuf>, BuildError> {
        let profile = self.own.as_ref().map_or(PROFILE, OwnBuild::profile);
        let mut command = self.cargo();
        command.args([
            "build",
            "--message-format",
            "json-render-diagnostics",
            "--profile",
            profile,
        ]);
        if let Some(own) = &self.own {
            command.arg("--target-dir").arg(&own.folder);
        }
        // Without this, cargo would search only the default members.
        command.args(self.packages.iter().flat_map(|package| ["--package", package]));
        command.args(self.binaries.keys().flat_map(|binary| ["--bin", binary]));
        let mut built = binaries(&output(&mut command).await?);
        built.retain(|binary, _| self.binaries.contains_key(binary));
        // Cargo fails if it cannot build one of them.
        if built.len() < self.binaries.len() {
            return Err(BuildError::Failed);
        }
        Ok(built)
    }

    /// Returns the folders of the packages with the binaries, and of their path dependencies.
    ///
    /// # Errors
    ///
    /// Returns an error if cargo cannot be run or fails.
    pub(crate) async fn folders(&self) -> Result<BTreeSet<PathBuf>, BuildError> {
        let mut command = self.cargo();
        command.args(METADATA);
        let metadata = Metadata::read(&output(&mut command).await?, &self.workspace)?;
        Ok(metadata.folders(self.binaries.values()))
    }

    fn cargo(&self) -> Command {
        cargo(&self.workspace, &self.environment, self.own.is_none())
    }
}

const METADATA: [&str; 4] = ["metadata", "--no-deps", "--format-version", "1"];

/// Creates a cargo command in `folder`. With `chosen_there`, rustup chooses the toolchain for that folder. Else it is
/// the toolchain that runs `local`.
fn cargo(folder: &Path, environment: &BTreeMap<String, String>, chosen_there: bool) -> Command {
    let running = environment.get("CARGO").filter(|_| !chosen_there);
    let mut command = Command::new(running.map_or("cargo", String::as_str));
    command.current_dir(folder).env_clear();
    // `cargo run` sets some variables for `local`. Build scripts that watch them would run again, and compile for
    // minutes.
    command.envs(environment.iter().filter(|(name, _)| {
        let of_toolchain = ["CARGO", "RUSTUP_TOOLCHAIN"].contains(&name.as_str());
        !(is_of_this_package(name) || chosen_there && of_toolchain)
    }));
    command
}

async fn output(cargo: &mut Command) -> Result<Vec<u8>, BuildError> {
    cargo
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::inherit())
        .kill_on_drop(true);
    // Not `output()`, which would hide cargo's progress.
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

/// A target that cargo built.
#[derive(Deserialize)]
struct Name {
    name: String,
}

/// Returns the executables that cargo has built, by name.
fn binaries(messages: &[u8]) -> BTreeMap<String, PathBuf> {
    messages
        .split(|byte| *byte == b'\n')
        .filter_map(|line| serde_json::from_slice::<Message>(line).ok())
        .filter_map(|message| Some((message.target?.name, message.executable?)))
        .collect()
}
