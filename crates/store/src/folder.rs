//! The folder that holds state and audit log, and the lock that keeps a second instance out.

use std::fs::{self, File, TryLockError};
use std::io::{Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::sqlite::{DatabaseError, Place, SqliteAuditLog, SqliteStore};

/// An open data folder: its two databases, and the lock. Dropping it gives the lock back; so does
/// the operating system when the process is killed.
#[derive(Debug)]
pub struct DataFolder {
    /// The folder.
    pub path: PathBuf,
    /// State.
    pub store: Arc<SqliteStore>,
    /// What happened.
    pub log: Arc<SqliteAuditLog>,
    _lock: File,
}

/// A data folder cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FolderError {
    /// Another process uses it.
    #[error("{path} is in use by another ml-connector (process {holder})")]
    InUse {
        /// The folder.
        path: String,
        /// The other's process id, as it wrote it down.
        holder: String,
    },
    /// It cannot be made or written.
    #[error("{path}: {detail}")]
    Unusable {
        /// The folder or file.
        path: String,
        /// What the system says.
        detail: String,
    },
    /// One of its databases cannot be used.
    #[error(transparent)]
    Database(#[from] DatabaseError),
}

impl DataFolder {
    /// Makes the folder if there is none, locks it and opens what is in it.
    pub fn open(path: &Path) -> Result<Self, FolderError> {
        let unusable = |error: std::io::Error| unusable(path, &error);
        make(path).map_err(unusable)?;
        let lock = lock(path)?;
        let state = path.join("state.db");
        let log = path.join("audit.db");
        for file in [&state, &log] {
            touch(file).map_err(|error| self::unusable(file, &error))?;
        }
        Ok(Self {
            path: path.to_owned(),
            store: Arc::new(SqliteStore::open(&Place::Threaded(state))?),
            log: Arc::new(SqliteAuditLog::open(&Place::Threaded(log))?),
            _lock: lock,
        })
    }
}

fn unusable(path: &Path, error: &std::io::Error) -> FolderError {
    FolderError::Unusable { path: path.display().to_string(), detail: error.to_string() }
}

fn lock(folder: &Path) -> Result<File, FolderError> {
    let path = folder.join("lock");
    let unusable = |error: std::io::Error| unusable(&path, &error);
    let mut options = File::options();
    options.read(true).write(true).create(true).truncate(false);
    let mut file = options.open(&path).map_err(unusable)?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            let mut holder = String::new();
            // Only for the message; an unreadable name is no reason to fail otherwise.
            file.read_to_string(&mut holder).ok();
            return Err(FolderError::InUse {
                path: folder.display().to_string(),
                holder: holder.trim().to_owned(),
            });
        }
        Err(TryLockError::Error(error)) => return Err(unusable(error)),
    }
    let write = |file: &mut File| {
        file.set_len(0)?;
        file.seek(SeekFrom::Start(0))?;
        writeln!(file, "{}", std::process::id())
    };
    write(&mut file).map_err(unusable)?;
    Ok(file)
}

/// Makes a folder that only its owner can look into.
fn make(path: &Path) -> std::io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::DirBuilderExt as _;
        builder.mode(0o700);
    }
    builder.create(path)
}

/// Makes a file that only its owner can read, if there is none; SQLite gives its companions the
/// same rights.
fn touch(path: &Path) -> std::io::Result<()> {
    let mut options = File::options();
    options.write(true).create(true).truncate(false);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600);
    }
    options.open(path).map(drop)
}
