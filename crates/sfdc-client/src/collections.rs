//! sObject Collections: many records in one call, one result for each.
//!
//! Rules: REST API Developer Guide, "sObject Collections": at most 200 records in a write and 2,000
//! in a retrieve; the answer is HTTP 200 even if every record failed, and results come in the order
//! of the request. All records of a call share one transaction with its governor limits.

use std::collections::BTreeSet;

use bytes::Bytes;
use http::Method;
use wire::{Call, Effect};

use crate::record_body::push_json;
use crate::record_result::{believed, distinct, results};
use crate::soql::identifier;
use crate::{Client, RecordBody, RecordId, RecordResult, SfdcError};

/// The most records in one write.
pub const MAX_RECORDS: usize = 200;
/// The most ids in one retrieve.
pub const MAX_RETRIEVED: usize = 2_000;
/// How often the object may change from one record of a create or update to the next.
const MAX_SWITCHES: usize = 9;

/// One record of a call, and what it is known by.
#[derive(Debug, Clone, Copy)]
pub struct Item<'a> {
    /// The external id of an upsert, the record id of an update, any unique key of a create.
    pub key: &'a str,
    /// What the record is called in the audit log.
    pub about: &'a str,
    /// Its members.
    pub body: &'a RecordBody,
}

impl<'a> Item<'a> {
    /// A record known by `key`, in the audit log too.
    pub fn new(key: &'a str, body: &'a RecordBody) -> Self {
        Self { key, about: key, body }
    }

    /// Calls it something else in the audit log.
    pub fn about(self, about: &'a str) -> Self {
        Self { about, ..self }
    }
}

/// What records are upserted by.
#[derive(Debug, Clone, Copy)]
pub struct UpsertKey<'a> {
    /// The object.
    pub object: &'a str,
    /// Its external-id field, which every body carries.
    pub field: &'a str,
    /// Whether the field tells upper and lower case apart: otherwise two keys that differ in case
    /// only are the same record.
    pub case_sensitive: bool,
}

/// Whether records of one call stand or fall together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Together {
    /// Each on its own.
    #[default]
    Each,
    /// All or none (`allOrNone`): the innocent get `ALL_OR_NONE_OPERATION_ROLLED_BACK`.
    AllOrNone,
}

/// What a create that is sent twice would do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Creation {
    /// Make duplicates: after a lost answer it is not sent again.
    Plain,
    /// Fail with `DUPLICATE_VALUE`, because every record carries a value of a unique field: after a
    /// lost answer it is sent again.
    Unique,
}

impl Creation {
    pub(crate) fn effect(self) -> Effect {
        match self {
            Self::Plain => Effect::Append,
            Self::Unique => Effect::Put,
        }
    }
}

/// What is done with a collection.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Verb<'a> {
    Create,
    Update,
    Upsert(UpsertKey<'a>),
}

