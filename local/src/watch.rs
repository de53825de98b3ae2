//! `--watch`: functions whose sources change are built again, and calls use the new binary.

mod links;
mod sources;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use crate::cargo::{Build, BuildError};
use crate::console::Console;
use crate::interpreters::Interpreted;
use lambda_host::{Functions, Program};
use links::Links;
use sources::{Sources, Tree};

/// The reason why nothing is watched.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum WatchError {
    #[error(transparent)]
    Build(#[from] BuildError),
    #[error("`--watch` builds the functions, and `--functions-dir` has them built: leave one of the two out")]
    Built,
    #[error("cannot keep what cargo has built beside it: {0}")]
    Links(#[from] io::Error),
    #[error("`--watch` has nothing to build, because each function is a command: remove it, or one of the commands")]
    Nothing,
    #[error("cannot watch the functions' sources: {0} (`local` runs without `--watch` too)")]
    Sources(#[from] notify::Error),
}

/// The functions that are built, and their sources.
#[derive(Debug)]
pub(crate) struct Watch {
    /// Each build, with the links to its binaries.
    builds: Vec<(Build, Links)>,
    /// The functions that an interpreter runs, by name, and the time when their code was last changed.
    interpreted: BTreeMap<String, (Interpreted, Option<SystemTime>)>,
    sources: Sources,
}

impl Watch {
    /// Builds the functions for the first time, and returns the binaries by name. Watches before it builds, so that no
    /// change is missed.
    pub(crate) async fn start(
        builds: Vec<Build>,
        interpreted: BTreeMap<String, Interpreted>,
    ) -> Result<(Self, BTreeMap<String, PathBuf>), WatchError> {
        let sources = Sources::of(Tree::of(&builds).await?.with(folders(interpreted.values())))?;
        let interpreted = interpreted.into_iter();
        let interpreted = interpreted.map(|(name, function)| {
            let changed = function.folder.as_deref().and_then(sources::newest);
            (name, (function, changed))
        });
        let interpreted = interpreted.collect();
        let mut watched = Vec::new();
        let mut binaries = BTreeMap::new();
        for build in builds {
            let built = build.run().await?;
            // After the build, because cargo marks a target folder that it creates.
            let mut links = Links::new(build.target())?;
            for (function, binary) in built {
                if let Some(link) = links.newer(&function, &binary)? {
                    links.keep(&function, link.clone());
                    binaries.insert(function, link);
                }
            }
            watched.push((build, links));
        }
        let builds = watched;
        let watch = Self {
            builds,
            interpreted,
            sources,
        };
        Ok((watch, binaries))
    }

    /// Builds whenever a source has changed. An error is reported, and calls use the previous binary.
    pub(crate) async fn run(mut self, functions: &Functions, console: &Console) -> Infallible {
        loop {
            self.sources.changed().await;
            if let Err(error) = self.swap(functions, console).await {
                console.warn(&format!("{error}: the functions stay as they are"));
            }
        }
    }

    /// Restarts the functions whose code is newer than their start.
    async fn start_again(&mut self, functions: &Functions, console: &Console) {
        for (name, (function, seen)) in &mut self.interpreted {
            let changed = function.folder.as_deref().and_then(sources::newest);
            if changed == *seen {
                continue;
            }
            *seen = changed;
            match functions.replace(name, function.program.clone()).await {
                Ok(()) => console.say(&format!("{name} is new: calls go to it from now on")),
                Err(error) => console.warn(&format!("{error} (calls go to the one before)")),
            }
        }
    }

    async fn swap(&mut self, functions: &Functions, console: &Console) -> Result<(), WatchError> {
        // Before the build: changes from then on are built again.
        let tree = Tree::of(self.builds.iter().map(|(build, _)| build)).await?;
        let interpreted = self.interpreted.values().map(|(function, _)| function);
        self.sources.follow(tree.with(folders(interpreted)))?;
        self.start_again(functions, console).await;
        for (build, links) in &mut self.builds {
            for (function, binary) in build.run().await? {
                let Some(link) = links.newer(&function, &binary)? else {
                    continue;
                };
                match functions.replace(&function, Program::Binary(link.clone())).await {
                    Ok(()) => {
                        links.keep(&function, link);
                        console.say(&format!("{function} is new: calls go to it from now on"));
                    }
                    Err(error) => {
                        links.forget(&link);
                        console.warn(&format!("{error} (calls go to the one before)"));
                    }
                }
            }
        }
        Ok(())
    }
}

/// Returns the folders of functions that an interpreter runs.
fn folders<'a>(functions: impl Iterator<Item = &'a Interpreted>) -> impl Iterator<Item = &'a Path> {
    functions.filter_map(|function| function.folder.as_deref())
}
