//! Looking records up by external id, as many in a call as it may hold.

use std::collections::BTreeMap;

use mapping::{Entity, ExternalId, FieldName, Fields, Found, TargetId};
use serde_json::value::RawValue;
use sfdc_client::{Literal, Packer, Row, Select, SfdcError};
use sync_engine::{Fault, FaultClass, Lookup, SinkError};

use crate::convert::{stamp, value};
use crate::faults::{plain, sink_error, with_hint};
use crate::schema::{Kind, Object};

const OPERATION: &str = "salesforce.find";
/// What is read of every record, before the fields that were asked for.
const ALWAYS: [&str; 2] = ["Id", "SystemModstamp"];

/// One look-up of many ids of one object.
pub(crate) struct Search<'a> {
    pub(crate) packer: &'a Packer,
    pub(crate) entity: &'a Entity,
    pub(crate) object: &'a Object,
}

/// The fields to read, where they stand, and how.
struct Columns<'a> {
    names: Vec<&'a str>,
    asked: Vec<(FieldName, usize, Kind)>,
}

impl Search<'_> {
    pub(crate) async fn find(
        &self,
        ids: &[ExternalId],
        fields: &[FieldName],
    ) -> Result<Vec<Lookup>, SinkError> {
        let columns = self.columns(fields).map_err(|unseen| self.object.unseen(unseen.as_str()))?;
        let refused: Vec<Option<Fault>> = ids.iter().map(|id| self.unusable(id)).collect();
        let asked: Vec<Literal> = ids
            .iter()
            .zip(&refused)
            .filter(|(_, refused)| refused.is_none())
            .map(|(id, _)| Literal::Text(id.as_str().to_owned()))
            .collect();
        let found = self.all(&asked, &columns).await.map_err(|error| sink_error(OPERATION, &error))?;
        let by_id = self.by_folded_id(found);
        Ok(ids.iter().zip(refused).map(|(id, refused)| self.answer(id, refused, &by_id)).collect())
    }

    /// What to read, or the first field that we cannot see.
    fn columns<'f>(&'f self, fields: &'f [FieldName]) -> Result<Columns<'f>, &'f FieldName> {
        let mut names = ALWAYS.to_vec();
        names.push(self.object.external_id());
        let mut asked = Vec::with_capacity(fields.len());
        for field in fields {
            let known = names.iter().position(|name| name.eq_ignore_ascii_case(field.as_str()));
            let place = known.unwrap_or(names.len());
            if known.is_none() {
                names.push(field.as_str());
            }
            asked.push((field.clone(), place, self.object.kind(field).ok_or(field)?));
        }
        Ok(Columns { names, asked })
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

    /// All records with one of these ids.
    async fn all(&self, ids: &[Literal], columns: &Columns<'_>) -> Result<Vec<Found>, SfdcError> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let select = Select::from(self.entity.as_str(), columns.names.iter().copied())?;
        let found = self.packer.look_up(OPERATION, &select, self.object.external_id(), ids).await?;
        let read = |record: &RawValue| self.found(&Row::read(record, &columns.names)?, columns);
        found.records.iter().map(|record| read(record)).collect()
    }

    fn found(&self, row: &Row<'_>, columns: &Columns<'_>) -> Result<Found, SfdcError> {
        let missing = |what: &str| SfdcError::Malformed {
            operation: OPERATION.into(),
            detail: format!("a record without {what}"),
        };
        // Rights that were taken away make fields vanish: that is not the same as empty.
        if let Some(name) = row.missing().and_then(|place| columns.names.get(place)) {
            return Err(missing(name));
        }
        let target = row.text(0)?.ok_or_else(|| missing("Id"))?;
        let modified = row.text(1)?.and_then(|text| stamp(&text));
        let id = row.text(ALWAYS.len())?.ok_or_else(|| missing(self.object.external_id()))?;
        let mut fields = Fields::with_capacity(columns.asked.len());
        for (name, place, kind) in &columns.asked {
            fields.set(name.clone(), value(row.scalar(*place)?, *kind));
        }
        Ok(Found {
            entity: self.entity.clone(),
            id: ExternalId::from(id.into_owned()),
            target: TargetId::from(target.into_owned()),
            fields,
            modified,
            validator: None,
        })
    }

    fn fold(&self, id: &str) -> String {
        if self.object.case_sensitive() { id.to_owned() } else { id.to_lowercase() }
    }

    fn by_folded_id(&self, found: Vec<Found>) -> BTreeMap<String, Vec<Found>> {
        let mut by_id: BTreeMap<String, Vec<Found>> = BTreeMap::new();
        for found in found {
            by_id.entry(self.fold(found.id.as_str())).or_default().push(found);
        }
        by_id
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
        let alike = by_id.get(&self.fold(id.as_str())).map_or(&[][..], Vec::as_slice);
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
}
