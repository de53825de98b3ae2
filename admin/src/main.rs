//! Enrols the answers to security questions, shows and resets counters, and rotates the secret, for a user pool on AWS
//! or in `local`.

mod answers;
mod api;
mod args;
mod pool;
mod said;
mod secret;
mod status;
mod table;

use std::collections::HashMap;
use std::io;
use std::process::ExitCode;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use clap::{CommandFactory, Parser};
use cognito_challenge::attempts;
use cognito_challenge::challenges::security_question::{CATALOGUE, EnrollError, Enrollment, Link, Question};
use cognito_challenge::keys::{KeyError, Keys};
use cognito_challenge::name::Name;
use cognito_challenge::page::Page;
use cognito_challenge::texts::Texts;
use cognito_challenge::user::{Existence, User};
use serde_json::{Value, json};
use uuid::Uuid;

use args::{Args, Attempts, Command, Counted, Questions, Secret, Status, Target};
use pool::{Pool, PoolError};
use said::Said;

/// The variable that holds the secret of the functions.
const SECRET: &str = "CHALLENGE_SECRET";

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let args = Args::parse();
    let json = args.json;
    match run(args).await {
        Ok(said) => {
            println!("{}", said.printed(json));
            ExitCode::SUCCESS
        }
        Err(Error::Stopped { counted, why, way_on }) => {
            println!("{}", counted.printed(json));
            eprintln!("error: {why}: {way_on}");
            ExitCode::from(match why {
                status::Stopped::Interrupted => 130,
                status::Stopped::Pool(_) => 2,
            })
        }
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::from(2)
        }
    }
}

async fn run(args: Args) -> Result<Said, Error> {
    match args.command {
        Command::Attempts(attempts) => run_attempts(attempts).await,
        Command::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Args::command(), "admin", &mut script);
            Ok(page(&script))
        }
        Command::Man => {
            let mut manual = Vec::new();
            let mut command = Args::command();
            command.build();
            render_manual(&command, &mut manual)?;
            Ok(page(&manual))
        }
        Command::Questions(questions) => run_questions(questions).await,
        Command::Secret(step) => run_secret(step),
    }
}

/// Writes the manual page of `command`, then those of its subcommands.
fn render_manual(command: &clap::Command, into: &mut Vec<u8>) -> io::Result<()> {
    clap_mangen::Man::new(command.clone()).render(into)?;
    let mut subcommands = command.get_subcommands().filter(|sub| sub.get_name() != "help");
    subcommands.try_for_each(|sub| render_manual(sub, into))
}

/// Returns a result with the same text in JSON.
fn page(text: &[u8]) -> Said {
    let text = String::from_utf8_lossy(text).trim_end().to_owned();
    let json = Value::from(text.as_str());
    Said::new(text, json)
}

fn run_secret(step: Secret) -> Result<Said, Error> {
    let random = || format!("{}{}", Uuid::new_v4().simple(), Uuid::new_v4().simple());
    Ok(secret::step(step, &secret_value()?, random)?)
}

async fn run_attempts(attempts: Attempts) -> Result<Said, Error> {
    let (Attempts::Reset(counted) | Attempts::Show(counted)) = &attempts;
    let Counted { target, table, flow } = counted;
    let keys = keys()?;
    let config = pool::configure(&target.place).await;
    let name = Pool::new(&target.place, &config).user(&target.username).await?.name;
    let no_attributes = HashMap::new();
    let user = User::new(&target.place.user_pool_id, &name, Existence::Existing, &no_attributes);
    let steps: Vec<Vec<&str>> = flow
        .alternatives()
        .map(|step| step.map(Name::as_str).collect())
        .collect();
    let under: Vec<_> = steps
        .iter()
        .map(|step| attempts::key(&keys, &user, step.iter().copied()))
        .collect();
    match attempts {
        Attempts::Reset(_) => {
            table::remove(&config, table, &under).await?;
            let said = format!("the wrong answers of `{name}` are reset");
            Ok(Said::new(said, json!({"username": name, "reset": true})))
        }
        Attempts::Show(_) => {
            let failures = table::read(&config, table, &under).await?;
            let (mut lines, mut shown) = (Vec::new(), Vec::new());
            for (step, failures) in steps.iter().zip(failures) {
                let (step, wait) = (step.join("|"), wait(failures.locked_until, now()));
                let waits = if wait == 0 {
                    String::new()
                } else {
                    format!(", waits {wait} s")
                };
                lines.push(format!(
                    "{step}: {} wrong answers in a row{waits}",
                    failures.consecutive
                ));
                shown.push(json!({"step": step, "wrongInARow": failures.consecutive, "waitSeconds": wait}));
            }
            Ok(Said::new(lines.join("\n"), json!({"username": name, "steps": shown})))
        }
    }
}

