//! Cargo's description of a workspace: the few fields that are needed, in a stable format. The types of
//! `cargo_metadata` need all fields, also in each test, and add several crates.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::BuildError;

/// A workspace, as `cargo metadata --no-deps` describes it.
#[derive(Debug, Deserialize)]
pub(super) struct Metadata {
    packages: Vec<Package>,
    pub(super) workspace_root: PathBuf,
    pub(super) target_directory: PathBuf,
}

/// A package of the workspace.
#[derive(Debug, Deserialize)]
struct Package {
    name: String,
    manifest_path: PathBuf,
    dependencies: Vec<Dependency>,
    targets: Vec<Target>,
}

/// A dependency of a package.
#[derive(Debug, Deserialize)]
struct Dependency {
    kind: Option<String>,
    /// Its folder, if it is a path dependency.
    path: Option<PathBuf>,
}

/// A target of a package.
#[derive(Debug, Deserialize)]
struct Target {
    name: String,
    kind: Vec<String>,
}

impl Package {
    fn folder(&self) -> Option<&Path> {
        self.manifest_path.parent()
    }

    fn binaries(&self) -> impl Iterator<Item = &str> {
        let binaries = self
            .targets
            .iter()
            .filter(|target| target.kind.iter().any(|kind| kind == "bin"));
        binaries.map(|target| target.name.as_str())
    }
}

impl Metadata {
    /// Parses the output of cargo in `folder`.
    pub(super) fn read(printed: &[u8], folder: &Path) -> Result<Self, BuildError> {
        serde_json::from_slice(printed).map_err(|_| BuildError::Unreadable(folder.to_owned()))
    }

    /// Whether `folder` is the folder of the workspace or of one of its packages.
    pub(super) fn has(&self, folder: &Path) -> bool {
        real(&self.workspace_root) == folder || self.package_in(folder).is_some()
    }

    /// Whether a package of the workspace has this manifest.
    pub(super) fn has_manifest(&self, manifest: &Path) -> bool {
        let manifest = real(manifest);
        self.packages
            .iter()
            .any(|package| real(&package.manifest_path) == manifest)
    }

    fn package_in(&self, folder: &Path) -> Option<&Package> {
        let is_there = |package: &&Package| package.folder().is_some_and(|own| real(own) == folder);
        self.packages.iter().find(is_there)
    }

    /// Returns the name and the manifest of the package with this binary. If `folder` has a package, only that package
    /// is searched.
    pub(super) fn source_of(&self, binary: &str, folder: &Path) -> Result<(String, PathBuf), BuildError> {
        let candidates: Vec<&Package> = match self.package_in(folder) {
            Some(package) => vec![package],
            None => self.packages.iter().collect(),
        };
        let found = candidates
            .iter()
            .find(|package| package.binaries().any(|known| known == binary));
        if let Some(package) = found {
            return Ok((package.name.clone(), package.manifest_path.clone()));
        }
        let known: BTreeSet<&str> = candidates.iter().flat_map(|package| package.binaries()).collect();
        let known = Vec::from_iter(known).join(", ");
        Err(BuildError::Missing {
            binary: binary.to_owned(),
            manifest: folder.join("Cargo.toml"),
            known: if known.is_empty() { "none".to_owned() } else { known },
        })
    }

    /// Returns the folders of the packages with these manifests, and of their path dependencies.
    pub(super) fn folders<'a>(&self, manifests: impl IntoIterator<Item = &'a PathBuf>) -> BTreeSet<PathBuf> {
        let mut open: Vec<&Path> = manifests.into_iter().filter_map(|manifest| manifest.parent()).collect();
        let mut folders = BTreeSet::new();
        while let Some(folder) = open.pop() {
            if folders.insert(folder.to_owned()) {
                let here = self.packages.iter().filter(|package| package.folder() == Some(folder));
                let needed = here.flat_map(|package| &package.dependencies);
                let built = needed.filter(|dependency| dependency.kind.as_deref() != Some("dev"));
                open.extend(built.filter_map(|dependency| dependency.path.as_deref()));
            }
        }
        folders
    }
}

/// Returns `path` without links, as far as it exists.
pub(super) fn real(path: &Path) -> PathBuf {
    path.canonicalize().unwrap_or_else(|_| path.to_owned())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_folders_are_those_of_everything_that_is_built_and_of_nothing_else() {
        let package = |name: &str, dependencies: serde_json::Value| json!({ "name": name, "manifest_path": format!("/w/{name}/Cargo.toml"), "dependencies": dependencies, "targets": [] });
        let metadata = json!({ "workspace_root": "/w", "target_directory": "/w/target", "packages": [
            package("create", json!([
                { "kind": null, "path": "/w/shared" },
                { "kind": "dev", "path": "/w/tests" },
                { "kind": null },
            ])),
            package("shared", json!([{ "kind": "build", "path": "/w/fonts" }])),
            package("fonts", json!([])),
            package("local", json!([{ "kind": null, "path": "/w/shared" }])),
            package("tests", json!([])),
        ] });
        let metadata = Metadata::read(metadata.to_string().as_bytes(), Path::new("/w")).unwrap();
        let found = metadata.folders(&[PathBuf::from("/w/create/Cargo.toml")]);
        let expected = ["/w/create", "/w/fonts", "/w/shared"].map(PathBuf::from);
        assert_eq!(found, BTreeSet::from(expected));
    }
}
