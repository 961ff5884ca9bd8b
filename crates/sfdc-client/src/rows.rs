//! Single rows: read, created, changed, upserted and deleted one at a time, under conditions.
//!
//! Rules: REST API Developer Guide, "sObject Rows", "sObject Rows by External ID" and "Conditional
//! Requests". Only single rows know conditions: `If-Match` on Accounts, dates on all objects, none
//! of both on a delete.

use bytes::Bytes;
use http::{Method, StatusCode};
use serde::Deserialize;
use serde_json::value::RawValue;
use wire::{Call, Effect, Response};

use crate::client::{Ask, json};
use crate::codes::ErrorClass;
use crate::collections::Creation;
use crate::conditions::{Condition, Freshness, Validator};
use crate::duplicates::linked_ids;
use crate::soql::identifier;
use crate::{Client, RecordBody, RecordId, RowAt, SfdcError};

/// What a read found.
#[derive(Debug)]
pub enum Got {
    /// The record.
    Row {
        /// As it came.
        record: Box<RawValue>,
        /// What a later change can be made to depend on.
        validator: Validator,
    },
    /// It has not changed since.
    Unchanged,
    /// It is not there, or not visible to us.
    Absent,
    /// Several records carry the external id; these are their ids.
    Several(Vec<String>),
}

/// What became of a change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Updated {
    /// The org holds what was sent.
    Done,
    /// Somebody else changed the record since it was read: nothing was written.
    Overtaken,
}

/// What became of an upsert.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Upserted {
    /// A record was made.
    Created {
        /// Its id.
        id: String,
    },
    /// A record was changed.
    Updated {
        /// Its id; API versions before 46.0 do not tell.
        id: Option<String>,
    },
    /// Several records carry the external id: nothing was written. These are their ids.
    Several(Vec<String>),
    /// No record carries the external id, and none was to be made.
    Absent,
}

/// What became of a delete.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deleted {
    /// The record went to the recycle bin.
    Done,
    /// It had gone before.
    Absent,
}

/// Whether an upsert may make a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Upserting {
    /// It may.
    CreateOrUpdate,
    /// It may not (`updateOnly=true`).
    UpdateOnly,
}

#[derive(Deserialize)]
struct Written {
    id: Option<String>,
    created: Option<bool>,
}

impl Client {
    /// Reads fields of one record, or learns that it has not changed.
    pub async fn row(
        &self,
        at: &RowAt<'_>,
        fields: &[&str],
        freshness: &Freshness,
    ) -> Result<Got, SfdcError> {
        let names = fields.iter().map(|field| identifier(field)).collect::<Result<Vec<_>, _>>()?.join(",");
        let fields = if names.is_empty() { String::new() } else { format!("?fields={names}") };
        let url = self.versioned(&format!("{}{fields}", at.path()?))?;
        let call = at.call("salesforce.row", Effect::Read);
        let mut ask = Ask::new(call, Method::GET, &url, None);
        ask.headers = freshness.headers()?;
        let response = self.ask(ask).await?;
        match response.status() {
            StatusCode::OK => {
                let record: Box<RawValue> = json("salesforce.row", &response)?;
                let validator = Validator::of(response.headers(), &record);
                Ok(Got::Row { record, validator })
            }
            StatusCode::NOT_MODIFIED => Ok(Got::Unchanged),
            StatusCode::MULTIPLE_CHOICES => Ok(Got::Several(linked_ids(response.body()))),
            _ if self.is_absent(at, &response)? => Ok(Got::Absent),
            _ => Err(self.failure("salesforce.row", &response)),
        }
    }

    /// Creates one record; says its id. `about` names it in the audit log.
    ///
    /// Where a unique value is taken, the error's [`duplicate_value`](crate::ApiError::duplicate_value)
    /// names the record that holds it.
    pub async fn create(
        &self,
        (object, about): (&str, &str),
        body: &RecordBody,
        creation: Creation,
    ) -> Result<RecordId, SfdcError> {
        const OPERATION: &str = "salesforce.create";
        let url = self.versioned(&format!("/sobjects/{}", identifier(object)?))?;
        let call = Call::new(OPERATION, creation.effect()).about(vec![about.to_owned()]);
        let response = self.send(call, Method::POST, &url, Some(bare(body))).await?;
        let written: Written = json(OPERATION, &response)?;
        let id = written.id.unwrap_or_default();
        RecordId::parse(&id)
            .map_err(|error| SfdcError::Malformed { operation: OPERATION.into(), detail: error.to_string() })
    }

