//! Functions in the form of a release or of the CDK: a zip for each function, unpacked for one run.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};
use tempfile::TempDir;
use zip::ZipArchive;

/// The file with the checksums, beside the zips.
const SUMS: &str = "SHA256SUMS";

/// The program in a zip, which Lambda starts.
const PROGRAM: &str = "bootstrap";

/// The reason why a zip cannot be run.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum ZipError {
    #[error("`{0}` does not match its checksum in `{SUMS}`: it was altered, or copied incompletely")]
    Altered(PathBuf),
    #[error("`{0}` cannot be unpacked: {1}")]
    Unreadable(PathBuf, io::Error),
}

/// The unpacked programs. They are deleted on drop.
#[derive(Debug, Default)]
pub(crate) struct Zips(Option<TempDir>);

/// Returns the name of the zip of the function `binary` for this machine's processor.
pub(crate) fn zip_name(binary: &str) -> String {
    let processor = match std::env::consts::ARCH {
        "aarch64" => "arm64",
        other => other,
    };
    format!("{binary}-{processor}.zip")
}

impl Zips {
    /// Returns the program of the function `binary`, if `folder` has a zip of it.
    ///
    /// # Errors
    ///
    /// Returns an error if the zip does not match its checksum in `folder`, or contains no program.
    pub(crate) fn unpack(&mut self, binary: &str, folder: &Path) -> Result<Option<PathBuf>, ZipError> {
        let path = folder.join(zip_name(binary));
        if !path.is_file() {
            return Ok(None);
        }
        check(&path, &folder.join(SUMS))?;
        self.program(binary, &path).map(Some)
    }

    /// Returns the program in the zip at `path`, for the function `name`.
    ///
    /// # Errors
    ///
    /// Returns an error if the zip has no program.
    pub(crate) fn program(&mut self, name: &str, path: &Path) -> Result<PathBuf, ZipError> {
        let unreadable = |error| ZipError::Unreadable(path.to_owned(), error);
        let temporary = match self.0.take() {
            Some(temporary) => temporary,
            None => TempDir::new().map_err(unreadable)?,
        };
        let program = temporary.path().join(name).join(PROGRAM);
        self.0 = Some(temporary);
        extract(path, &program).map_err(unreadable)?;
        Ok(program)
    }
}

/// Compares the file at `path` with its checksum, if there is one.
fn check(path: &Path, sums: &Path) -> Result<(), ZipError> {
    let unreadable = |error| ZipError::Unreadable(path.to_owned(), error);
    let sums = match fs::read_to_string(sums) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        sums => sums.map_err(unreadable)?,
    };
    let digest = Sha256::digest(fs::read(path).map_err(unreadable)?);
    let digest = cognito_challenge::hex::encode(&digest);
    let name = path.file_name().unwrap_or_default();
    let said = sums.lines().filter_map(|line| line.split_once("  "));
    let mut said = said.filter(|(_, of)| name == *of);
    match said.next() {
        Some((sum, _)) if sum == digest => Ok(()),
        _ => Err(ZipError::Altered(path.to_owned())),
    }
}

/// Writes the program in the zip at `path` to `program`.
fn extract(path: &Path, program: &Path) -> io::Result<()> {
    let mut archive = ZipArchive::new(File::open(path)?)?;
    let mut entry = archive.by_name(PROGRAM)?;
    if let Some(folder) = program.parent() {
        fs::create_dir_all(folder)?;
    }
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o700)
        .open(program)?;
    io::copy(&mut entry, &mut file).map(|_| ())
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::os::unix::fs::PermissionsExt;

    use zip::ZipWriter;
    use zip::write::SimpleFileOptions;

    use super::*;

    /// Returns a folder with a zip of `define` that has `entry`, and its checksum.
    fn folder(entry: &str) -> TempDir {
        let folder = TempDir::new().unwrap();
        let path = folder.path().join(zip_name("define"));
        let mut zip = ZipWriter::new(File::create(&path).unwrap());
        zip.start_file(entry, SimpleFileOptions::default()).unwrap();
        zip.write_all(b"a program").unwrap();
        zip.finish().unwrap();
        let sum = cognito_challenge::hex::encode(&Sha256::digest(fs::read(path).unwrap()));
        let sums = format!("{sum}  {}\n", zip_name("define"));
        fs::write(folder.path().join(SUMS), sums).unwrap();
        folder
    }

    #[test]
    fn a_zip_is_unpacked_as_a_program_and_removed_with_its_owner() {
        let folder = folder(PROGRAM);
        let mut zips = Zips::default();
        assert_eq!(zips.unpack("create", folder.path()).unwrap(), None);
        let program = zips.unpack("define", folder.path()).unwrap().unwrap();
        assert_eq!(fs::read(&program).unwrap(), b"a program");
        let mode = fs::metadata(&program).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o700);
        drop(zips);
        assert!(!program.exists());
    }

    #[test]
    fn a_zip_with_a_changed_byte_is_rejected() {
        let folder = folder(PROGRAM);
        let path = folder.path().join(zip_name("define"));
        let whole = fs::read(&path).unwrap();
        for index in 0..whole.len() {
            let mut altered = whole.clone();
            altered[index] ^= 1;
            fs::write(&path, altered).unwrap();
            let error = Zips::default().unpack("define", folder.path()).unwrap_err();
            assert!(
                error.to_string().ends_with("it was altered, or copied incompletely"),
                "{error}"
            );
        }
        fs::write(&path, &whole).unwrap();
        assert!(Zips::default().unpack("define", folder.path()).is_ok());
        fs::write(folder.path().join(SUMS), "").unwrap();
        assert!(Zips::default().unpack("define", folder.path()).is_err());
        fs::remove_file(folder.path().join(SUMS)).unwrap();
        assert!(Zips::default().unpack("define", folder.path()).is_ok());
    }

    #[test]
    fn a_zip_without_the_program_is_an_error_that_names_it() {
        let folder = folder("something");
        let error = Zips::default().unpack("define", folder.path()).unwrap_err();
        assert!(error.to_string().contains("cannot be unpacked"), "{error}");
    }
}
