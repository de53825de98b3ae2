//! The command line.

use clap::Parser;
use clap_complete::Shell;
use cognito_challenge::challenges::security_question::Question;
use cognito_challenge::flow::Flow;
use cognito_challenge::page::Page;
use cognito_challenge::texts::{Texts, lookup};

/// Manages the answers, counters and secret of the sign-in challenges.
#[derive(Debug, Parser)]
#[command(name = "admin", version, max_term_width = 100, after_help = EXIT_CODES)]
pub(crate) struct Args {
    /// Print the result as one JSON object
    #[arg(long, global = true)]
    pub(crate) json: bool,

    #[command(subcommand)]
    pub(crate) command: Command,
}

const EXIT_CODES: &str = "Exit codes:
  0  done
  2  failed completely or in part: the message on standard error has the reason
  130  `questions status --all` was interrupted; the counts so far are printed";

#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// Wrong answers that verify has counted
    #[command(subcommand)]
    Attempts(Attempts),
    /// Prints the completions of a shell
    Completions {
        /// The shell
        shell: Shell,
    },
    /// Prints the manual page, in the format of `man`
    Man,
    /// Security questions
    #[command(subcommand)]
    Questions(Questions),
    /// Rotation of the functions' secret
    #[command(subcommand)]
    Secret(Secret),
}

#[derive(Debug, clap::Subcommand)]
pub(crate) enum Attempts {
    /// Forgets a user's wrong answers, so that the user need not wait and is no longer at the limit
    ///
    /// The secret of the functions is read from `CHALLENGE_SECRET`, credentials from the sources of the AWS CLI.
    /// `AWS_ENDPOINT_URL_DYNAMODB` names another DynamoDB, such as that of a `local`.
    Reset(Counted),
    /// Shows the number of counted wrong answers for each step
    ///
    /// Reads the same variables as `attempts reset`.
    Show(Counted),
}

/// A user and the table that counts the user's attempts.
#[derive(Debug, clap::Args)]
pub(crate) struct Counted {
    #[command(flatten)]
    pub(crate) target: Target,
    /// The name of the table: the stack's output `AttemptsTableName`
    #[arg(long, value_name = "TABLE")]
    pub(crate) table: String,
    /// The flow of the functions: the stack's parameter `AuthFlow`
    #[arg(long, value_name = "FLOW", value_parser = Flow::parse)]
    pub(crate) flow: Flow,
}

/// Rotates the secret in three steps. Each reads the current value from `CHALLENGE_SECRET` and prints the next one.
/// `docs/rotation.md` says when to deploy each value.
#[derive(Clone, Copy, Debug, clap::Subcommand)]
pub(crate) enum Secret {
    /// Step 1: adds a new random secret as `next`, which verifies and is not used yet
    Next,
    /// Step 2: uses the next secret from now on; the old one still verifies, as `previous`
    Switch,
    /// Step 3: removes the previous secret; answers that were hashed under it are wrong from now on
    Finish,
    /// Shows the ids of the secrets, and no secret
    Show,
}

