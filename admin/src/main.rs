//! Enrols the answers to security questions and resets counted attempts, for a user pool on AWS or of `local`.

mod answers;
mod args;
mod pool;
mod table;

use std::collections::HashMap;
use std::io;
use std::process::ExitCode;

use clap::Parser;
use cognito_challenge::attempts;
use cognito_challenge::challenges::security_question::{CATALOGUE, EnrollError, Enrollment, policy};
use cognito_challenge::keys::{KeyError, Keys};
use cognito_challenge::name::Name;
use cognito_challenge::texts::Texts;
use cognito_challenge::user::{Existence, User};
use uuid::Uuid;

use args::{Args, Attempts, Questions};
use pool::{Pool, PoolError};

/// The variable that holds the secret of the functions.
const SECRET: &str = "CHALLENGE_SECRET";

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    match run(Args::parse()).await {
        Ok(said) => {
            println!("{said}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::from(2)
        }
    }
}

async fn run(args: Args) -> Result<String, Error> {
    match args {
        Args::Attempts(Attempts::Reset { target, table, flow }) => {
            let keys = keys()?;
            let config = pool::configure(&target).await;
            let name = Pool::new(&target, &config).user(&target.username).await?.name;
            let no_attributes = HashMap::new();
            let user = User::new(&target.user_pool_id, &name, Existence::Existing, &no_attributes);
            let steps = flow
                .alternatives()
                .map(|step| attempts::key(&keys, &user, step.map(Name::as_str)));
            table::remove(&config, &table, &steps.collect::<Vec<_>>()).await?;
            Ok(format!("`{name}` has no counted wrong answers any more"))
        }
        Args::Questions(questions) => run_questions(questions).await,
    }
}

async fn run_questions(questions: Questions) -> Result<String, Error> {
    match questions {
        Questions::List { locale } => {
            let texts = Texts::standard();
            let lines = CATALOGUE
                .iter()
                .map(|question| format!("{:18}{}", question.id, question.words(&texts, &[&locale])));
            Ok(lines.collect::<Vec<_>>().join("\n"))
        }
        Questions::Enroll {
            target,
            locale,
            stdin,
            questions,
        } => {
            // First, because nobody wants to have typed answers for nothing.
            let keys = keys()?;
            let pool = Pool::new(&target, &pool::configure(&target).await);
            let user = pool.user(&target.username).await?;
            let answers = if stdin {
                answers::read(io::stdin().lock(), &questions)?
            } else {
                answers::ask(&questions, &locale, answers::hidden)?
            };
            let answers: Vec<_> = answers
                .iter()
                .map(|(question, answer)| (*question, answer.as_str()))
                .collect();
            let known: Vec<_> = user
                .known
                .iter()
                .map(String::as_str)
                .chain([target.username.as_str()])
                .collect();
            policy::check(&answers, &known, &Texts::standard())?;
            let said = answers.iter().map(|(question, answer)| (question.id, *answer));
            let enrolled = Enrollment::new(said, &keys, || Uuid::new_v4().into_bytes())?;
            pool.enroll(&target.username, &enrolled.to_attribute()).await?;
            Ok(format!(
                "enrolled {} questions for `{}`",
                answers.len(),
                target.username
            ))
        }
        Questions::Reset { target } => {
            let pool = Pool::new(&target, &pool::configure(&target).await);
            pool.user(&target.username).await?;
            pool.enroll(&target.username, "").await?;
            Ok(format!("`{}` has no enrolled questions any more", target.username))
        }
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "this is the edge, where the environment is read"
)]
fn keys() -> Result<Keys, Error> {
    let secret = std::env::var(SECRET).map_err(|_| Error::NoSecret)?;
    Ok(Keys::parse(&secret)?)
}

/// Why nothing was changed. Never holds an answer.
#[derive(Debug, thiserror::Error)]
enum Error {
    #[error(transparent)]
    Answers(#[from] answers::AnswersError),
    #[error(transparent)]
    Enroll(#[from] EnrollError),
    #[error("`{SECRET}`: {0}")]
    Key(#[from] KeyError),
    #[error("set `{SECRET}` to the secret that the functions have")]
    NoSecret,
    #[error(transparent)]
    Policy(#[from] policy::PolicyError),
    #[error(transparent)]
    Pool(#[from] PoolError),
    #[error(transparent)]
    Table(#[from] table::TableError),
}
