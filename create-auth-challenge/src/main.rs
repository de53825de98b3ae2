//! The `CreateAuthChallenge` function.

use std::env;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::SystemTime;

use create_auth_challenge::Asker;
use rand::rngs::StdRng;
use shared::lambda::{self, Environment};

#[tokio::main(flavor = "current_thread")]
#[expect(
    clippy::disallowed_methods,
    reason = "this is the edge, where the environment, the clock and the random generator are read"
)]
async fn main() -> ExitCode {
    let environment = Environment::new(env::vars_os());
    lambda::start_log(&environment);
    let asker = Asker::configure(&environment).map(Arc::new);
    if let Ok(asker) = &asker {
        asker.prepare().await;
    }
    let function = asker.map(|asker| {
        move |event| {
            let asker = Arc::clone(&asker);
            async move {
                asker
                    .handle(event, SystemTime::now(), &mut rand::make_rng::<StdRng>())
                    .await
            }
        }
    });
    lambda::run(&environment, function).await
}
