//! One CSV file: rows by key.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use ml_connector::sync_engine::{Fault, FaultClass};
use sha2::{Digest as _, Sha256};

/// A CSV file that cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TableError {
    /// The file cannot be read or written.
    #[error("{path}", path = path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// The file is no CSV.
    #[error("{path} is no CSV file", path = path.display())]
    Csv {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        #[source]
        source: csv::Error,
    },
}

/// A row: as its columns say, or as it stands there if it does not have as many values as columns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Row {
    Good(BTreeMap<String, String>),
    Ragged(String),
}

/// The contents of a file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Table {
    /// The columns, the key's first.
    pub(crate) columns: Vec<String>,
    /// The rows by key.
    pub(crate) rows: BTreeMap<String, Row>,
}

impl Table {
    /// Reads a file; one that is not there is empty.
    pub(crate) fn read(path: &Path) -> Result<Self, TableError> {
        if !path.exists() {
            return Ok(Self::default());
        }
        let broken = |source| TableError::Csv { path: path.to_owned(), source };
        let mut reader = csv::ReaderBuilder::new().flexible(true).from_path(path).map_err(broken)?;
        let columns: Vec<String> = reader.headers().map_err(broken)?.iter().map(str::to_owned).collect();
        let mut rows = BTreeMap::new();
        for (place, row) in reader.records().enumerate() {
            let row = row.map_err(broken)?;
            let key = row.get(0).map_or_else(|| format!("row {}", place + 2), str::to_owned);
            let good = row.len() == columns.len();
            let values = || columns.iter().cloned().zip(row.iter().map(str::to_owned)).collect();
            let raw = || row.iter().collect::<Vec<_>>().join(",");
            rows.insert(key, if good { Row::Good(values()) } else { Row::Ragged(raw()) });
        }
        Ok(Self { columns, rows })
    }

    /// Writes the file: beside it first, then in its place, so that nobody ever reads half of it.
    pub(crate) fn write(&self, path: &Path) -> Result<(), TableError> {
        let broken = |source| TableError::Csv { path: path.to_owned(), source };
        let failed = |source| TableError::File { path: path.to_owned(), source };
        let fresh = path.with_extension("csv.new");
        let mut writer = csv::Writer::from_path(&fresh).map_err(broken)?;
        writer.write_record(&self.columns).map_err(broken)?;
        for row in self.rows.values() {
            if let Row::Good(values) = row {
                let empty = String::new();
                let record = self.columns.iter().map(|column| values.get(column).unwrap_or(&empty));
                writer.write_record(record).map_err(broken)?;
            }
        }
        writer.flush().map_err(failed)?;
        drop(writer);
        fs::rename(&fresh, path).map_err(failed)
    }
}

impl Row {
    /// Changes whenever the content does.
    pub(crate) fn digest(&self) -> String {
        let mut hash = Sha256::new();
        let mut part = |text: &str| {
            hash.update((text.len() as u64).to_le_bytes());
            hash.update(text.as_bytes());
        };
        match self {
            Self::Good(values) => {
                for (column, value) in values {
                    part(column);
                    part(value);
                }
            }
            Self::Ragged(raw) => part(raw),
        }
        let digest: [u8; 32] = hash.finalize().into();
        digest.iter().take(12).fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
    }
}

/// What is wrong with the file as a whole.
pub(crate) fn fault(error: &TableError) -> Fault {
    let cause = std::error::Error::source(error).map(|cause| format!(": {cause}")).unwrap_or_default();
    Fault {
        class: FaultClass::Access,
        code: "CSV".into(),
        message: format!("{error}{cause}"),
        fields: Vec::new(),
        hint: Some("look at the file and at the rights on the folder".into()),
    }
}
