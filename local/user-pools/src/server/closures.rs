//! Closures in place of functions.

use std::collections::BTreeMap;
use std::error::Error;
use std::pin::Pin;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::lambda::{Failure, Lambda};

type Answer = Pin<Box<dyn Future<Output = Result<Bytes, Failure>> + Send>>;

/// The closures of a pool, by trigger.
#[derive(Default)]
pub(super) struct Closures(BTreeMap<String, Box<dyn Fn(Bytes) -> Answer + Send + Sync>>);

impl Closures {
    pub(super) fn insert<E, R, F>(&mut self, trigger: &str, run: impl Fn(E) -> F + Send + Sync + 'static)
    where
        E: DeserializeOwned + Send + 'static,
        R: Serialize + 'static,
        F: Future<Output = Result<R, Box<dyn Error + Send + Sync>>> + Send + 'static,
    {
        let run = Arc::new(run);
        let closure = move |event: Bytes| -> Answer {
            let run = Arc::clone(&run);
            Box::pin(async move {
                let event = serde_json::from_slice(&event);
                let other = |error| Failure::Error(format!("the closure expects another event: {error}"));
                let answer = run(event.map_err(other)?).await;
                let answer = answer.map_err(|error| Failure::Error(error.to_string()))?;
                let answer = serde_json::to_vec(&answer).map_err(|error| Failure::Error(error.to_string()))?;
                Ok(Bytes::from(answer))
            })
        };
        self.0.insert(trigger.to_owned(), Box::new(closure));
    }

    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }
}

#[async_trait]
impl Lambda for Closures {
    async fn invoke(&self, function: &str, event: Bytes) -> Result<Bytes, Failure> {
        let closure = self.0.get(function).ok_or(Failure::Unknown)?;
        let ended = tokio::spawn(closure(event)).await;
        ended.unwrap_or_else(|_| Err(Failure::Crashed("Error: Runtime exited with error: panic".to_owned())))
    }
}
