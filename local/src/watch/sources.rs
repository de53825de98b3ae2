//! The source files of the functions.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use notify::{Event, RecommendedWatcher, RecursiveMode, Watcher};
use tokio::sync::Notify;
use tokio::time::timeout;

use crate::cargo::{Build, BuildError};

/// The time without changes after which a change is complete: an editor or git writes many files at once.
const QUIET: Duration = Duration::from_millis(200);

/// The sources of the builds. Dropping it ends the watch.
#[derive(Debug)]
pub(super) struct Sources {
    changes: Arc<Notify>,
    places: BTreeMap<PathBuf, RecursiveMode>,
    _watcher: RecommendedWatcher,
}

impl Sources {
    /// Watches `tree` from now on.
    pub(super) fn of(tree: Tree) -> notify::Result<Self> {
        Self::telling(Arc::new(Notify::new()), tree)
    }

    /// Watches `tree` instead, if it has other places.
    pub(super) fn follow(&mut self, tree: Tree) -> notify::Result<()> {
        if tree.places() != self.places {
            *self = Self::telling(Arc::clone(&self.changes), tree)?;
        }
        Ok(())
    }

    fn telling(changes: Arc<Notify>, tree: Tree) -> notify::Result<Self> {
        let places = tree.places();
        let mut watcher = notify::recommended_watcher({
            let changes = Arc::clone(&changes);
            move |event: notify::Result<Event>| {
                // An error means that events were lost.
                if event.map_or(true, |event| tree.changes_with(&event)) {
                    changes.notify_one();
                }
            }
        })?;
        for (place, mode) in &places {
            watcher.watch(place, *mode)?;
        }
        Ok(Self {
            changes,
            places,
            _watcher: watcher,
        })
    }

    /// Waits for a change since the last call, and then for the end of the changes.
    pub(super) async fn changed(&self) {
        self.changes.notified().await;
        while timeout(QUIET, self.changes.notified()).await.is_ok() {}
    }
}

/// The files that are sources.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Tree {
    /// The packages' folders.
    folders: BTreeSet<PathBuf>,
    workspaces: BTreeSet<PathBuf>,
    targets: BTreeSet<PathBuf>,
}

impl Tree {
    /// Returns the folders that `builds` read, and the manifests and lock files of their workspaces.
    pub(super) async fn of(builds: impl IntoIterator<Item = &Build>) -> Result<Self, BuildError> {
        let mut tree = Self::default();
        for build in builds {
            tree.folders
                .extend(build.folders().await?.iter().map(|folder| real(folder)));
            tree.workspaces.insert(real(build.workspace()));
            tree.targets.insert(real(build.target()));
        }
        Ok(tree)
    }

    /// Adds folders whose files are run without a build.
    pub(super) fn with<'a>(mut self, folders: impl Iterator<Item = &'a Path>) -> Self {
        self.folders.extend(folders.map(real));
        self
    }

    /// Returns the places to watch. A package's folder may contain a target folder, with thousands of folders without
    /// sources.
    fn places(&self) -> BTreeMap<PathBuf, RecursiveMode> {
        let of_folders = self
            .folders
            .iter()
            .flat_map(|folder| below(folder))
            .filter(|path| self.has(path));
        let deep: BTreeSet<PathBuf> = of_folders.collect();
        let outermost = deep
            .iter()
            .filter(|path| !path.ancestors().skip(1).any(|outer| deep.contains(outer)));
        let mut places: BTreeMap<_, _> = outermost.map(|path| (path.clone(), RecursiveMode::Recursive)).collect();
        for folder in self.folders.union(&self.workspaces) {
            if !folder.ancestors().any(|outer| deep.contains(outer)) {
                places.insert(folder.clone(), RecursiveMode::NonRecursive);
            }
        }
        places
    }

    fn changes_with(&self, event: &Event) -> bool {
        // Cargo itself opens the sources whenever it builds them.
        !event.kind.is_access() && (event.paths.is_empty() || event.paths.iter().any(|path| self.has(path)))
    }

    fn has(&self, path: &Path) -> bool {
        if self.targets.iter().any(|target| path.starts_with(target)) {
            return false;
        }
        let is_source = |below: &Path| below != Path::new("") && !below.iter().any(is_aside);
        let below = |folder: &PathBuf| path.strip_prefix(folder).is_ok_and(is_source);
        self.folders.iter().any(below)
            || path.parent().is_some_and(|folder| self.workspaces.contains(folder))
                && (path.ends_with("Cargo.lock") || path.ends_with("Cargo.toml"))
    }
}

