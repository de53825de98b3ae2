//! Everything that a user pool remembers beyond a sign-in: pools, clients, users and refresh tokens.
//!
//! All changes go through the methods of [`Store`].

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::Duration;

use uuid::Uuid;

use super::clients::Client;
use super::error::Error;
use super::groups::{Groups, Memberships};
use super::pools::Pool;
use super::tokens::refresh::{Refresh, RefreshTokens};
use super::users::{User, Users};

/// The memory of all pools. Locks are held for look-ups and changes only, never while a function runs.
#[derive(Default)]
pub(crate) struct Store {
    pools: RwLock<HashMap<String, Arc<Pool>>>,
    clients: RwLock<HashMap<String, Arc<Client>>>,
    /// By pool.
    users: RwLock<HashMap<String, Users>>,
    refresh: RwLock<RefreshTokens>,
    /// By pool.
    groups: RwLock<HashMap<String, Groups>>,
}

impl Store {
    /// Adds a pool.
    pub(crate) fn add_pool(&self, pool: Pool) -> Arc<Pool> {
        let pool = Arc::new(pool);
        write(&self.users).entry(pool.id.clone()).or_default();
        write(&self.pools).insert(pool.id.clone(), Arc::clone(&pool));
        pool
    }

    /// Puts a changed pool in the place of the one called `id`.
    pub(crate) fn update_pool(
        &self,
        id: &str,
        change: impl FnOnce(&Pool) -> Result<Pool, Error>,
    ) -> Result<Arc<Pool>, Error> {
        let mut pools = write(&self.pools);
        let pool = pools
            .get_mut(id)
            .ok_or_else(|| Error::resource_not_found(format!("User pool {id} does not exist.")))?;
        *pool = Arc::new(change(pool)?);
        Ok(Arc::clone(pool))
    }

    /// Adds a client.
    pub(crate) fn add_client(&self, client: Client) -> Arc<Client> {
        let client = Arc::new(client);
        write(&self.clients).insert(client.id.clone(), Arc::clone(&client));
        client
    }

    /// Puts a changed client in the place of the one called `id`.
    pub(crate) fn update_client(
        &self,
        pool: &Pool,
        id: &str,
        change: impl FnOnce(&Client) -> Result<Client, Error>,
    ) -> Result<Arc<Client>, Error> {
        let mut clients = write(&self.clients);
        let client = clients.get_mut(id).filter(|client| client.pool == pool.id);
        let client = client.ok_or_else(|| no_client(id))?;
        *client = Arc::new(change(client)?);
        Ok(Arc::clone(client))
    }

    /// Removes the client called `id` and ends what was signed in through it.
    pub(crate) fn remove_client(&self, pool: &Pool, id: &str, now: Duration) -> Result<(), Error> {
        let mut clients = write(&self.clients);
        if clients.get(id).is_none_or(|client| client.pool != pool.id) {
            return Err(no_client(id));
        }
        clients.remove(id);
        drop(clients);
        write(&self.refresh).end_client(id, now);
        Ok(())
    }

    /// Removes a pool, its clients and its users.
    pub(crate) fn remove_pool(&self, pool: &Pool, now: Duration) {
        write(&self.pools).remove(&pool.id);
        for client in self.clients(pool) {
            // Whoever has removed it meanwhile has done the same.
            let _ = self.remove_client(pool, &client.id, now);
        }
        write(&self.users).remove(&pool.id);
        write(&self.groups).remove(&pool.id);
    }

    /// Every pool, by id.
    pub(crate) fn pools(&self) -> Vec<Arc<Pool>> {
        let mut pools: Vec<_> = read(&self.pools).values().cloned().collect();
        pools.sort_by(|one, other| one.id.cmp(&other.id));
        pools
    }

    /// Every client of a pool, by id.
    pub(crate) fn clients(&self, pool: &Pool) -> Vec<Arc<Client>> {
        let clients = read(&self.clients);
        let own = clients.values().filter(|client| client.pool == pool.id);
        let mut own: Vec<_> = own.cloned().collect();
        own.sort_by(|one, other| one.id.cmp(&other.id));
        own
    }

    /// The pool called `id`.
    pub(crate) fn pool(&self, id: &str) -> Result<Arc<Pool>, Error> {
        let pool = read(&self.pools).get(id).cloned();
        pool.ok_or_else(|| Error::resource_not_found(format!("User pool {id} does not exist.")))
    }

