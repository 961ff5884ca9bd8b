//! One SQLite file: how it is opened, written and read.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures::channel::oneshot;
use rusqlite::{Connection, OpenFlags};

use super::error::DatabaseError;
use super::schema::Schema;
use super::writer::{self, Refusable, Spot, Writer};

/// How long to wait for a foreign process that holds the file.
const BUSY: Duration = Duration::from_secs(5);
/// The write-ahead log is cut back to this many bytes after it was carried over.
const WAL_LIMIT: i64 = 64 << 20;
/// The write-ahead log is carried over when it has so many pages of 4 KiB (SQLite's default of
/// 1,000 is less than one page of records).
const WAL_PAGES: i64 = 4_000;

/// What the writer keeps in memory: what one transaction changes for a page of records, so that
/// nothing is written twice (the default is 2,000 KiB).
const CACHE_KIB: i64 = 4_000;

/// Where a database lives and on which thread it is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// In memory, on the calling thread: for the simulation and tests.
    Memory,
    /// In a file, written on the calling thread: deterministic, one transaction a call.
    Inline(PathBuf),
    /// In a file, written by a thread of its own in shared transactions.
    Threaded(PathBuf),
}

impl Place {
    fn file(&self) -> Option<&Path> {
        match self {
            Self::Memory => None,
            Self::Inline(path) | Self::Threaded(path) => Some(path),
        }
    }
}

/// One SQLite file.
pub(crate) struct Database {
    path: String,
    writer: Writer,
    /// Reads go over a connection of their own and never wait for writers (WAL mode).
    reader: Option<Mutex<Connection>>,
}

impl fmt::Debug for Database {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Database").field("path", &self.path).finish_non_exhaustive()
    }
}

impl Database {
    /// Opens or makes the database of `schema`.
    pub(crate) fn open(place: &Place, schema: &Schema) -> Result<Self, DatabaseError> {
        let file = place.file();
        let path = file.map_or_else(|| ":memory:".to_owned(), |path| path.display().to_string());
        let explain = |error: rusqlite::Error| DatabaseError::of(&path, &error);
        if let Some(file) = file {
            let failed = |error: std::io::Error| DatabaseError::ReadOnly {
                path: path.clone(),
                detail: error.to_string(),
            };
            touch(file).map_err(failed)?;
        }
        let connection = connect(file).map_err(explain)?;
        // A file that is not ours is refused before anything in it is touched.
        schema.inspect(&connection, &path)?;
        tune(&connection).map_err(explain)?;
        schema.bring_up_to_date(&connection).map_err(explain)?;
        let reader = match file {
            Some(_) => Some(Mutex::new(connect(file).map_err(explain)?)),
            None => None,
        };
        let spot = Spot::of(path.clone(), file);
        let writer = match place {
            Place::Threaded(_) => Writer::spawn(connection, spot)?,
            Place::Memory | Place::Inline(_) => Writer::inline(connection, spot),
        };
        Ok(Self { path, writer, reader })
    }

    /// Writes in a transaction, alone or together with others; returns after the commit. If `act`
    /// fails or refuses, all it did is undone.
    pub(crate) async fn write<T, E>(
        &self,
        act: impl FnOnce(&Connection) -> Refusable<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<DatabaseError> + Send + 'static,
    {
        let (tell, told) = oneshot::channel();
        self.writer.send(writer::task(act, tell));
        // A writer thread that is gone drops the task.
        let gone =
            || DatabaseError::Failed { path: self.path.clone(), detail: "the writer has ended".into() };
        told.await.unwrap_or_else(|_| Err(gone().into()))
    }

    /// Reads one state of the database, as it is after the last finished commit.
    pub(crate) fn read<T>(
        &self,
        act: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    ) -> Result<T, DatabaseError> {
        let read = |connection: &Connection| {
            let snapshot = connection.unchecked_transaction()?;
            let found = act(&snapshot)?;
            snapshot.commit()?;
            Ok(found)
        };
        let explain = |error: rusqlite::Error| DatabaseError::of(&self.path, &error);
        match &self.reader {
            Some(reader) => read(&lock(reader)).map_err(explain),
            None => self.writer.on_this_thread(read).map_err(explain),
        }
    }
}

pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Makes a file that only its owner can read, if there is none; SQLite gives its companions the
/// same rights.
fn touch(path: &Path) -> std::io::Result<()> {
    if path.exists() {
        return Ok(());
    }
    let mut options = std::fs::File::options();
    options.write(true).create(true).truncate(false);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600);
    }
    options.open(path).map(drop)
}

fn connect(file: Option<&Path>) -> rusqlite::Result<Connection> {
    let connection = match file {
        None => Connection::open_in_memory()?,
        Some(path) => {
            let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
            Connection::open_with_flags(path, flags)?
        }
    };
    connection.busy_timeout(BUSY)?;
    connection.set_prepared_statement_cache_capacity(64);
    Ok(connection)
}