    /// Changes one record, if `condition` still holds.
    ///
    /// With a condition a lost call is sent again (a second landing finds the record changed, by
    /// itself); without one it is not.
    pub async fn update(
        &self,
        at: &RowAt<'_>,
        body: &RecordBody,
        condition: &Condition,
    ) -> Result<Updated, SfdcError> {
        const OPERATION: &str = "salesforce.update";
        let effect = if *condition == Condition::None { Effect::Append } else { Effect::Put };
        let path = at.by_id().ok_or_else(|| unfit(OPERATION, "a change is made by record id"))?;
        let url = self.versioned(&path)?;
        let mut ask = Ask::new(at.call(OPERATION, effect), Method::PATCH, &url, Some(bare(body)));
        ask.headers = condition.headers()?;
        let response = self.ask(ask).await?;
        if response.status().is_success() {
            return Ok(Updated::Done);
        }
        match self.failure(OPERATION, &response) {
            SfdcError::Api(failure) if failure.class == ErrorClass::Conflict => Ok(Updated::Overtaken),
            error => Err(error),
        }
    }

    /// Writes one record under its external id, which must not stand in the body.
    ///
    /// Blind to what others wrote meanwhile, so that a lost call is not sent again.
    pub async fn upsert_row(
        &self,
        at: &RowAt<'_>,
        body: &RecordBody,
        mode: Upserting,
    ) -> Result<Upserted, SfdcError> {
        const OPERATION: &str = "salesforce.upsert";
        if at.by_id().is_some() {
            return Err(unfit(OPERATION, "an upsert is made by external id"));
        }
        let only = if mode == Upserting::UpdateOnly { "?updateOnly=true" } else { "" };
        let url = self.versioned(&format!("{}{only}", at.path()?))?;
        let call = at.call(OPERATION, Effect::Append);
        let response = self.ask(Ask::new(call, Method::PATCH, &url, Some(bare(body)))).await?;
        match response.status() {
            StatusCode::NO_CONTENT => Ok(Upserted::Updated { id: None }),
            StatusCode::OK | StatusCode::CREATED => upserted(OPERATION, &response),
            StatusCode::MULTIPLE_CHOICES => Ok(Upserted::Several(linked_ids(response.body()))),
            _ if self.is_absent(at, &response)? && mode == Upserting::UpdateOnly => Ok(Upserted::Absent),
            _ => Err(self.failure(OPERATION, &response)),
        }
    }

    /// Deletes one record, by id or external id. No condition guards a delete.
    pub async fn delete(&self, at: &RowAt<'_>) -> Result<Deleted, SfdcError> {
        const OPERATION: &str = "salesforce.delete";
        let url = self.versioned(&at.path()?)?;
        let response =
            self.ask(Ask::new(at.call(OPERATION, Effect::Put), Method::DELETE, &url, None)).await?;
        match response.status() {
            status if status.is_success() => Ok(Deleted::Done),
            _ if self.is_absent(at, &response)? => Ok(Deleted::Absent),
            _ => Err(self.failure(OPERATION, &response)),
        }
    }

    /// Whether a 404 says that the record is not there. Where its external id looks like a file
    /// name, it says nothing: Salesforce answers 404 for those whether the record is there or not.
    fn is_absent(&self, at: &RowAt<'_>, response: &Response) -> Result<bool, SfdcError> {
        if response.status() != StatusCode::NOT_FOUND {
            return Ok(false);
        }
        let SfdcError::Api(failure) = self.failure("salesforce.row", response) else { return Ok(false) };
        if failure.class != ErrorClass::Stale {
            return Ok(false);
        }
        at.trusts_absence().map(|()| true)
    }
}

fn upserted(operation: &str, response: &Response) -> Result<Upserted, SfdcError> {
    let written: Written = json(operation, response)?;
    let created = written.created.unwrap_or(response.status() == StatusCode::CREATED);
    match (created, written.id) {
        (true, Some(id)) => Ok(Upserted::Created { id }),
        (false, id) => Ok(Upserted::Updated { id }),
        (true, None) => Err(SfdcError::Malformed {
            operation: operation.into(),
            detail: "a record was made, but its id is not told".into(),
        }),
    }
}

fn bare(body: &RecordBody) -> Bytes {
    let mut text = String::with_capacity(body.size());
    body.push_bare(&mut text);
    Bytes::from(text)
}

fn unfit(operation: &str, detail: &str) -> SfdcError {
    SfdcError::Unfit { operation: operation.into(), detail: detail.into() }
}
