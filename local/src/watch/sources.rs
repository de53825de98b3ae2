//! The files that the functions are built from.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use notify::{Event, RecommendedWatcher, RecursiveMode, Watcher};
use tokio::sync::Notify;
use tokio::time::timeout;

use super::WatchError;
use crate::cargo::Build;

/// For how long nothing must change before a change is over: an editor or git writes many files at once.
const QUIET: Duration = Duration::from_millis(200);

/// The sources of a build. Nothing is watched any more when this is dropped.
#[derive(Debug)]
pub(super) struct Sources {
    changes: Arc<Notify>,
    _watcher: RecommendedWatcher,
}

impl Sources {
    /// Watches the folders that `build` reads, and the workspace's manifest and lock file.
    pub(super) async fn watch(build: &Build) -> Result<Self, WatchError> {
        let tree = Tree {
            folders: build.folders().await?.iter().map(|folder| real(folder)).collect(),
            workspace: real(&build.workspace),
            target: real(build.target.folder()),
        };
        Ok(Self::of(tree)?)
    }

    fn of(tree: Tree) -> notify::Result<Self> {
        let changes = Arc::new(Notify::new());
        let (folders, workspace) = (tree.folders.clone(), tree.workspace.clone());
        let mut watcher = notify::recommended_watcher({
            let changes = Arc::clone(&changes);
            move |event: notify::Result<Event>| {
                // An error is that events were lost.
                if event.map_or(true, |event| tree.changes_with(&event)) {
                    changes.notify_one();
                }
            }
        })?;
        for folder in &folders {
            watcher.watch(folder, RecursiveMode::Recursive)?;
        }
        if !folders.contains(&workspace) {
            watcher.watch(&workspace, RecursiveMode::NonRecursive)?;
        }
        Ok(Self {
            changes,
            _watcher: watcher,
        })
    }

    /// Waits until something has changed since the last time, and then until it has been quiet for a while.
    pub(super) async fn changed(&self) {
        self.changes.notified().await;
        while timeout(QUIET, self.changes.notified()).await.is_ok() {}
    }
}

/// Which files count.
#[derive(Debug)]
struct Tree {
    folders: BTreeSet<PathBuf>,
    workspace: PathBuf,
    target: PathBuf,
}

impl Tree {
    fn changes_with(&self, event: &Event) -> bool {
        // Cargo itself opens the sources whenever it builds them.
        !event.kind.is_access() && (event.paths.is_empty() || event.paths.iter().any(|path| self.has(path)))
    }

    fn has(&self, path: &Path) -> bool {
        if path.starts_with(&self.target) {
            return false;
        }
        // Editors and git keep what is their own in hidden files.
        let is_source = |below: &Path| {
            below != Path::new("") && !below.iter().any(|name| name.as_encoded_bytes().starts_with(b"."))
        };
        let below = |folder: &PathBuf| path.strip_prefix(folder).is_ok_and(is_source);
        self.folders.iter().any(below)
            || ["Cargo.lock", "Cargo.toml"]
                .iter()
                .any(|name| path == self.workspace.join(name))
    }
}

/// `path` as the system names it when it tells of a change.
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
            workspace: workspace.to_owned(),
            target: workspace.join("create/target"),
        }
    }

    #[test]
    fn sources_and_manifests_count_and_what_is_built_or_hidden_does_not() {
        let tree = tree(Path::new("/home/.me/w"));
        for counts in [
            "create/src/main.rs",
            "create/fonts/a.ttf",
            "shared/Cargo.toml",
            "Cargo.toml",
            "Cargo.lock",
        ] {
            assert!(tree.has(&tree.workspace.join(counts)), "{counts}");
        }
        for does_not in [
            "create/target/debug/create",
            "create/src/.main.rs.swp",
            "create",
            "local/src/main.rs",
            "README.md",
        ] {
            assert!(!tree.has(&tree.workspace.join(does_not)), "{does_not}");
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
