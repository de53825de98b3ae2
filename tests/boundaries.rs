//! Who may depend on what, read from `cargo tree`.

use std::process::Command;

/// The crates that `package` links in the end.
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

#[test]
fn only_create_talks_to_aws_draws_and_draws_lots() {
    for package in [
        "define-auth-challenge",
        "verify-auth-challenge",
        "pre-token-generation",
        "shared",
    ] {
        for linked in links(package) {
            let foreign = ["png", "ttf-parser", "rand", "rustls", "ring"].contains(&linked.as_str())
                || linked.starts_with("aws-sdk")
                || linked.starts_with("aws-smithy");
            assert!(!foreign, "{package} links {linked}");
        }
    }
}

#[test]
fn local_never_links_a_function() {
    for linked in links("local") {
        let function = linked.ends_with("-auth-challenge") || linked == "pre-token-generation";
        assert!(!function, "local links {linked}");
        assert!(!linked.starts_with("aws-sdk"), "local links {linked}");
    }
}
