//! Why a database cannot be used.

use audit::AuditError;
use rusqlite::{Error, ErrorCode};
use sync_engine::StateError;

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
    #[error("{path} is held by another process: wait until it is done, or stop it, then run again")]
    Busy {
        /// The file.
        path: String,
    },
    /// The file or its folder may not be written.
    #[error("{path} cannot be written: check its owner, its rights and those of its folder ({detail})")]
    ReadOnly {
        /// The file.
        path: String,
        /// What SQLite says.
        detail: String,
    },
    /// The file was removed or replaced while it was open.
    #[error("{path} was removed or replaced while in use: put it back, then start again")]
    Gone {
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

impl DatabaseError {
    /// What an error of SQLite means for the file `path`.
    pub(super) fn of(path: &str, error: &Error) -> Self {
        let path = path.to_owned();
        let detail = error.to_string();
        let unreadable = matches!(
            error,
            Error::FromSqlConversionFailure(..)
                | Error::InvalidColumnType(..)
                | Error::IntegralValueOutOfRange(..)
                | Error::Utf8Error(..)
                | Error::QueryReturnedNoRows
        );
        match error.sqlite_error_code() {
            Some(ErrorCode::DiskFull) => Self::Full { path },
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Self::Busy { path },
            Some(ErrorCode::ReadOnly | ErrorCode::CannotOpen | ErrorCode::PermissionDenied) => {
                Self::ReadOnly { path, detail }
            }
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => Self::Damaged { path, detail },
            None if unreadable => Self::Damaged { path, detail },
            _ => Self::Failed { path, detail },
        }
    }
}

impl From<DatabaseError> for StateError {
    fn from(error: DatabaseError) -> Self {
        let detail = error.to_string();
        match error {
            DatabaseError::Newer { .. } | DatabaseError::Damaged { .. } => Self::Damaged { detail },
            _ => Self::Unavailable { detail },
        }
    }
}

impl From<DatabaseError> for AuditError {
    fn from(error: DatabaseError) -> Self {
        Self::Unavailable { detail: error.to_string() }
    }
}