/// Returns the seconds from `now` until `locked_until`, which is in milliseconds since 1970.
fn wait(locked_until: u64, now: SystemTime) -> u64 {
    let now = now.duration_since(UNIX_EPOCH).unwrap_or_default();
    let left = Duration::from_millis(locked_until).saturating_sub(now);
    // A part of a second counts as a second.
    left.as_secs() + u64::from(left.subsec_nanos() > 0)
}

#[expect(clippy::disallowed_methods, reason = "this is the edge, where the clock is read")]
fn now() -> SystemTime {
    SystemTime::now()
}

async fn run_status(args: Status) -> Result<Said, Error> {
    let keys = keys()?;
    let pool = Pool::new(&args.place, &pool::configure(&args.place).await);
    if let Some(username) = &args.username {
        let user = pool.user(username).await?;
        return Ok(status::of_user(&user.name, &user.enrollment, &keys));
    }
    let interrupted = async {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    };
    let progress = |users| eprint!("\r{users} users");
    let (counts, stopped) = status::of_all(&pool, &keys, &args, interrupted, progress).await;
    eprintln!();
    let said = counts.said(args.names);
    match stopped {
        None => Ok(said),
        Some(why) => Err(Error::Stopped {
            way_on: counts.way_on(),
            counted: Box::new(said),
            why,
        }),
    }
}

async fn run_questions(questions: Questions) -> Result<Said, Error> {
    match questions {
        Questions::List { locale } => {
            let texts = Texts::standard();
            let words = |question: &Question| question.words(&texts, &[&locale]).to_owned();
            let lines = CATALOGUE
                .iter()
                .map(|question| format!("{:18}{}", question.id, words(question)));
            let json = CATALOGUE.iter().map(|question| (question.id, words(question)));
            Ok(Said::new(lines.collect::<Vec<_>>().join("\n"), json.collect()))
        }
        Questions::Enroll {
            target,
            locale,
            stdin,
            questions,
        } => {
            // Before the questions: without keys, the user would type the answers in vain.
            let keys = keys()?;
            let pool = Pool::new(&target.place, &pool::configure(&target.place).await);
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
            let enrolled = Enrollment::checked(&answers, &known, &keys, || Uuid::new_v4().into_bytes())?;
            pool.enroll(&target.username, &enrolled.to_attribute()).await?;
            let said = format!("enrolled {} questions for `{}`", answers.len(), target.username);
            Ok(Said::new(
                said,
                json!({"username": target.username, "enrolled": answers.len()}),
            ))
        }
        Questions::Invite {
            target,
            page,
            hours,
            send,
        } => invite(&target, page.as_ref(), hours, send.as_deref()).await,
        Questions::Reset { target } => {
            let pool = Pool::new(&target.place, &pool::configure(&target.place).await);
            pool.user(&target.username).await?;
            pool.enroll(&target.username, "").await?;
            let said = format!("the questions of `{}` are removed", target.username);
            Ok(Said::new(said, json!({"username": target.username, "reset": true})))
        }
        Questions::Status(args) => run_status(args).await,
    }
}

