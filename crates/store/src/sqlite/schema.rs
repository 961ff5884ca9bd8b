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
///
/// The two images of a link and the parts of an intent are kept as values without their names: the
/// names are the same for thousands of records, and stand once in `forms`. The intents of one call
/// are one blob, because they come and go together; what is open of them stands in `intents`.
pub(crate) const STATE: Schema = Schema {
    id: 0x6d6c_6301,
    steps: &[
        "
        CREATE TABLE flows (
            flow INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, fence INTEGER NOT NULL DEFAULT 0,
            held INTEGER NOT NULL DEFAULT 0, cursor TEXT, sweep TEXT, finished TEXT);
        CREATE TABLE forms (form INTEGER PRIMARY KEY, body TEXT NOT NULL UNIQUE);
        CREATE TABLE links (
            flow INTEGER NOT NULL, id TEXT NOT NULL, key TEXT NOT NULL, target TEXT NOT NULL,
            version TEXT NOT NULL, at NOT NULL, form INTEGER NOT NULL, body BLOB NOT NULL);
        CREATE UNIQUE INDEX links_by_id ON links (flow, id);
        CREATE INDEX links_by_key ON links (flow, key);
        CREATE TABLE intent_batches (
            batch INTEGER PRIMARY KEY, open INTEGER NOT NULL, body BLOB NOT NULL);
        CREATE TABLE intents (
            flow INTEGER NOT NULL, attempt TEXT NOT NULL, batch INTEGER NOT NULL, place INTEGER NOT NULL,
            doubtful_until TEXT, PRIMARY KEY (flow, attempt)) WITHOUT ROWID;
        CREATE TABLE parked (
            flow INTEGER NOT NULL, key TEXT NOT NULL, class TEXT NOT NULL, code TEXT NOT NULL,
            since NOT NULL, due, body BLOB NOT NULL, PRIMARY KEY (flow, key));
    ",
        "
        ALTER TABLE flows ADD COLUMN fingerprint TEXT;
        ALTER TABLE flows ADD COLUMN careful INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE links ADD COLUMN extra BLOB;
        ALTER TABLE links ADD COLUMN shared INTEGER NOT NULL DEFAULT 0;
        CREATE INDEX links_by_target ON links (flow, target) WHERE shared = 1;
        CREATE TABLE conflicts (
            id TEXT PRIMARY KEY, state TEXT NOT NULL, since NOT NULL, body BLOB NOT NULL) WITHOUT ROWID;
    ",
        "
        CREATE TABLE pending (
            flow TEXT NOT NULL, name TEXT NOT NULL, note TEXT NOT NULL, PRIMARY KEY (flow, name));
    ",
    ],
};

/// The audit log. Entries name many records, and the same set of records again and again (look-up,
/// transformation, decision, write): the index is over sets, one row a record and set.
pub(crate) const AUDIT: Schema = Schema {
    id: 0x6d6c_6302,
    steps: &[
        "
        CREATE TABLE entries (
            number INTEGER PRIMARY KEY, at INTEGER NOT NULL, kind TEXT NOT NULL, flow TEXT NOT NULL,
            run TEXT NOT NULL, record_set INTEGER, header BLOB NOT NULL, payload BLOB NOT NULL,
            hash BLOB NOT NULL);
        CREATE INDEX entries_by_set ON entries (record_set) WHERE record_set IS NOT NULL;
        CREATE INDEX entries_by_run ON entries (run);
        CREATE INDEX entries_by_time ON entries (at);
        CREATE TABLE record_sets (record_set INTEGER PRIMARY KEY, digest BLOB NOT NULL UNIQUE);
        CREATE TABLE members (
            record TEXT NOT NULL, record_set INTEGER NOT NULL, PRIMARY KEY (record, record_set)) WITHOUT ROWID;
        CREATE TRIGGER entries_next BEFORE INSERT ON entries
            WHEN NEW.number IS NOT (SELECT ifnull(max(number), 0) + 1 FROM entries)
            BEGIN SELECT RAISE(ABORT, 'the audit log only grows'); END;
        CREATE TRIGGER entries_stay BEFORE UPDATE ON entries BEGIN SELECT RAISE(ABORT, 'the audit log only grows'); END;
        CREATE TRIGGER entries_last BEFORE DELETE ON entries BEGIN SELECT RAISE(ABORT, 'the audit log only grows'); END;
        CREATE TRIGGER members_stay BEFORE UPDATE ON members BEGIN SELECT RAISE(ABORT, 'the audit log only grows'); END;
        CREATE TRIGGER members_last BEFORE DELETE ON members BEGIN SELECT RAISE(ABORT, 'the audit log only grows'); END;
        CREATE TRIGGER record_sets_stay BEFORE UPDATE ON record_sets BEGIN SELECT RAISE(ABORT, 'the audit log only grows'); END;
        CREATE TRIGGER record_sets_last BEFORE DELETE ON record_sets BEGIN SELECT RAISE(ABORT, 'the audit log only grows'); END;
    ",
        // The second layout of entries: a program that does not know it refuses the file.
        "",
    ],
};

