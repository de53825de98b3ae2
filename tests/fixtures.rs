//! Runs the fixtures of the functions with the standard challenge types: events, and scripted sign-ins.

use cognito_challenge_testkit::fixtures::{run, walk};
use loop_tests::functions::{DEFAULT_FLOW, fixtures, people, with_flow};
use loop_tests::script::right_answer;

#[test]
fn the_functions_match_their_fixtures_and_scripts() {
    run(&fixtures(""), DEFAULT_FLOW, &with_flow, &people(), &right_answer);
}

#[test]
fn the_types_that_send_messages_match_their_fixtures_and_scripts() {
    run(
        &fixtures("messages"),
        "EMAIL_CODE|SMS_CODE|MAGIC_LINK:3",
        &with_flow,
        &people(),
        &right_answer,
    );
}

#[test]
fn pre_token_generation_matches_its_fixtures() {
    walk(&fixtures("pre-token"), &|event| {
        pre_token_generation::handle(event).map_err(|error| error.to_string())
    });
}
