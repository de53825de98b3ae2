//! The session of a sign-in, as Cognito passes it to define and create.

use aws_lambda_events::event::cognito::CognitoEventUserPoolsChallengeResult;

/// One entry of a session: an answered challenge of a sign-in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry<'a> {
    /// Cognito's name of the challenge: `SRP_A`, `PASSWORD_VERIFIER`, `CUSTOM_CHALLENGE`, …; `""` if it was null.
    pub challenge: &'a str,
    /// The `challengeMetadata` that create returned: the challenge's name, alone or with a [state](crate::state).
    pub metadata: Option<&'a str>,
    /// Whether the answer was right.
    pub correct: bool,
}

/// Returns the entries of a session, in order. A null entry has no challenge name, so no flow accepts it.
pub fn entries(session: &[Option<CognitoEventUserPoolsChallengeResult>]) -> Vec<Entry<'_>> {
    let nothing = Entry {
        challenge: "",
        metadata: None,
        correct: false,
    };
    session
        .iter()
        .map(|entry| {
            entry.as_ref().map_or(nothing, |entry| Entry {
                challenge: entry.challenge_name.as_deref().unwrap_or_default(),
                metadata: entry.challenge_metadata.as_deref(),
                correct: entry.challenge_result,
            })
        })
        .collect()
}
