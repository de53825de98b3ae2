//! What the functions run.

use std::collections::BTreeMap;

use lambda_host::Program;
use sam_template::Template;

use crate::Stop;
use crate::args::Args;
use crate::cargo::{Build, Wanted};
use crate::functions;
use crate::system::System;
use crate::watch::{Watch, WatchError};

/// What each function runs, by logical id: a command, a binary that is there, or one that cargo builds. With `--watch`
/// also what has the last built again.
pub(crate) async fn executables(
    args: &Args,
    system: &System,
    template: &Template,
) -> Result<(BTreeMap<String, Program>, Option<Watch>), Stop> {
    let mut watch = None;
    let mut programs = functions::commands(template, args)?;
    let others: Vec<_> = template
        .functions
        .iter()
        .filter(|function| !programs.contains_key(&function.logical_id))
        .collect();
    if let Some(folder) = &args.functions_dir {
        for function in others {
            programs.insert(function.logical_id.clone(), functions::find(function, folder)?);
        }
    } else if others.is_empty() {
        if args.watch {
            return Err(WatchError::Nothing.into());
        }
    } else {
        let wanted: Vec<_> = others
            .iter()
            .map(|function| Wanted {
                binary: &function.binary,
                folder: &function.folder,
            })
            .collect();
        let builds = Build::of(&wanted, system).await?;
        let mut binaries = BTreeMap::new();
        if args.watch {
            let (started, built) = Watch::start(builds).await?;
            watch = Some(started);
            binaries = built;
        } else {
            for build in &builds {
                binaries.extend(build.run().await?);
            }
        }
        for function in others {
            if let Some(binary) = binaries.get(&function.binary) {
                programs.insert(function.logical_id.clone(), Program::Binary(binary.clone()));
            }
        }
    }
    Ok((programs, watch))
}
