//! The questions that can be enrolled. Users do not write their own.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::policy::FEWEST_QUESTIONS;
use crate::keys::Keys;
use crate::texts::Texts;
use crate::user::User;

/// A question of the catalogue.
#[derive(Debug, PartialEq, Eq)]
pub struct Question {
    /// Its id in enrolments and in the public parameter `questionId`. Never changes, because enrolments hold it.
    pub id: &'static str,
}

impl Question {
    /// The key of the question's [texts](Texts).
    pub fn key(&self) -> String {
        format!("{}.{}", super::NAME, self.id)
    }

    /// The question in words, in the first of the `wanted` languages that there is; its id if there is no text at all.
    pub fn words<'t>(&self, texts: &'t Texts, wanted: &[&str]) -> &'t str {
        let text = texts.text(&self.key(), wanted.iter().copied());
        text.map_or(self.id, |text| text.words)
    }

    /// The question called `id`.
    pub fn with_id(id: &str) -> Option<&'static Self> {
        CATALOGUE.iter().find(|question| question.id == id)
    }

    /// The questions of a user without an enrolment: as many as an enrolment has at least, and the same for ever.
    ///
    /// A keyed hash of the user chooses them. Over the years a user without an enrolment is then asked as few questions
    /// as one with an enrolment, and nothing shows which of the two it is. A change of the secret changes none of them,
    /// because it does not change what others have enrolled.
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
    /// The choice is a keyed hash of user and 30-day window: it stays the same over retries and new sign-ins, so that an
    /// attacker cannot try for another question. Each candidate is scored by itself: enrolling a further question rarely
    /// changes the choice. Questions that are not candidates are scored too, or the time would reveal what is enrolled.
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

/// How long a user is asked the same question.
const WINDOW_SECONDS: u64 = 30 * 24 * 60 * 60;

/// Every question, chosen for answers that stay the same and are hard to look up.
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
    fn spellings_of_a_nonexistent_name_get_the_same_question() {
        let all: Vec<_> = CATALOGUE.iter().collect();
        for n in 0..40 {
            let of = |name: String| choose_among(&all, &name, Existence::Nonexistent, UNIX_EPOCH).id;
            assert_eq!(of(format!("ada{n}")), of(format!("ADA{n}")));
        }
    }

    #[test]
    fn without_an_enrolment_a_user_has_the_same_few_questions_for_ever() {
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
        // 56 sets of three are possible; 200 users leave out one or two.
        assert!(sets.len() > 45, "{} sets", sets.len());
    }

    #[test]
    fn no_change_of_the_secret_changes_a_decoy_or_a_choice() {
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
    fn ids_are_unique_and_every_text_is_there() {
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
    fn the_choice_holds_for_a_window_and_differs_between_users_and_windows() {
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
    fn one_question_more_changes_the_choice_only_to_that_question() {
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
