//! One daemon for a folder: the lock that keeps a second one out.

use std::fs::{File, TryLockError};
use std::io::{Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use crate::failure::Failure;

/// The folder of the daemon's own files, in the folder it is started on.
pub(crate) const FOLDER: &str = ".daemon";

/// The right to run on a folder. Dropping it gives it back; so does the operating system when the process is
/// killed.
#[derive(Debug)]
pub(crate) struct Instance {
    /// The folder of the daemon's own files.
    pub(crate) folder: PathBuf,
    _lock: File,
}

impl Instance {
    /// Takes the folder; a second daemon is refused.
    pub(crate) fn take(root: &Path) -> Result<Self, Failure> {
        let folder = root.join(FOLDER);
        make(&folder).map_err(|error| Failure::storage(&folder, &error))?;
        let path = folder.join("lock");
        let failed = |error: std::io::Error| Failure::storage(&path, &error);
        let mut options = File::options();
        options.read(true).write(true).create(true).truncate(false);
        let mut lock = options.open(&path).map_err(failed)?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut holder = String::new();
                // Only for the message.
                lock.read_to_string(&mut holder).ok();
                let holder = holder.trim();
                let holder = if holder.is_empty() { String::new() } else { format!(" (process {holder})") };
                return Err(Failure::InUse { folder: root.to_owned(), holder });
            }
            Err(TryLockError::Error(error)) => return Err(failed(error)),
        }
        // A full disk must not keep the daemon from starting: the number is for people only.
        let signed = lock.seek(SeekFrom::Start(0)).and_then(|_| writeln!(lock, "{:<10}", std::process::id()));
        if let Err(error) = signed {
            tracing::warn!(%error, file = %path.display(), "the lock could not be signed");
        }
        Ok(Self { folder, _lock: lock })
    }
}

#[cfg(unix)]
fn make(folder: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::DirBuilderExt as _;
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)
}

#[cfg(not(unix))]
fn make(folder: &Path) -> std::io::Result<()> {
    std::fs::create_dir_all(folder)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exit::Exit;

    #[test]
    fn a_second_one_is_refused_and_told_who_is_there() {
        let root = tempfile::tempdir().unwrap();
        let first = Instance::take(root.path()).unwrap();
        let error = Instance::take(root.path()).unwrap_err();
        assert_eq!(error.exit(), Exit::InUse);
        assert!(error.to_string().contains(&std::process::id().to_string()), "{error}");
        drop(first);
        assert!(Instance::take(root.path()).is_ok());
    }
}
