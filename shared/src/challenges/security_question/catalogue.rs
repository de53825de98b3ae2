//! The catalogue of questions that users can enroll. Users cannot write their own.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::policy::FEWEST_QUESTIONS;
use crate::keys::Keys;
use crate::texts::Texts;
use crate::user::User;

/// A question of the catalogue.
#[derive(Debug, PartialEq, Eq)]
pub struct Question {
    /// The id in enrollments and in the public parameter `questionId`. It never changes, because enrollments store it.
    pub id: &'static str,
}

impl Question {
    /// Returns the key of the question's [texts](Texts).
    pub fn key(&self) -> String {
        format!("{}.{}", super::NAME, self.id)
    }

    /// Returns the text of the question in the first available language of `wanted`, else in any language. Returns the
    /// id if there is no text.
    pub fn words<'t>(&self, texts: &'t Texts, wanted: &[&str]) -> &'t str {
        let text = texts.text(&self.key(), wanted.iter().copied());
        text.map_or(self.id, |text| text.words)
    }

    /// Returns the question with the id `id`.
    pub fn with_id(id: &str) -> Option<&'static Self> {
        CATALOGUE.iter().find(|question| question.id == id)
    }

    /// Returns the questions of a user without an enrollment. Their number is [`FEWEST_QUESTIONS`], and they never
    /// change.
    ///
    /// A keyed hash of the user selects them. Users with and without an enrollment are then asked equally few
    /// questions, so that nothing reveals whether a user is enrolled. A rotation of the secret does not change them,
    /// because it does not change enrollments either.
    pub fn decoys(keys: &Keys, user: &User<'_>) -> Vec<&'static Self> {
        let (user, hash) = (user.identity(), keys.first().hasher("security question: decoys"));
        let mut scored: Vec<_> = CATALOGUE
            .iter()
            .map(|question| (hash(&[user.as_bytes(), question.id.as_bytes()]), question))
            .collect();
        scored.sort_by_key(|(score, _)| *score);
        scored
            .into_iter()
            .take(FEWEST_QUESTIONS)
            .map(|(_, question)| question)
            .collect()
    }

    /// Chooses the question that `user` is asked at `now`.
    ///
    /// The choice is a keyed hash of the user and the 30-day window. It stays the same over retries and new sign-ins,
    /// so an attacker cannot get another question. Each candidate has its own score, so that enrolling one more
    /// question rarely changes the choice. The function also scores questions that are not candidates: otherwise the
    /// time would reveal how many are enrolled.
    pub fn choose(
        candidates: &[&'static Self],
        keys: &Keys,
        user: &User<'_>,
        now: SystemTime,
    ) -> Option<&'static Self> {
        let window = now.duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO).as_secs() / WINDOW_SECONDS;
        let user = user.identity();
        let hash = keys.first().hasher("security question: choice");
        let score = |id: &str| hash(&[user.as_bytes(), id.as_bytes(), &window.to_be_bytes()]);
        CATALOGUE
            .iter()
            .map(|question| (score(question.id), question))
            .filter(|(_, question)| candidates.contains(question))
            .max_by_key(|(score, _)| *score)
            .map(|(_, question)| question)
    }
}

/// The time for which a user is asked the same question.
const WINDOW_SECONDS: u64 = 30 * 24 * 60 * 60;

/// The catalogue. Answers to its questions do not change over time and are hard to look up.
pub const CATALOGUE: &[Question] = &[
    Question { id: "birth-city" },
    Question { id: "childhood-friend" },
    Question { id: "childhood-street" },
    Question { id: "first-concert" },
    Question { id: "first-job-city" },
    Question { id: "first-pet" },
    Question { id: "first-teacher" },
    Question { id: "oldest-cousin" },
];

#[cfg(test)]
mod tests {
    use std::collections::{HashMap, HashSet};

    use super::*;
    use crate::texts::STANDARD;
    use crate::user::Existence;

    fn choose_among(
        candidates: &[&'static Question],
        name: &str,
        existence: Existence,
        now: SystemTime,
    ) -> &'static Question {
        let attributes = HashMap::new();
        let user = User::new("p", name, existence, &attributes);
        Question::choose(candidates, &Keys::parse(&"k".repeat(32)).unwrap(), &user, now).unwrap()
    }

