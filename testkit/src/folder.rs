//! Reads folders of fixtures: `CASE.event.json` and `CASE.response.json`, or `CASE.json` for a sign-in.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use serde::de::DeserializeOwned;
use serde_json::Value;

/// Returns the cases in a folder: the names of its files without their suffix, in order.
///
/// # Panics
///
/// Panics if the folder is empty, or if a file has none of `suffixes`.
pub fn cases(folder: &Path, suffixes: &[&str]) -> BTreeSet<String> {
    let entries = fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let cases: BTreeSet<String> = entries
        .map(|entry| {
            let name = entry.unwrap().file_name().into_string().unwrap();
            let case = suffixes.iter().find_map(|suffix| name.strip_suffix(suffix));
            case.unwrap_or_else(|| panic!("{name}: a fixture ends with one of {suffixes:?}"))
                .to_owned()
        })
        .collect();
    assert!(!cases.is_empty(), "{}: no fixtures", folder.display());
    cases
}

/// Reads a JSON file.
///
/// # Panics
///
/// Panics if the file does not exist or is not a `T`.
pub fn read<T: DeserializeOwned>(path: &Path) -> T {
    let text = fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Writes a JSON file.
///
/// # Panics
///
/// Panics if the file cannot be written.
pub fn write(path: &Path, value: &Value) {
    let text = serde_json::to_string_pretty(value).unwrap() + "\n";
    fs::write(path, text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
}
