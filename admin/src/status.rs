//! The secrets that the enrolled answers need.

use std::collections::BTreeMap;
use std::time::Duration;

use clap::ValueEnum;
use cognito_challenge::challenges::security_question::Enrollment;
use cognito_challenge::keys::Keys;
use serde_json::{Value, json};

use crate::args::{State, Status};
use crate::pool::{Pool, PoolError};
use crate::said::Said;

/// Returns the state of each question in `attribute`: its id, the id of its key, and the position of that key.
fn questions(attribute: &str, keys: &Keys) -> Vec<(&'static str, String, State)> {
    let enrolled = Enrollment::parse(attribute);
    let questions = enrolled.questions().into_iter();
    let known = questions.filter_map(|question| Some((question.id, enrolled.hash(question)?)));
    known
        .map(|(id, hash)| {
            let key = hash
                .key_id(keys)
                .map_or_else(|| "unknown".to_owned(), |id| id.to_string());
            let state = match hash.key(keys) {
                Some(key) if key.id() == keys.current().id() => State::Current,
                Some(_) => State::Other,
                None => State::Gone,
            };
            (id, key, state)
        })
        .collect()
}

/// Returns the state of a user: the worst state of an answer.
fn state(attribute: &str, keys: &Keys) -> State {
    let states = questions(attribute, keys).into_iter().map(|(_, _, state)| state);
    states.max().unwrap_or(State::None)
}

fn name(state: State) -> String {
    let named = state.to_possible_value();
    named.map_or_else(String::new, |value| value.get_name().to_owned())
}

/// Returns the enrolled questions of the user `username`.
pub(crate) fn of_user(username: &str, attribute: &str, keys: &Keys) -> Said {
    let questions = questions(attribute, keys);
    let mut lines = vec![format!("`{username}` has {} enrolled questions", questions.len())];
    lines.extend(
        questions
            .iter()
            .map(|(id, key, state)| format!("{id:18}{key:10}{}", name(*state))),
    );
    let questions: Vec<_> = questions
        .iter()
        .map(|(id, key, state)| json!({"question": id, "keyId": key, "state": name(*state)}))
        .collect();
    let json = json!({"username": username, "state": name(state(attribute, keys)), "questions": questions});
    Said::new(lines.join("\n"), json)
}

/// The number of users in each state.
#[derive(Default)]
pub(crate) struct Counts {
    users: u64,
    by_state: BTreeMap<State, u64>,
    names: Vec<String>,
    /// The token to continue an interrupted count.
    next: Option<String>,
}

impl Counts {
    fn add(&mut self, username: String, attribute: &str, keys: &Keys, wanted: Option<State>) {
        let state = state(attribute, keys);
        self.users += 1;
        *self.by_state.entry(state).or_default() += 1;
        if wanted == Some(state) {
            self.names.push(username);
        }
    }

    /// Returns the output.
    pub(crate) fn said(&self, wanted: Option<State>) -> Said {
        let count = |state| self.by_state.get(&state).copied().unwrap_or_default();
        let mut lines = vec![format!("users    {}", self.users)];
        for (state, meaning) in [
            (State::Current, "all answers are hashed under the current secret"),
            (State::Other, "an answer needs the next or the previous secret"),
            (State::Gone, "an answer needs a removed secret, and cannot be right"),
            (State::None, "no question is enrolled"),
        ] {
            lines.push(format!("{:9}{:<8}{meaning}", name(state), count(state)));
        }
        lines.extend(self.names.iter().cloned());
        let mut json = json!({"users": self.users, "current": count(State::Current), "other": count(State::Other),
            "gone": count(State::Gone), "none": count(State::None), "complete": self.next.is_none()});
        if let Value::Object(fields) = &mut json {
            if wanted.is_some() {
                fields.insert("names".to_owned(), self.names.clone().into());
            }
            if let Some(next) = &self.next {
                fields.insert("next".to_owned(), next.clone().into());
            }
        }
        Said::new(lines.join("\n"), json)
    }
}