impl Verb<'_> {
    pub(crate) fn operation(self) -> &'static str {
        match self {
            Self::Create => "salesforce.create",
            Self::Update => "salesforce.update",
            Self::Upsert(_) => "salesforce.upsert",
        }
    }

    pub(crate) fn method(self) -> Method {
        if matches!(self, Self::Create) { Method::POST } else { Method::PATCH }
    }

    /// The path below the version.
    pub(crate) fn path(self) -> Result<String, SfdcError> {
        Ok(match self {
            Self::Create | Self::Update => "/composite/sobjects".to_owned(),
            Self::Upsert(key) => {
                format!("/composite/sobjects/{}/{}", identifier(key.object)?, identifier(key.field)?)
            }
        })
    }

    fn unfit(self, detail: String) -> SfdcError {
        SfdcError::Unfit { operation: self.operation().into(), detail }
    }

    /// What the API would refuse as a whole, or answer in a way that nobody could sort out.
    pub(crate) fn check(self, items: &[Item<'_>]) -> Result<(), SfdcError> {
        if items.is_empty() || items.len() > MAX_RECORDS {
            return Err(self.unfit(format!("{} records; a call takes 1 to {MAX_RECORDS}", items.len())));
        }
        let switches = items.windows(2).filter(|pair| match pair {
            [one, next] => one.body.attributes() != next.body.attributes(),
            _ => false,
        });
        if switches.count() > MAX_SWITCHES {
            return Err(self.unfit("its records change the object more than nine times: sort them".into()));
        }
        self.check_keys(items)
    }

    /// Whether every record has a key of its own.
    pub(crate) fn check_keys(self, items: &[Item<'_>]) -> Result<(), SfdcError> {
        let mut seen = BTreeSet::new();
        for item in items {
            if item.key.is_empty() {
                return Err(self.unfit("a record has no key".into()));
            }
            if matches!(self, Self::Update) {
                RecordId::parse(item.key)?;
            }
            if !seen.insert(self.folded(item.key)) {
                return Err(self.unfit(format!("{:?} stands twice among its records", item.key)));
            }
        }
        Ok(())
    }

    /// Two keys are the same record if this is the same.
    fn folded(self, key: &str) -> String {
        match self {
            Self::Create => key.to_owned(),
            Self::Update => key.chars().take(15).collect(),
            Self::Upsert(by) if by.case_sensitive => key.trim_end().to_owned(),
            Self::Upsert(_) => key.trim_end().to_lowercase(),
        }
    }

    /// Writes the body of the call.
    pub(crate) fn push_body(self, out: &mut String, items: &[Item<'_>], together: Together) {
        out.push_str(match together {
            Together::Each => "{\"allOrNone\":false,\"records\":[",
            Together::AllOrNone => "{\"allOrNone\":true,\"records\":[",
        });
        for (place, item) in items.iter().enumerate() {
            if place > 0 {
                out.push(',');
            }
            item.body.push_open(out);
            if matches!(self, Self::Update) {
                out.push_str(",\"Id\":");
                push_json(out, item.key);
            }
            out.push('}');
        }
        out.push_str("]}");
    }

    /// One result for each record.
    pub(crate) fn results(self, items: &[Item<'_>], answer: &[u8]) -> Result<Vec<RecordResult>, SfdcError> {
        let results = results(self.operation(), items.len(), answer)?;
        Ok(match self {
            Self::Update => believed(results, items.iter().map(|item| item.key)),
            Self::Create | Self::Upsert(_) => distinct(results),
        })
    }
}

/// The body of [`Client::upsert`], checked as it would be: for whoever sends it by other means.
pub fn upsert_body(items: &[Item<'_>], key: UpsertKey<'_>) -> Result<String, SfdcError> {
    let verb = Verb::Upsert(key);
    verb.check(items)?;
    let mut body = String::with_capacity(body_size(items));
    verb.push_body(&mut body, items, Together::Each);
    Ok(body)
}

/// How long the body of a call will be, in bytes.
pub(crate) fn body_size(items: &[Item<'_>]) -> usize {
    items.iter().map(|item| item.body.size() + 1).sum::<usize>() + 64
}

impl Client {
    /// Upserts up to 200 records of one object by external id; one result for each, in order.
    ///
    /// A lost call is not repeated by the transport ([`Effect::Append`]): it cannot make a
    /// duplicate, but landing late it could put an older value over a newer one. Whoever calls has
    /// to look before sending again.
    pub async fn upsert(
        &self,
        items: &[Item<'_>],
        key: UpsertKey<'_>,
    ) -> Result<Vec<RecordResult>, SfdcError> {
        self.collection(Verb::Upsert(key), items, (Together::Each, Effect::Append)).await
    }

    /// Creates up to 200 records; one result for each, in order. Their keys are only compared with
    /// each other.
    pub async fn create_all(
        &self,
        items: &[Item<'_>],
        together: Together,
        creation: Creation,
    ) -> Result<Vec<RecordResult>, SfdcError> {
        let results = self.collection(Verb::Create, items, (together, creation.effect())).await?;
        let made = |result| match result {
            RecordResult::Done { id, .. } => RecordResult::Done { id, created: true },
            other => other,
        };
        Ok(results.into_iter().map(made).collect())
    }

    /// Changes up to 200 records by the ids that are their keys; one result for each, in order.
    ///
    /// Nothing guards what somebody else wrote meanwhile: for fields that others write too, use
    /// [`Client::update`] with a condition.
    pub async fn update_all(
        &self,
        items: &[Item<'_>],
        together: Together,
    ) -> Result<Vec<RecordResult>, SfdcError> {
        self.collection(Verb::Update, items, (together, Effect::Append)).await
    }

    pub(crate) async fn collection(
        &self,
        verb: Verb<'_>,
        items: &[Item<'_>],
        (together, effect): (Together, Effect),
    ) -> Result<Vec<RecordResult>, SfdcError> {
        verb.check(items)?;
        let mut body = String::with_capacity(body_size(items));
        verb.push_body(&mut body, items, together);
        let about: Vec<String> = items.iter().map(|item| item.about.to_owned()).collect();
        let call = Call::new(verb.operation(), effect).about(about);
        let url = self.versioned(&verb.path()?)?;
        let response = self.send(call, verb.method(), &url, Some(Bytes::from(body))).await?;
        verb.results(items, response.body())
    }
}
