//! Checks which crates may depend on which, with `cargo tree`, which crates a function links, and which modules use which.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::slice::from_ref;

use loop_tests::local::cargo;
use serde_json::Value;

/// Returns the crates that `package` links, directly or indirectly.
fn links(package: &str) -> Vec<String> {
    let output = Command::new(env!("CARGO"))
        .args([
            "tree",
            "--offline",
            "--prefix",
            "none",
            "-e",
            "normal",
            "-f",
            "{lib}",
            "-p",
            package,
        ])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout)
        .unwrap()
        .lines()
        .map(|name| name.replace('_', "-"))
        .collect()
}

/// The crates that only these functions need. Create stores pictures, renders them and sends messages. Verify counts
/// answers. Enrolment writes users and sends mails.
const OWN: [(&str, &[&str]); 3] = [
    (
        "create-auth-challenge",
        &[
            "aws-sdk-dynamodb",
            "aws-sdk-s3",
            "aws-sdk-sesv2",
            "aws-sdk-sns",
            "png",
            "rand",
            "ttf-parser",
        ],
    ),
    ("verify-auth-challenge", &["aws-sdk-dynamodb"]),
    (
        "enrolment",
        &[
            "aws-sdk-cognitoidentityprovider",
            "aws-sdk-dynamodb",
            "aws-sdk-sesv2",
            "rand",
        ],
    ),
];

#[test]
fn only_create_renders_and_only_create_verify_and_enrolment_call_aws() {
    for package in [
        "create-auth-challenge",
        "define-auth-challenge",
        "verify-auth-challenge",
        "pre-token-generation",
        "enrolment",
        "cognito-challenge",
    ] {
        let own = OWN.iter().find(|(owner, _)| *owner == package);
        let own = own.map_or(&[][..], |(_, crates)| *crates);
        let linked = links(package);
        for needed in own {
            assert!(
                linked.iter().any(|linked| linked == needed),
                "{package} does not link {needed}"
            );
        }
        for linked in linked {
            let of_another = OWN.iter().any(|(_, crates)| crates.contains(&linked.as_str()));
            let aws = linked.starts_with("aws-sdk") || linked.starts_with("aws-config");
            assert!(
                own.contains(&linked.as_str()) || !(of_another || aws),
                "{package} links {linked}"
            );
            // Crates that an SDK depends on.
            let foreign = ["rustls", "ring"].contains(&linked.as_str()) || linked.starts_with("aws-smithy");
            assert!(!own.is_empty() || !foreign, "{package} links {linked}");
        }
    }
}

#[test]
fn local_never_links_a_function() {
    for linked in links("local") {
        let function =
            linked.ends_with("-auth-challenge") || ["enrolment", "pre-token-generation"].contains(&linked.as_str());
        assert!(!function, "local links {linked}");
        assert!(!linked.starts_with("aws-sdk"), "local links {linked}");
    }
}

/// The crates of this workspace that each part of `local` may use.
const PARTS_OF_LOCAL: [(&str, &[&str]); 5] = [
    ("listener", &[]),
    ("sam-template", &[]),
    ("lambda-host", &["listener"]),
    ("user-pools", &["listener"]),
    (
        "local",
        &[
            "cognito-challenge",
            "lambda-host",
            "listener",
            "sam-template",
            "user-pools",
        ],
    ),
];

#[test]
fn the_parts_of_local_depend_only_on_lower_parts() {
    let parts = PARTS_OF_LOCAL.map(|(part, _)| part);
    for (part, below) in PARTS_OF_LOCAL {
        let linked = links(part);
        let own = linked
            .iter()
            .map(String::as_str)
            .filter(|name| *name != part && (parts.contains(name) || *name == "cognito-challenge"))
            .collect::<BTreeSet<_>>();
        assert_eq!(own, below.iter().copied().collect(), "{part}");
    }
    // User pools start no process, read no template and write no file. The template reader serves no requests.
    for (part, foreign) in [
        ("user-pools", &["notify", "redb", "rustix", "saphyr-parser"][..]),
        ("lambda-host", &["aws-lc-rs", "jsonwebtoken", "redb", "saphyr-parser"]),
        ("sam-template", &["axum", "tokio"]),
    ] {
        let linked = links(part);
        let found: Vec<_> = foreign
            .iter()
            .filter(|foreign| linked.iter().any(|name| name == *foreign))
            .collect();
        assert!(found.is_empty(), "{part} links {found:?}");
    }
}

