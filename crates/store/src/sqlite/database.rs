//! One SQLite file: how it is opened, and how writers share transactions.
//!
//! A transaction that must survive a power cut costs a disk flush, a few milliseconds. So everything
//! that waits is written in one transaction, and everybody is answered after its commit (group
//! commit). Reads go over a connection of their own and never wait for writers (WAL mode).

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use futures::channel::oneshot;
use rusqlite::{Connection, ErrorCode, OpenFlags};

use super::schema::Schema;

/// How long to wait for a foreign process that holds the file.
const BUSY: Duration = Duration::from_secs(5);
/// At most so many writers share one transaction.
const GROUP: usize = 256;

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

/// A database could not be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DatabaseError {
    /// No room left.
    #[error("the disk is full ({path}): free some space, then run again; nothing is lost")]
    Full {
        /// The file.
        path: String,
    },
    /// Somebody else holds the file.
    #[error("{path} is held by another process")]
    Busy {
        /// The file.
        path: String,
    },
    /// A newer program wrote it.
    #[error("{path} has schema {found}, this program knows up to {known}: use a newer ml-connector")]
    Newer {
        /// The file.
        path: String,
        /// Its schema.
        found: i64,
        /// The newest one known here.
        known: i64,
    },
    /// The file is no database, or a broken one.
    #[error("{path} is damaged: {detail}; restore it from a backup")]
    Damaged {
        /// The file.
        path: String,
        /// What SQLite says.
        detail: String,
    },
    /// Anything else.
    #[error("{path}: {detail}")]
    Failed {
        /// The file.
        path: String,
        /// What SQLite says.
        detail: String,
    },
}

type Act = Box<dyn FnOnce(&Connection) -> bool + Send>;
type Answer = Box<dyn FnOnce(Result<(), DatabaseError>) + Send>;

/// Something to write: done inside a savepoint, answered after the commit.
struct Job {
    act: Act,
    answer: Answer,
}

/// One SQLite file.
pub(crate) struct Database {
    path: String,
    writer: Writer,
    reader: Option<Mutex<Connection>>,
}

enum Writer {
    Inline(Mutex<Connection>),
    Threaded { jobs: Mutex<Option<Sender<Job>>>, thread: Mutex<Option<JoinHandle<()>>> },
}

impl fmt::Debug for Database {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Database").field("path", &self.path).finish_non_exhaustive()
    }
}

impl Database {
    /// Opens or makes the database of `schema`.
    pub(crate) fn open(place: &Place, schema: &Schema) -> Result<Self, DatabaseError> {
        let (path, threaded) = match place {
            Place::Memory => (None, false),
            Place::Inline(path) => (Some(path), false),
            Place::Threaded(path) => (Some(path), true),
        };
        let name = path.map_or_else(|| ":memory:".to_owned(), |path| path.display().to_string());
        let explain = |error: rusqlite::Error| explain_error(&name, &error);
        let connection = connect(path.map(PathBuf::as_path)).map_err(explain)?;
        schema.prepare(&connection, &name)?;
        let reader = match path {
            Some(path) => Some(Mutex::new(connect(Some(path)).map_err(explain)?)),
            None => None,
        };
        let writer =
            if threaded { spawn(connection, &name)? } else { Writer::Inline(Mutex::new(connection)) };
        Ok(Self { path: name, writer, reader })
    }