/// A commit is on the disk when it returns (`FULL`; `NORMAL` may lose the last ones in a power cut).
fn tune(connection: &Connection) -> rusqlite::Result<()> {
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "cache_size", -CACHE_KIB)?;
    connection.pragma_update(None, "journal_size_limit", WAL_LIMIT)?;
    connection.pragma_update(None, "wal_autocheckpoint", WAL_PAGES)
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::channel;

    use futures::future::join_all;

    use super::*;

    const ROWS: Schema = Schema { id: 78, steps: &["CREATE TABLE rows (text TEXT UNIQUE);"] };

    async fn insert(database: &Database, text: &str) -> Result<(), DatabaseError> {
        let text = text.to_owned();
        database
            .write(move |connection| {
                connection.execute("INSERT INTO rows VALUES (?1)", [text]).map(|_| Ok(()))
            })
            .await
    }

    fn count(connection: &Connection) -> rusqlite::Result<i64> {
        connection.query_row("SELECT count(*) FROM rows", [], |row| row.get(0))
    }

    fn room(database: &Database, pages: i64) -> impl Future<Output = Result<(), DatabaseError>> {
        database.write(move |connection| connection.pragma_update(None, "max_page_count", pages).map(Ok))
    }

    #[tokio::test]
    async fn what_waits_together_is_written_in_one_transaction() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("x.db");
        let database = Database::open(&Place::Threaded(path.clone()), &ROWS).expect("opens");
        let (go, wait) = channel::<()>();
        let first = database.write(move |_| {
            wait.recv().ok();
            Ok(Ok::<_, DatabaseError>(()))
        });
        let others = join_all(["a", "b", "a", "c"].map(|text| insert(&database, text)));
        let last = database.write(move |connection| {
            let stranger = Connection::open(path)?;
            Ok(Ok::<_, DatabaseError>((count(connection)?, count(&stranger)?)))
        });
        let go = async { drop(go) };
        let (_, others, last, ()) = futures::join!(first, others, last, go);
        assert_eq!(last, Ok((3, 0)), "three rows are there, and nobody else sees them yet");
        let good: Vec<bool> = others.iter().map(Result::is_ok).collect();
        assert_eq!(good, [true, true, false, true], "one that fails is undone alone");
        assert_eq!(database.read(count), Ok(3));
    }

    #[tokio::test]
    async fn a_full_disk_stops_writing_until_there_is_room() {
        let folder = tempfile::tempdir().expect("a folder");
        let places = [
            Place::Memory,
            Place::Inline(folder.path().join("inline.db")),
            Place::Threaded(folder.path().join("threaded.db")),
        ];
        for place in places {
            let database = Database::open(&place, &ROWS).expect("opens");
            room(&database, 20).await.expect("limits");
            let mut kept = 0;
            let error = loop {
                match insert(&database, &format!("{kept:04000}")).await {
                    Ok(()) => kept += 1,
                    Err(error) => break error,
                }
            };
            assert!(matches!(error, DatabaseError::Full { .. }), "{place:?}: {error:?}");
            assert!(kept > 3, "{place:?}: there was some room");
            assert_eq!(database.read(count), Ok(kept), "{place:?}: all that was promised is there, no more");
            let big = "y".repeat(90_000);
            let small = futures::join!(insert(&database, "x"), insert(&database, &big));
            assert!(small.1.is_err(), "{place:?}");
            room(&database, 1_000_000).await.expect("makes room");
            insert(&database, "now there is room").await.expect("goes on");
            let due = kept + 1 + i64::from(small.0.is_ok());
            assert_eq!(database.read(count), Ok(due), "{place:?}");
            let sound = |connection: &Connection| {
                connection.query_row("PRAGMA integrity_check", [], |row| row.get::<_, String>(0))
            };
            assert_eq!(database.read(sound).as_deref(), Ok("ok"), "{place:?}");
        }
    }

    #[tokio::test]
    async fn a_file_that_was_taken_away_is_not_written_any_more() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("x.db");
        let database = Database::open(&Place::Threaded(path.clone()), &ROWS).expect("opens");
        insert(&database, "a").await.expect("writes");
        std::fs::rename(&path, folder.path().join("elsewhere.db")).expect("moves");
        let gone = DatabaseError::Gone { path: path.display().to_string() };
        assert_eq!(insert(&database, "b").await, Err(gone.clone()));
        std::fs::write(&path, "another").expect("writes");
        assert_eq!(insert(&database, "b").await, Err(gone));
    }

    #[tokio::test]
    async fn a_foreign_writer_is_waited_for_and_then_named() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("x.db");
        let database = Database::open(&Place::Inline(path.clone()), &ROWS).expect("opens");
        let patience = |connection: &Connection| connection.busy_timeout(Duration::ZERO).map(Ok);
        database.write::<_, DatabaseError>(patience).await.expect("sets");
        let foreign = Connection::open(&path).expect("opens");
        foreign.execute_batch("BEGIN IMMEDIATE").expect("begins");
        let error = insert(&database, "a").await;
        assert!(matches!(error, Err(DatabaseError::Busy { .. })), "{error:?}");
        assert_eq!(database.read(count), Ok(0), "reading goes on");
        foreign.execute_batch("ROLLBACK").expect("ends");
        insert(&database, "a").await.expect("writes again");
    }

    #[tokio::test]
    async fn a_failing_task_does_not_end_the_writer() {
        let folder = tempfile::tempdir().expect("a folder");
        let database = Database::open(&Place::Threaded(folder.path().join("x.db")), &ROWS).expect("opens");
        let refuse = |_: &Connection| Ok(Err::<(), _>(DatabaseError::Busy { path: "mine".into() }));
        assert_eq!(database.write(refuse).await, Err(DatabaseError::Busy { path: "mine".into() }));
        let error = database.write::<(), DatabaseError>(|connection| {
            connection.execute_batch("NO SUCH WORDS")?;
            Ok(Ok(()))
        });
        assert!(matches!(error.await, Err(DatabaseError::Failed { .. })));
        insert(&database, "a").await.expect("goes on");
    }
}
