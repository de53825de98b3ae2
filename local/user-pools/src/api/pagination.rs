//! Pages of lists.

use serde_json::{Map, Value};

use super::request::Request;
use crate::error::Error;

/// The number of items of a page if the request has none.
pub(super) const SIZE: u64 = 60;

/// Returns the items of a page under `key`, and the token of the next page.
pub(super) fn reply(key: &str, items: Vec<Value>, next: Option<String>) -> Value {
    let mut reply = Map::from_iter([(key.to_owned(), items.into())]);
    reply.extend(next.map(|next| ("NextToken".to_owned(), next.into())));
    reply.into()
}

/// The part of a list that is wanted. The token of a page is the last id of the previous one.
pub(super) struct Page<'a> {
    size: usize,
    after: Option<&'a str>,
}

impl<'a> Page<'a> {
    /// Reads `NextToken` and the maximum number of items.
    pub(super) fn read(request: &Request<'a>, limit: &str) -> Result<Self, Error> {
        Ok(Self::new(request.text("NextToken")?, request.fields.number(limit)?))
    }

    /// Creates the page after the token `after`, of at most `size` items.
    pub(super) fn new(after: Option<&'a str>, size: Option<u64>) -> Self {
        let size = size.filter(|size| *size > 0).unwrap_or(SIZE);
        let size = usize::try_from(size).unwrap_or(usize::MAX);
        Self { size, after }
    }

    /// Returns this part of `all`, which is ordered by id, and the token of the next page.
    pub(super) fn cut<'t, T>(&self, all: &'t [T], id: impl Fn(&T) -> &str) -> (&'t [T], Option<String>) {
        let start = self
            .after
            .map_or(0, |after| all.partition_point(|item| id(item) <= after));
        let rest = all.get(start..).unwrap_or_default();
        let (page, more) = rest.split_at_checked(self.size).unwrap_or((rest, &[]));
        let next = page.last().filter(|_| !more.is_empty());
        (page, next.map(|last| id(last).to_owned()))
    }
}
