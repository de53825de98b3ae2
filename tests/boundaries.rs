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

/// What only `package` needs of all functions: create stores pictures and draws, verify counts answers.
const OWN: [(&str, &[&str]); 2] = [
    ("create-auth-challenge", &["aws-sdk-s3", "png", "rand", "ttf-parser"]),
    ("verify-auth-challenge", &["aws-sdk-dynamodb"]),
];

#[test]
fn only_create_draws_and_draws_lots_and_only_create_and_verify_talk_to_aws() {
    for package in [
        "create-auth-challenge",
        "define-auth-challenge",
        "verify-auth-challenge",
        "pre-token-generation",
        "shared",
    ] {
        let own = OWN.iter().find(|(owner, _)| *owner == package);
        let own = own.map_or(&[][..], |(_, crates)| *crates);
        let linked = links(package);
        for needed in own {
            assert!(
                linked.iter().any(|linked| linked == needed),
                "{package} does without {needed}"
            );
        }
        for linked in linked {
            let of_another = OWN.iter().any(|(_, crates)| crates.contains(&linked.as_str()));
            let aws = linked.starts_with("aws-sdk") || linked.starts_with("aws-config");
            assert!(
                own.contains(&linked.as_str()) || !(of_another || aws),
                "{package} links {linked}"
            );
            // What an SDK brings along.
            let foreign = ["rustls", "ring"].contains(&linked.as_str()) || linked.starts_with("aws-smithy");
            assert!(!own.is_empty() || !foreign, "{package} links {linked}");
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
