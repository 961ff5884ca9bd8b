//! Which conflicts a command is about.

use sync_engine::{Conflict, ConflictQuery};

use crate::config::{Config, System};
use crate::failure::Failure;
use crate::view::conflict::Sides;

/// Which conflicts
#[derive(Debug, Clone, Default, clap::Args)]
pub(crate) struct ConflictFilter {
    /// Only this one, as `conflicts list` names it
    #[arg(value_name = "CONFLICT")]
    pub(crate) id: Option<String>,
    /// Only of this record, by its key or id on either side
    #[arg(long, value_name = "KEY")]
    pub(crate) record: Option<String>,
    /// Only on this field, by its name on either side
    #[arg(long, value_name = "NAME")]
    pub(crate) field: Option<String>,
    /// Only of this flow's records
    #[arg(long, value_name = "NAME")]
    pub(crate) flow: Option<String>,
}

impl ConflictFilter {
    /// As a question to the store.
    pub(crate) fn query(&self, config: &Config) -> Result<ConflictQuery, Failure> {
        let book = self.flow.as_deref().map(|flow| book(config, flow)).transpose()?;
        Ok(ConflictQuery {
            id: self.id.clone(),
            book,
            record: self.record.clone(),
            field: self.field.clone(),
            settled: false,
        })
    }

    /// Refuses to act on everything by accident.
    pub(crate) fn deliberate(&self, all: bool) -> Result<(), Failure> {
        let named = [&self.id, &self.record, &self.field, &self.flow].iter().any(|part| part.is_some());
        if named || all {
            return Ok(());
        }
        Err(Failure::Usage {
            what: "this would decide every conflict".into(),
            hint: "name one, a --record, a --field or a --flow; or say --all".into(),
        })
    }
}

/// Where a flow keeps its links.
fn book(config: &Config, flow: &str) -> Result<String, Failure> {
    let name = crate::choice::flows::one(config, Some(flow))?;
    let file = config.flows.iter().find(|(known, _)| *known == name).map(|(_, file)| file);
    let pair = file.and_then(|file| file.pair.as_ref());
    Ok(pair.map_or(name, |pair| format!("pair {pair}")))
}

/// The systems on the two sides of a conflict; pairs are seen from IFS.
pub(crate) fn sides(config: &Config, conflict: &Conflict) -> Sides {
    let word = |system: System| match system {
        System::Ifs => "ifs".to_owned(),
        System::Salesforce => "salesforce".to_owned(),
    };
    let own = config.flows.iter().find(|(name, file)| *name == conflict.book && file.pair.is_none());
    match own {
        Some((_, file)) => Sides { source: word(file.source.system), target: word(file.target.system) },
        None => Sides { source: word(System::Ifs), target: word(System::Salesforce) },
    }
}