    /// Writes in a transaction, alone or together with others; returns after the commit. If `act`
    /// fails, all it did is undone.
    pub(crate) async fn write<T, E>(
        &self,
        act: impl FnOnce(&Connection) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<DatabaseError> + Send + 'static,
    {
        let (tell, told) = oneshot::channel();
        let job = job(act, tell);
        match &self.writer {
            Writer::Inline(connection) => transact(&lock(connection), &self.path, vec![job]),
            Writer::Threaded { jobs, .. } => {
                if let Some(jobs) = &*lock(jobs) {
                    // A worker that is gone drops the job, which is seen below.
                    jobs.send(job).ok();
                }
            }
        }
        told.await.unwrap_or_else(|_| Err(self.failed("the writer has ended").into()))
    }

    /// Reads what is committed.
    pub(crate) fn read<T>(
        &self,
        act: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    ) -> Result<T, DatabaseError> {
        let connection = match (&self.reader, &self.writer) {
            (Some(reader), _) | (None, Writer::Inline(reader)) => lock(reader),
            (None, Writer::Threaded { .. }) => return Err(self.failed("no connection to read with")),
        };
        act(&connection).map_err(|error| explain_error(&self.path, &error))
    }

    /// The file's name, for messages.
    pub(crate) fn path(&self) -> &str {
        &self.path
    }

    fn failed(&self, detail: &str) -> DatabaseError {
        DatabaseError::Failed { path: self.path.clone(), detail: detail.into() }
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        if let Writer::Threaded { jobs, thread } = &self.writer {
            drop(lock(jobs).take());
            if let Some(thread) = lock(thread).take() {
                // A writer that panicked has nothing left to tell.
                thread.join().ok();
            }
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn job<T, E>(
    act: impl FnOnce(&Connection) -> Result<T, E> + Send + 'static,
    tell: oneshot::Sender<Result<T, E>>,
) -> Job
where
    T: Send + 'static,
    E: From<DatabaseError> + Send + 'static,
{
    let result: Arc<Mutex<Option<Result<T, E>>>> = Arc::default();
    let kept = Arc::clone(&result);
    Job {
        act: Box::new(move |connection| {
            let done = act(connection);
            let good = done.is_ok();
            *lock(&kept) = Some(done);
            good
        }),
        answer: Box::new(move |committed| {
            let done = lock(&result).take();
            let answer = match (done, committed) {
                (Some(Err(error)), _) => Err(error),
                (_, Err(error)) => Err(error.into()),
                (Some(done), Ok(())) => done,
                // Unreachable as `act` always leaves a result; a dropped channel says the same.
                (None, Ok(())) => return,
            };
            // The caller may have given up waiting.
            tell.send(answer).ok();
        }),
    }
}

fn spawn(connection: Connection, path: &str) -> Result<Writer, DatabaseError> {
    let (jobs, inbox) = channel();
    let failed =
        |error: std::io::Error| DatabaseError::Failed { path: path.to_owned(), detail: error.to_string() };
    let name = path.to_owned();
    let thread = std::thread::Builder::new()
        .name("sqlite-writer".into())
        .spawn(move || work(&connection, &name, &inbox))
        .map_err(failed)?;
    Ok(Writer::Threaded { jobs: Mutex::new(Some(jobs)), thread: Mutex::new(Some(thread)) })
}

fn work(connection: &Connection, path: &str, inbox: &Receiver<Job>) {
    while let Ok(first) = inbox.recv() {
        let mut jobs = vec![first];
        jobs.extend(inbox.try_iter().take(GROUP - 1));
        transact(connection, path, jobs);
    }
}

/// Does all jobs in one transaction and answers them after its commit.
fn transact(connection: &Connection, path: &str, jobs: Vec<Job>) {
    let (acts, answers): (Vec<Act>, Vec<Answer>) = jobs.into_iter().map(|job| (job.act, job.answer)).unzip();
    let done = together(connection, acts).map_err(|error| explain_error(path, &error));
    if done.is_err() && !connection.is_autocommit() {
        // What cannot be rolled back was rolled back by SQLite itself.
        connection.execute_batch("ROLLBACK").ok();
    }
    for answer in answers {
        answer(done.clone());
    }
}

fn together(connection: &Connection, acts: Vec<Act>) -> rusqlite::Result<()> {
    connection.execute_batch("BEGIN IMMEDIATE")?;
    for act in acts {
        connection.prepare_cached("SAVEPOINT job")?.execute([])?;
        if !act(connection) {
            connection.prepare_cached("ROLLBACK TO job")?.execute([])?;
        }
        connection.prepare_cached("RELEASE job")?.execute([])?;
    }
    connection.execute_batch("COMMIT")
}

fn connect(path: Option<&Path>) -> rusqlite::Result<Connection> {
    let connection = match path {
        None => Connection::open_in_memory()?,
        Some(path) => {
            let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
                | OpenFlags::SQLITE_OPEN_CREATE
                | OpenFlags::SQLITE_OPEN_NO_MUTEX;
            Connection::open_with_flags(path, flags)?
        }
    };
    connection.busy_timeout(BUSY)?;
    connection.set_prepared_statement_cache_capacity(64);
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "foreign_keys", "ON")?;
    Ok(connection)
}

pub(super) fn explain_error(path: &str, error: &rusqlite::Error) -> DatabaseError {
    let path = path.to_owned();
    let detail = error.to_string();
    match error.sqlite_error_code() {
        Some(ErrorCode::DiskFull) => DatabaseError::Full { path },
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => DatabaseError::Busy { path },
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => DatabaseError::Damaged { path, detail },
        _ => DatabaseError::Failed { path, detail },
    }
}