/// Returns a link to `page` that is valid for `hours`, or asks the API at `send` to mail one.
#[expect(clippy::disallowed_methods, reason = "this is the edge, where the clock is read")]
async fn invite(target: &Target, page: Option<&Page>, hours: u16, send: Option<&str>) -> Result<Said, Error> {
    let keys = keys()?;
    let user = Pool::new(&target.place, &pool::configure(&target.place).await)
        .user(&target.username)
        .await?;
    if !user.enabled {
        return Err(Error::CannotInvite("the user is disabled: enable the user first"));
    }
    if !Enrollment::parse(&user.enrollment).is_empty() {
        let way_on = "the user has answers: remove them with `admin questions reset` first";
        return Err(Error::CannotInvite(way_on));
    }
    if let Some(api) = send {
        if !user.verified {
            let way_on = "the user has no verified e-mail address: print a link with `--page`";
            return Err(Error::CannotInvite(way_on));
        }
        api::ask_for_link(api, &user.name).await?;
        let said = format!(
            "the API mails a link to `{}`, unless the user has reached the limit of the last hour",
            user.name
        );
        return Ok(Said::new(said, json!({"username": user.name, "asked": true})));
    }
    let valid = Duration::from_hours(u64::from(hours));
    let link = Link::new(&user.name, &user.sub, SystemTime::now(), valid);
    let token = link.token(&keys, &target.place.user_pool_id);
    let url = page.map_or_else(String::new, |page| page.with(Link::PARAMETER, &token));
    let json = json!({"username": user.name, "link": url, "validHours": hours});
    Ok(Said::new(url, json))
}

#[expect(
    clippy::disallowed_methods,
    reason = "this is the edge, where the environment is read"
)]
fn secret_value() -> Result<String, Error> {
    std::env::var(SECRET).map_err(|_| Error::NoSecret)
}

fn keys() -> Result<Keys, Error> {
    Ok(Keys::parse(&secret_value()?)?)
}

/// The reason why a command failed. It never contains an answer or a secret.
#[derive(Debug, thiserror::Error)]
enum Error {
    #[error(transparent)]
    Answers(#[from] answers::AnswersError),
    #[error(transparent)]
    Api(#[from] api::ApiError),
    #[error("no link was created: {0}")]
    CannotInvite(&'static str),
    #[error(transparent)]
    Enroll(#[from] EnrollError),
    #[error("`{SECRET}`: {0}")]
    Key(#[from] KeyError),
    #[error("the manual page cannot be written: {0}")]
    Manual(#[from] io::Error),
    #[error("set `{SECRET}` to the secret of the functions")]
    NoSecret,
    #[error(transparent)]
    Pool(#[from] PoolError),
    #[error(transparent)]
    Secret(#[from] secret::SecretError),
    #[error("{why}")]
    Stopped {
        counted: Box<Said>,
        why: status::Stopped,
        way_on: String,
    },
    #[error(transparent)]
    Table(#[from] table::TableError),
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn printed(args: &[&str]) -> String {
        let args = Args::parse_from([&["admin"], args].concat());
        run(args).await.unwrap().printed(false)
    }

    #[tokio::test]
    async fn completions_and_the_manual_know_every_command() {
        for args in [
            &["completions", "bash"][..],
            &["completions", "fish"],
            &["completions", "zsh"],
            &["man"],
        ] {
            let printed = printed(args).await;
            for command in [
                "attempts",
                "questions",
                "secret",
                "status",
                "invite",
                "switch",
                "finish",
            ] {
                assert!(printed.contains(command), "{command} is not in {args:?}");
            }
        }
        assert!(printed(&["man"]).await.contains("Exit codes"));
    }

    #[tokio::test]
    async fn questions_are_listed_in_the_language_that_is_asked_for() {
        let listed = async |locale| printed(&["questions", "list", "--locale", locale]).await;
        let (english, spanish) = (listed("en").await, listed("es-MX").await);
        assert_eq!(english.lines().count(), CATALOGUE.len());
        assert!(english.contains("first-pet") && spanish.contains("first-pet"));
        assert!(
            english.contains('?') && !english.contains('¿') && spanish.contains('¿'),
            "{spanish}"
        );
        let refused = Args::try_parse_from(["admin", "questions", "list", "--locale", "xx"]);
        assert!(refused.unwrap_err().to_string().contains("; known: "));
    }

    #[test]
    fn a_wait_is_counted_in_whole_seconds_and_not_below_zero() {
        let now = UNIX_EPOCH + Duration::from_secs(5);
        let waits = [0, 5_000, 5_001, 6_000, 6_001, 905_000].map(|locked_until| wait(locked_until, now));
        assert_eq!(waits, [0, 0, 1, 1, 2, 900]);
    }
}