    fn choose(name: &str, now: SystemTime) -> &'static str {
        let all: Vec<_> = CATALOGUE.iter().collect();
        choose_among(&all, name, Existence::Existing, now).id
    }

    #[test]
    fn case_variants_of_a_nonexistent_name_get_the_same_question() {
        let all: Vec<_> = CATALOGUE.iter().collect();
        for n in 0..40 {
            let of = |name: String| choose_among(&all, &name, Existence::Nonexistent, UNIX_EPOCH).id;
            assert_eq!(of(format!("ada{n}")), of(format!("ADA{n}")));
        }
    }

    #[test]
    fn a_user_without_an_enrollment_always_has_the_same_three_questions() {
        let (keys, attributes) = (Keys::parse(&"k".repeat(32)).unwrap(), HashMap::new());
        let mut sets = HashSet::new();
        for n in 0..200 {
            let name = format!("user{n}");
            let user = User::new("p", &name, Existence::Nonexistent, &attributes);
            let decoys = Question::decoys(&keys, &user);
            let asked: HashSet<_> = (0..200)
                .map(|window| {
                    let now = UNIX_EPOCH + Duration::from_secs(WINDOW_SECONDS) * window;
                    Question::choose(&Question::decoys(&keys, &user), &keys, &user, now)
                        .unwrap()
                        .id
                })
                .collect();
            assert_eq!(asked, decoys.iter().map(|question| question.id).collect(), "{name}");
            assert_eq!(asked.len(), FEWEST_QUESTIONS, "{name}");
            let mut asked: Vec<_> = asked.into_iter().collect();
            asked.sort_unstable();
            sets.insert(asked);
        }
        // There are 56 sets of three questions; 200 users are expected to miss one or two.
        assert!(sets.len() > 45, "{} sets", sets.len());
    }

    #[test]
    fn a_rotation_of_the_secret_changes_neither_decoys_nor_choices() {
        let [a, b] = ["a", "b"].map(|letter| letter.repeat(32));
        let values = [
            a.clone(),
            format!(r#"{{"current":"{a}","next":"{b}","first":"{a}"}}"#),
            format!(r#"{{"current":"{b}","previous":"{a}","first":"{a}"}}"#),
            format!(r#"{{"current":"{b}","first":"{a}"}}"#),
        ];
        let (all, attributes): (Vec<_>, _) = (CATALOGUE.iter().collect(), HashMap::new());
        for n in 0..20 {
            let name = format!("user{n}");
            let shown: HashSet<_> = values
                .iter()
                .map(|value| {
                    let keys = Keys::parse(value).unwrap();
                    let of = |existence| User::new("p", &name, existence, &attributes);
                    let decoys = Question::decoys(&keys, &of(Existence::Nonexistent));
                    let choice = Question::choose(&all, &keys, &of(Existence::Existing), UNIX_EPOCH).unwrap();
                    (decoys.iter().map(|question| question.id).collect::<Vec<_>>(), choice.id)
                })
                .collect();
            assert_eq!(shown.len(), 1, "{name}");
        }
    }

    #[test]
    fn ids_are_unique_and_every_question_has_texts() {
        let ids: HashSet<_> = CATALOGUE.iter().map(|question| question.id).collect();
        assert_eq!(ids.len(), CATALOGUE.len());
        for (tag, _) in STANDARD {
            for question in CATALOGUE {
                let text = Texts::standard();
                let text = text.text(&question.key(), [*tag]).unwrap();
                assert!(
                    text.language == *tag && text.words.ends_with(['?', '？', '؟']),
                    "{tag} {}",
                    question.id
                );
            }
        }
    }

    #[test]
    fn the_choice_lasts_one_window_and_differs_between_users_and_windows() {
        let start = UNIX_EPOCH + Duration::from_secs(WINDOW_SECONDS * 600);
        let end = start + Duration::from_secs(WINDOW_SECONDS - 1);
        assert_eq!(choose("demo", start), choose("demo", end));
        let over_users: HashSet<_> = (0..100).map(|n| choose(&format!("user{n}"), start)).collect();
        assert_eq!(over_users.len(), CATALOGUE.len());
        let over_windows: HashSet<_> = (0..100)
            .map(|n| choose("demo", start + Duration::from_secs(WINDOW_SECONDS) * n))
            .collect();
        assert_eq!(over_windows.len(), CATALOGUE.len());
    }

    #[test]
    fn an_additional_question_changes_the_choice_only_to_itself() {
        let now = UNIX_EPOCH + Duration::from_hours(500_000);
        let (few, more): (Vec<_>, Vec<_>) = (CATALOGUE[..3].iter().collect(), CATALOGUE[..4].iter().collect());
        for n in 0..100 {
            let user = format!("user{n}");
            let [before, after] =
                [&few, &more].map(|candidates| choose_among(candidates, &user, Existence::Existing, now));
            assert!(after == before || after == &CATALOGUE[3]);
        }
    }
}
