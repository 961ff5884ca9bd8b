//! How writers share transactions.
//!
//! A transaction that must survive a power cut costs a disk flush, up to a few milliseconds. So
//! everything that waits is written in one transaction, and everybody is answered after its commit
//! (group commit).

use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::JoinHandle;

use futures::channel::oneshot;
use rusqlite::Connection;

use super::database::lock;
use super::error::DatabaseError;

/// At most so many writers share one transaction.
const GROUP: usize = 256;

/// What a writer's work leads to: SQLite may fail, and the work itself may refuse to be done.
pub(crate) type Refusable<T, E> = rusqlite::Result<Result<T, E>>;

/// Something to write: done inside a savepoint, answered after the commit.
pub(super) trait Task: Send {
    fn act(&mut self, connection: &Connection) -> Acted;
    /// `outcome` is that of this task's own failure, else of the commit.
    fn answer(self: Box<Self>, outcome: Result<(), DatabaseError>);
}

/// What became of a task inside of its transaction.
pub(super) enum Acted {
    Done,
    Refused,
    Failed(rusqlite::Error),
}

struct Work<F, T, E> {
    act: Option<F>,
    result: Option<Result<T, E>>,
    tell: oneshot::Sender<Result<T, E>>,
}

/// A task that does `act` and sends what came of it.
pub(super) fn task<F, T, E>(act: F, tell: oneshot::Sender<Result<T, E>>) -> Box<dyn Task>
where
    F: FnOnce(&Connection) -> Refusable<T, E> + Send + 'static,
    T: Send + 'static,
    E: From<DatabaseError> + Send + 'static,
{
    Box::new(Work { act: Some(act), result: None, tell })
}

impl<F, T, E> Task for Work<F, T, E>
where
    F: FnOnce(&Connection) -> Refusable<T, E> + Send,
    T: Send,
    E: From<DatabaseError> + Send,
{
    fn act(&mut self, connection: &Connection) -> Acted {
        match self.act.take().map(|act| act(connection)) {
            Some(Ok(result)) => {
                let refused = result.is_err();
                self.result = Some(result);
                if refused { Acted::Refused } else { Acted::Done }
            }
            Some(Err(error)) => Acted::Failed(error),
            None => Acted::Refused,
        }
    }

    fn answer(self: Box<Self>, outcome: Result<(), DatabaseError>) {
        let answer = match (self.result, outcome) {
            (Some(Err(refusal)), _) => Err(refusal),
            (_, Err(error)) => Err(error.into()),
            (Some(done), Ok(())) => done,
            // A task that was never done drops its sender, which says so.
            (None, Ok(())) => return,
        };
        // The caller may have given up waiting.
        self.tell.send(answer).ok();
    }
}

/// The file that is written, and how to see that it is still the same one.
#[derive(Debug)]
pub(super) struct Spot {
    path: String,
    file: Option<(PathBuf, Option<Identity>)>,
}

type Identity = (u64, u64);

impl Spot {
    pub(super) fn of(path: String, file: Option<&Path>) -> Self {
        let file = file.map(|file| (file.to_owned(), identity(file)));
        Self { path, file }
    }

    /// A file that was removed can be written for a long time, and all of it is lost in the end.
    fn check(&self) -> Result<(), DatabaseError> {
        match &self.file {
            Some((file, known)) if !file.exists() || identity(file) != *known => {
                Err(DatabaseError::Gone { path: self.path.clone() })
            }
            _ => Ok(()),
        }
    }
}

/// Device and number of a file, where the system has such.
fn identity(file: &Path) -> Option<Identity> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt as _;
        std::fs::metadata(file).ok().map(|data| (data.dev(), data.ino()))
    }
    #[cfg(not(unix))]
    {
        let _ = file;
        None
    }
}

/// Writes on the calling thread, or on one of its own.
pub(super) enum Writer {
    Inline(Mutex<Connection>, Spot),
    Threaded { tasks: Option<Sender<Box<dyn Task>>>, thread: Option<JoinHandle<()>> },
}

