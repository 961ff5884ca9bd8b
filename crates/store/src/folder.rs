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
    #[error(
        "{path} is in use by another ml-connector (process {holder}): wait until it ends, or stop it \
         (`ps -p {holder}` shows what it is)"
    )]
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
    /// One of its databases is missing, and the other remembers it.
    #[error(
        "{path} is missing, but {other} is there: restore both from the same backup, or move {other} away to begin anew"
    )]
    Lost {
        /// The missing file.
        path: String,
        /// The name of the other.
        other: String,
    },
    /// One of its databases cannot be used.
    #[error(transparent)]
    Database(#[from] DatabaseError),
}

impl DataFolder {
    /// Makes the folder if there is none, locks it and opens what is in it.
    pub fn open(path: &Path) -> Result<Self, FolderError> {
        make(path).map_err(|error| unusable(path, &error))?;
        let mut lock = Lock::take(path)?;
        let state = path.join("state.db");
        let log = path.join("audit.db");
        if lock.complete {
            // Without this a lost file would silently be begun anew, next to one that remembers.
            refuse_lost(&state, &log)?;
        }
        let store = Arc::new(SqliteStore::open(&Place::Threaded(state))?);
        let log = Arc::new(SqliteAuditLog::open(&Place::Threaded(log))?);
        lock.mark_complete().map_err(|error| unusable(path, &error))?;
        Ok(Self { path: path.to_owned(), store, log, _lock: lock.file })
    }
}

fn unusable(path: &Path, error: &std::io::Error) -> FolderError {
    FolderError::Unusable { path: path.display().to_string(), detail: error.to_string() }
}

fn refuse_lost(state: &Path, log: &Path) -> Result<(), FolderError> {
    for (file, other) in [(state, log), (log, state)] {
        if fs::metadata(file).map_or(0, |data| data.len()) == 0 {
            let name = |file: &Path| file.file_name().unwrap_or_default().display().to_string();
            return Err(FolderError::Lost { path: file.display().to_string(), other: name(other) });
        }
    }
    Ok(())
}

/// What stands in the lock file behind the process id, once both databases were made.
const COMPLETE: &str = "complete";
/// Bytes of the first line: the process id, padded, so that it is replaced in one write.
const LINE: u64 = 11;

/// The lock file: its holder's process id, and whether both databases were made.
struct Lock {
    file: File,
    complete: bool,
}

impl Lock {
    fn take(folder: &Path) -> Result<Self, FolderError> {
        let path = folder.join("lock");
        let unusable = |error: std::io::Error| unusable(&path, &error);
        let mut options = File::options();
        options.read(true).write(true).create(true).truncate(false);
        let mut file = options.open(&path).map_err(unusable)?;
        let taken = file.try_lock();
        let mut text = String::new();
        // Only for the message; an unreadable name is no reason to fail otherwise.
        file.read_to_string(&mut text).ok();
        let mut lines = text.lines().map(str::trim);
        let holder = lines.next().unwrap_or_default().to_owned();
        match taken {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(FolderError::InUse { path: folder.display().to_string(), holder });
            }
            Err(TryLockError::Error(error)) => return Err(unusable(error)),
        }
        let mut lock = Self { file, complete: lines.next() == Some(COMPLETE) };
        lock.sign().map_err(unusable)?;
        Ok(lock)
    }

    fn sign(&mut self) -> std::io::Result<()> {
        self.file.seek(SeekFrom::Start(0))?;
        writeln!(self.file, "{:<10}", std::process::id())?;
        if self.complete { Ok(()) } else { self.file.set_len(LINE) }
    }

    fn mark_complete(&mut self) -> std::io::Result<()> {
        if self.complete {
            return Ok(());
        }
        self.file.seek(SeekFrom::Start(LINE))?;
        writeln!(self.file, "{COMPLETE}")?;
        self.file.sync_all()
    }
}

/// Makes a folder that only its owner can look into.
fn make(path: &Path) -> std::io::Result<()> {
    if path.is_file() {
        return Err(std::io::Error::other("it is a file, and a folder is needed"));
    }
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::DirBuilderExt as _;
        builder.mode(0o700);
    }
    builder.create(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_instance_is_told_who_holds_the_folder() {
        let top = tempfile::tempdir().expect("a folder");
        let path = top.path().join("deep/data");
        let first = DataFolder::open(&path).expect("opens");
        let second = DataFolder::open(&path).map(|_| ());
        let Err(FolderError::InUse { holder, .. }) = second else { panic!("in use: {second:?}") };
        assert_eq!(holder, std::process::id().to_string());
        drop(first);
        let third = DataFolder::open(&path).expect("the lock went with its holder");
        assert!(DataFolder::open(&path).is_err(), "and is back with the next one");
        drop(third);
    }

    #[test]
    fn a_lost_database_is_not_begun_anew_in_silence() {
        for lost in ["state.db", "audit.db"] {
            let top = tempfile::tempdir().expect("a folder");
            drop(DataFolder::open(top.path()).expect("opens"));
            fs::rename(top.path().join(lost), top.path().join("elsewhere")).expect("moves");
            let error = DataFolder::open(top.path()).map(|_| ());
            assert!(
                matches!(&error, Err(FolderError::Lost { path, .. }) if path.ends_with(lost)),
                "{error:?}"
            );
            File::create(top.path().join(lost)).expect("an empty file");
            assert!(DataFolder::open(top.path()).is_err(), "an empty file is not the lost one");
            fs::rename(top.path().join("elsewhere"), top.path().join(lost)).expect("moves back");
            DataFolder::open(top.path()).expect("whole again");
        }
    }

    #[test]
    fn a_folder_that_was_not_finished_is_finished() {
        let top = tempfile::tempdir().expect("a folder");
        fs::write(top.path().join("lock"), "4711\n").expect("writes");
        drop(SqliteStore::open(&Place::Inline(top.path().join("state.db"))).expect("opens"));
        DataFolder::open(top.path()).expect("the second file is made");
    }

    #[cfg(unix)]
    #[test]
    fn nobody_else_can_look_inside() {
        use std::os::unix::fs::PermissionsExt as _;
        let top = tempfile::tempdir().expect("a folder");
        let path = top.path().join("data");
        let _folder = DataFolder::open(&path).expect("opens");
        let mode = |path: &Path| fs::metadata(path).expect("is there").permissions().mode() & 0o777;
        assert_eq!(mode(&path), 0o700);
        for file in ["state.db", "audit.db", "state.db-wal", "audit.db-wal"] {
            assert_eq!(mode(&path.join(file)), 0o600, "{file}");
        }
    }
}
