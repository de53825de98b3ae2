//! Objects in memory that expire.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, SystemTime};

use bytes::Bytes;

/// The lifetime of objects, as in the template's bucket: one day.
const LIFETIME: Duration = Duration::from_hours(24);

/// The maximum size of an object.
pub(super) const MAX_OBJECT: usize = 8 * 1024 * 1024;

/// The maximum size of all objects together, enough for thousands of pictures. Beyond it, the oldest are deleted.
const MAX_TOTAL: usize = 16 * 1024 * 1024;

/// A stored object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Object {
    pub(super) bytes: Bytes,
    pub(super) content_type: Option<String>,
    pub(super) cache_control: Option<String>,
    pub(super) e_tag: String,
    pub(super) put_at: SystemTime,
}

/// Bucket and key.
type Name = (String, String);

/// The objects of buckets. The buckets are fixed.
#[derive(Debug)]
pub(super) struct Objects {
    buckets: BTreeSet<String>,
    by_name: BTreeMap<Name, (u64, Object)>,
    /// In the order of insertion.
    order: BTreeMap<u64, Name>,
    next: u64,
    total: usize,
    max_total: usize,
}

impl Objects {
    /// Creates empty buckets.
    pub(super) fn new(buckets: impl IntoIterator<Item = String>) -> Self {
        Self {
            buckets: buckets.into_iter().collect(),
            by_name: BTreeMap::new(),
            order: BTreeMap::new(),
            next: 0,
            total: 0,
            max_total: MAX_TOTAL,
        }
    }

    /// Whether the bucket exists.
    pub(super) fn has_bucket(&self, bucket: &str) -> bool {
        self.buckets.contains(bucket)
    }

    /// Stores an object, in place of one with the same name.
    pub(super) fn put(&mut self, bucket: &str, key: &str, mut object: Object) {
        // The bytes may be a small part of the connection's buffer, which would stay in memory with them.
        object.bytes = Bytes::copy_from_slice(&object.bytes);
        self.forget_expired(object.put_at);
        self.delete(bucket, key);
        self.total += object.bytes.len();
        let name = (bucket.to_owned(), key.to_owned());
        self.order.insert(self.next, name.clone());
        self.by_name.insert(name, (self.next, object));
        self.next += 1;
        while self.total > self.max_total && self.forget_oldest() {}
    }

    /// Returns the object with this name, unless it has expired.
    pub(super) fn get(&mut self, bucket: &str, key: &str, now: SystemTime) -> Option<Object> {
        self.forget_expired(now);
        self.by_name
            .get(&(bucket.to_owned(), key.to_owned()))
            .map(|(_, object)| object.clone())
    }

    /// Removes the object with this name, if it exists.
    pub(super) fn delete(&mut self, bucket: &str, key: &str) {
        if let Some((number, object)) = self.by_name.remove(&(bucket.to_owned(), key.to_owned())) {
            self.order.remove(&number);
            self.total -= object.bytes.len();
        }
    }

    /// Returns the objects of `bucket` whose keys start with `prefix` and follow `after`, by key.
    pub(super) fn list(&mut self, bucket: &str, prefix: &str, after: &str, now: SystemTime) -> Vec<(String, Object)> {
        self.forget_expired(now);
        self.by_name
            .range((bucket.to_owned(), prefix.to_owned())..)
            .take_while(|((in_bucket, key), _)| in_bucket == bucket && key.starts_with(prefix))
            .filter(|((_, key), _)| after.is_empty() || key.as_str() > after)
            .map(|((_, key), (_, object))| (key.clone(), object.clone()))
            .collect()
    }

    fn forget_expired(&mut self, now: SystemTime) {
        while self
            .oldest()
            .is_some_and(|put_at| now.duration_since(put_at).is_ok_and(|age| age >= LIFETIME))
        {
            self.forget_oldest();
        }
    }

    fn oldest(&self) -> Option<SystemTime> {
        let (_, name) = self.order.first_key_value()?;
        self.by_name.get(name).map(|(_, object)| object.put_at)
    }

    fn forget_oldest(&mut self) -> bool {
        let Some((_, (bucket, key))) = self
            .order
            .first_key_value()
            .map(|(number, name)| (*number, name.clone()))
        else {
            return false;
        };
        self.delete(&bucket, &key);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn object(size: usize, put_at: SystemTime) -> Object {
        Object {
            bytes: vec![0; size].into(),
            content_type: None,
            cache_control: None,
            e_tag: String::new(),
            put_at,
        }
    }

    #[test]
    fn an_object_is_gone_after_a_day() {
        let mut objects = Objects::new(["b".to_owned()]);
        let put_at = SystemTime::UNIX_EPOCH;
        objects.put("b", "k", object(1, put_at));
        assert!(
            objects
                .get("b", "k", put_at + LIFETIME.saturating_sub(Duration::from_secs(1)))
                .is_some()
        );
        assert!(objects.get("b", "k", put_at + LIFETIME).is_none());
        assert_eq!(objects.total, 0);
    }

    #[test]
    fn past_the_limit_the_oldest_go_first() {
        let mut objects = Objects::new(["b".to_owned()]);
        objects.max_total = 100;
        let now = SystemTime::UNIX_EPOCH;
        objects.put("b", "z", object(40, now));
        objects.put("b", "a", object(40, now));
        objects.put("b", "m", object(40, now));
        assert!(objects.get("b", "z", now).is_none());
        assert!(objects.get("b", "a", now).is_some());
        assert!(objects.get("b", "m", now).is_some());
        assert_eq!(objects.total, 80);
    }

    #[test]
    fn an_object_holds_its_own_bytes_and_not_what_they_came_in() {
        let read = Bytes::from(vec![0; 100]);
        let mut objects = Objects::new(["b".to_owned()]);
        let now = SystemTime::UNIX_EPOCH;
        objects.put(
            "b",
            "k",
            Object {
                bytes: read.slice(..10),
                ..object(0, now)
            },
        );
        assert!(read.is_unique());
        assert_eq!(objects.get("b", "k", now).unwrap().bytes.len(), 10);
    }

    #[test]
    fn putting_again_replaces_and_counts_once() {
        let mut objects = Objects::new(["b".to_owned()]);
        let now = SystemTime::UNIX_EPOCH;
        objects.put("b", "k", object(40, now));
        objects.put("b", "k", object(2, now));
        assert_eq!(objects.get("b", "k", now).unwrap().bytes.len(), 2);
        assert_eq!((objects.total, objects.order.len()), (2, 1));
    }

    #[test]
    fn listing_stays_in_the_bucket_and_under_the_prefix() {
        let mut objects = Objects::new(["a".to_owned(), "b".to_owned()]);
        let now = SystemTime::UNIX_EPOCH;
        for (bucket, key) in [("a", "p/1"), ("b", "p/1"), ("b", "p/2"), ("b", "q/1")] {
            objects.put(bucket, key, object(1, now));
        }
        let keys = |list: Vec<(String, Object)>| list.into_iter().map(|(key, _)| key).collect::<Vec<_>>();
        assert_eq!(keys(objects.list("b", "p/", "", now)), ["p/1", "p/2"]);
        assert_eq!(keys(objects.list("b", "", "p/1", now)), ["p/2", "q/1"]);
    }
}
