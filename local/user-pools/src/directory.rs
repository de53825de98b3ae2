//! The data that a user pool keeps beyond a sign-in: pools, clients, users and refresh tokens.
//!
//! All changes use the methods of [`Directory`]. A change is first written to disk. If that succeeds, it is made in
//! memory, which serves all reads. A lock covers both steps, so their order is the same.

mod groups;
mod open;
mod records;

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::Duration;

use uuid::Uuid;

use super::clients::Client;
use super::error::Error;
use super::groups::Groups;
use super::pools::Pool;
use super::random::Random;
use super::tokens::refresh::{Change, Refresh, RefreshTokens};
use super::users::{Store, User, Users};
use crate::storage::{Kind, Records, StorageError};
use records::{ClientRecord, PoolRecord};

/// The data of all pools. Locks are held only for look-ups and changes, never while a function runs. Code that needs
/// several locks takes them in the order of the fields.
pub(crate) struct Directory {
    records: Records,
    pools: RwLock<HashMap<String, Arc<Pool>>>,
    clients: RwLock<HashMap<String, Arc<Client>>>,
    /// By pool id.
    users: RwLock<HashMap<String, Users>>,
    refresh: RwLock<RefreshTokens>,
    /// By pool id.
    groups: RwLock<HashMap<String, Groups>>,
}

impl Directory {
    /// Adds a pool, or replaces the pool with the same id and keeps its users.
    pub(crate) fn add_pool(&self, pool: Pool) -> Result<Arc<Pool>, Error> {
        let pool = Arc::new(pool);
        let (mut pools, mut users) = (write(&self.pools), write(&self.users));
        let moved = users.get(&pool.id).map(|users| users.moved(&pool)).transpose();
        let moved = moved.map_err(|(user, error)| {
            let name = user.name.escape_debug();
            let message = format!(
                "user `{name}` does not fit the pool as it is now: {} (undo the change, or delete all data with `cognito-loop \
                 reset`)",
                error.message
            );
            Error::invalid_parameter(message)
        })?;
        self.store_pool(&pool)?;
        users.insert(pool.id.clone(), moved.unwrap_or_default());
        pools.insert(pool.id.clone(), Arc::clone(&pool));
        Ok(pool)
    }

    /// Replaces the pool called `id`.
    pub(crate) fn update_pool(
        &self,
        id: &str,
        change: impl FnOnce(&Pool) -> Result<Pool, Error>,
    ) -> Result<Arc<Pool>, Error> {
        let mut pools = write(&self.pools);
        let pool = pools.get_mut(id).ok_or_else(|| no_pool(id))?;
        let changed = change(pool)?;
        self.store_pool(&changed)?;
        *pool = Arc::new(changed);
        Ok(Arc::clone(pool))
    }

    /// Adds a client, or replaces the client with the same id.
    pub(crate) fn add_client(&self, client: Client) -> Result<Arc<Client>, Error> {
        let client = Arc::new(client);
        let pools = read(&self.pools);
        let mut clients = write(&self.clients);
        if !pools.contains_key(&client.pool) {
            return Err(no_pool(&client.pool));
        }
        self.store_client(&client)?;
        clients.insert(client.id.clone(), Arc::clone(&client));
        Ok(client)
    }

    /// Replaces the client called `id`.
    pub(crate) fn update_client(
        &self,
        pool: &Pool,
        id: &str,
        change: impl FnOnce(&Client) -> Result<Client, Error>,
    ) -> Result<Arc<Client>, Error> {
        let mut clients = write(&self.clients);
        let client = clients.get_mut(id).filter(|client| client.pool == pool.id);
        let client = client.ok_or_else(|| no_client(id))?;
        let changed = change(client)?;
        self.store_client(&changed)?;
        *client = Arc::new(changed);
        Ok(Arc::clone(client))
    }

    /// Removes the client called `id` and ends its sign-ins.
    pub(crate) fn remove_client(&self, pool: &Pool, id: &str, now: Duration) -> Result<(), Error> {
        let mut clients = write(&self.clients);
        if clients.get(id).is_none_or(|client| client.pool != pool.id) {
            return Err(no_client(id));
        }
        let mut tokens = write(&self.refresh);
        let change = tokens.ending_clients(now, |client| client == id);
        self.records.write(|changes| {
            changes.remove(Kind::Client, id);
            change.keep(changes)
        })?;
        tokens.make(change);
        clients.remove(id);
        Ok(())
    }

