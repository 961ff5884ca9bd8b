//! Many records by their ids: retrieved and deleted.
//!
//! Rules: REST API Developer Guide, "sObject Collections".

use std::collections::BTreeSet;

use bytes::Bytes;
use http::Method;
use serde_json::value::RawValue;
use wire::{Call, Effect};

use crate::client::json;
use crate::collections::{MAX_RECORDS, MAX_RETRIEVED};
use crate::id::same;
use crate::record_result::{believed, results};
use crate::row::Row;
use crate::soql::identifier;
use crate::{Client, RecordId, RecordResult, SfdcError, Together};

impl Client {
    /// Deletes up to 200 records by their ids; one result for each, in order. Deleting a record that
    /// has gone fails with `ENTITY_IS_DELETED` and does no harm.
    pub async fn delete_all(
        &self,
        ids: &[RecordId],
        together: Together,
    ) -> Result<Vec<RecordResult>, SfdcError> {
        const OPERATION: &str = "salesforce.delete";
        check_ids(OPERATION, ids, MAX_RECORDS)?;
        let joined = ids.iter().map(RecordId::as_str).collect::<Vec<_>>().join(",");
        let all = together == Together::AllOrNone;
        let url = self.versioned(&format!("/composite/sobjects?ids={joined}&allOrNone={all}"))?;
        let about: Vec<String> = ids.iter().map(ToString::to_string).collect();
        let call = Call::new(OPERATION, Effect::Put).about(about);
        let response = self.send(call, Method::DELETE, &url, None).await?;
        let results = results(OPERATION, ids.len(), response.body())?;
        Ok(believed(results, ids.iter().map(RecordId::as_str)))
    }

    /// Reads the fields of up to 2,000 records of one object; `None` for those that are not there or
    /// not visible, in the order of `ids`.
    pub async fn retrieve(
        &self,
        object: &str,
        ids: &[RecordId],
        fields: &[&str],
    ) -> Result<Vec<Option<Box<RawValue>>>, SfdcError> {
        const OPERATION: &str = "salesforce.retrieve";
        check_ids(OPERATION, ids, MAX_RETRIEVED)?;
        let mut names = vec!["Id"];
        for field in fields {
            let field = identifier(field)?;
            if !names.iter().any(|name| name.eq_ignore_ascii_case(field)) {
                names.push(field);
            }
        }
        let id_texts: Vec<&str> = ids.iter().map(RecordId::as_str).collect();
        let body = serde_json::json!({ "ids": id_texts, "fields": names }).to_string();
        let about: Vec<String> = ids.iter().map(ToString::to_string).collect();
        let call = Call::new(OPERATION, Effect::Read).about(about);
        let url = self.versioned(&format!("/composite/sobjects/{}", identifier(object)?))?;
        let response = self.send(call, Method::POST, &url, Some(Bytes::from(body))).await?;
        let records: Vec<Option<Box<RawValue>>> = json(OPERATION, &response)?;
        matching(OPERATION, ids, records)
    }
}

fn check_ids(operation: &str, ids: &[RecordId], most: usize) -> Result<(), SfdcError> {
    let unfit = |detail: String| Err(SfdcError::Unfit { operation: operation.into(), detail });
    if ids.is_empty() || ids.len() > most {
        return unfit(format!("{} ids; a call takes 1 to {most}", ids.len()));
    }
    let mut seen = BTreeSet::new();
    match ids.iter().find(|id| !seen.insert(*id)) {
        Some(twice) => unfit(format!("{twice} stands twice among its ids")),
        None => Ok(()),
    }
}

/// Each record must be the one that was asked for at its place.
fn matching(
    operation: &str,
    ids: &[RecordId],
    records: Vec<Option<Box<RawValue>>>,
) -> Result<Vec<Option<Box<RawValue>>>, SfdcError> {
    let malformed = |detail: String| SfdcError::Malformed { operation: operation.into(), detail };
    if records.len() != ids.len() {
        return Err(malformed(format!("{} records for {} ids", records.len(), ids.len())));
    }
    for (id, record) in ids.iter().zip(&records) {
        let Some(record) = record else { continue };
        let told = Row::read(record, &["Id"])?.text(0)?;
        if !told.as_deref().is_some_and(|told| same(told, id.as_str())) {
            return Err(malformed(format!(
                "record {} came where {id} was asked for",
                told.unwrap_or_default()
            )));
        }
    }
    Ok(records)
}
