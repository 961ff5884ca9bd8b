//! sObject Collections: up to 200 records in one call, one result for each.
//!
//! Rules: REST API Developer Guide, "sObject Collections". The answer is HTTP 200 even if every
//! record failed, and results come in the order of the request.

use std::fmt::Write as _;

use bytes::Bytes;
use http::Method;
use serde::Deserialize;
use wire::{Call, Effect};

use crate::client::json;
use crate::error::ApiError;
use crate::soql::identifier;
use crate::{Client, SfdcError};

/// The most records in one call.
pub const MAX_RECORDS: usize = 200;

/// The JSON members of one record, written as they are added.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RecordBody(String);

impl RecordBody {
    /// A record of this object type.
    pub fn new(object: &str) -> Self {
        let mut body = Self(String::with_capacity(512));
        body.0.push_str("{\"attributes\":{\"type\":");
        push_json(&mut body.0, object);
        body.0.push('}');
        body
    }

    /// A text.
    pub fn text(&mut self, name: &str, value: &str) {
        self.name(name);
        push_json(&mut self.0, value);
    }

    /// Anything whose text is its JSON: a number, `true`, `false`, `null`.
    pub fn plain(&mut self, name: &str, value: impl std::fmt::Display) {
        self.name(name);
        // Writing to a String cannot fail.
        let _ = write!(self.0, "{value}");
    }

    /// Another record by external id.
    pub fn reference(&mut self, relationship: &str, field: &str, id: &str) {
        self.name(relationship);
        self.0.push('{');
        push_json(&mut self.0, field);
        self.0.push(':');
        push_json(&mut self.0, id);
        self.0.push('}');
    }

    fn name(&mut self, name: &str) {
        self.0.push(',');
        push_json(&mut self.0, name);
        self.0.push(':');
    }
}

fn push_json(out: &mut String, text: &str) {
    match serde_json::to_string(text) {
        Ok(quoted) => out.push_str(&quoted),
        // Unreachable: every text has a JSON form.
        Err(_) => out.push_str("null"),
    }
}

/// What became of one record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UpsertResult {
    /// The org holds what was sent.
    Done {
        /// Its id.
        id: String,
        /// Whether it was made.
        created: bool,
    },
    /// The org did not write it.
    Failed(Vec<ApiError>),
    /// The answer has no result for it: nobody knows.
    Missing,
}

#[derive(Deserialize)]
struct RawResult {
    id: Option<String>,
    success: bool,
    #[serde(default)]
    created: bool,
    #[serde(default)]
    errors: Vec<ApiError>,
}

impl From<RawResult> for UpsertResult {
    fn from(raw: RawResult) -> Self {
        match (raw.success, raw.id) {
            (true, Some(id)) => Self::Done { id, created: raw.created },
            // "Success" without an id says nothing that could be relied upon.
            (true, None) => Self::Missing,
            (false, _) => Self::Failed(raw.errors),
        }
    }
}

impl Client {
    /// Upserts up to 200 records of one object type by external id; one result for each, in order.
    ///
    /// A lost call is not repeated by the transport ([`Effect::Append`]): it cannot make a
    /// duplicate, but landing late it could put an older value over a newer one. Whoever calls has
    /// to look before sending again.
    pub async fn upsert(
        &self,
        records: &[RecordBody],
        (object, external_id): (&str, &str),
        about: Vec<String>,
    ) -> Result<Vec<UpsertResult>, SfdcError> {
        const OPERATION: &str = "salesforce.upsert";
        let path = format!("/composite/sobjects/{}/{}", identifier(object)?, identifier(external_id)?);
        let call = Call::new(OPERATION, Effect::Append).about(about);
        let url = self.versioned(&path)?;
        let response = self.send(call, Method::PATCH, &url, Some(body_of(records))).await?;
        let raw: Vec<RawResult> = json(OPERATION, &response)?;
        if raw.len() > records.len() {
            let detail = format!("{} results for {} records", raw.len(), records.len());
            return Err(SfdcError::Malformed { operation: OPERATION.into(), detail });
        }
        let mut results: Vec<UpsertResult> = raw.into_iter().map(UpsertResult::from).collect();
        // Results come in order, so a short answer has lost its end; but nothing proves that, so
        // none of a short answer's results is believed.
        if results.len() < records.len() {
            results = records.iter().map(|_| UpsertResult::Missing).collect();
        }
        Ok(results)
    }
}

fn body_of(records: &[RecordBody]) -> Bytes {
    let length: usize = records.iter().map(|record| record.0.len() + 2).sum();
    let mut body = String::with_capacity(length + 40);
    body.push_str("{\"allOrNone\":false,\"records\":[");
    for (place, record) in records.iter().enumerate() {
        if place > 0 {
            body.push(',');
        }
        body.push_str(&record.0);
        body.push('}');
    }
    body.push_str("]}");
    Bytes::from(body)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bodies_are_exact_json() {
        let mut record = RecordBody::new("Account");
        record.text("Name", "O'Neil \"x\"\n\u{1}");
        record.plain("Limit", "12345678901234567890.10");
        record.plain("Gone", "null");
        record.reference("Parent", "IFS_Key__c", "S1");
        let body = body_of(&[record]);
        assert_eq!(
            std::str::from_utf8(&body).expect("UTF-8"),
            r#"{"allOrNone":false,"records":[{"attributes":{"type":"Account"},"Name":"O'Neil \"x\"\n\u0001","Limit":12345678901234567890.10,"Gone":null,"Parent":{"IFS_Key__c":"S1"}}]}"#
        );
        assert!(serde_json::from_slice::<serde::de::IgnoredAny>(&body).is_ok());
    }
}
