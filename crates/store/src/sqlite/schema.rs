//! The tables, and which version of them a file has.

use rusqlite::Connection;

use super::DatabaseError;

/// The tables of one kind of file, and the steps that lead there: step `n` makes version `n + 1`.
pub(crate) struct Schema {
    /// Marks the file as ours and tells state and log apart (`PRAGMA application_id`).
    pub(crate) id: i64,
    pub(crate) steps: &'static [&'static str],
}

/// State: what must outlive the process.
pub(crate) const STATE: Schema = Schema {
    id: 0x6d6c_6301,
    steps: &["
        CREATE TABLE flows (
            flow INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, fence INTEGER NOT NULL DEFAULT 0,
            held INTEGER NOT NULL DEFAULT 0, cursor TEXT, sweep TEXT, finished TEXT);
        CREATE TABLE links (
            flow INTEGER NOT NULL, id TEXT NOT NULL, key TEXT NOT NULL, body BLOB NOT NULL);
        CREATE UNIQUE INDEX links_by_id ON links (flow, id);
        CREATE INDEX links_by_key ON links (flow, key);
        CREATE TABLE intents (
            number INTEGER PRIMARY KEY, flow INTEGER NOT NULL, attempt TEXT NOT NULL,
            doubtful_until TEXT, body BLOB NOT NULL);
        CREATE UNIQUE INDEX intents_by_attempt ON intents (flow, attempt);
        CREATE TABLE parked (
            flow INTEGER NOT NULL, key TEXT NOT NULL, class TEXT NOT NULL, code TEXT NOT NULL,
            since INTEGER NOT NULL, due INTEGER, body BLOB NOT NULL, PRIMARY KEY (flow, key));
    "],
};

/// The audit log. Entries name many records, and the same set of records again and again (look-up,
/// transformation, decision, write): the index is over sets, one row a record and set.
pub(crate) const AUDIT: Schema = Schema {
    id: 0x6d6c_6302,
    steps: &["
        CREATE TABLE entries (
            number INTEGER PRIMARY KEY, at INTEGER NOT NULL, kind TEXT NOT NULL, flow TEXT NOT NULL,
            run TEXT NOT NULL, record_set INTEGER, header BLOB NOT NULL, payload BLOB NOT NULL,
            hash BLOB NOT NULL);
        CREATE INDEX entries_by_set ON entries (record_set) WHERE record_set IS NOT NULL;
        CREATE INDEX entries_by_run ON entries (run);
        CREATE TABLE record_sets (record_set INTEGER PRIMARY KEY, digest BLOB NOT NULL UNIQUE);
        CREATE TABLE members (
            record TEXT NOT NULL, record_set INTEGER NOT NULL, PRIMARY KEY (record, record_set)) WITHOUT ROWID;
        CREATE TRIGGER entries_stay BEFORE UPDATE ON entries BEGIN SELECT RAISE(ABORT, 'the audit log only grows'); END;
        CREATE TRIGGER entries_last BEFORE DELETE ON entries BEGIN SELECT RAISE(ABORT, 'the audit log only grows'); END;
        CREATE TRIGGER members_stay BEFORE UPDATE ON members BEGIN SELECT RAISE(ABORT, 'the audit log only grows'); END;
        CREATE TRIGGER members_last BEFORE DELETE ON members BEGIN SELECT RAISE(ABORT, 'the audit log only grows'); END;
    "],
};

impl Schema {
    /// Brings the file to the newest version; refuses files that are not ours or newer than we.
    pub(crate) fn prepare(&self, connection: &Connection, path: &str) -> Result<(), DatabaseError> {
        let failed = |error: rusqlite::Error| match error.sqlite_error_code() {
            Some(rusqlite::ErrorCode::NotADatabase | rusqlite::ErrorCode::DatabaseCorrupt) => {
                DatabaseError::Damaged { path: path.to_owned(), detail: error.to_string() }
            }
            Some(rusqlite::ErrorCode::DiskFull) => DatabaseError::Full { path: path.to_owned() },
            _ => DatabaseError::Failed { path: path.to_owned(), detail: error.to_string() },
        };
        let number = |name: &str| connection.pragma_query_value(None, name, |row| row.get::<_, i64>(0));
        let known = i64::try_from(self.steps.len()).unwrap_or(i64::MAX);
        let found = number("user_version").map_err(failed)?;
        let id = number("application_id").map_err(failed)?;
        if found > known {
            return Err(DatabaseError::Newer { path: path.to_owned(), found, known });
        }
        if found > 0 && id != self.id {
            let detail = "it was not made by ml-connector for this purpose".into();
            return Err(DatabaseError::Damaged { path: path.to_owned(), detail });
        }
        let begun = usize::try_from(found).unwrap_or(0);
        for (step, version) in self.steps.iter().skip(begun).zip(found + 1..) {
            let script = format!(
                "BEGIN IMMEDIATE; {step} PRAGMA user_version = {version}; PRAGMA application_id = {}; COMMIT;",
                self.id
            );
            connection.execute_batch(&script).map_err(failed)?;
        }
        Ok(())
    }
}
