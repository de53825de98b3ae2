//! The groups of the pools' users.

use super::{Directory, read, write};
use crate::error::Error;
use crate::groups::{Groups, Memberships};
use crate::pools::Pool;
use crate::storage::Kind;
use crate::users::User;

impl Directory {
    /// Returns the groups of a pool.
    pub(crate) fn groups(&self, pool: &Pool) -> Groups {
        read(&self.groups).get(&pool.id).cloned().unwrap_or_default()
    }

    /// Returns the user's groups and their roles.
    pub(crate) fn memberships(&self, pool: &Pool, user: &User) -> Memberships {
        let groups = read(&self.groups);
        groups
            .get(&pool.id)
            .map(|groups| groups.memberships(&user.sub))
            .unwrap_or_default()
    }

    /// Changes the groups of a pool.
    pub(crate) fn update_groups<T>(
        &self,
        pool: &Pool,
        change: impl FnOnce(&mut Groups) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let mut groups = write(&self.groups);
        let mut changed = groups.get(&pool.id).cloned().unwrap_or_default();
        let result = change(&mut changed)?;
        self.records
            .write(|changes| changes.put(Kind::Groups, &pool.id, &changed))?;
        groups.insert(pool.id.clone(), changed);
        Ok(result)
    }
}
