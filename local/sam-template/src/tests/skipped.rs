//! Resources that do not run, and templates that are hard to read on purpose.

use super::{deployment, message, parse};
use crate::Template;

const POOL: &str = "Conditions:
  Never: !Equals [a, b]
Resources:
  Topic:
    Type: AWS::SNS::Topic
  Pool:
    Type: AWS::Cognito::UserPool
  Spare:
    Type: AWS::Cognito::UserPool
    Condition: Never
  Report:
    Type: AWS::Lambda::Function
    Properties: {Runtime: java21, Handler: a.B}
";

#[test]
fn each_resource_that_does_not_run_is_named_with_its_reason() {
    let skipped = parse(POOL).skipped;
    let lines: Vec<String> = skipped.iter().map(ToString::to_string).collect();
    assert_eq!(
        lines,
        [
            "line 4: Topic (AWS::SNS::Topic) is skipped: a sign-in does not need it",
            "line 8: Spare (AWS::Cognito::UserPool) is skipped: its condition is false",
            "line 11: Report (AWS::Lambda::Function) is skipped: no trigger or route calls it",
        ]
    );
}

#[test]
fn aliases_in_aliases_are_not_followed() {
    let levels = (1..40).map(|level| (level, level - 1));
    let levels = levels.map(|(level, below)| format!("B{level}: &a{level} [*a{below}, *a{below}]"));
    let bomb = ["A: &a0 [x, x]".to_owned()].into_iter().chain(levels);
    let bomb = bomb.collect::<Vec<_>>().join("\n");
    let expected = "template.yaml:2: is not YAML: aliases (`*name`) are not supported: repeat the value";
    assert_eq!(message(&bomb), expected);
}

#[test]
fn nesting_without_end_is_refused() {
    let deep = |levels: usize| format!("Resources: {}{}\n", "[".repeat(levels), "]".repeat(levels));
    assert_eq!(
        message(&deep(70)),
        "template.yaml:1: is not YAML: nested deeper than 64 levels"
    );
    let error = message(&deep(100_000));
    assert!(error.starts_with("template.yaml:1: is not YAML: "), "{error}");
}

#[test]
fn a_template_that_is_too_large_is_refused_and_one_that_is_not_is_read() {
    let resources = |count: usize| {
        let topics = (0..count).map(|index| format!("  Topic{index}:\n    Type: AWS::SNS::Topic\n"));
        format!("Resources:\n{}", topics.collect::<Vec<_>>().concat())
    };
    let folder = std::env::temp_dir().join(format!("sam-template-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let path = folder.join("template.yaml");
    let read = |count: usize| {
        std::fs::write(&path, resources(count)).unwrap();
        Template::read(&path, &deployment())
    };
    assert_eq!(read(20_000).unwrap().skipped.len(), 20_000);
    let error = read(140_000).unwrap_err().to_string();
    std::fs::remove_dir_all(&folder).unwrap();
    assert!(
        error.ends_with(": has 5628901 bytes: CloudFormation accepts at most 1048576"),
        "{error}"
    );
}
