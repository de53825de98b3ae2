//! Checks the documentation against the installed clients and the code of the example.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::Value;

fn workspace(file: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().join(file);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Returns the packages and versions of the installed clients.
fn installed() -> BTreeMap<String, String> {
    let node: Value = serde_json::from_str(&workspace("tests/clients/package.json")).unwrap();
    let node = node["dependencies"].as_object().unwrap().clone();
    let node = node
        .into_iter()
        .map(|(name, version)| (name, version.as_str().unwrap().to_owned()));
    let python =
        ["requirements.txt", "requirements-warrant.txt"].map(|file| workspace(&format!("tests/clients/{file}")));
    let python = python
        .iter()
        .flat_map(|text| text.lines())
        .filter_map(|line| line.split_once("=="));
    let python = python.map(|(name, version)| (name.to_owned(), version.to_owned()));
    let lock = workspace("Cargo.lock");
    let rust = lock.split("[[package]]").filter_map(|package| {
        let value = |key: &str| {
            Some(
                package
                    .split_once(&format!("{key} = \""))?
                    .1
                    .split_once('"')?
                    .0
                    .to_owned(),
            )
        };
        Some((value("name")?, value("version")?))
    });
    let rust = rust.filter(|(name, _)| name == "aws-sdk-cognitoidentityprovider");
    node.chain(python).chain(rust).collect()
}

#[test]
fn the_documentation_has_the_versions_of_the_tested_clients() {
    /// Packages that the clients need and that are not clients.
    const TOOLS: [&str; 8] = [
        "@cap.js/server",
        "@cap.js/wasm",
        "@cap.js/widget",
        "axe-core",
        "esbuild",
        "pillow",
        "playwright-core",
        "python-jose",
    ];
    let named: BTreeMap<String, String> = workspace("docs/clients.md")
        .lines()
        .filter_map(|line| {
            let [_, _, version, _, _] = line.split('|').collect::<Vec<_>>().try_into().ok()?;
            let (package, version) = version.trim().strip_prefix('`')?.split_once("` ")?;
            Some((package.to_owned(), version.to_owned()))
        })
        .filter(|(_, version)| version.starts_with(|first: char| first.is_ascii_digit()))
        .collect();
    let mut tested = installed();
    tested.retain(|name, _| !TOOLS.contains(&name.as_str()));
    assert_eq!(named, tested);
}

#[test]
fn the_tutorial_of_the_example_shows_its_current_code() {
    let folder = "examples/own-challenge";
    let code: String = [
        "src/lib.rs",
        "src/pager_code.rs",
        "src/pager_code/issuer.rs",
        "src/pager_code/service.rs",
        "src/pager_code/verifier.rs",
        "src/bin/create.rs",
        "src/bin/define.rs",
        "src/bin/pre-token.rs",
        "src/bin/verify.rs",
        "tests/pager_code.rs",
    ]
    .map(|file| workspace(&format!("{folder}/{file}")))
    .concat();
    let readme = workspace(&format!("{folder}/README.md"));
    let blocks: Vec<_> = readme
        .split("```rust\n")
        .skip(1)
        .map(|rest| rest.split("```").next().unwrap())
        .collect();
    assert!(blocks.len() > 3);
    for line in blocks.iter().flat_map(|block| block.lines()).map(str::trim) {
        assert!(code.contains(line), "the code has no line `{line}`");
    }
}