#[test]
fn no_source_file_is_in_two_programs() {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let mut folders = vec![workspace.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap();
            if path.is_dir() && !path.is_symlink() && !name.starts_with('.') && name != "target" {
                folders.push(path);
            } else if path.extension().is_some_and(|kind| kind == "rs") {
                let text = std::fs::read_to_string(&path).unwrap();
                let included = text.lines().find(|line| {
                    let other = line.trim().strip_prefix("#[path = \"");
                    other.is_some_and(|other| other.contains("../"))
                });
                assert_eq!(included, None, "{}", path.display());
            }
        }
    }
}

/// The source folders of the parts of `local`.
const SOURCES_OF_LOCAL: [&str; 5] = [
    "local/lambda-host/src",
    "local/listener/src",
    "local/sam-template/src",
    "local/src",
    "local/user-pools/src",
];

/// The path of a module in its crate.
type Module = Vec<String>;

/// Adds the modules in `folder` and their code, without comments and tests.
fn read_modules(folder: &Path, above: &[String], found: &mut BTreeMap<Module, String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        let is_root = above.is_empty() && ["lib", "main"].contains(&&*name);
        let module = if is_root {
            Module::new()
        } else {
            [above, &[name]].concat()
        };
        if module.last().is_some_and(|name| name == "tests") {
            continue;
        }
        if path.is_dir() {
            read_modules(&path, &module, found);
        } else if path.extension().is_some_and(|kind| kind == "rs") {
            let text = fs::read_to_string(&path).unwrap();
            let code = text.split("#[cfg(test)]\nmod tests {").next().unwrap();
            let lines = code.lines().filter(|line| !line.trim_start().starts_with("//"));
            found.insert(module, lines.collect::<Vec<_>>().join("\n"));
        }
    }
}

/// Returns the paths in `code`. `a::{b, c}` counts as `a::b` and `a::c`.
fn paths(code: &str) -> Vec<Vec<String>> {
    let is_path = |c: char| c.is_alphanumeric() || c == '_' || c == ':';
    let (mut found, mut rest) = (Vec::new(), code);
    while let Some(at) = rest.find("::") {
        let start = at - rest[..at].rsplit(|c| !is_path(c)).next().unwrap().len();
        let path = &rest[start..];
        let (path, after) = path.split_at(path.find(|c| !is_path(c)).unwrap_or(path.len()));
        let group = after.strip_prefix('{').and_then(|group| group.split_once('}'));
        for name in group.map_or("", |(names, _)| names).split(',') {
            let parts = path.split("::").chain([name.trim()]);
            found.push(parts.filter(|part| !part.is_empty()).map(str::to_owned).collect());
        }
        rest = after;
    }
    found
}

/// Returns the module of the item at `path` in `module`, even if a module above only imports the item.
fn owner(modules: &BTreeMap<Module, String>, module: &[String], path: &[String]) -> Module {
    let (mut owner, mut path) = (module.to_vec(), path);
    while let [part, rest @ ..] = path
        && ["crate", "super"].contains(&&**part)
    {
        owner.truncate(if part == "crate" {
            0
        } else {
            owner.len().saturating_sub(1)
        });
        path = rest;
    }
    while let [part, rest @ ..] = path
        && modules.contains_key(&[&owner[..], from_ref(part)].concat())
    {
        owner.push(part.clone());
        path = rest;
    }
    let imported = path.first().and_then(|item| {
        let is_import =
            |path: &Vec<String>| path.last() == Some(item) && modules.contains_key(&[&owner[..], &path[..1]].concat());
        paths(&modules[&owner]).into_iter().find(is_import)
    });
    imported.map_or_else(|| owner.clone(), |path| self::owner(modules, &owner, &path))
}

/// Returns the two modules in one folder that `from` and `to` are or are in.
fn siblings(from: &[String], to: &[String]) -> Option<(String, String)> {
    let common = from.iter().zip(to).take_while(|(from, to)| from == to).count();
    let sibling = |module: &[String]| module.get(..=common).map(|path| path.join("::"));
    Some((sibling(from)?, sibling(to)?))
}

