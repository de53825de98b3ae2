//! Real builds of a package without dependencies.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use lambda_host::{Output, Spec};
use tempfile::TempDir;
use tokio::time::{sleep, timeout};

use super::*;
use crate::cargo::Wanted;
use crate::console::tests::{Paper, console, text};
use crate::system::System;

/// The source of the package.
const SOURCE: &str = include_str!("tests/function.rs");

const MANIFEST: &str = "[package]\nname = \"tiny\"\nedition = \"2024\"\n";

/// A workspace with one function, which is built and watched.
struct World {
    workspace: TempDir,
    functions: Functions,
    console: Console,
    paper: Paper,
}

impl World {
    async fn start() -> (Self, Watch) {
        let workspace = tempfile::tempdir().unwrap();
        let folder = workspace.path();
        fs::create_dir(folder.join("src")).unwrap();
        fs::write(folder.join("Cargo.toml"), MANIFEST).unwrap();
        write(folder, SOURCE);
        let wanted = Wanted { binary: "tiny", folder };
        let mut system = System::this().unwrap();
        // Other tests may build a package with this name.
        system.environment.remove("CARGO_TARGET_DIR");
        let builds = Build::of(&[wanted], &system).await.unwrap();
        let (watch, mut built) = Watch::start(builds, BTreeMap::new()).await.unwrap();
        let binary = built.remove("tiny").unwrap();
        let spec = Spec {
            logical_id: "TinyFunction".to_owned(),
            binary: "tiny".to_owned(),
            program: Program::Binary(binary),
            environment: BTreeMap::new(),
            timeout: Duration::from_secs(20),
            warm: true,
        };
        let nowhere: Output = Arc::new(|_, _| {});
        let (console, paper) = console(false);
        let world = Self {
            functions: Functions::new(vec![spec], "us-east-1", &nowhere),
            workspace,
            console,
            paper,
        };
        (world, watch)
    }

    /// Writes `text` as the function's source.
    fn write(&self, text: &str) {
        write(self.workspace.path(), text);
    }

    /// Waits until the terminal has shown `wanted`, `times` in all.
    async fn told(&self, wanted: &str, times: usize) {
        while text(&self.paper).matches(wanted).count() < times {
            sleep(Duration::from_millis(5)).await;
        }
    }

    /// Returns the response of the function.
    async fn version(&self) -> String {
        let answer = self.functions.run("TinyFunction", "{}".into()).await.unwrap().unwrap();
        String::from_utf8(answer.to_vec()).unwrap()
    }
}

fn write(workspace: &Path, source: &str) {
    fs::write(workspace.join("src/main.rs"), source).unwrap();
}

fn of_version(version: u32) -> String {
    SOURCE.replace("VERSION: u32 = 1", &format!("VERSION: u32 = {version}"))
}

#[tokio::test]
async fn a_changed_source_is_built_and_answers_the_next_call_and_one_that_does_not_compile_is_not() {
    let (world, watch) = World::start().await;
    let story = async {
        assert_eq!(world.version().await, "1");
        world.write(&of_version(2));
        world.told("tiny is new", 1).await;
        assert_eq!(world.version().await, "2");
        world.write("fn main() { no rust }");
        world.told("the functions stay as they are", 1).await;
        assert_eq!(world.version().await, "2");
        // A function that ends at once, like one that cannot read its environment.
        world.write("fn main() {}");
        world.told("calls go to the one before", 1).await;
        assert_eq!(world.version().await, "2");
        world.write(&of_version(3));
        world.told("tiny is new", 2).await;
        assert_eq!(world.version().await, "3");
    };
    tell(&world, watch, story).await;
}

#[tokio::test]
async fn a_package_that_is_needed_later_is_watched_from_then_on() {
    let (world, watch) = World::start().await;
    let needed = tempfile::tempdir().unwrap();
    let manifest = MANIFEST.replace("tiny", "needed");
    fs::write(needed.path().join("Cargo.toml"), manifest).unwrap();
    fs::create_dir(needed.path().join("src")).unwrap();
    let constant = |version| format!("pub const VERSION: u32 = {version};");
    let library = needed.path().join("src/lib.rs");
    let story = async {
        fs::write(&library, constant(4)).unwrap();
        world.write(&SOURCE.replace("const VERSION: u32 = 1", "use needed::VERSION"));
        let dependency = format!("[dependencies]\nneeded.path = {:?}\n", needed.path());
        let workspace = world.workspace.path();
        fs::write(workspace.join("Cargo.toml"), format!("{MANIFEST}{dependency}")).unwrap();
        world.told("tiny is new", 1).await;
        assert_eq!(world.version().await, "4");
        // The first of these builds may have another cause: cargo has written the lock file.
        for (version, times) in [(5, 2), (6, 3), (7, 4)] {
            fs::write(&library, constant(version)).unwrap();
            world.told("tiny is new", times).await;
            assert_eq!(world.version().await, version.to_string());
        }
    };
    tell(&world, watch, story).await;
}

/// Watches during `story`.
async fn tell(world: &World, watch: Watch, story: impl Future<Output = ()>) {
    let all = async {
        tokio::select! {
            never = watch.run(&world.functions, &world.console) => match never {},
            () = story => {},
        }
    };
    let in_time = timeout(Duration::from_mins(1), all).await;
    assert!(in_time.is_ok(), "the terminal was told: {}", text(&world.paper));
}
