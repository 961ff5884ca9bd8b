//! Records that went: deleted, or merged into others.
//!
//! The org tells deletions of the last 15 days, but not those past the recycle bin: only a full
//! comparison finds them. Each one that is told is looked up, bin included: one that was taken back
//! lives, and one with a `MasterRecordId` was merged.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use mapping::{Change, Entity, Key};
use sfdc_client::{Literal, Row, Rows, Scalar, Select, SfdcError, Window};
use sync_engine::Observation;
use wire::{Call, Effect};

use crate::merges::{DEEPEST, MASTER};
use crate::source::SalesforceSource;

const OPERATION: &str = "salesforce.departed";

/// What went, and up to when everything is told.
#[derive(Debug)]
pub(crate) struct Departures {
    pub(crate) observations: Vec<Observation>,
    pub(crate) until: Timestamp,
}

/// What has become of a record that was told to be deleted.
pub(crate) enum Fate {
    Lives,
    Gone,
    Merged(String),
}

impl SalesforceSource {
    /// What went since `from`; nothing is asked within a minute, which the org does not take.
    pub(crate) async fn departures(&self, from: Timestamp, now: Timestamp) -> Result<Departures, SfdcError> {
        let mut departures = Departures { observations: Vec::new(), until: from };
        let Ok(window) = Window::new(from, now) else { return Ok(departures) };
        let object = &self.settings().object;
        let deleted = self.client().deleted(object, window).await?;
        departures.until = deleted.covered;
        if deleted.forgotten {
            tracing::warn!(%object, "the org no longer remembers all deletions since the last run: run a full comparison");
        }
        let ids: Vec<String> = deleted.records.iter().map(|record| record.id.as_str().to_owned()).collect();
        let fates = self.fates(&ids).await?;
        for id in ids {
            // What even the bin does not have any more was emptied out of it.
            if !matches!(fates.get(&id), Some(Fate::Lives)) {
                let (entity, key) = (Entity::from(object.as_str()), Key::from(id));
                departures.observations.push(Observation::Change(Change::Gone { entity, key }));
            }
        }
        Ok(departures)
    }

    /// The winners that records were merged into; a winner may itself have been merged.
    pub(crate) async fn winners(&self, keys: &[Key]) -> Result<Vec<Option<Key>>, SfdcError> {
        let mut winners: Vec<Option<String>> = vec![None; keys.len()];
        for _ in 0..DEEPEST {
            let asked: BTreeSet<String> = keys
                .iter()
                .zip(&winners)
                .map(|(key, winner)| winner.clone().unwrap_or_else(|| key.to_string()))
                .collect();
            let asked: Vec<String> = asked.into_iter().collect();
            let fates = self.fates(&asked).await?;
            let mut moved = false;
            for (key, slot) in keys.iter().zip(&mut winners) {
                let now = slot.as_deref().unwrap_or(key.as_str());
                if let Some(Fate::Merged(winner)) = fates.get(now) {
                    *slot = Some(winner.clone());
                    moved = true;
                }
            }
            if !moved {
                break;
            }
        }
        Ok(winners.into_iter().map(|winner| winner.map(Key::from)).collect())
    }

    pub(crate) async fn fates(&self, ids: &[String]) -> Result<BTreeMap<String, Fate>, SfdcError> {
        let mut fates = BTreeMap::new();
        let columns = ["Id", "IsDeleted", MASTER];
        let select = Select::from(&self.settings().object, columns)?;
        let ids: Vec<Literal> = ids.iter().cloned().map(Literal::Text).collect();
        let mut rest = &ids[..];
        while !rest.is_empty() {
            let (now, later) = rest.split_at(select.fitting("Id", rest)?.clamp(1, rest.len()));
            let call = Call::new(OPERATION, Effect::Read);
            let asked = select.clone().where_in("Id", now)?;
            for record in self.client().query_rows(call, &asked, Rows::DeletedToo).await?.records {
                let row = Row::read(&record, &columns)?;
                let Some(id) = row.text(0)? else { continue };
                let fate = match (row.scalar(1)?, row.text(2)?) {
                    (Scalar::Bool(false), _) => Fate::Lives,
                    (_, Some(winner)) => Fate::Merged(winner.into_owned()),
                    (_, None) => Fate::Gone,
                };
                fates.insert(id.into_owned(), fate);
            }
            rest = later;
        }
        Ok(fates)
    }
}
