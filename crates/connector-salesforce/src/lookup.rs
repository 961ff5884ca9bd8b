//! Looking records up by external id, as many in a call as it may hold.

use std::collections::BTreeMap;

use mapping::{Entity, ExternalId, FieldName, Found, TargetId};
use serde_json::value::RawValue;
use sfdc_client::{Literal, RecordId, SfdcError};
use sync_engine::{Fault, FaultClass, Lookup, SinkError};

use crate::columns::Columns;
use crate::convert::instant;
use crate::faults::{plain, sink_error, with_hint};
use crate::org::Org;
use crate::schema::Object;

pub(crate) const OPERATION: &str = "salesforce.find";
/// What is read of every record, before the fields that were asked for: the external id comes third.
const ALWAYS: [&str; 2] = ["Id", "SystemModstamp"];

/// One look-up of many ids of one object.
pub(crate) struct Search<'a> {
    pub(crate) org: &'a Org,
    pub(crate) entity: &'a Entity,
    pub(crate) object: &'a Object,
    /// Fields that become part of the validator.
    pub(crate) state: &'a [&'a str],
}

impl Search<'_> {
    pub(crate) async fn find(
        &self,
        ids: &[ExternalId],
        fields: &[FieldName],
    ) -> Result<Vec<Lookup>, SinkError> {
        let columns = self.columns(fields).map_err(|unseen| self.object.unseen(unseen.as_str()))?;
        let failed = |error: SfdcError| sink_error(OPERATION, &error);
        let refused: Vec<Option<Fault>> = ids.iter().map(|id| self.unusable(id)).collect();
        let asked: Vec<Literal> = ids
            .iter()
            .zip(&refused)
            .filter(|(_, refused)| refused.is_none())
            .map(|(id, _)| Literal::Text(id.as_str().to_owned()))
            .collect();
        let found = self.all(self.object.external_id(), &asked, &columns).await.map_err(failed)?;
        let mut by_id: BTreeMap<String, Vec<Found>> = BTreeMap::new();
        for found in found {
            by_id.entry(self.object.fold(found.id.as_str())).or_default().push(found);
        }
        let mut lookups: Vec<Lookup> =
            ids.iter().zip(refused).map(|(id, refused)| self.answer(id, refused, &by_id)).collect();
        self.follow_merges(ids, &mut lookups, &columns).await.map_err(failed)?;
        Ok(lookups)
    }

    /// Records that belong to external ids which they do not carry, by their own ids.
    pub(crate) async fn find_unnamed(
        &self,
        pairs: &[(ExternalId, TargetId)],
        fields: &[FieldName],
    ) -> Result<Vec<Lookup>, SinkError> {
        let columns = self.columns(fields).map_err(|unseen| self.object.unseen(unseen.as_str()))?;
        // What is no id of this org cannot be asked for.
        let usable = |(_, target): &&(ExternalId, TargetId)| RecordId::parse(target.as_str()).is_ok();
        let asked: Vec<Literal> = pairs
            .iter()
            .filter(usable)
            .map(|(_, target)| Literal::Text(target.as_str().to_owned()))
            .collect();
        let found = self.all("Id", &asked, &columns).await.map_err(|error| sink_error(OPERATION, &error))?;
        let answer = |(id, target): &(ExternalId, TargetId)| {
            let record = found.iter().find(|found| found.target == *target);
            record.map_or(Lookup::Absent, |record| self.unnamed(id, record))
        };
        Ok(pairs.iter().map(answer).collect())
    }

    fn unnamed(&self, id: &ExternalId, record: &Found) -> Lookup {
        if record.id.as_str().is_empty() || record.id == *id {
            self.org.merges.adopt(record.target.as_str());
            return Lookup::One(record.clone());
        }
        let message = format!(
            "the record that {id} belongs to is {}, which carries the external id {} now",
            record.target, record.id
        );
        let hint = "put the external id back in Salesforce, or unlink the two";
        Lookup::Ambiguous(with_hint(plain(FaultClass::Identity, "RENAMED", &message), hint))
    }

    /// What is read, or the first field that we cannot see.
    fn columns(&self, fields: &[FieldName]) -> Result<Columns, FieldName> {
        let mut always = ALWAYS.to_vec();
        always.push(self.object.external_id());
        always.extend(self.state);
        Columns::new((self.object, &self.org.objects), &always, fields)
    }

    /// Why an id can never be looked up.
    fn unusable(&self, id: &ExternalId) -> Option<Fault> {
        let text = id.as_str();
        let reason = if text.is_empty() {
            "is empty"
        } else if text.trim() != text {
            "begins or ends with a blank, which Salesforce does not keep"
        } else if text.encode_utf16().count() > self.object.id_length() {
            "is longer than the external-id field"
        } else {
            return None;
        };
        let message = format!("the external id {text:?} {reason}");
        let hint = "look at `external_id` in the mapping and at the key in the source";
        Some(with_hint(plain(FaultClass::Data, "UNUSABLE_EXTERNAL_ID", &message), hint))
    }

    /// All records whose field has one of these values.
    async fn all(&self, field: &str, values: &[Literal], columns: &Columns) -> Result<Vec<Found>, SfdcError> {
        if values.is_empty() {
            return Ok(Vec::new());
        }
        let select = columns.select(self.object.name())?;
        let found = self.org.packer.look_up(OPERATION, &select, field, values).await?;
        found.records.iter().map(|record| self.found(record, columns)).collect()
    }

    fn found(&self, record: &RawValue, columns: &Columns) -> Result<Found, SfdcError> {
        let line = columns.read(OPERATION, record)?;
        let stamp = line.text(1)?;
        let mut validator = stamp.clone();
        for place in 0..self.state.len() {
            let text = line.text(ALWAYS.len() + 1 + place)?.unwrap_or_default();
            validator = validator.map(|known| format!("{known}|{text}"));
        }
        let target = line.text(0)?.ok_or_else(|| SfdcError::Malformed {
            operation: OPERATION.into(),
            detail: "a record without Id".into(),
        })?;
        Ok(Found {
            entity: self.entity.clone(),
            id: ExternalId::from(line.text(ALWAYS.len())?.unwrap_or_default()),
            target: TargetId::from(target),
            fields: line.fields()?,
            modified: stamp.and_then(|text| instant(&text)),
            validator,
        })
    }

    fn answer(
        &self,
        id: &ExternalId,
        refused: Option<Fault>,
        by_id: &BTreeMap<String, Vec<Found>>,
    ) -> Lookup {
        if let Some(fault) = refused {
            return Lookup::Ambiguous(fault);
        }
        let alike = by_id.get(&self.object.fold(id.as_str())).map_or(&[][..], Vec::as_slice);
        match alike {
            [] => Lookup::Absent,
            [one] if one.id == *id => Lookup::One(one.clone()),
            [one] => {
                let message = format!(
                    "{id} differs only in upper and lower case from {}, which is record {}",
                    one.id, one.target
                );
                let hint = "make the external-id field case-sensitive in Salesforce, or rename one of the two in the source";
                Lookup::Ambiguous(with_hint(plain(FaultClass::Identity, "CASE_COLLISION", &message), hint))
            }
            several => {
                let targets: Vec<&str> = several.iter().map(|found| found.target.as_str()).collect();
                let message = format!("several records carry the external id {id}: {}", targets.join(", "));
                let hint = "merge them in Salesforce and make the external-id field unique";
                Lookup::Ambiguous(with_hint(plain(FaultClass::Identity, "SEVERAL_RECORDS", &message), hint))
            }
        }
    }

    /// Where nothing was found although the org had the record: it was merged into another one.
    async fn follow_merges(
        &self,
        ids: &[ExternalId],
        lookups: &mut [Lookup],
        columns: &Columns,
    ) -> Result<(), SfdcError> {
        if !lookups.contains(&Lookup::Absent) {
            return Ok(());
        }
        let merged = self.org.merged(self.object).await?;
        let mut led: Vec<(usize, &str)> = Vec::new();
        for (place, (id, lookup)) in ids.iter().zip(lookups.iter()).enumerate() {
            if let (Lookup::Absent, Some(winner)) = (lookup, merged.get(&self.object.fold(id.as_str()))) {
                led.push((place, winner));
            }
        }
        if led.is_empty() {
            return Ok(());
        }
        let winners: Vec<Literal> = led.iter().map(|(_, id)| Literal::Text((*id).to_owned())).collect();
        let found = self.all("Id", &winners, columns).await?;
        for (place, winner) in led {
            let record = found.iter().find(|found| found.target.as_str() == winner);
            if let (Some(record), Some(id), Some(slot)) = (record, ids.get(place), lookups.get_mut(place)) {
                *slot = self.adopted(id, record);
            }
        }
        Ok(())
    }

    /// A winner without an external id of its own takes over; one that stands for another record of
    /// the source belongs to that one.
    fn adopted(&self, id: &ExternalId, winner: &Found) -> Lookup {
        if winner.id.as_str().is_empty() {
            self.org.merges.adopt(winner.target.as_str());
            return Lookup::One(winner.clone());
        }
        let message = format!(
            "the record of {id} was merged into {}, which belongs to {}: writing it would put one over the other",
            winner.target, winner.id
        );
        let hint = "merge the two in the source as well, or restore the record in Salesforce; \
                    records that refer to it follow the merge by themselves";
        Lookup::Ambiguous(with_hint(plain(FaultClass::Identity, "MERGED", &message), hint))
    }
}
