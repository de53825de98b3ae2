//! The answers of a user: typed twice without echo, or read from lines.

use std::io::{self, BufRead};

use cognito_challenge::challenges::security_question::{Question, policy::FEWEST_QUESTIONS};
use cognito_challenge::texts::Texts;

/// Questions and their answers.
pub(crate) type Answers = Vec<(&'static Question, String)>;

/// Asks each of `questions` twice through `hidden`, which shows a prompt and does not echo the input.
///
/// # Errors
///
/// Returns an error if there are no questions, two answers differ, or the terminal cannot be read.
pub(crate) fn ask(
    questions: &[&'static Question],
    locale: &str,
    mut hidden: impl FnMut(&str) -> io::Result<String>,
) -> Result<Answers, AnswersError> {
    if questions.is_empty() {
        return Err(AnswersError::NoQuestions);
    }
    let texts = Texts::standard();
    let mut answers = Answers::new();
    for question in questions {
        let answer = hidden(&format!("{} ", question.words(&texts, &[locale])))?;
        if hidden("Once more: ")? != answer {
            return Err(AnswersError::Differ { id: question.id });
        }
        answers.push((*question, answer));
    }
    Ok(answers)
}

/// Asks in the terminal.
pub(crate) fn hidden(prompt: &str) -> io::Result<String> {
    rpassword::prompt_password(prompt)
}

/// Reads lines of `QUESTION=ANSWER`. If `questions` are given, the lines must answer these questions.
///
/// # Errors
///
/// Returns an error if a line has another form, or a question is unknown or not among `questions`.
pub(crate) fn read(lines: impl BufRead, questions: &[&'static Question]) -> Result<Answers, AnswersError> {
    let mut answers = Answers::new();
    for (index, line) in lines.lines().enumerate() {
        let line = line?;
        if line.trim().is_empty() {
            continue;
        }
        let place = index + 1;
        let (id, answer) = line.split_once('=').ok_or(AnswersError::NoLine { place })?;
        let question = Question::with_id(id.trim()).ok_or(AnswersError::NoLine { place })?;
        if !questions.is_empty() && !questions.contains(&question) {
            return Err(AnswersError::NotAsked { id: question.id });
        }
        answers.push((question, answer.to_owned()));
    }
    Ok(answers)
}

/// The reason why there are no answers. It never contains an answer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum AnswersError {
    #[error("the two answers to `{id}` differ")]
    Differ { id: &'static str },
    #[error("line {place} is not QUESTION=ANSWER with a known question (`admin questions list` shows them)")]
    NoLine { place: usize },
    #[error(
        "give {FEWEST_QUESTIONS} or more questions with `--question` (`admin questions list` shows them), or answers \
         with `--stdin`"
    )]
    NoQuestions,
    #[error("question `{id}` is answered but not among those of `--question`")]
    NotAsked { id: &'static str },
    #[error("cannot read the answers: {0}")]
    Read(#[from] io::Error),
}

#[cfg(test)]
mod tests {
    use super::*;

    fn question(id: &str) -> &'static Question {
        Question::with_id(id).unwrap()
    }

    #[test]
    fn each_answer_is_typed_twice() {
        let mut typed = ["Peccy", "Peccy", "Seattle", "Seattel"].into_iter().map(str::to_owned);
        let questions = [question("first-pet"), question("birth-city")];
        let error = ask(&questions, "en", |_| Ok(typed.next().unwrap())).unwrap_err();
        assert_eq!(error.to_string(), "the two answers to `birth-city` differ");
    }

    #[test]
    fn lines_hold_question_and_answer() {
        let answers = read("first-pet=Peccy\n\nbirth-city = a=b \n".as_bytes(), &[]).unwrap();
        assert_eq!(
            answers,
            [
                (question("first-pet"), "Peccy".into()),
                (question("birth-city"), " a=b ".into())
            ]
        );
    }

    #[test]
    fn a_bad_line_is_named_by_its_place_and_not_quoted() {
        for lines in ["first-pet=Peccy\nhunter2", "first-pet=Peccy\nno-such=hunter2"] {
            let error = read(lines.as_bytes(), &[]).unwrap_err().to_string();
            assert!(error.starts_with("line 2 ") && !error.contains("hunter2"), "{error}");
        }
        let error = read("birth-city=hunter2".as_bytes(), &[question("first-pet")])
            .unwrap_err()
            .to_string();
        assert!(error.contains("birth-city") && !error.contains("hunter2"), "{error}");
    }
}
