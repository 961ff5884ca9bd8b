//! What a read or a change of one row depends on.
//!
//! Rules: REST API Developer Guide, "Conditional Requests". ETags exist for Accounts only; dates
//! have whole seconds, so that a date proves nothing about the second in which it was read.

use http::header::{
    DATE, ETAG, IF_MATCH, IF_MODIFIED_SINCE, IF_NONE_MATCH, IF_UNMODIFIED_SINCE, LAST_MODIFIED,
};
use http::{HeaderMap, HeaderName, HeaderValue};
use jiff::Timestamp;
use serde_json::value::RawValue;

use crate::row::Row;
use crate::{SfdcError, stamp};

/// When a read is worth an answer.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Freshness {
    /// Always.
    #[default]
    Any,
    /// If the record has another ETag (`If-None-Match`; Accounts only).
    NotMatching(String),
    /// If the record changed after this second (`If-Modified-Since`).
    ModifiedSince(Timestamp),
}

/// What must still hold for a change to be made.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Condition {
    /// Nothing: whatever others wrote is overwritten.
    #[default]
    None,
    /// The record has this ETag (`If-Match`; Accounts only).
    Matching(String),
    /// The record did not change after this second (`If-Unmodified-Since`).
    UnmodifiedSince(Timestamp),
}

/// What a reading of a record says about its age.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Validator {
    /// Its ETag; Accounts only.
    pub etag: Option<String>,
    /// When it was changed last: `Last-Modified`, or the record's own `LastModifiedDate`.
    pub modified: Option<Timestamp>,
    /// When it was read, on the org's clock.
    pub read: Option<Timestamp>,
}

impl Validator {
    pub(crate) fn of(headers: &HeaderMap, record: &RawValue) -> Self {
        let text = |name: HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
        let date = |name: HeaderName| text(name).and_then(stamp::read_http);
        let own = || {
            let row = Row::read(record, &["LastModifiedDate"]).ok()?;
            row.text(0).ok().flatten().and_then(|text| stamp::read(&text))
        };
        Self {
            etag: text(ETAG).map(str::to_owned),
            modified: date(LAST_MODIFIED).or_else(own),
            read: date(DATE),
        }
    }

    /// The strictest condition that proves that nobody changed the record since it was read; `None`
    /// if nothing proves it.
    ///
    /// A date is no proof if the record was changed in the very second in which it was read: a
    /// second change in that second would go unseen. Read again a second later.
    pub fn condition(&self) -> Option<Condition> {
        if let Some(etag) = &self.etag {
            return Some(Condition::Matching(etag.clone()));
        }
        let (modified, read) = (self.modified?, self.read?);
        (read.as_second() > modified.as_second()).then_some(Condition::UnmodifiedSince(modified))
    }
}

impl Freshness {
    pub(crate) fn headers(&self) -> Result<Vec<(HeaderName, HeaderValue)>, SfdcError> {
        match self {
            Self::Any => Ok(Vec::new()),
            Self::NotMatching(etag) => header(IF_NONE_MATCH, etag),
            Self::ModifiedSince(stamp) => header(IF_MODIFIED_SINCE, &stamp::http(*stamp)),
        }
    }
}

impl Condition {
    pub(crate) fn headers(&self) -> Result<Vec<(HeaderName, HeaderValue)>, SfdcError> {
        match self {
            Self::None => Ok(Vec::new()),
            Self::Matching(etag) => header(IF_MATCH, etag),
            Self::UnmodifiedSince(stamp) => header(IF_UNMODIFIED_SINCE, &stamp::http(*stamp)),
        }
    }
}

fn header(name: HeaderName, value: &str) -> Result<Vec<(HeaderName, HeaderValue)>, SfdcError> {
    match HeaderValue::try_from(value) {
        Ok(value) if !value.is_empty() => Ok(vec![(name, value)]),
        _ => Err(SfdcError::Unfit {
            operation: "setting a condition".into(),
            detail: format!("{value:?} is none"),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_is_a_proof_from_the_next_second_on() {
        let at = |text: &str| text.parse::<Timestamp>().ok();
        let modified = at("2026-01-02T03:04:05.900Z");
        let since = Condition::UnmodifiedSince(modified.expect("a stamp"));
        for (etag, modified, read, condition) in [
            (None, modified, at("2026-01-02T03:04:06Z"), Some(since)),
            (None, modified, at("2026-01-02T03:04:05Z"), None),
            (None, modified, None, None),
            (None, None, at("2026-01-02T03:04:06Z"), None),
            (Some("\"x\""), modified, None, Some(Condition::Matching("\"x\"".into()))),
        ] {
            let validator = Validator { etag: etag.map(str::to_owned), modified, read };
            assert_eq!(validator.condition(), condition, "{validator:?}");
        }
        assert!(Condition::Matching("a\r\nb: c".into()).headers().is_err());
        assert!(Freshness::NotMatching(String::new()).headers().is_err());
    }
}
