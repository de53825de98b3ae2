//! Pages of lists.

use serde_json::{Map, Value};

use super::request::{NAME, Request};
use crate::error::Error;

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
    pub(super) fn read(request: &mut Request<'a>, limit: &str, required: bool) -> Result<Self, Error> {
        let after = request.text("NextToken", &NAME)?;
        request.check()?;
        let size = match request.fields.number(limit)? {
            None if required => return Err(Error::missing(limit)),
            None => 60,
            Some(size @ 1..=60) => size,
            Some(_) => return Err(Error::invalid_parameter(format!("{limit} must be from 1 to 60"))),
        };
        let size = usize::try_from(size).unwrap_or(usize::MAX);
        Ok(Self { size, after })
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