#[test]
fn sibling_modules_of_local_use_each_other_in_one_direction() {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    for folder in SOURCES_OF_LOCAL {
        let mut modules = BTreeMap::new();
        read_modules(&workspace.join(folder), &[], &mut modules);
        let mut uses = BTreeSet::new();
        for (module, code) in &modules {
            let outside = paths(code)
                .into_iter()
                .filter(|path| path.first().is_some_and(|part| ["crate", "super"].contains(&&**part)));
            uses.extend(outside.filter_map(|path| siblings(module, &owner(&modules, module, &path))));
        }
        assert!(modules.len() == 2 || !uses.is_empty(), "{folder} has no imports");
        // A module that uses no other, or that no other uses, is in no circle.
        let mut before = 0;
        while uses.len() != before {
            before = uses.len();
            let (users, used): (BTreeSet<_>, BTreeSet<_>) = uses.iter().cloned().unzip();
            uses.retain(|(user, other)| used.contains(user) && users.contains(other));
        }
        assert!(uses.is_empty(), "{folder}: {uses:#?}");
    }
}

#[test]
fn the_shared_crate_does_no_io_and_only_functions_link_lambda_runtime() {
    for package in ["cognito-challenge", "admin", "local"] {
        let linked = links(package);
        assert!(
            !linked.contains(&"lambda-runtime".into()),
            "{package} links lambda_runtime"
        );
        assert!(
            !linked.contains(&"cognito-challenge-runtime".into()),
            "{package} links the runtime"
        );
    }
    for io in ["tokio", "hyper", "tracing-subscriber"] {
        assert!(!links("cognito-challenge").contains(&io.into()), "{io}");
    }
}

/// Returns whether the built program `path` has a symbol of the crate `krate`.
fn has_symbols(path: &Path, krate: &str) -> bool {
    let program = std::fs::read(path).unwrap();
    // In a mangled name, the length of each part precedes it.
    let mangled = format!("{}{krate}", krate.len()).into_bytes();
    program.windows(mangled.len()).any(|window| window == mangled)
}

#[test]
fn a_function_links_only_the_types_in_its_list() {
    let built = cargo()
        .args([
            "build",
            "--quiet",
            "--package",
            "create-auth-challenge",
            "--example",
            "proof-of-work-only",
        ])
        .args(["--bin", "create-auth-challenge", "--message-format", "json"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
    let executable = |name: &str| {
        let messages = String::from_utf8(built.stdout.clone()).unwrap();
        let mut messages = messages
            .lines()
            .map(|line| serde_json::from_str::<Value>(line).unwrap());
        let built = messages.find(|message| message["target"]["name"] == name && message["executable"].is_string());
        PathBuf::from(built.unwrap()["executable"].as_str().unwrap())
    };
    let (one, all) = (executable("proof-of-work-only"), executable("create-auth-challenge"));
    for krate in [
        "aws_sdk_s3",
        "aws_sdk_sesv2",
        "aws_smithy_runtime",
        "rustls",
        "png",
        "ttf_parser",
    ] {
        assert!(
            has_symbols(&all, krate),
            "the test does not find {krate} in a function that links it"
        );
        assert!(
            !has_symbols(&one, krate),
            "a create with PROOF_OF_WORK alone links {krate}"
        );
    }
    assert!(has_symbols(&one, "pbkdf2"));
}

#[test]
fn functions_are_built_so_that_a_panic_can_be_caught() {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    for manifest in [
        "Cargo.toml",
        "examples/own-challenge/Cargo.toml",
        "examples/template/Cargo{{empty}}.toml",
    ] {
        let text = fs::read_to_string(workspace.join(manifest)).unwrap();
        let (_, profile) = text.split_once("\n[profile.release]\n").unwrap();
        let profile = profile.split_once("\n[").map_or(profile, |(profile, _)| profile);
        assert!(
            profile.lines().any(|line| line == r#"panic = "unwind""#),
            "{manifest}: without `panic`, cargo-lambda sets \"abort\""
        );
    }
}
