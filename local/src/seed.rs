//! `--seed` and `seed export`: users and groups of a pool in a file.

use std::fmt::Write;
use std::path::{Path, PathBuf};

use sam_template::{Document, Template, TemplateError};
use serde_path_to_error::Segment;
use user_pools::UserPools;
use user_pools::seed::{ExportError, Seed, Step};

use crate::database::{self, DatabaseError};
use crate::pools;

/// The reason why users and groups cannot be read or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum SeedFileError {
    #[error(transparent)]
    Database(#[from] DatabaseError),
    #[error("no data is stored in `{0}`: name the folder with `--data-dir`, or the template with `--template`")]
    Empty(PathBuf),
    #[error(transparent)]
    Export(#[from] ExportError),
    #[error(transparent)]
    File(#[from] TemplateError),
    #[error("{file}:{line}: {place}{problem}")]
    Place {
        file: String,
        line: usize,
        /// Ends with a colon, unless it is empty.
        place: String,
        problem: String,
    },
    #[error("the seed cannot be written as JSON: {0}")]
    Written(#[from] serde_json::Error),
}

/// A seed and its file.
#[derive(Debug)]
pub(crate) struct SeedFile {
    file: String,
    document: Document,
    /// The pool's name in the template; by default its first pool.
    pool: Option<String>,
    seed: Seed,
}

impl SeedFile {
    /// Reads `FILE` or `POOL=FILE`.
    pub(crate) fn read(argument: &str) -> Result<Self, SeedFileError> {
        let is_name = |name: &str| !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric());
        let (pool, file) = match argument.split_once('=') {
            Some((pool, file)) if is_name(pool) => (Some(pool.to_owned()), file),
            _ => (None, argument),
        };
        let document = Document::read(Path::new(file))?;
        match serde_path_to_error::deserialize(document.json()) {
            Ok(seed) => Ok(Self {
                file: file.to_owned(),
                document,
                pool,
                seed,
            }),
            Err(error) => {
                let steps = error.path().iter().filter_map(step).collect::<Vec<_>>();
                let problem = without_value(&error.inner().to_string());
                Err(at(file, &document, &steps, &problem))
            }
        }
    }

    /// Whether the file has a user with the username or alias `login`.
    pub(crate) fn has(&self, login: &str) -> bool {
        self.seed.has(login)
    }

    /// Creates the users and groups of the file. Returns a line for the terminal.
    pub(crate) fn apply(
        &self,
        user_pools: &UserPools,
        template: &Template,
        region: &str,
    ) -> Result<String, SeedFileError> {
        for id in self.pools(template, region)? {
            let seeded = user_pools.seed(&id, &self.seed);
            seeded.map_err(|error| at(&self.file, &self.document, &error.place, &error.problem))?;
        }
        let (users, groups) = (self.seed.users(), self.seed.groups());
        Ok(format!(
            "The users ({users}) and groups ({groups}) of {} are in the pool.",
            self.file
        ))
    }

    /// Returns the ids of the pools of the seed.
    fn pools(&self, template: &Template, region: &str) -> Result<Vec<String>, SeedFileError> {
        let Some(name) = &self.pool else {
            return Ok(pools::first(template, region));
        };
        let mut known = template.user_pools.iter().map(|pool| pool.logical_id.as_str());
        if known.clone().next() == Some(name.as_str()) {
            Ok(pools::first(template, region))
        } else if known.any(|known| known == name) {
            Ok(vec![pools::pool_id_of(template, name, region)])
        } else {
            let known: Vec<_> = template
                .user_pools
                .iter()
                .map(|pool| pool.logical_id.as_str())
                .collect();
            let problem = format!("the template has no user pool `{name}` (known: {})", known.join(", "));
            Err(at(&self.file, &self.document, &[], &problem))
        }
    }
}

/// Returns the users and groups of a pool in `folder`, in the format of `--seed`.
pub(crate) fn exported(folder: &Path, pool_id: &str) -> Result<String, SeedFileError> {
    if !folder.is_dir() {
        return Err(SeedFileError::Empty(folder.to_owned()));
    }
    let seed = Seed::of(database::open(folder)?, pool_id)?;
    Ok(serde_json::to_string_pretty(&seed)?)
}

fn step(segment: &Segment) -> Option<Step> {
    match segment {
        Segment::Seq { index } => Some(Step::Item(*index)),
        Segment::Map { key } => Some(Step::Key(key.clone())),
        Segment::Enum { .. } | Segment::Unknown => None,
    }
}

/// Removes the value from a message of serde, because it may be a password.
fn without_value(problem: &str) -> String {
    match problem.split_once(", expected ") {
        Some((found, expected)) if found.starts_with("invalid ") => format!("expected {expected}"),
        _ => problem.to_owned(),
    }
}

fn at(file: &str, document: &Document, steps: &[Step], problem: &str) -> SeedFileError {
    let keys = steps.iter().map(|step| match step {
        Step::Item(index) => index.to_string(),
        Step::Key(key) => key.clone(),
    });
    let mut place = String::new();
    for step in steps {
        // Writing to a string does not fail.
        let _ = match step {
            Step::Item(index) => write!(place, "[{index}]"),
            Step::Key(key) if place.is_empty() => write!(place, "{}", key.escape_debug()),
            Step::Key(key) => write!(place, ".{}", key.escape_debug()),
        };
    }
    SeedFileError::Place {
        file: file.to_owned(),
        line: document.line(keys),
        place: if place.is_empty() { place } else { format!("{place}: ") },
        problem: problem.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    fn message(text: &str) -> String {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(text.as_bytes()).unwrap();
        let path = file.path().display().to_string();
        let error = SeedFile::read(&path).unwrap_err().to_string();
        error.strip_prefix(&path).unwrap().to_owned()
    }

    #[test]
    fn a_mistake_is_one_line_that_names_the_place() {
        let user = "users:\n  - username: ana\n";
        for (text, expected) in [
            (
                format!("{user}    pasword: x\n"),
                ":3: users[0].pasword: unknown field `pasword`, expected one of `username`, `sub`, `password`, \
                 `passwordVerifier`, `status`, `enabled`, `attributes`, `groups`, `mfa`, `devices`",
            ),
            (
                format!("{user}    attributes: {{phone_number: +12065550100}}\n"),
                ":3: users[0].attributes.phone_number: expected text (put numbers in quotes)",
            ),
            (
                format!("{user}    password: 12345678\n"),
                ":3: users[0].password: expected a string",
            ),
            ("users:\n  - {}\n".to_owned(), ":2: users[0]: missing field `username`"),
            (
                "users: *all\n".to_owned(),
                ":1: is not YAML: while parsing node, found unknown anchor",
            ),
        ] {
            assert_eq!(message(&text), expected);
        }
    }

    #[test]
    fn a_file_may_be_for_a_pool_that_is_named() {
        let mut file = tempfile::Builder::new().suffix("=x.json").tempfile().unwrap();
        file.write_all(br#"{"users": [{"username": "ana"}]}"#).unwrap();
        let path = file.path().display().to_string();
        let read = SeedFile::read(&path).unwrap();
        assert_eq!((read.pool, read.seed.users()), (None, 1));
        assert_eq!(
            SeedFile::read(&format!("Staff={path}")).unwrap().pool.as_deref(),
            Some("Staff")
        );
    }
}