    /// The client called `id`, and its pool.
    pub(crate) fn client(&self, id: &str) -> Result<(Arc<Pool>, Arc<Client>), Error> {
        let client = read(&self.clients).get(id).cloned();
        let client = client.ok_or_else(|| no_client(id))?;
        Ok((self.pool(&client.pool)?, client))
    }

    /// The user who signs in as `login`, a name or an alias.
    pub(crate) fn user(&self, pool: &Pool, login: &str) -> Option<Arc<User>> {
        read(&self.users).get(&pool.id)?.find(pool, login).cloned()
    }

    /// Every user of a pool, by name.
    pub(crate) fn users(&self, pool: &Pool) -> Vec<Arc<User>> {
        read(&self.users)
            .get(&pool.id)
            .map(|users| users.iter().cloned().collect())
            .unwrap_or_default()
    }

    /// How many users a pool has.
    pub(crate) fn count_users(&self, pool: &Pool) -> usize {
        read(&self.users).get(&pool.id).map_or(0, Users::len)
    }

    /// Adds a user.
    pub(crate) fn add_user(&self, pool: &Pool, user: User) -> Result<Arc<User>, Error> {
        write(&self.users)
            .entry(pool.id.clone())
            .or_default()
            .insert(pool, user)
    }

    /// Changes the user who signs in as `login`.
    pub(crate) fn update_user(
        &self,
        pool: &Pool,
        login: &str,
        change: impl FnOnce(&mut User) -> Result<(), Error>,
    ) -> Result<Arc<User>, Error> {
        write(&self.users)
            .entry(pool.id.clone())
            .or_default()
            .update(pool, login, change)
    }

    /// Removes the user who signs in as `login`.
    pub(crate) fn remove_user(&self, pool: &Pool, login: &str) -> Result<Arc<User>, Error> {
        let removed = write(&self.users)
            .entry(pool.id.clone())
            .or_default()
            .remove(pool, login)?;
        self.update_groups(pool, |groups| {
            groups.forget(&removed.sub);
            Ok(())
        })?;
        Ok(removed)
    }

    /// The groups of a pool.
    pub(crate) fn groups(&self, pool: &Pool) -> Groups {
        read(&self.groups).get(&pool.id).cloned().unwrap_or_default()
    }

    /// What the groups of a pool give a user.
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
        change(write(&self.groups).entry(pool.id.clone()).or_default())
    }

    /// Hands out a refresh token.
    pub(crate) fn add_refresh_token(&self, refresh: Refresh, now: Duration) -> Result<String, Error> {
        write(&self.refresh).add(refresh, now)
    }

    /// Ends the sign-in that a refresh token is of. One that is not known ends nothing.
    pub(crate) fn revoke_token(&self, token: &str, client: &Client, now: Duration) {
        let mut tokens = write(&self.refresh);
        if let Ok(refresh) = tokens.find(token, client, now) {
            tokens.end(now, |other| other.origin == refresh.origin);
        }
    }

    /// Ends all sign-ins of a user.
    pub(crate) fn revoke_user(&self, user: &User, now: Duration) {
        write(&self.refresh).end(now, |refresh| *refresh.sub == *user.sub);
    }

    /// Whether the sign-in that tokens come from was ended.
    pub(crate) fn is_revoked(&self, origin: Uuid) -> bool {
        read(&self.refresh).is_ended(origin)
    }

    /// What a refresh token stands for.
    pub(crate) fn refresh_token(&self, token: &str, client: &Client, now: Duration) -> Result<Refresh, Error> {
        read(&self.refresh).find(token, client, now)
    }
}

fn no_client(id: &str) -> Error {
    Error::resource_not_found(format!("User pool client {id} does not exist."))
}

// A panic elsewhere leaves no half-made change behind: every change is one insertion or removal.
fn read<T>(lock: &RwLock<T>) -> RwLockReadGuard<'_, T> {
    lock.read().unwrap_or_else(PoisonError::into_inner)
}

fn write<T>(lock: &RwLock<T>) -> RwLockWriteGuard<'_, T> {
    lock.write().unwrap_or_else(PoisonError::into_inner)
}
