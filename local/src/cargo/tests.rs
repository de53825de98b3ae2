//! Real workspaces. Their packages have no dependencies.

use std::fs;

use tempfile::TempDir;

use super::*;

/// Prints its name.
const MAIN: &str = "fn main() { print!(env!(\"CARGO_BIN_NAME\")) }";

/// Creates a folder with these files and this content.
fn tree(files: &[(&str, &str)]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (path, content) in files {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }
    folder
}

fn package(name: &str) -> String {
    format!("[package]\nname = \"{name}\"\nedition = \"2024\"\n")
}

/// Returns this system, with cargo's default target folder.
fn system() -> System {
    let mut system = System::this().unwrap();
    system.environment.remove("CARGO_TARGET_DIR");
    system
}

async fn builds(root: &Path, wanted: &[(&str, &str)]) -> Result<Vec<Build>, BuildError> {
    let folders: Vec<_> = wanted.iter().map(|(folder, _)| root.join(folder)).collect();
    let wanted: Vec<_> = folders
        .iter()
        .zip(wanted)
        .map(|(folder, (_, binary))| Wanted { binary, folder })
        .collect();
    Build::of(&wanted, &system()).await
}

async fn said(builds: &[Build]) -> BTreeMap<String, String> {
    let mut said = BTreeMap::new();
    for build in builds {
        for (binary, path) in build.run().await.unwrap() {
            let output = Command::new(path).output().await.unwrap();
            said.insert(binary, String::from_utf8(output.stdout).unwrap());
        }
    }
    said
}

#[tokio::test]
async fn binaries_of_one_package_in_a_workspace_without_a_lock_file_are_built() {
    let root = tree(&[
        ("Cargo.toml", &package("own-challenge")),
        ("src/bin/define.rs", MAIN),
        ("src/bin/create.rs", MAIN),
        ("src/bin/broken.rs", "fn main() { not rust }"),
    ]);
    let builds = builds(root.path(), &[("", "define"), ("", "create"), ("", "define")])
        .await
        .unwrap();
    assert_eq!(builds.len(), 1);
    let expected = ["create", "define"].map(|name| (name.to_owned(), name.to_owned()));
    assert_eq!(said(&builds).await, BTreeMap::from(expected));
    assert!(root.path().join("target/CACHEDIR.TAG").exists());
}

#[tokio::test]
async fn each_workspace_is_built_and_a_member_behind_a_root_package_is_found() {
    let workspace = "[workspace]\nmembers = [\"define\"]\n".to_owned() + &package("root");
    let root = tree(&[
        ("one/Cargo.toml", &workspace),
        ("one/src/lib.rs", ""),
        ("one/define/Cargo.toml", &package("any-name")),
        ("one/define/src/bin/define.rs", MAIN),
        ("two/Cargo.toml", &package("create")),
        ("two/src/main.rs", MAIN),
    ]);
    let builds = builds(root.path(), &[("one/define", "define"), ("two", "create")])
        .await
        .unwrap();
    assert_eq!(builds.len(), 2);
    let expected = ["create", "define"].map(|name| (name.to_owned(), name.to_owned()));
    assert_eq!(said(&builds).await, BTreeMap::from(expected));
}

#[tokio::test]
async fn a_missing_binary_says_which_there_are() {
    let root = tree(&[
        ("Cargo.toml", "[workspace]\nmembers = [\"*\"]\nresolver = \"3\"\n"),
        ("one/Cargo.toml", &package("one")),
        ("one/src/bin/define.rs", MAIN),
        ("one/src/bin/create.rs", MAIN),
        ("two/Cargo.toml", &package("two")),
        ("two/src/lib.rs", ""),
    ]);
    let folder = root.path().canonicalize().unwrap();
    let error = async |place: &str, binary| builds(root.path(), &[(place, binary)]).await.unwrap_err().to_string();
    for (place, known) in [("", "create, define"), ("one", "create, define"), ("two", "none")] {
        assert_eq!(
            error(place, "verify").await,
            format!(
                "`{}` has no binary `verify` (its binaries: {known}): name one of these in \
                 `Metadata.BuildProperties.Binary`, or add `src/bin/verify.rs`",
                folder.join(place).join("Cargo.toml").display()
            )
        );
    }
    // SAM builds in the folder that the template names, and searches no other.
    assert!(error("two", "define").await.contains("has no binary `define`"));
}

