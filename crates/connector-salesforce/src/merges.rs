//! Records that were merged into others: their external ids lead to the winner.
//!
//! A merge moves the losers to the recycle bin, with the winner's id in `MasterRecordId`; their values
//! are lost, external ids among them. Whoever upserts such an id makes the duplicate anew. There are
//! few of them, so all are read at once, and kept for a minute.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::PoisonError;
use std::time::Duration;

use futures::lock::Mutex;
use mapping::Entity;
use sfdc_client::{Literal, Operator, Row, Rows, Select, SfdcError};
use sync_engine::SinkError;
use wire::{Call, Effect};

use crate::faults::sink_error;
use crate::org::{Aliases, Org};
use crate::schema::Object;

const OPERATION: &str = "salesforce.merged";
/// The field that names the winner.
pub(crate) const MASTER: &str = "MasterRecordId";
/// How long the losers are kept before they are read again.
const FRESH: Duration = Duration::from_secs(60);
/// How often a winner may itself have been merged.
pub(crate) const DEEPEST: usize = 10;

/// What is known about merged records.
#[derive(Debug, Default)]
pub(crate) struct Merges {
    /// By object.
    known: Mutex<BTreeMap<String, Kept>>,
    /// Winners that take over an external id of a loser, but do not carry it yet.
    adopted: std::sync::Mutex<BTreeSet<String>>,
}

impl Merges {
    /// Remembers that a record takes over the external id of one that was merged into it.
    pub(crate) fn adopt(&self, record: &str) {
        self.adopted.lock().unwrap_or_else(PoisonError::into_inner).insert(record.to_owned());
    }

    /// Whether a record has to be written by its own id, because its external id is another.
    pub(crate) fn has_adopted(&self, record: &str) -> bool {
        self.adopted.lock().unwrap_or_else(PoisonError::into_inner).contains(record)
    }
}

#[derive(Debug)]
struct Kept {
    at: Duration,
    /// Winners by the folded external id of the loser.
    winners: BTreeMap<String, String>,
}

impl Org {
    /// The winners that parents of an entity were merged into, for whoever refers to them.
    pub(crate) async fn aliases(&self, parents: &BTreeSet<Entity>) -> Result<Aliases, SinkError> {
        let mut aliases = Aliases::new();
        for parent in parents {
            let object = self.object(parent).await?;
            let merged = self.merged(&object).await.map_err(|error| sink_error(OPERATION, &error))?;
            let named = |(key, winner): (String, String)| ((parent.to_string(), key.to_lowercase()), winner);
            aliases.extend(merged.into_iter().map(named));
        }
        Ok(aliases)
    }

    /// The ids of records that others were merged into, by the folded external id of those.
    pub(crate) async fn merged(&self, object: &Object) -> Result<BTreeMap<String, String>, SfdcError> {
        if object.field(MASTER).is_none() {
            return Ok(BTreeMap::new());
        }
        let now = self.clock.elapsed();
        let mut all = self.merges.known.lock().await;
        if let Some(kept) = all.get(object.name()).filter(|kept| now.saturating_sub(kept.at) < FRESH) {
            return Ok(kept.winners.clone());
        }
        let winners = self.read_merged(object).await?;
        all.insert(object.name().to_owned(), Kept { at: now, winners: winners.clone() });
        Ok(winners)
    }

    async fn read_merged(&self, object: &Object) -> Result<BTreeMap<String, String>, SfdcError> {
        let columns = ["Id", object.external_id(), MASTER];
        let select = Select::from(object.name(), columns)?
            .where_is("IsDeleted", Operator::Equal, &Literal::Bool(true))?
            .where_is(MASTER, Operator::Unequal, &Literal::Null)?;
        let call = Call::new(OPERATION, Effect::Read);
        let found = self.client().query_rows(call, &select, Rows::DeletedToo).await?;
        let mut masters = BTreeMap::new();
        let mut losers = Vec::new();
        for record in &found.records {
            let row = Row::read(record, &columns)?;
            let (Some(id), Some(master)) = (row.text(0)?, row.text(2)?) else { continue };
            if let Some(key) = row.text(1)? {
                losers.push((object.fold(&key), master.to_string()));
            }
            masters.insert(id.into_owned(), master.into_owned());
        }
        let last = |mut winner: String| {
            for _ in 0..DEEPEST {
                match masters.get(&winner) {
                    Some(next) => winner.clone_from(next),
                    None => break,
                }
            }
            winner
        };
        Ok(losers.into_iter().map(|(key, winner)| (key, last(winner))).collect())
    }
}
