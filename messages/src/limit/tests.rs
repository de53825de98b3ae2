use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex};

use cognito_challenge::attempts::messages_key;
use cognito_challenge::keys::Keys;
use cognito_challenge::user::{Existence, User};
use rand::SeedableRng;
use rand::rngs::StdRng;

use super::super::Medium;
use super::*;

/// A table in memory that records the operations.
#[derive(Clone, Default)]
struct Memory {
    items: Arc<Mutex<BTreeMap<String, Times>>>,
    operations: Arc<Mutex<Vec<&'static str>>>,
    /// The number of writes that find a concurrent write.
    overtaken: Arc<Mutex<usize>>,
}

#[async_trait]
impl TimesStore for Memory {
    async fn read(&self, key: &str) -> Result<Option<Times>, Unreachable> {
        self.operations.lock().unwrap().push("read");
        Ok(self.items.lock().unwrap().get(key).cloned())
    }

    async fn replace(&self, key: &str, before: Option<&Times>, after: &Times, _: u64) -> Result<bool, Unreachable> {
        self.operations.lock().unwrap().push("write");
        let mut overtaken = self.overtaken.lock().unwrap();
        if *overtaken > 0 {
            *overtaken -= 1;
            return Ok(false);
        }
        let mut items = self.items.lock().unwrap();
        if items.get(key) != before {
            return Ok(false);
        }
        items.insert(key.to_owned(), after.clone());
        Ok(true)
    }
}

fn limit(memory: &Memory, per_hour: usize) -> Limit {
    Limit {
        store: Some(Box::new(memory.clone())),
        per_hour,
    }
}

async fn take(limit: &Limit, name: &str, existence: Existence, medium: Medium, seconds: u64) -> bool {
    let (keys, attributes) = (Keys::parse(&"k".repeat(32)).unwrap(), HashMap::new());
    let now = UNIX_EPOCH + Duration::from_secs(1_767_225_600 + seconds);
    let key = messages_key(&keys, &User::new("p", name, existence, &attributes), medium.name());
    let taken = limit.take(&key, now, &mut StdRng::seed_from_u64(seconds)).await;
    taken.unwrap()
}

#[tokio::test]
async fn a_user_gets_so_many_messages_within_any_hour() {
    let limit = limit(&Memory::default(), 2);
    let mut taken = Vec::new();
    for seconds in [0, 1800, 1801, 3599, 3600, 3601, 5399, 5400, 5401] {
        if take(&limit, "ada", Existence::Existing, Medium::Email, seconds).await {
            taken.push(seconds);
        }
    }
    assert_eq!(taken, [0, 1800, 3600, 5400]);
}

#[tokio::test]
async fn users_and_media_are_counted_apart_and_spellings_of_a_nonexistent_name_together() {
    use Existence::{Existing, Nonexistent};
    let limit = limit(&Memory::default(), 1);
    for (name, existence, medium, free) in [
        ("ada", Existing, Medium::Email, true),
        ("ada", Existing, Medium::Email, false),
        ("ada", Existing, Medium::Sms, true),
        ("bob", Existing, Medium::Email, true),
        ("eve", Nonexistent, Medium::Email, true),
        ("EVE", Nonexistent, Medium::Email, false),
    ] {
        let taken = take(&limit, name, existence, medium, 0).await;
        assert_eq!(taken, free, "{name} {existence:?} {medium:?}");
    }
}

#[tokio::test]
async fn the_table_is_used_alike_below_and_at_the_limit_and_for_nonexistent_users() {
    let memory = Memory::default();
    let limit = limit(&memory, 1);
    for (name, existence) in [
        ("ada", Existence::Existing),
        ("ada", Existence::Existing),
        ("eve", Existence::Nonexistent),
        ("eve", Existence::Nonexistent),
    ] {
        take(&limit, name, existence, Medium::Email, 0).await;
        assert_eq!(
            std::mem::take(&mut *memory.operations.lock().unwrap()),
            ["read", "write"]
        );
    }
    assert!(memory.items.lock().unwrap().keys().all(|key| key.len() == 64));
}

#[tokio::test]
async fn a_message_is_counted_again_after_a_concurrent_one_but_not_forever() {
    let memory = Memory::default();
    let limit = limit(&memory, 5);
    for (overtaken, taken) in [(1, true), (TRIES - 1, true), (TRIES, false)] {
        *memory.overtaken.lock().unwrap() = overtaken;
        assert_eq!(take(&limit, "ada", Existence::Existing, Medium::Email, 0).await, taken);
    }
}

#[test]
fn no_table_and_a_limit_that_cannot_be_stop_the_function() {
    let configure = |variables: &[(&'static str, &'static str)]| {
        let aws = [
            ("AWS_ACCESS_KEY_ID", "test"),
            ("AWS_REGION", "us-east-1"),
            ("AWS_SECRET_ACCESS_KEY", "test"),
        ];
        Limit::configure(&Environment::new([&aws, variables].concat()))
    };
    assert_eq!(
        configure(&[]).err().unwrap().to_string(),
        "variable `ATTEMPTS_TABLE`: it is missing, and MESSAGES_PER_HOUR needs it: set it, or MESSAGES_PER_HOUR=unlimited"
    );
    for messages in ["0", "101", "-1", "many", "5.5"] {
        let error = configure(&[("MESSAGES_PER_HOUR", messages), ("ATTEMPTS_TABLE", "attempts")]);
        assert!(error.err().unwrap().to_string().contains("1 to 100"), "{messages}");
    }
    assert!(configure(&[("ATTEMPTS_TABLE", "attempts")]).is_ok());
    assert!(configure(&[("MESSAGES_PER_HOUR", "unlimited")]).is_ok());
}