    /// Removes a pool, its clients and its users.
    pub(crate) fn remove_pool(&self, pool: &Pool, now: Duration) -> Result<(), Error> {
        let (mut pools, mut clients) = (write(&self.pools), write(&self.clients));
        let (mut users, mut tokens) = (write(&self.users), write(&self.refresh));
        let mut groups = write(&self.groups);
        let own = clients.values().filter(|client| client.pool == pool.id);
        let own: Vec<String> = own.map(|client| client.id.clone()).collect();
        let change = tokens.ending_clients(now, |client| own.iter().any(|id| **id == *client));
        self.records.write(|changes| {
            for id in &own {
                changes.remove(Kind::Client, id);
            }
            for user in users.get(&pool.id).into_iter().flat_map(Users::iter) {
                changes.remove(Kind::User, &user_key(pool, user));
            }
            change.keep(changes)?;
            changes.remove(Kind::Groups, &pool.id);
            changes.remove(Kind::Pool, &pool.id);
            Ok(())
        })?;
        tokens.make(change);
        clients.retain(|_, client| client.pool != pool.id);
        pools.remove(&pool.id);
        users.remove(&pool.id);
        groups.remove(&pool.id);
        Ok(())
    }

    fn store_pool(&self, pool: &Pool) -> Result<(), StorageError> {
        self.records
            .write(|changes| changes.put(Kind::Pool, &pool.id, &PoolRecord::of(pool)))
    }

    fn store_client(&self, client: &Client) -> Result<(), StorageError> {
        self.records
            .write(|changes| changes.put(Kind::Client, &client.id, &ClientRecord::of(client)))
    }

    /// Returns all pools, by id.
    pub(crate) fn pools(&self) -> Vec<Arc<Pool>> {
        let mut pools: Vec<_> = read(&self.pools).values().cloned().collect();
        pools.sort_by(|one, other| one.id.cmp(&other.id));
        pools
    }

    /// Returns all clients of a pool, by id.
    pub(crate) fn clients(&self, pool: &Pool) -> Vec<Arc<Client>> {
        let clients = read(&self.clients);
        let own = clients.values().filter(|client| client.pool == pool.id);
        let mut own: Vec<_> = own.cloned().collect();
        own.sort_by(|one, other| one.id.cmp(&other.id));
        own
    }

    /// Returns the pool called `id`.
    pub(crate) fn pool(&self, id: &str) -> Result<Arc<Pool>, Error> {
        let pool = read(&self.pools).get(id).cloned();
        pool.ok_or_else(|| no_pool(id))
    }

    /// Returns the client called `id`, and its pool.
    pub(crate) fn client(&self, id: &str) -> Result<(Arc<Pool>, Arc<Client>), Error> {
        let client = read(&self.clients).get(id).cloned();
        let client = client.ok_or_else(|| no_client(id))?;
        Ok((self.pool(&client.pool)?, client))
    }

    /// Returns the user with the username or alias `login`.
    pub(crate) fn user(&self, pool: &Pool, login: &str) -> Option<Arc<User>> {
        read(&self.users).get(&pool.id)?.find(pool, login).cloned()
    }

    /// Returns all users of a pool, by username.
    pub(crate) fn users(&self, pool: &Pool) -> Vec<Arc<User>> {
        let users = read(&self.users);
        let own = users.get(&pool.id).into_iter().flat_map(Users::iter);
        let mut own: Vec<_> = own.cloned().collect();
        // They are stored by the folded username, but pages are cut by the username itself.
        own.sort_by(|one, other| one.name.cmp(&other.name));
        own
    }

    /// Returns the number of users of a pool.
    pub(crate) fn count_users(&self, pool: &Pool) -> usize {
        read(&self.users).get(&pool.id).map_or(0, Users::len)
    }

    /// Adds a user.
    pub(crate) fn add_user(&self, pool: &Pool, user: User) -> Result<Arc<User>, Error> {
        let mut users = write(&self.users);
        let users = users.get_mut(&pool.id).ok_or_else(|| no_pool(&pool.id))?;
        users.insert(pool, user, self.storing_user(pool))
    }