/// Counts all users of `pool`, until the end or until it is `interrupted`. It calls `progress` with the number so far.
///
/// Returns the counts, and the error that stopped it.
pub(crate) async fn of_all(
    pool: &Pool,
    keys: &Keys,
    args: &Status,
    interrupted: impl Future<Output = ()>,
    progress: impl Fn(u64),
) -> (Counts, Option<Stopped>) {
    let mut counts = Counts {
        next: args.from.clone(),
        ..Counts::default()
    };
    let pause = pause(args.rate);
    let counting = async {
        loop {
            let page = pool.page(counts.next.as_deref()).await?;
            for (username, attribute) in page.users {
                counts.add(username, &attribute, keys, args.names);
            }
            progress(counts.users);
            counts.next = page.next;
            if counts.next.is_none() {
                return Ok(());
            }
            tokio::time::sleep(pause).await;
        }
    };
    let stopped = tokio::select! {
        counted = counting => counted.err().map(Stopped::Pool),
        () = interrupted => Some(Stopped::Interrupted),
    };
    (counts, stopped)
}

/// Returns the pause between requests, for at most `rate` requests a second.
fn pause(rate: u32) -> Duration {
    Duration::from_secs(1) / rate.max(1)
}

/// The reason why not all users were counted.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Stopped {
    #[error("interrupted")]
    Interrupted,
    #[error(transparent)]
    Pool(#[from] PoolError),
}

impl Counts {
    /// Returns the instruction to continue.
    pub(crate) fn way_on(&self) -> String {
        match &self.next {
            Some(token) => format!("{} users were counted; continue with `--from '{token}'`", self.users),
            None => "no user was counted".to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(value: &str) -> Keys {
        Keys::parse(value).unwrap()
    }

    fn enrolled(keys: &Keys) -> String {
        let answers = [("first-pet", "Peccy"), ("birth-city", "Seattle")];
        Enrollment::new(answers, keys, || [7; 16]).unwrap().to_attribute()
    }

    #[test]
    fn a_user_is_counted_by_the_answer_that_is_worst_off() {
        let [a, b, c] = ["a", "b", "c"].map(|letter| letter.repeat(32));
        let both = keys(&format!(r#"{{"current":"{b}","previous":"{a}","first":"{a}"}}"#));
        let [old, new, gone] = [&a, &b, &c].map(|secret| enrolled(&keys(secret)));
        let mut mixed: Value = serde_json::from_str(&new).unwrap();
        mixed["first-pet"] = serde_json::from_str::<Value>(&old).unwrap()["first-pet"].take();
        let mixed = mixed.to_string();
        let mut counts = Counts::default();
        for (name, attribute, expected) in [
            ("old", old.as_str(), State::Other),
            ("new", &new, State::Current),
            ("gone", &gone, State::Gone),
            ("mixed", &mixed, State::Other),
            ("none", "", State::None),
        ] {
            assert_eq!(state(attribute, &both), expected, "{name}");
            counts.add(name.to_owned(), attribute, &both, Some(State::Other));
        }
        assert_eq!(counts.names, ["old", "mixed"]);
        assert_eq!(
            counts.said(Some(State::Other)).printed(true),
            r#"{"users":5,"current":1,"other":2,"gone":1,"none":1,"complete":true,"names":["old","mixed"]}"#
        );
    }

    #[test]
    fn a_count_that_stopped_says_how_to_go_on() {
        let mut counts = Counts::default();
        assert_eq!(counts.way_on(), "no user was counted");
        counts.add("ada".to_owned(), "", &keys(&"a".repeat(32)), None);
        counts.next = Some("token".to_owned());
        assert_eq!(counts.way_on(), "1 users were counted; continue with `--from 'token'`");
        let said = counts.said(None).printed(true);
        assert!(
            said.ends_with(r#""complete":false,"next":"token"}"#) && !said.contains("names"),
            "{said}"
        );
    }

    #[test]
    fn requests_are_spread_over_a_second() {
        assert_eq!(
            [1, 5, 30].map(|rate| pause(rate).as_micros()),
            [1_000_000, 200_000, 33_333]
        );
    }

    #[test]
    fn a_hash_without_a_key_id_is_counted_under_the_first_secret() {
        let [a, b] = ["a", "b"].map(|letter| letter.repeat(32));
        let of_a = keys(&a);
        let id = format!("keyid={},", of_a.current().id());
        let without = enrolled(&of_a).replace(&id, "");
        assert!(!without.contains("keyid"));
        assert_eq!(state(&without, &of_a), State::Current);
        let finished = keys(&format!(r#"{{"current":"{b}","first":"{a}"}}"#));
        assert_eq!(state(&without, &finished), State::Gone);
        let shown = of_user("ada", &without, &finished).printed(false);
        assert!(
            shown.contains(&format!("first-pet         {}  gone", of_a.current().id())),
            "{shown}"
        );
    }
}