#[tokio::test]
async fn one_name_for_two_binaries_is_an_error() {
    let root = tree(&[
        ("one/Cargo.toml", &package("one")),
        ("one/src/bin/main.rs", MAIN),
        ("two/Cargo.toml", &package("two")),
        ("two/src/bin/main.rs", MAIN),
    ]);
    let error = builds(root.path(), &[("one", "main"), ("two", "main")])
        .await
        .unwrap_err();
    assert!(matches!(error, BuildError::Ambiguous { .. }), "{error}");
}

#[tokio::test]
async fn only_the_workspace_of_local_is_built_as_local_was() {
    let system = System::this().unwrap();
    let own = Path::new(env!("CARGO_MANIFEST_DIR"));
    let wanted = Wanted {
        binary: "cognito-loop",
        folder: own,
    };
    let builds = Build::of(&[wanted], &system).await.unwrap();
    let [build] = builds.as_slice() else { panic!() };
    let target = OwnBuild::of(&system.program).unwrap();
    assert!(system.program.starts_with(target.folder.join(&target.profile)));
    assert_eq!(
        (build.target(), &build.own),
        (target.folder.as_path(), &Some(target.clone()))
    );

    let elsewhere = System {
        program: PathBuf::from("/usr/bin/cognito-loop"),
        ..system
    };
    let builds = Build::of(&[wanted], &elsewhere).await.unwrap();
    assert_eq!(builds.first().unwrap().own, None);

    let root = tree(&[("Cargo.toml", &package("define")), ("src/main.rs", MAIN)]);
    let builds = super::tests::builds(root.path(), &[("", "define")]).await.unwrap();
    assert_eq!(builds.first().unwrap().own, None);
    assert_eq!(
        builds.first().unwrap().target(),
        root.path().canonicalize().unwrap().join("target")
    );
}

#[tokio::test]
async fn a_target_folder_that_cargo_did_not_make_is_recognised() {
    let root = tree(&[
        ("Cargo.toml", &package("define")),
        ("src/main.rs", MAIN),
        ("target/kept", ""),
    ]);
    let builds = builds(root.path(), &[("", "define")]).await.unwrap();
    let programs = builds.first().unwrap().run().await.unwrap();
    let folder = root.path().canonicalize().unwrap().join("target");
    assert!(
        !folder.join("CACHEDIR.TAG").exists(),
        "cargo tags the folders that it makes"
    );
    let expected = OwnBuild {
        folder,
        profile: "debug".to_owned(),
    };
    assert_eq!(OwnBuild::of(programs.get("define").unwrap()), Some(expected));
}

#[tokio::test]
async fn the_users_target_folder_is_used_for_another_workspace() {
    let root = tree(&[("Cargo.toml", &package("define")), ("src/main.rs", MAIN)]);
    let target = tempfile::tempdir().unwrap();
    let mut system = system();
    let folder = target.path().to_str().unwrap().to_owned();
    system.environment.insert("CARGO_TARGET_DIR".to_owned(), folder);
    let wanted = Wanted {
        binary: "define",
        folder: root.path(),
    };
    let builds = Build::of(&[wanted], &system).await.unwrap();
    let built = builds.first().unwrap().run().await.unwrap();
    assert!(built["define"].starts_with(target.path()), "{built:?}");
}

#[test]
fn another_repository_chooses_its_own_toolchain() {
    let environment = ["CARGO", "RUSTUP_TOOLCHAIN", "CARGO_PKG_NAME", "CARGO_HOME"];
    let environment = environment.map(|name| (name.to_owned(), "/own/cargo".to_owned()));
    let environment = BTreeMap::from(environment);
    let names = |command: &Command| -> Vec<String> {
        let variables = command.as_std().get_envs();
        variables.map(|(name, _)| name.to_str().unwrap().to_owned()).collect()
    };
    let there = cargo(Path::new("/"), &environment, true);
    assert_eq!(
        (there.as_std().get_program(), names(&there)),
        ("cargo".as_ref(), vec!["CARGO_HOME".to_owned()])
    );
    let here = cargo(Path::new("/"), &environment, false);
    assert_eq!(here.as_std().get_program(), "/own/cargo");
    assert_eq!(names(&here), ["CARGO", "CARGO_HOME", "RUSTUP_TOOLCHAIN"]);
}

#[test]
fn binaries_are_those_that_cargo_names() {
    let messages = br#"{"reason":"compiler-artifact","target":{"name":"shared","kind":["lib"]},"executable":null}
not json
{"reason":"compiler-artifact","target":{"name":"define","kind":["bin"]},"executable":"/t/debug/define"}
{"reason":"build-finished","success":true}
"#;
    assert_eq!(
        binaries(messages),
        BTreeMap::from([("define".into(), PathBuf::from("/t/debug/define"))])
    );
}
