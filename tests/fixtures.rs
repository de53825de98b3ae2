//! The fixtures of the functions with the standard challenge types: events, and sign-ins as scripts.

use cognito_challenge_testkit::fixtures::{run, walk};
use loop_tests::functions::{DEFAULT_FLOW, fixtures, people, with_flow};
use loop_tests::script::right_answer;

#[test]
fn the_functions_answer_their_fixtures_and_every_script_ends_as_it_says() {
    run(&fixtures(""), DEFAULT_FLOW, &with_flow, &people(), &right_answer);
}

#[test]
fn so_do_the_types_that_send_messages() {
    run(
        &fixtures("messages"),
        "EMAIL_CODE|SMS_CODE|MAGIC_LINK:3",
        &with_flow,
        &people(),
        &right_answer,
    );
}

#[test]
fn pre_token_generation_answers_its_fixtures() {
    walk(&fixtures("pre-token"), &|event| {
        pre_token_generation::handle(event).map_err(|error| error.to_string())
    });
}