/// Whether a file or folder with this name is not a source: hidden files belong to editors and git, and npm and Python
/// have folders for packages and caches.
fn is_aside(name: &OsStr) -> bool {
    name.as_encoded_bytes().starts_with(b".") || name == "node_modules" || name == "__pycache__"
}

/// Returns the time of the last change of a source below `folder`.
pub(super) fn newest(folder: &Path) -> Option<SystemTime> {
    let entries = folder.read_dir().ok()?.filter_map(Result::ok);
    let sources = entries.filter(|entry| !is_aside(&entry.file_name()));
    let times = sources.filter_map(|entry| match entry.file_type() {
        Ok(kind) if kind.is_dir() => newest(&entry.path()),
        _ => entry.metadata().ok()?.modified().ok(),
    });
    times.max()
}

/// Returns the folders in `folder`, or none if it cannot be read.
fn below(folder: &Path) -> Vec<PathBuf> {
    let entries = folder.read_dir().into_iter().flatten().filter_map(Result::ok);
    entries.map(|entry| entry.path()).filter(|path| path.is_dir()).collect()
}

/// Returns `path` in the form in which the system reports changes.
fn real(path: &Path) -> PathBuf {
    path.canonicalize().unwrap_or_else(|_| path.to_owned())
}

#[cfg(test)]
mod tests {
    use notify::EventKind;
    use notify::event::{AccessKind, AccessMode, CreateKind};

    use super::*;

    fn tree(workspace: &Path) -> Tree {
        Tree {
            folders: BTreeSet::from([workspace.join("create"), workspace.join("shared")]),
            workspaces: BTreeSet::from([workspace.to_owned()]),
            targets: BTreeSet::from([workspace.join("create/target")]),
        }
    }

    #[test]
    fn sources_and_manifests_count_and_what_is_built_or_hidden_does_not() {
        let workspace = Path::new("/home/.me/w");
        let tree = tree(workspace);
        for counts in [
            "create/src/main.rs",
            "create/fonts/a.ttf",
            "shared/Cargo.toml",
            "Cargo.toml",
            "Cargo.lock",
        ] {
            assert!(tree.has(&workspace.join(counts)), "{counts}");
        }
        for does_not in [
            "create/target/debug/create",
            "create/src/.main.rs.swp",
            "create",
            "local/src/main.rs",
            "README.md",
        ] {
            assert!(!tree.has(&workspace.join(does_not)), "{does_not}");
        }
    }

    #[test]
    fn reading_a_source_changes_nothing() {
        let tree = tree(Path::new("/w"));
        let event = |kind| Event::new(kind).add_path(PathBuf::from("/w/create/src/main.rs"));
        assert!(!tree.changes_with(&event(EventKind::Access(AccessKind::Open(AccessMode::Read)))));
        assert!(tree.changes_with(&event(EventKind::Create(CreateKind::File))));
    }

    #[tokio::test]
    async fn a_written_source_is_a_change() {
        let folder = tempfile::tempdir().unwrap();
        let workspace = real(folder.path());
        for name in ["create/src", "shared"] {
            std::fs::create_dir_all(workspace.join(name)).unwrap();
        }
        let sources = Sources::of(tree(&workspace)).unwrap();
        std::fs::write(workspace.join("create/src/main.rs"), "fn main() {}").unwrap();
        sources.changed().await;
        std::fs::write(workspace.join("Cargo.lock"), "").unwrap();
        sources.changed().await;
    }
}