    /// Changes the user with the username or alias `login`.
    pub(crate) fn update_user(
        &self,
        pool: &Pool,
        login: &str,
        change: impl FnOnce(&mut User) -> Result<(), Error>,
    ) -> Result<Arc<User>, Error> {
        let mut users = write(&self.users);
        let users = users.get_mut(&pool.id).ok_or_else(|| no_pool(&pool.id))?;
        users.update(pool, login, change, self.storing_user(pool))
    }

    /// Removes the user with the username or alias `login`.
    pub(crate) fn remove_user(&self, pool: &Pool, login: &str) -> Result<Arc<User>, Error> {
        let mut users = write(&self.users);
        let users = users.get_mut(&pool.id).ok_or_else(|| no_pool(&pool.id))?;
        let mut groups = write(&self.groups);
        users.remove(pool, login, |user| {
            let left = groups.get(&pool.id).map(|groups| groups.without(&user.sub));
            self.records.write(|changes| {
                if let Some(left) = &left {
                    changes.put(Kind::Groups, &pool.id, left)?;
                }
                changes.remove(Kind::User, &user_key(pool, user));
                Ok(())
            })?;
            groups.extend(left.map(|left| (pool.id.clone(), left)));
            Ok(())
        })
    }

    fn storing_user(&self, pool: &Pool) -> impl Store {
        move |user: &User| {
            let key = user_key(pool, user);
            Ok(self.records.write(|changes| changes.put(Kind::User, &key, user))?)
        }
    }

    /// Issues a refresh token.
    pub(crate) fn add_refresh_token(&self, refresh: Refresh, now: Duration, random: &Random) -> Result<String, Error> {
        let mut tokens = write(&self.refresh);
        let (token, change) = tokens.adding(refresh, now, random)?;
        self.change_tokens(&mut tokens, change)?;
        Ok(token)
    }

    /// Issues a refresh token that replaces `token`, if `token` has not changed since it was found.
    pub(crate) fn rotate_refresh_token(
        &self,
        token: &str,
        client: &Client,
        now: Duration,
        random: &Random,
    ) -> Result<Option<String>, Error> {
        let Some(grace) = client.rotation else { return Ok(None) };
        let mut tokens = write(&self.refresh);
        tokens.find(token, client, now)?;
        let (next, change) = tokens.rotating(token, grace, now, random)?;
        self.change_tokens(&mut tokens, change)?;
        Ok(Some(next))
    }

    /// Ends the sign-in of a refresh token. An unknown token has no effect.
    pub(crate) fn revoke_token(&self, token: &str, client: &Client, now: Duration) -> Result<(), Error> {
        let mut tokens = write(&self.refresh);
        let Ok(refresh) = tokens.find(token, client, now) else {
            return Ok(());
        };
        let change = tokens.ending(now, |other| other.origin == refresh.origin);
        self.change_tokens(&mut tokens, change)
    }

    /// Ends all sign-ins of a user.
    pub(crate) fn revoke_user(&self, user: &User, now: Duration) -> Result<(), Error> {
        let mut tokens = write(&self.refresh);
        let change = tokens.ending(now, |refresh| *refresh.sub == *user.sub);
        self.change_tokens(&mut tokens, change)
    }

    fn change_tokens(&self, tokens: &mut RefreshTokens, change: Change) -> Result<(), Error> {
        self.records.write(|changes| change.keep(changes))?;
        tokens.make(change);
        Ok(())
    }

    /// Whether the sign-in of a token was ended.
    pub(crate) fn is_revoked(&self, origin: Uuid) -> bool {
        read(&self.refresh).is_ended(origin)
    }

    /// Returns the data of a refresh token.
    pub(crate) fn refresh_token(&self, token: &str, client: &Client, now: Duration) -> Result<Refresh, Error> {
        read(&self.refresh).find(token, client, now)
    }
}

/// The id of a pool contains no slash.
fn user_key(pool: &Pool, user: &User) -> String {
    format!("{}/{}", pool.id, user.name)
}

fn no_pool(id: &str) -> Error {
    Error::resource_not_found(format!("User pool {id} does not exist."))
}

fn no_client(id: &str) -> Error {
    Error::resource_not_found(format!("User pool client {id} does not exist."))
}

// A panic leaves no partial change: every change is one insertion or removal.
fn read<T>(lock: &RwLock<T>) -> RwLockReadGuard<'_, T> {
    lock.read().unwrap_or_else(PoisonError::into_inner)
}

fn write<T>(lock: &RwLock<T>) -> RwLockWriteGuard<'_, T> {
    lock.write().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
