//! The debug channel for tests, which the operator must enable: secrets that clients must not have.

use std::sync::Arc;

use axum::extract::{Query, State as Shared};
use axum::response::Response;
use serde::Deserialize;
use serde_json::{Value, json};

use super::reply;
use crate::State;
use crate::error::Error;
use crate::sign_in::pending::Pending;
use crate::sign_in::sessions::{self, Form};

/// The session whose answer is wanted.
#[derive(Deserialize)]
pub(super) struct DebugQuery {
    session: String,
}

/// Returns the private challenge parameters of a session. It exists only if the operator has enabled it, for tests.
pub(super) async fn debug_answer(Shared(state): Shared<Arc<State>>, Query(query): Query<DebugQuery>) -> Response {
    reply::plain(find_answer(&state, &query.session))
}

fn find_answer(state: &State, session: &str) -> Result<Value, Error> {
    let sessions = state.sessions();
    let waiting = sessions.peek(sessions.read(session, Form::Session)?, state.clock.now())?;
    match &waiting.pending {
        Pending::Custom { private, metadata } => Ok(json!({
            "challenge": private.get("challenge").or(metadata.as_ref()),
            "privateChallengeParameters": private,
        })),
        _ => Err(sessions::invalid()),
    }
}
