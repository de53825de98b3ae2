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
use crate::functions::{Functions, Program};
use links::Links;
use sources::Sources;

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
    build: Build,
    sources: Sources,
    links: Links,
}

impl Watch {
    /// Watches from now on, so that no change falls between the first build and this.
    pub(crate) async fn start(build: Build) -> Result<Self, WatchError> {
        Ok(Self {
            sources: Sources::watch(&build).await?,
            links: Links::new(build.target.folder())?,
            build,
        })
    }

    /// Builds what is watched for the first time.
    pub(crate) async fn built(&mut self) -> Result<BTreeMap<String, PathBuf>, WatchError> {
        let built = self.build.run().await?;
        let mut binaries = BTreeMap::new();
        for (function, binary) in built {
            if let Some(link) = self.links.newer(&function, &binary)? {
                self.links.keep(&function, link.clone());
                binaries.insert(function, link);
            }
        }
        Ok(binaries)
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
        for (function, binary) in self.build.run().await? {
            let Some(link) = self.links.newer(&function, &binary)? else {
                continue;
            };
            match functions.replace(&function, Program::Binary(link.clone())).await {
                Ok(()) => {
                    self.links.keep(&function, link);
                    console.say(&format!("{function} is new: calls go to it from now on"));
                }
                Err(error) => {
                    self.links.forget(&link);
                    console.warn(&format!("{error} (calls go to the one before)"));
                }
            }
        }
        Ok(())
    }
}
