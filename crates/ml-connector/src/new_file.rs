//! A file that appears whole or not at all.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use crate::failure::Failure;

/// A file that is being written beside its place and moved there at the end. Dropped before that, it
/// leaves nothing behind.
#[derive(Debug)]
pub(crate) struct NewFile {
    path: PathBuf,
    beside: PathBuf,
    out: Option<BufWriter<File>>,
}

impl NewFile {
    /// Begins `path`; what stands there stays until the end.
    pub(crate) fn create(path: PathBuf) -> Result<Self, Failure> {
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let beside = path.with_file_name(format!(".{name}.part"));
        let file = File::create(&beside).map_err(|error| Failure::storage(&beside, &error))?;
        Ok(Self { path, beside, out: Some(BufWriter::new(file)) })
    }

    /// Writes some of it.
    pub(crate) fn write(
        &mut self,
        write: impl FnOnce(&mut dyn Write) -> std::io::Result<()>,
    ) -> Result<(), Failure> {
        let Some(out) = &mut self.out else { return Ok(()) };
        write(out).map_err(|error| Failure::storage(&self.path, &error))
    }

    /// Makes it durable and moves it to its place.
    pub(crate) fn finish(mut self) -> Result<PathBuf, Failure> {
        let path = self.path.clone();
        let failed = |error: std::io::Error| Failure::storage(&path, &error);
        if let Some(out) = self.out.take() {
            let file = out.into_inner().map_err(|error| failed(error.into_error()))?;
            file.sync_all().map_err(failed)?;
        }
        std::fs::rename(&self.beside, &path).map_err(failed)?;
        Ok(path)
    }
}

impl Drop for NewFile {
    fn drop(&mut self) {
        // Already moved, or unfinished and worth nothing; a rest that cannot be removed harms nobody.
        let _ = std::fs::remove_file(&self.beside);
    }
}

/// Writes a small file that must not exist yet.
pub(crate) fn write_new(path: &Path, text: &str) -> Result<(), Failure> {
    let mut file = File::create_new(path).map_err(|error| Failure::storage(path, &error))?;
    file.write_all(text.as_bytes()).map_err(|error| Failure::storage(path, &error))
}

/// Writes a small file that only its owner may read; makes its folder.
pub(crate) fn write_private(path: &Path, text: &str) -> Result<(), Failure> {
    if let Some(parent) = path.parent() {
        std::fs::create_dir_all(parent).map_err(|error| Failure::storage(parent, &error))?;
    }
    let mut options = File::options();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path).map_err(|error| Failure::storage(path, &error))?;
    file.write_all(text.as_bytes()).map_err(|error| Failure::storage(path, &error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unfinished_file_leaves_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("plan.json");
        let mut file = NewFile::create(path.clone()).unwrap();
        file.write(|out| writeln!(out, "x")).unwrap();
        drop(file);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
        let mut file = NewFile::create(path.clone()).unwrap();
        file.write(|out| writeln!(out, "x")).unwrap();
        file.finish().unwrap();
        assert_eq!(std::fs::read_to_string(path).unwrap(), "x\n");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
