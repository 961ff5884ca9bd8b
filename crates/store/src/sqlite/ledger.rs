//! [`Ledger`] in SQLite.

use async_trait::async_trait;
use sync_engine::{Ledger, Pending, StateError};

use super::state::SqliteStore;

#[async_trait]
impl Ledger for SqliteStore {
    async fn enter(&self, pending: Pending) -> Result<(), StateError> {
        let Pending { flow, name, note } = pending;
        self.database
            .write(move |connection| {
                let insert = "INSERT OR REPLACE INTO pending (flow, name, note) VALUES (?1, ?2, ?3)";
                connection.prepare_cached(insert)?.execute((flow, name, note))?;
                Ok(Ok(()))
            })
            .await
    }

    async fn strike(&self, flow: &str, name: &str) -> Result<(), StateError> {
        let named = (flow.to_owned(), name.to_owned());
        self.database
            .write(move |connection| {
                let delete = "DELETE FROM pending WHERE flow = ?1 AND name = ?2";
                connection.prepare_cached(delete)?.execute(named)?;
                Ok(Ok(()))
            })
            .await
    }

    async fn pending(&self) -> Result<Vec<Pending>, StateError> {
        Ok(self.database.read(|connection| {
            let select = "SELECT flow, name, note FROM pending ORDER BY flow, name";
            let pending = |row: &rusqlite::Row<'_>| {
                Ok(Pending { flow: row.get(0)?, name: row.get(1)?, note: row.get(2)? })
            };
            connection.prepare_cached(select)?.query_map([], pending)?.collect()
        })?)
    }
}
