//! The history of a sign-in, as Cognito tells it to define and create.

use aws_lambda_events::event::cognito::CognitoEventUserPoolsChallengeResult;

/// One answered challenge of a sign-in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Attempt<'a> {
    /// Cognito's name of the challenge: `SRP_A`, `PASSWORD_VERIFIER`, `CUSTOM_CHALLENGE`, …; `""` where it was null.
    pub challenge: &'a str,
    /// What create gave as `challengeMetadata`: for our challenges their name.
    pub metadata: Option<&'a str>,
    /// Whether the answer was right.
    pub correct: bool,
}

/// The attempts of a session, in order. A null entry is an attempt at nothing, which no flow accepts.
pub fn attempts(session: &[Option<CognitoEventUserPoolsChallengeResult>]) -> Vec<Attempt<'_>> {
    let nothing = Attempt {
        challenge: "",
        metadata: None,
        correct: false,
    };
    session
        .iter()
        .map(|entry| {
            entry.as_ref().map_or(nothing, |entry| Attempt {
                challenge: entry.challenge_name.as_deref().unwrap_or_default(),
                metadata: entry.challenge_metadata.as_deref(),
                correct: entry.challenge_result,
            })
        })
        .collect()
}