impl Writer {
    pub(super) fn inline(connection: Connection, spot: Spot) -> Self {
        Self::Inline(Mutex::new(connection), spot)
    }

    pub(super) fn spawn(connection: Connection, spot: Spot) -> Result<Self, DatabaseError> {
        let (tasks, inbox) = channel();
        let path = spot.path.clone();
        let failed = |error: std::io::Error| DatabaseError::Failed { path, detail: error.to_string() };
        let thread = std::thread::Builder::new()
            .name("sqlite-writer".into())
            .spawn(move || work(&connection, &spot, &inbox))
            .map_err(failed)?;
        Ok(Self::Threaded { tasks: Some(tasks), thread: Some(thread) })
    }

    pub(super) fn send(&self, task: Box<dyn Task>) {
        match self {
            Self::Inline(connection, spot) => transact(&lock(connection), spot, vec![task]),
            Self::Threaded { tasks, .. } => {
                if let Some(tasks) = tasks {
                    // A thread that is gone drops the task, which is seen by who waits.
                    tasks.send(task).ok();
                }
            }
        }
    }

    /// Uses the writer's own connection; only for databases without a second one.
    pub(super) fn on_this_thread<T>(
        &self,
        act: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    ) -> rusqlite::Result<T> {
        match self {
            Self::Inline(connection, _) => act(&lock(connection)),
            Self::Threaded { .. } => Err(rusqlite::Error::InvalidQuery),
        }
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        if let Self::Threaded { tasks, thread } = self {
            drop(tasks.take());
            if let Some(thread) = thread.take() {
                // A writer that panicked has nothing left to tell.
                thread.join().ok();
            }
        }
    }
}

fn work(connection: &Connection, spot: &Spot, inbox: &Receiver<Box<dyn Task>>) {
    while let Ok(first) = inbox.recv() {
        let mut tasks = vec![first];
        tasks.extend(inbox.try_iter().take(GROUP - 1));
        transact(connection, spot, tasks);
    }
}

/// Does all tasks in one transaction and answers them after its commit.
fn transact(connection: &Connection, spot: &Spot, mut tasks: Vec<Box<dyn Task>>) {
    let done = spot.check().and_then(|()| together(connection, &spot.path, &mut tasks));
    if done.is_err() && !connection.is_autocommit() {
        // What cannot be rolled back was rolled back by SQLite itself.
        connection.execute_batch("ROLLBACK").ok();
    }
    match done {
        Ok(outcomes) => {
            tasks.into_iter().zip(outcomes).for_each(|(task, outcome)| task.answer(outcome));
        }
        Err(error) => tasks.into_iter().for_each(|task| task.answer(Err(error.clone()))),
    }
}

/// The outcome of each task, once all of it is durable. A task that fails is undone alone, unless
/// its failure made SQLite give up the whole transaction (no room, no memory).
fn together(
    connection: &Connection,
    path: &str,
    tasks: &mut [Box<dyn Task>],
) -> Result<Vec<Result<(), DatabaseError>>, DatabaseError> {
    let explain = |error: rusqlite::Error| DatabaseError::of(path, &error);
    let run = |sql: &str| connection.prepare_cached(sql)?.execute([]).map(drop);
    run("BEGIN IMMEDIATE").map_err(explain)?;
    let mut outcomes = Vec::with_capacity(tasks.len());
    for task in tasks {
        run("SAVEPOINT task").map_err(explain)?;
        let acted = task.act(connection);
        let outcome = match &acted {
            Acted::Failed(error) => Err(DatabaseError::of(path, error)),
            Acted::Done | Acted::Refused => Ok(()),
        };
        if connection.is_autocommit() {
            let lost = || DatabaseError::Failed { path: path.into(), detail: "transaction lost".into() };
            return Err(outcome.err().unwrap_or_else(lost));
        }
        if outcome.is_err() || matches!(acted, Acted::Refused) {
            run("ROLLBACK TO task").map_err(explain)?;
        }
        run("RELEASE task").map_err(explain)?;
        outcomes.push(outcome);
    }
    run("COMMIT").map_err(explain)?;
    Ok(outcomes)
}
