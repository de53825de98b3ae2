//! Finds the template: the one that is named, or the one in a folder.

use std::fs;
use std::path::{Path, PathBuf};

use crate::system::System;

/// The names of a template in its folder.
const NAMES: [&str; 3] = ["template.yaml", "template.yml", "template.json"];
/// The output folder of the CDK.
const CDK: &str = "cdk.out";
/// The suffix of templates of the CDK.
const CDK_TEMPLATE: &str = ".template.json";

/// The reason why no template was found.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum TemplateFileError {
    #[error(
        "no template.yaml, template.yml, template.json or cdk.out in this folder or its workspace: give one with \
         `--template`"
    )]
    Missing,
    #[error("the folder `{0}` has no template with a user pool: name a file with `--template`")]
    NoPool(PathBuf),
    #[error(
        "the folder `{folder}` has several templates with a user pool: name one of them with `--template`: {found}"
    )]
    Several { folder: PathBuf, found: String },
}

/// Returns the template at `given`, a file or a folder. The default is the one of the current folder or of its
/// workspace.
pub(crate) fn template_file(given: Option<&Path>, system: &System) -> Result<PathBuf, TemplateFileError> {
    match given {
        Some(folder) if folder.is_dir() => in_folder(folder),
        Some(file) => Ok(file.to_owned()),
        None => {
            for folder in std::iter::once(system.folder.clone()).chain(system.workspace()) {
                if let Some(file) = named(&folder) {
                    return Ok(file);
                }
                let synthesised = folder.join(CDK);
                if synthesised.is_dir() {
                    return in_folder(&synthesised);
                }
            }
            Err(TemplateFileError::Missing)
        }
    }
}

fn named(folder: &Path) -> Option<PathBuf> {
    NAMES
        .map(|name| folder.join(name))
        .into_iter()
        .find(|path| path.is_file())
}

/// Returns the template of a folder. In the output of the CDK, it is that of the stack with the user pool.
fn in_folder(folder: &Path) -> Result<PathBuf, TemplateFileError> {
    if let Some(file) = named(folder) {
        return Ok(file);
    }
    let entries = folder.read_dir().into_iter().flatten().filter_map(Result::ok);
    let mut found: Vec<PathBuf> = entries
        .map(|entry| entry.path())
        .filter(|path| path.to_string_lossy().ends_with(CDK_TEMPLATE))
        .filter(|path| fs::read_to_string(path).is_ok_and(|text| text.contains("\"AWS::Cognito::UserPool\"")))
        .collect();
    found.sort();
    match found.as_slice() {
        [] => Err(TemplateFileError::NoPool(folder.to_owned())),
        [one] => Ok(one.clone()),
        several => {
            let found: Vec<_> = several.iter().map(|path| path.display().to_string()).collect();
            Err(TemplateFileError::Several {
                folder: folder.to_owned(),
                found: found.join(", "),
            })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_synthesised_app_the_stack_with_the_pool_is_run() {
        let folder = tempfile::tempdir().unwrap();
        let pool = r#"{"Resources": {"P": {"Type": "AWS::Cognito::UserPool"}}}"#;
        let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
        write("Storage.template.json", "{}");
        write("SignIn.assets.json", pool);
        let error = in_folder(folder.path()).unwrap_err().to_string();
        assert!(error.contains("has no template with a user pool"), "{error}");
        write("SignIn.template.json", pool);
        assert!(in_folder(folder.path()).unwrap().ends_with("SignIn.template.json"));
        write("Other.template.json", pool);
        let error = in_folder(folder.path()).unwrap_err().to_string();
        assert!(
            error.contains("Other.template.json") && error.contains("SignIn.template.json"),
            "{error}"
        );
        write("template.yaml", "");
        assert!(in_folder(folder.path()).unwrap().ends_with("template.yaml"));
    }
}
