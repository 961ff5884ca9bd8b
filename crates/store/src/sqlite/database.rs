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
    connection.pragma_update(None, "journal_size_limit", WAL_LIMIT)?;
    connection.pragma_update(None, "wal_autocheckpoint", WAL_PAGES)
}
