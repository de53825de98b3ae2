//! What the functions run.

use std::collections::BTreeMap;

use lambda_host::Program;
use sam_template::Template;

use crate::Stop;
use crate::args::Args;
use crate::cargo::{Build, Wanted};
use crate::functions;
use crate::shipped::Shipped;
use crate::system::System;
use crate::watch::{Watch, WatchError};

/// What the functions run.
pub(crate) struct Executables {
    /// By logical id: a command, a binary that exists, or one that cargo built.
    pub(crate) by_function: BTreeMap<String, Program>,
    /// With `--watch`, what has the last built again.
    pub(crate) watch: Option<Watch>,
    /// What was unpacked, for as long as this is kept.
    pub(crate) shipped: Shipped,
}

/// Finds what each function runs, or has it built.
pub(crate) async fn executables(args: &Args, system: &System, template: &Template) -> Result<Executables, Stop> {
    let mut watch = None;
    let mut shipped = Shipped::default();
    let mut programs = functions::commands(template, args)?;
    let others: Vec<_> = template
        .functions
        .iter()
        .filter(|function| !programs.contains_key(&function.logical_id))
        .collect();
    if let Some(folder) = &args.functions_dir {
        for function in others {
            let unpacked = shipped.unpack(&function.binary, folder)?.map(Program::Binary);
            let program = unpacked.map_or_else(|| functions::find(function, folder), Ok)?;
            programs.insert(function.logical_id.clone(), program);
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
    Ok(Executables {
        by_function: programs,
        watch,
        shipped,
    })
}
