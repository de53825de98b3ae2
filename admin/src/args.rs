//! The command line.

use clap::Parser;
use cognito_challenge::challenges::security_question::Question;
use cognito_challenge::flow::Flow;
use cognito_challenge::texts::{Texts, lookup};

/// Manages what the sign-in challenges know of users.
#[derive(Debug, Parser)]
#[command(name = "admin", version, max_term_width = 100)]
pub(crate) enum Args {
    /// Wrong answers that verify has counted
    #[command(subcommand)]
    Attempts(Attempts),
    /// Security questions
    #[command(subcommand)]
    Questions(Questions),
}

#[derive(Debug, clap::Subcommand)]
pub(crate) enum Attempts {
    /// Forgets a user's wrong answers, so that the user need not wait and is no longer at the limit
    ///
    /// The secret of the functions is read from `CHALLENGE_SECRET`, credentials from where the AWS CLI has them, and
    /// `AWS_ENDPOINT_URL_DYNAMODB` names another DynamoDB, such as that of a `local`.
    Reset {
        #[command(flatten)]
        target: Target,
        /// The name of the table: the stack's output `AttemptsTableName`
        #[arg(long, value_name = "TABLE")]
        table: String,
        /// The flow of the functions, as in the stack's parameter `AuthFlow`
        #[arg(long, value_name = "FLOW", value_parser = Flow::parse)]
        flow: Flow,
    },
}

#[derive(Debug, clap::Subcommand)]
pub(crate) enum Questions {
    /// Shows the questions that there are
    List {
        /// The language to show them in
        #[arg(long, value_name = "TAG", default_value = "en", value_parser = locale)]
        locale: String,
    },
    /// Sets a user's questions and answers, in place of any that are set
    ///
    /// The secret of the functions is read from `CHALLENGE_SECRET`, credentials from where the AWS CLI has them.
    Enroll {
        #[command(flatten)]
        target: Target,
        /// The language to ask in
        #[arg(long, value_name = "TAG", default_value = "en", value_parser = locale)]
        locale: String,
        /// Read the answers from standard input, one `QUESTION=ANSWER` a line, instead of asking
        #[arg(long)]
        stdin: bool,
        /// A question to ask, at least three times; with `--stdin` they stand in the lines
        #[arg(long = "question", value_name = "QUESTION", value_parser = question)]
        questions: Vec<&'static Question>,
    },
    /// Takes a user's questions away: until new ones are set, no answer is right
    Reset {
        #[command(flatten)]
        target: Target,
    },
}

/// Whose questions, and where.
#[derive(Debug, clap::Args)]
pub(crate) struct Target {
    /// The id of the user pool
    #[arg(long, value_name = "ID")]
    pub(crate) user_pool_id: String,

    /// The user's name, or an alias of it
    #[arg(long, value_name = "NAME")]
    pub(crate) username: String,

    /// Where the Cognito API is, for a `local` [default: AWS]
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
    found.ok_or_else(|| format!("there are no texts in this language; known: {}", known.join(", ")))
}

fn question(id: &str) -> Result<&'static Question, String> {
    Question::with_id(id).ok_or_else(|| "no such question: `admin questions list` shows them".to_owned())
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
