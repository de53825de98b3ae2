//! Restores the stored data.

use std::collections::HashMap;
use std::sync::{Arc, RwLock};

use super::records::{ClientRecord, PoolRecord};
use super::{Directory, Refresh, RefreshTokens, User, Users};
use crate::journal::Journal;
use crate::storage::{Kind, Records, StorageError};

impl Directory {
    /// Reads the data of `records`.
    ///
    /// # Errors
    ///
    /// Returns an error if a record is damaged.
    pub(crate) fn open(records: Records, journal: &dyn Journal) -> Result<Self, StorageError> {
        let mut pools = HashMap::new();
        for (id, record) in records.all::<PoolRecord>(Kind::Pool)? {
            let pool = record.pool(id.clone());
            let pool = pool.map_err(|error| records.damaged(format!("pool {id}: {error}")))?;
            pools.insert(id, Arc::new(pool));
        }
        let mut clients = HashMap::new();
        for (id, record) in records.all::<ClientRecord>(Kind::Client)? {
            // The template may have removed a part of the pool that the client needs. The client is skipped until it is
            // back.
            let Some(pool) = pools.get(&record.pool) else {
                journal.warn(&format!("app client {id} is skipped: its pool does not exist"));
                continue;
            };
            match record.client(id.clone(), pool) {
                Ok(client) => drop(clients.insert(id, Arc::new(client))),
                Err(error) => journal.warn(&format!("app client {id} is skipped: {error}")),
            }
        }
        let mut users: HashMap<String, Users> = pools.keys().map(|id| (id.clone(), Users::default())).collect();
        for (key, user) in records.all::<User>(Kind::User)? {
            let pool = key.split_once('/').and_then(|(pool, _)| pools.get(pool));
            let pool = pool.ok_or_else(|| records.damaged("a user has no pool"))?;
            let put = users.entry(pool.id.clone()).or_default().insert(pool, user, |_| Ok(()));
            put.map_err(|error| records.damaged(format!("a user of pool {}: {}", pool.id, error.message)))?;
        }
        let groups = records.all(Kind::Groups)?.into_iter().collect();
        let ended = records.all(Kind::Ended)?.into_iter();
        let ended: Option<Vec<_>> = ended
            .map(|(origin, until)| Some((origin.parse().ok()?, until)))
            .collect();
        let tokens = records.all::<Refresh>(Kind::RefreshToken)?;
        let refresh = ended.and_then(|ended| RefreshTokens::new(tokens, ended));
        let refresh = refresh.ok_or_else(|| records.damaged("a refresh token has a wrong key"))?;
        Ok(Self {
            records,
            pools: RwLock::new(pools),
            clients: RwLock::new(clients),
            users: RwLock::new(users),
            refresh: RwLock::new(refresh),
            groups: RwLock::new(groups),
        })
    }
}
