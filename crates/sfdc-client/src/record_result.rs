//! What became of each record of a call, and what of an answer is believed.

use std::collections::BTreeSet;

use serde::Deserialize;

use crate::SfdcError;
use crate::error::ApiError;
use crate::id::same;

/// What became of one record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RecordResult {
    /// The org holds what was sent.
    Done {
        /// Its id.
        id: String,
        /// Whether it was made.
        created: bool,
    },
    /// The org did not write it.
    Failed(Vec<ApiError>),
    /// The answer has no result for it, or one of another record: nobody knows.
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

/// Reads `count` results in order. Results come in order, so a short answer has lost its end; but
/// nothing proves that, so none of a short answer's results is believed.
pub(crate) fn results(operation: &str, count: usize, answer: &[u8]) -> Result<Vec<RecordResult>, SfdcError> {
    let malformed = |detail: String| SfdcError::Malformed { operation: operation.into(), detail };
    let mut reader = serde_json::Deserializer::from_slice(answer);
    let raw: Vec<RawResult> = serde_path_to_error::deserialize(&mut reader)
        .map_err(|error| malformed(format!("at {}: {}", error.path(), error.inner())))?;
    if raw.len() > count {
        return Err(malformed(format!("{} results for {count} records", raw.len())));
    }
    if raw.len() < count {
        return Ok(vec![RecordResult::Missing; count]);
    }
    Ok(raw.into_iter().map(RecordResult::from).collect())
}

impl From<RawResult> for RecordResult {
    fn from(raw: RawResult) -> Self {
        match (raw.success, raw.id) {
            (true, Some(id)) => Self::Done { id, created: raw.created },
            // "Success" without an id says nothing that could be relied upon.
            (true, None) => Self::Missing,
            (false, _) => Self::Failed(raw.errors),
        }
    }
}

/// A result that names another record than was sent is none.
pub(crate) fn believed<'a>(
    results: Vec<RecordResult>,
    ids: impl Iterator<Item = &'a str>,
) -> Vec<RecordResult> {
    let check = |(result, sent): (RecordResult, &str)| match result {
        RecordResult::Done { id, .. } if !same(&id, sent) => RecordResult::Missing,
        other => other,
    };
    results.into_iter().zip(ids).map(check).collect()
}

/// Different records cannot have become one: results that name the same record are none.
pub(crate) fn distinct(results: Vec<RecordResult>) -> Vec<RecordResult> {
    let mut seen = BTreeSet::new();
    let mut twice = BTreeSet::new();
    for result in &results {
        if let RecordResult::Done { id, .. } = result
            && !seen.insert(id.as_str())
        {
            twice.insert(id.clone());
        }
    }
    if twice.is_empty() {
        return results;
    }
    let check = |result: RecordResult| match result {
        RecordResult::Done { id, .. } if twice.contains(&id) => RecordResult::Missing,
        other => other,
    };
    results.into_iter().map(check).collect()
}
