//! Functions in JavaScript and Python, and their interpreters.

use std::collections::BTreeMap;
use std::io;
use std::path::PathBuf;

use lambda_host::{Language, Program, Runtimes};
use sam_template::{Code, Function, Handler};

use crate::system::System;

/// The reason why a function has no interpreter.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum InterpreterError {
    #[error("function `{function}` has `Runtime: {runtime}`, and no folder of PATH has {interpreter}: install it")]
    Interpreter {
        function: String,
        runtime: String,
        interpreter: &'static str,
    },
    #[error("the runtime clients of functions cannot be written: {0}")]
    Write(#[from] io::Error),
}

/// A function that an interpreter runs.
#[derive(Clone, Debug)]
pub(crate) struct Interpreted {
    pub(crate) program: Program,
    /// The folder of its code, or `None` if the template contains the code.
    pub(crate) folder: Option<PathBuf>,
}

/// Returns the programs of the handlers among `functions`, by logical id.
pub(crate) fn interpreted<'a>(
    functions: impl Iterator<Item = &'a Function>,
    system: &System,
    runtimes: &Runtimes,
) -> Result<BTreeMap<String, Interpreted>, InterpreterError> {
    let path = system.environment.get("PATH").map_or("", String::as_str);
    let mut runs = BTreeMap::new();
    for function in functions {
        let Code::Handler(Handler {
            language,
            runtime,
            inline,
            ..
        }) = &function.code
        else {
            continue;
        };
        let (language, interpreter) = match language {
            sam_template::Language::Node => (Language::Node, "`node` (Node.js)"),
            sam_template::Language::Python => (Language::Python, "`python3`"),
        };
        let name = &function.logical_id;
        let missing = || InterpreterError::Interpreter {
            function: name.clone(),
            runtime: runtime.clone(),
            interpreter,
        };
        let interpreter = language.interpreter(runtime, path).ok_or_else(missing)?;
        let folder = match inline {
            Some(source) => runtimes.inline(language, name, source)?,
            None => function.folder.canonicalize()?,
        };
        let program = runtimes.program(language, interpreter, folder.clone());
        let folder = inline.is_none().then_some(folder);
        runs.insert(name.clone(), Interpreted { program, folder });
    }
    Ok(runs)
}
