//! The functions of the triggers, which run on this machine.

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use lambda_host::{Cause, FunctionError, Functions};
use user_pools::{Failure, Lambda};

/// The functions as user pools call them.
pub(crate) struct TriggerFunctions(pub(crate) Arc<Functions>);

#[async_trait]
impl Lambda for TriggerFunctions {
    async fn invoke(&self, function: &str, event: Bytes) -> Result<Bytes, Failure> {
        match self.0.run(function, event).await {
            Some(ended) => ended.map_err(failure),
            None => Err(Failure::Unknown),
        }
    }

    fn is_warm(&self, function: &str) -> bool {
        self.0.is_warm(function)
    }
}

fn failure(error: FunctionError) -> Failure {
    match error.cause {
        Cause::Crashed => Failure::Crashed(error.message),
        Cause::Error => Failure::Error(error.message),
        Cause::TimedOut => Failure::TimedOut(error.message),
    }
}
