//! Which waiting records a command is about.

use mapping::Key;
use sync_engine::{ParkedClass, ParkedQuery};

use crate::failure::Failure;

/// Which waiting records
#[derive(Debug, Clone, Default, clap::Args)]
pub(crate) struct ParkedFilter {
    /// Only this record, by its key at the source
    #[arg(value_name = "KEY")]
    pub(crate) key: Option<String>,
    /// Only of this flow
    #[arg(long, value_name = "NAME")]
    pub(crate) flow: Option<String>,
    /// Only of this class
    #[arg(long)]
    pub(crate) class: Option<Class>,
    /// Only with this code, such as `STRING_TOO_LONG`
    #[arg(long)]
    pub(crate) code: Option<String>,
}

/// Why records wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Class {
    /// Waiting for the data, the mapping or the target to change
    Quarantine,
    /// Waiting for a parent record
    Orphan,
    /// Waiting for an older request that may still land
    Settling,
    /// Waiting for the next try
    Retry,
    /// For somebody to end the to and fro of two writers
    Frozen,
}

impl From<Class> for ParkedClass {
    fn from(class: Class) -> Self {
        match class {
            Class::Quarantine => Self::Quarantine,
            Class::Orphan => Self::Orphan,
            Class::Settling => Self::Settling,
            Class::Retry => Self::Retry,
            Class::Frozen => Self::Frozen,
        }
    }
}

impl ParkedFilter {
    /// As a question to the store.
    pub(crate) fn query(&self) -> ParkedQuery {
        ParkedQuery {
            flow: self.flow.clone(),
            key: self.key.as_deref().map(Key::from),
            class: self.class.map(ParkedClass::from),
            code: self.code.clone(),
            due: None,
        }
    }

    /// Whether it leaves anything out.
    pub(crate) fn is_empty(&self) -> bool {
        self.query() == ParkedQuery::default()
    }

    /// Refuses to act on everything by accident.
    pub(crate) fn deliberate(&self, all: bool) -> Result<(), Failure> {
        match (self.is_empty(), all) {
            (true, false) => Err(Failure::Usage {
                what: "this would concern every waiting record".into(),
                hint: "name a record, a --flow, a --class or a --code; or say --all".into(),
            }),
            _ => Ok(()),
        }
    }
}
