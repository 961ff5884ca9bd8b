//! What is held on disk: state and audit log of one link.

use std::io::ErrorKind;
use std::path::Path;
use std::sync::Arc;

use audit::AuditLog;
use store::{DataFolder, DatabaseError, FolderError, Place, SqliteAuditLog, SqliteStore};
use sync_engine::{FlowStatus, Ledger, StateError, StateStore};

use crate::config::Config;
use crate::failure::Failure;
use crate::loan::Loan;
use crate::verbs::Session;
use crate::wiring::ends::book;

/// State and audit log, opened.
#[derive(Debug, Clone)]
pub(crate) struct Holding {
    /// The state.
    pub(crate) state: Arc<dyn StateStore>,
    /// What sinks have under way.
    pub(crate) ledger: Arc<dyn Ledger>,
    /// The audit log.
    pub(crate) log: Arc<dyn AuditLog>,
    /// Keeps other processes out, where something is written.
    _folder: Option<Arc<DataFolder>>,
    /// Given back to the daemon when everything is closed.
    _loan: Option<Arc<Loan>>,
}

impl Holding {
    /// Opens the data folder for writing: at most one process at a time.
    pub(crate) fn open(config: &Config) -> Result<Self, Failure> {
        let path = config.data_folder();
        let folder = DataFolder::open(&path).map_err(|error| refused(&path, error))?;
        let (state, log) = (folder.store.clone(), folder.log.clone());
        Ok(Self { ledger: state.clone(), state, log, _folder: Some(Arc::new(folder)), _loan: None })
    }

    /// Opens the data folder for a command that writes to it; a daemon that runs the link lends it.
    pub(crate) async fn borrow(config: &Config, session: &Session) -> Result<Self, Failure> {
        let loan = Loan::take(config, session).await?.map(Arc::new);
        Ok(Self { _loan: loan, ..Self::open(config)? })
    }

    /// Opens the data folder for reading, also while another process writes. [`Failure::Missing`] if
    /// nothing has ever been run.
    pub(crate) fn look(config: &Config) -> Result<Self, Failure> {
        let path = config.data_folder();
        let (state, log) = (path.join("state.db"), path.join("audit.db"));
        if !there(&state)? || !there(&log)? {
            return Err(Failure::Missing {
                what: format!("there is nothing in {} yet", path.display()),
                hint: "it begins with the first `ml-connector plan` or `ml-connector run`".into(),
            });
        }
        let unusable = |error: DatabaseError| refused(&path, error.into());
        let state = Arc::new(SqliteStore::open(&Place::Threaded(state)).map_err(unusable)?);
        Ok(Self {
            ledger: state.clone(),
            state,
            log: Arc::new(SqliteAuditLog::open(&Place::Threaded(log)).map_err(unusable)?),
            _folder: None,
            _loan: None,
        })
    }

    /// How all flows stand. The two flows of a pair share their links: each has all of them.
    pub(crate) async fn flows(&self, config: &Config) -> Result<Vec<FlowStatus>, StateError> {
        let mut flows = self.state.flows().await?;
        for status in &mut flows {
            let file = config.flows.iter().find(|(name, _)| *name == status.flow);
            if let Some(pair) = file.and_then(|(_, file)| file.pair.as_ref()) {
                status.links = self.state.count_links(&book(pair)).await?;
            }
        }
        Ok(flows)
    }
}

/// Whether `file` is there; who may not look must not be told that it is not.
fn there(file: &Path) -> Result<bool, Failure> {
    match std::fs::metadata(file) {
        Ok(_) => Ok(true),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
        Err(error) => Err(Failure::storage(file, &error)),
    }
}

fn refused(path: &Path, error: FolderError) -> Failure {
    match error {
        FolderError::Unusable { path, detail } => Failure::Storage { path: path.into(), detail },
        FolderError::InUse { holder, .. } => {
            let holder = if holder.is_empty() { holder } else { format!(" (process {holder})") };
            Failure::InUse { folder: path.to_owned(), holder }
        }
        other => Failure::Storage { path: path.to_owned(), detail: other.to_string() },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_not_be_looked_at_is_not_missing() {
        let top = tempfile::tempdir().expect("a folder");
        let file = top.path().join("data");
        assert!(matches!(there(&file), Ok(false)));
        std::fs::write(&file, "x").expect("writes");
        assert!(matches!(there(&file), Ok(true)));
        assert!(matches!(there(&file.join("state.db")), Err(Failure::Storage { .. })), "below a file");
    }
}
