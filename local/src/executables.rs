//! The programs of the functions.

use std::collections::BTreeMap;

use lambda_host::{Program, Runtimes};
use sam_template::{Code, Template};

use crate::Stop;
use crate::args::Args;
use crate::cargo::{Build, Wanted};
use crate::functions;
use crate::interpreters::{Interpreted, interpreted};
use crate::system::System;
use crate::watch::{Watch, WatchError};
use crate::zips::Zips;

/// The programs of the functions.
pub(crate) struct Executables {
    /// By logical id: a command, an existing binary, or one that cargo built.
    pub(crate) by_function: BTreeMap<String, Program>,
    /// With `--watch`, builds or restarts the functions.
    pub(crate) watch: Option<Watch>,
    /// The unpacked zips, which are deleted on drop.
    pub(crate) zips: Zips,
}

/// Finds the program of each function: a command, an interpreter, an existing binary, or one that cargo builds.
pub(crate) async fn executables(
    args: &Args,
    system: &System,
    template: &Template,
    runtimes: &Runtimes,
) -> Result<Executables, Stop> {
    let mut zips = Zips::default();
    let mut programs = functions::commands(template, args)?;
    let others = template.functions.iter();
    let others: Vec<_> = others
        .filter(|function| !programs.contains_key(&function.logical_id))
        .collect();
    let interpreted = interpreted(others.iter().copied(), system, runtimes)?;
    for (name, Interpreted { program, .. }) in &interpreted {
        programs.insert(name.clone(), program.clone());
    }
    let mut built = Vec::new();
    for function in others {
        match &function.code {
            Code::Binary => {}
            Code::Handler(_) => continue,
            Code::Zip(path) => {
                let program = zips.program(&function.logical_id, path)?;
                programs.insert(function.logical_id.clone(), Program::Binary(program));
                continue;
            }
        }
        let bootstrap = function.folder.join("bootstrap");
        if let Some(folder) = &args.functions_dir {
            let unpacked = zips.unpack(&function.binary, folder)?.map(Program::Binary);
            let program = unpacked.map_or_else(|| functions::find(function, folder), Ok)?;
            programs.insert(function.logical_id.clone(), program);
        } else if let Some(bootstrap) = bootstrap.canonicalize().ok().filter(|path| path.is_file()) {
            programs.insert(function.logical_id.clone(), Program::Binary(bootstrap));
        } else {
            built.push(function);
        }
    }
    let wanted = built.iter().map(|function| Wanted {
        binary: &function.binary,
        folder: &function.folder,
    });
    let wanted: Vec<_> = wanted.collect();
    let builds = if wanted.is_empty() {
        Vec::new()
    } else {
        Build::of(&wanted, system).await?
    };
    let mut watch = None;
    let mut binaries = BTreeMap::new();
    if args.watch {
        if builds.is_empty() && interpreted.is_empty() {
            return Err(WatchError::Nothing.into());
        }
        let (started, built) = Watch::start(builds, interpreted).await?;
        watch = Some(started);
        binaries = built;
    } else {
        for build in &builds {
            binaries.extend(build.run().await?);
        }
    }
    for function in built {
        if let Some(binary) = binaries.get(&function.binary) {
            programs.insert(function.logical_id.clone(), Program::Binary(binary.clone()));
        }
    }
    Ok(Executables {
        by_function: programs,
        watch,
        zips,
    })
}
