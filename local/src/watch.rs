//! `--watch`: functions whose sources change are built again, and calls go to what was built.

mod links;
mod sources;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::io;
use std::path::PathBuf;

use crate::cargo::{Build, BuildError};
use crate::console::Console;
use lambda_host::{Functions, Program};
use links::Links;
use sources::{Sources, Tree};

/// Why nothing is watched.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum WatchError {
    #[error(transparent)]
    Build(#[from] BuildError),
    #[error("`--watch` builds the functions, and `--functions-dir` has them built: leave one of the two out")]
    Built,
    #[error("cannot keep what cargo has built beside it: {0}")]
    Links(#[from] io::Error),
    #[error("`--watch` has nothing to build, as each function is a command: leave it out, or one of the commands")]
    Nothing,
    #[error("cannot watch the functions' sources: {0} (`local` runs without `--watch` too)")]
    Sources(#[from] notify::Error),
}

/// The functions that are built, and their sources.
#[derive(Debug)]
pub(crate) struct Watch {
    /// Each with what it has built.
    builds: Vec<(Build, Links)>,
    sources: Sources,
}

impl Watch {
    /// Builds what is watched for the first time, and gives the binaries by name. Watches before it builds, so that no
    /// change falls between the two.
    pub(crate) async fn start(builds: Vec<Build>) -> Result<(Self, BTreeMap<String, PathBuf>), WatchError> {
        let sources = Sources::of(Tree::of(&builds).await?)?;
        let mut watched = Vec::new();
        let mut binaries = BTreeMap::new();
        for build in builds {
            let built = build.run().await?;
            // Only now: cargo marks a target folder that it makes itself.
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
        Ok((Self { builds, sources }, binaries))
    }

    /// Builds whenever a source has changed. What does not compile or start is told, and calls go where they went.
    pub(crate) async fn run(mut self, functions: &Functions, console: &Console) -> Infallible {
        loop {
            self.sources.changed().await;
            if let Err(error) = self.swap(functions, console).await {
                console.warn(&format!("{error}: the functions stay as they are"));
            }
        }
    }

    async fn swap(&mut self, functions: &Functions, console: &Console) -> Result<(), WatchError> {
        // Before it is built: what changes from then on is built again.
        self.sources
            .follow(Tree::of(self.builds.iter().map(|(build, _)| build)).await?)?;
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
