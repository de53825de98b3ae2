//! The answers in a request, and the questions in a reply.

use cognito_challenge::challenges::security_question::policy::{FEWEST_QUESTIONS, SHORTEST_ANSWER};
use cognito_challenge::challenges::security_question::{CATALOGUE, Enrollment, Question};
use cognito_challenge::texts::Texts;
use cognito_challenge::verify::MAX_ANSWER_CHARS;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::problem::Problem;

/// The body of a request that sets answers. It has no `Debug`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Answers {
    answers: Vec<Answer>,
}

/// A list instead of an object: a parser drops one of two members with the same name.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Answer {
    question: String,
    answer: String,
}

impl Answers {
    /// Returns the pairs of a question and the user's answer.
    ///
    /// # Errors
    ///
    /// Returns an error if there are more answers than questions, or if a question is unknown.
    pub(crate) fn known(&self) -> Result<Vec<(&'static Question, &str)>, Problem> {
        let refused = |name, detail: String| Problem::new(name, 422, "The answers cannot be set", detail);
        if self.answers.len() > CATALOGUE.len() {
            let detail = format!("answer at most {} questions", CATALOGUE.len());
            return Err(refused("too-many-questions", detail));
        }
        let mut answers = Vec::new();
        for (index, Answer { question, answer }) in self.answers.iter().enumerate() {
            // The id is not quoted: a client may have put an answer in its place.
            let known = Question::with_id(question).ok_or_else(|| {
                let detail = format!("answer {} has an unknown question", index + 1);
                refused("question-unknown", detail)
            })?;
            answers.push((known, answer.as_str()));
        }
        Ok(answers)
    }
}

/// Returns the questions in the best of the `languages`, and which of them are set in `enrolled`.
pub(crate) fn questions(enrolled: &Enrollment, texts: &Texts, languages: &[&str]) -> Value {
    let set = enrolled.questions();
    let mut language = None;
    let questions: Vec<_> = CATALOGUE
        .iter()
        .map(|question| {
            let text = texts.text(&question.key(), languages.iter().copied());
            language = language.or(text.map(|text| text.language));
            json!({
                "id": question.id,
                "text": question.words(texts, languages),
                "set": set.contains(&question),
            })
        })
        .collect();
    json!({
        "locale": language,
        "questions": questions,
        "fewest": FEWEST_QUESTIONS,
        "shortest": SHORTEST_ANSWER,
        "longest": MAX_ANSWER_CHARS,
    })
}
