//! Links to the binaries that cargo has built, with names that cargo does not use again.
//!
//! A function's processes are started when calls need them. By then, cargo may have replaced the binary by one that
//! does not even start.

use std::collections::BTreeMap;
use std::fs::{hard_link, metadata, remove_file};
use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use tempfile::TempDir;

/// A folder of links to binaries. It is deleted on drop.
#[derive(Debug)]
pub(super) struct Links {
    folder: TempDir,
    count: usize,
    /// The build time and the size of the newest binary of each function.
    seen: BTreeMap<String, (SystemTime, u64)>,
    /// The link that is run, and the previous one, which a call may be about to start.
    kept: BTreeMap<String, (PathBuf, Option<PathBuf>)>,
}

impl Links {
    /// Creates an empty folder inside `folder`.
    pub(super) fn new(folder: &Path) -> io::Result<Self> {
        Ok(Self {
            folder: tempfile::Builder::new().prefix("watch-").tempdir_in(folder)?,
            count: 0,
            seen: BTreeMap::new(),
            kept: BTreeMap::new(),
        })
    }

    /// Links to `binary`, unless a link was created since it was built.
    pub(super) fn newer(&mut self, function: &str, binary: &Path) -> io::Result<Option<PathBuf>> {
        let found = metadata(binary)?;
        let stamp = (found.modified()?, found.len());
        if self.seen.get(function) == Some(&stamp) {
            return Ok(None);
        }
        self.count += 1;
        let link = self.folder.path().join(format!("{function}-{}", self.count));
        // A copy would be open for writing for a while. A process that starts at that time inherits the open file, and
        // the system does not run it. Cargo removes a linked binary before it writes another.
        hard_link(binary, &link)?;
        self.seen.insert(function.to_owned(), stamp);
        Ok(Some(link))
    }

    /// Makes `link` the one that is run.
    pub(super) fn keep(&mut self, function: &str, link: PathBuf) {
        let last = self.kept.remove(function);
        let (before, older) = last.map_or((None, None), |(before, older)| (Some(before), older));
        if let Some(older) = older {
            self.forget(&older);
        }
        self.kept.insert(function.to_owned(), (link, before));
    }

    /// Removes `link`, which no process runs.
    #[expect(clippy::unused_self, reason = "it is this folder's link")]
    pub(super) fn forget(&self, link: &Path) {
        // If it stays, it takes no space as long as cargo has the binary too.
        let _ = remove_file(link);
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    /// Writes a binary like cargo.
    fn built(binary: &Path, content: &str) {
        let _ = fs::remove_file(binary);
        fs::write(binary, content).unwrap();
    }

    #[test]
    fn a_binary_is_linked_once_and_again_when_it_is_built_again() {
        let target = tempfile::tempdir().unwrap();
        let binary = target.path().join("define");
        let mut links = Links::new(target.path()).unwrap();
        built(&binary, "first");
        let first = links.newer("define", &binary).unwrap().unwrap();
        assert_eq!(links.newer("define", &binary).unwrap(), None);
        built(&binary, "the second");
        let second = links.newer("define", &binary).unwrap().unwrap();
        assert_eq!(fs::read_to_string(first).unwrap(), "first");
        assert_eq!(fs::read_to_string(second).unwrap(), "the second");
    }

    #[test]
    fn the_one_that_runs_and_the_one_before_stay_and_at_the_end_nothing() {
        let target = tempfile::tempdir().unwrap();
        let binary = target.path().join("define");
        let mut links = Links::new(target.path()).unwrap();
        let mut made = Vec::new();
        for content in ["1", "22", "333"] {
            built(&binary, content);
            let link = links.newer("define", &binary).unwrap().unwrap();
            links.keep("define", link.clone());
            made.push(link);
        }
        let there: Vec<_> = made.iter().map(|link| link.exists()).collect();
        assert_eq!(there, [false, true, true]);
        drop(links);
        assert_eq!(fs::read_dir(target.path()).unwrap().count(), 1);
    }
}