impl Schema {
    /// Refuses files that are not ours, not of this kind or newer than we; changes nothing.
    pub(crate) fn inspect(&self, connection: &Connection, path: &str) -> Result<(), DatabaseError> {
        let failed = |error: rusqlite::Error| DatabaseError::of(path, &error);
        let (id, found) = Self::marks(connection).map_err(failed)?;
        let tables: i64 = connection
            .query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))
            .map_err(failed)?;
        let empty = id == 0 && found == 0 && tables == 0;
        if !empty && id != self.id {
            let detail = "it was not made by ml-connector for this purpose".into();
            return Err(DatabaseError::Damaged { path: path.to_owned(), detail });
        }
        let known = i64::try_from(self.steps.len()).unwrap_or(i64::MAX);
        if found > known {
            return Err(DatabaseError::Newer { path: path.to_owned(), found, known });
        }
        Ok(())
    }

    /// Brings the file to the newest version, each step in a transaction of its own.
    pub(crate) fn bring_up_to_date(&self, connection: &Connection) -> rusqlite::Result<()> {
        for (step, version) in self.steps.iter().zip(1..) {
            if Self::marks(connection)?.1 >= version {
                continue;
            }
            connection.execute_batch("BEGIN IMMEDIATE")?;
            // Another process may have been faster.
            let done = match Self::marks(connection) {
                Ok((_, found)) if found >= version => Ok(()),
                Ok(_) => connection.execute_batch(&format!(
                    "{step} PRAGMA user_version = {version}; PRAGMA application_id = {};",
                    self.id
                )),
                Err(error) => Err(error),
            };
            if let Err(error) = done.and_then(|()| connection.execute_batch("COMMIT")) {
                // What cannot be rolled back was rolled back by SQLite itself.
                connection.execute_batch("ROLLBACK").ok();
                return Err(error);
            }
        }
        Ok(())
    }

    /// Whose file it is, and the version of its tables.
    fn marks(connection: &Connection) -> rusqlite::Result<(i64, i64)> {
        let number = |name: &str| connection.pragma_query_value(None, name, |row| row.get(0));
        Ok((number("application_id")?, number("user_version")?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OLD: Schema = Schema { id: 77, steps: &["CREATE TABLE a (x); INSERT INTO a VALUES (1);"] };
    const NEW: Schema = Schema { id: 77, steps: &[OLD.steps[0], "ALTER TABLE a ADD y DEFAULT 2;"] };
    const BROKEN: Schema = Schema { id: 77, steps: &[OLD.steps[0], "DROP TABLE a; NO SUCH WORDS;"] };

    fn open(schema: &Schema, connection: &Connection) -> Result<(), DatabaseError> {
        schema.inspect(connection, "x.db")?;
        schema.bring_up_to_date(connection).map_err(|error| DatabaseError::of("x.db", &error))
    }

    #[test]
    fn an_older_file_is_brought_up_to_date_and_keeps_what_it_holds() {
        let connection = Connection::open_in_memory().expect("opens");
        open(&OLD, &connection).expect("makes");
        open(&NEW, &connection).expect("migrates");
        open(&NEW, &connection).expect("nothing left to do");
        let row = connection.query_row("SELECT x, y FROM a", [], |row| Ok((row.get(0)?, row.get(1)?)));
        assert_eq!(row, Ok((1, 2)));
    }

    #[test]
    fn a_newer_file_is_refused_and_left_alone() {
        let connection = Connection::open_in_memory().expect("opens");
        open(&NEW, &connection).expect("makes");
        let error = open(&OLD, &connection);
        assert_eq!(error, Err(DatabaseError::Newer { path: "x.db".into(), found: 2, known: 1 }));
    }

    #[test]
    fn a_migration_that_fails_leaves_the_older_file() {
        let connection = Connection::open_in_memory().expect("opens");
        open(&OLD, &connection).expect("makes");
        assert!(open(&BROKEN, &connection).is_err());
        assert_eq!(connection.query_row("SELECT x FROM a", [], |row| row.get(0)), Ok(1));
        open(&NEW, &connection).expect("still migrates");
    }

    #[test]
    fn foreign_files_are_refused_before_anything_is_made_in_them() {
        for foreign in ["CREATE TABLE theirs (x)", "PRAGMA application_id = 5", "PRAGMA user_version = 1"] {
            let connection = Connection::open_in_memory().expect("opens");
            connection.execute_batch(foreign).expect("runs");
            let error = open(&OLD, &connection);
            assert!(matches!(error, Err(DatabaseError::Damaged { .. })), "{foreign}: {error:?}");
        }
        let connection = Connection::open_in_memory().expect("opens");
        open(&STATE, &connection).expect("makes");
        assert!(AUDIT.inspect(&connection, "x.db").is_err(), "state is no log");
    }
}