#[derive(Debug, clap::Subcommand)]
pub(crate) enum Questions {
    /// Shows the questions
    List {
        /// The language to show them in
        #[arg(long, value_name = "TAG", default_value = "en", value_parser = locale)]
        locale: String,
    },
    /// Sets a user's questions and answers, in place of any existing ones
    ///
    /// The secret of the functions is read from `CHALLENGE_SECRET`, credentials from the sources of the AWS CLI.
    Enroll {
        #[command(flatten)]
        target: Target,
        /// The language to ask in
        #[arg(long, value_name = "TAG", default_value = "en", value_parser = locale)]
        locale: String,
        /// Read the answers from standard input, one `QUESTION=ANSWER` a line, instead of asking
        #[arg(long)]
        stdin: bool,
        /// A question to ask, at least three times; with `--stdin` the questions are in the lines
        #[arg(long = "question", value_name = "QUESTION", value_parser = question)]
        questions: Vec<&'static Question>,
    },
    /// Prints or mails a link that lets a user without answers set the first ones
    ///
    /// The link can be used once. The secret of the functions is read from `CHALLENGE_SECRET`, credentials from the
    /// sources of the AWS CLI.
    Invite {
        #[command(flatten)]
        target: Target,
        /// Print a link to this page: the stack's parameter `EnrolmentUrl`
        #[arg(long, value_name = "URL", value_parser = Page::parse, required_unless_present = "send")]
        page: Option<Page>,
        /// The number of hours for which the printed link is valid, 168 at most
        #[arg(long, value_name = "HOURS", default_value_t = 72, value_parser = clap::value_parser!(u16).range(1..=168))]
        hours: u16,
        /// Ask this API to mail a link to the user, valid for one hour: the stack's output `EnrolmentEndpoint`
        #[arg(long, value_name = "URL", conflicts_with_all = ["page", "hours"])]
        send: Option<String>,
    },
    /// Removes a user's questions: no answer is right until new ones are set
    Reset {
        #[command(flatten)]
        target: Target,
    },
    /// Shows which secret the answers of a user, or of all users, are hashed under
    ///
    /// The secrets of the functions are read from `CHALLENGE_SECRET`, credentials from the sources of the AWS CLI. The
    /// answer in the worst state decides the state of a user: `current`, `other` (the next or previous secret), `gone`
    /// (no answer is right), or `none` (nothing is enrolled).
    Status(Status),
}

#[derive(Debug, clap::Args)]
#[group(required = true, multiple = false, args = ["username", "all"])]
pub(crate) struct Status {
    #[command(flatten)]
    pub(crate) place: Place,
    /// The user's username or alias
    #[arg(long, value_name = "NAME")]
    pub(crate) username: Option<String>,
    /// All users of the pool, 60 with each request; progress is on standard error
    #[arg(long)]
    pub(crate) all: bool,
    /// Also print the usernames in this state, one a line
    #[arg(long, value_name = "STATE", requires = "all", conflicts_with = "username")]
    pub(crate) names: Option<State>,
    /// The maximum number of requests a second
    #[arg(long, value_name = "REQUESTS", default_value_t = 5, requires = "all", conflicts_with = "username", value_parser = clap::value_parser!(u32).range(1..=30))]
    pub(crate) rate: u32,
    /// Continue where an earlier call stopped, with the token that it printed; only the users from there on are counted
    #[arg(long, value_name = "TOKEN", requires = "all", conflicts_with = "username")]
    pub(crate) from: Option<String>,
}

/// The secret that a user's answers need.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, clap::ValueEnum)]
pub(crate) enum State {
    /// Nothing is enrolled
    None,
    /// The current secret
    Current,
    /// The next or the previous secret
    Other,
    /// A secret that was removed
    Gone,
}

/// A user, and the pool of the user.
#[derive(Debug, clap::Args)]
pub(crate) struct Target {
    #[command(flatten)]
    pub(crate) place: Place,

    /// The user's username or alias
    #[arg(long, value_name = "NAME")]
    pub(crate) username: String,
}

/// The user pool.
#[derive(Debug, clap::Args)]
pub(crate) struct Place {
    /// The id of the user pool
    #[arg(long, value_name = "ID")]
    pub(crate) user_pool_id: String,

    /// The address of the Cognito API, for a `local` [default: AWS]
    #[arg(long, value_name = "URL")]
    pub(crate) endpoint_url: Option<String>,

    /// The region of the user pool [default: that of its id]
    #[arg(long, value_name = "REGION")]
    pub(crate) region: Option<String>,
}

fn locale(tag: &str) -> Result<String, String> {
    let texts = Texts::standard();
    let known: Vec<_> = texts.tags().collect();
    let found = lookup(tag, &known).map(str::to_owned);
    found.ok_or_else(|| format!("this language has no texts; known: {}", known.join(", ")))
}

fn question(id: &str) -> Result<&'static Question, String> {
    Question::with_id(id).ok_or_else(|| "unknown question: `admin questions list` shows the known ones".to_owned())
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        <Args as CommandFactory>::command().debug_assert();
    }
}
