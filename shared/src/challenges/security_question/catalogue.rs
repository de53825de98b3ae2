//! The questions that can be enrolled. Users do not write their own.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::locale::Locale;
use crate::secret::Keys;

/// A question of the catalogue.
#[derive(Debug, PartialEq, Eq)]
pub struct Question {
    /// What the enrolment and the client's `questionId` call it. Never changes, because enrolments hold it.
    pub id: &'static str,
    en: &'static str,
    es: &'static str,
}

impl Question {
    /// The question in words.
    pub fn text(&self, locale: Locale) -> &'static str {
        match locale {
            Locale::En => self.en,
            Locale::Es => self.es,
        }
    }

    /// The question in every language.
    pub(super) fn texts(&self) -> impl Iterator<Item = &'static str> {
        Locale::ALL.into_iter().map(|locale| self.text(locale))
    }

    /// The question called `id`.
    pub fn with_id(id: &str) -> Option<&'static Self> {
        CATALOGUE.iter().find(|question| question.id == id)
    }

    /// Chooses the question that `user` is asked at `now`.
    ///
    /// The choice is a keyed hash of user and 30-day window, so it is the same over retries and new sign-ins and
    /// nobody can shop for another question. Each candidate is scored by itself: enrolling a further question
    /// rarely changes the choice. So is each that is no candidate, or how long it takes would tell what was enrolled.
    pub fn choose(candidates: &[&'static Self], keys: &Keys, user: &str, now: SystemTime) -> Option<&'static Self> {
        let key = keys.derive("security question: choice");
        let window = now.duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO).as_secs() / WINDOW_SECONDS;
        CATALOGUE
            .iter()
            .map(|question| (score(&key, user, window, question.id), question))
            .filter(|(_, question)| candidates.contains(question))
            .max_by_key(|(score, _)| *score)
            .map(|(_, question)| question)
    }
}

/// How long a user is asked the same question.
const WINDOW_SECONDS: u64 = 30 * 24 * 60 * 60;

fn score(key: &[u8; 32], user: &str, window: u64, id: &str) -> [u8; 32] {
    // INVARIANT: HMAC takes keys of any length, and this is the length of its hash.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key) else {
        return [0; 32];
    };
    // The lengths keep (user, id) apart from any other pair with the same letters.
    for part in [user, id] {
        mac.update(&(part.len() as u64).to_be_bytes());
        mac.update(part.as_bytes());
    }
    mac.update(&window.to_be_bytes());
    mac.finalize().into_bytes().into()
}

/// Every question, chosen for answers that stay the same and are hard to look up.
pub const CATALOGUE: &[Question] = &[
    Question {
        id: "birth-city",
        en: "In which town or city were you born?",
        es: "¿En qué pueblo o ciudad nació usted?",
    },
    Question {
        id: "childhood-friend",
        en: "What is the first name of your best friend in childhood?",
        es: "¿Cuál es el nombre de pila de su mejor amigo o amiga de la infancia?",
    },
    Question {
        id: "childhood-street",
        en: "What is the name of the street where you first lived?",
        es: "¿Cómo se llama la primera calle en la que vivió?",
    },
    Question {
        id: "first-concert",
        en: "Who played at the first concert that you went to?",
        es: "¿Quién tocaba en el primer concierto al que fue?",
    },
    Question {
        id: "first-job-city",
        en: "In which town or city was your first job?",
        es: "¿En qué pueblo o ciudad tuvo su primer trabajo?",
    },
    Question {
        id: "first-pet",
        en: "What was the name of your first pet?",
        es: "¿Cómo se llamaba su primera mascota?",
    },
    Question {
        id: "first-teacher",
        en: "What was the name of your first teacher?",
        es: "¿Cómo se llamaba su primera maestra o su primer maestro?",
    },
    Question {
        id: "oldest-cousin",
        en: "What is the full name of your oldest cousin?",
        es: "¿Cuál es el nombre completo de su primo o prima mayor?",
    },
];

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    fn choose(user: &str, now: SystemTime) -> &'static str {
        let all: Vec<_> = CATALOGUE.iter().collect();
        Question::choose(&all, &Keys::parse(&"k".repeat(32)).unwrap(), user, now)
            .unwrap()
            .id
    }

    #[test]
    fn ids_are_unique_and_every_text_is_there() {
        let ids: HashSet<_> = CATALOGUE.iter().map(|question| question.id).collect();
        assert_eq!(ids.len(), CATALOGUE.len());
        assert!(
            CATALOGUE
                .iter()
                .all(|q| Locale::ALL.iter().all(|locale| q.text(*locale).ends_with('?')))
        );
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
        let keys = Keys::parse(&"k".repeat(32)).unwrap();
        let (few, more): (Vec<_>, Vec<_>) = (CATALOGUE[..3].iter().collect(), CATALOGUE[..4].iter().collect());
        for n in 0..100 {
            let user = format!("user{n}");
            let (before, after) = (
                Question::choose(&few, &keys, &user, now),
                Question::choose(&more, &keys, &user, now),
            );
            assert!(after == before || after == Some(&CATALOGUE[3]));
        }
    }
}
