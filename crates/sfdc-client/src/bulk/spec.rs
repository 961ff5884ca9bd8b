//! What an ingest job does: operation, object, columns, and the column that names a row.

use std::borrow::Cow;

use serde::Serialize;

use crate::SfdcError;
use crate::soql::{SoqlError, identifier};

/// Most columns a job takes (Bulk API 2.0 limits).
const MAX_COLUMNS: usize = 5_000;
/// The part of a record id that identifies; the last three of 18 characters repeat its case.
const ID_LENGTH: usize = 15;

/// What a job does with its rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Operation {
    /// Makes records.
    Insert,
    /// Changes records by id.
    Update,
    /// Makes or changes records by external id.
    Upsert,
    /// Puts records into the recycle bin.
    Delete,
    /// Deletes records for good; needs the right "Bulk API Hard Delete".
    HardDelete,
}

impl Operation {
    /// Whether rows are named by record id.
    pub fn by_id(self) -> bool {
        matches!(self, Self::Update | Self::Delete | Self::HardDelete)
    }

    /// Whether the records are gone afterwards.
    pub fn deletes(self) -> bool {
        matches!(self, Self::Delete | Self::HardDelete)
    }
}

/// What a job does, and how its rows look.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IngestSpec {
    pub(crate) operation: Operation,
    pub(crate) object: String,
    pub(crate) columns: Vec<String>,
    /// Place of the key among the columns.
    pub(crate) key: usize,
    case_sensitive: bool,
}

/// The body that opens a job.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Opening<'a> {
    object: &'a str,
    operation: Operation,
    #[serde(skip_serializing_if = "Option::is_none")]
    external_id_field_name: Option<&'a str>,
    content_type: &'static str,
    line_ending: &'static str,
    column_delimiter: &'static str,
}

impl IngestSpec {
    /// A job on `object` whose rows have `columns`; the column `key` names each row and is what
    /// outcomes are matched by: the external id for an upsert, `Id` for an update or a deletion, and
    /// for an insert any column whose values are unique.
    ///
    /// A parent by external id is the column `Relationship.Field`, a polymorphic one
    /// `Object:Relationship.Field`.
    pub fn new(operation: Operation, object: &str, columns: &[&str], key: &str) -> Result<Self, SfdcError> {
        let refuse =
            |detail: String| Err(SfdcError::Unfit { operation: "planning a bulk job".into(), detail });
        identifier(object)?;
        for column in columns {
            check_column(column)?;
        }
        let Some(place) = columns.iter().position(|column| *column == key) else {
            return refuse(format!("the key column {key} is none of the columns"));
        };
        let mut names: Vec<String> = columns.iter().map(|column| column.to_ascii_lowercase()).collect();
        names.sort_unstable();
        if names.windows(2).any(|pair| pair[0] == pair[1]) || columns.len() > MAX_COLUMNS {
            return refuse(format!("a column stands twice, or there are more than {MAX_COLUMNS}"));
        }
        if operation.by_id() && key != "Id" {
            return refuse(format!("rows are named by Id here, not by {key}"));
        }
        if operation.deletes() && columns.len() > 1 {
            return refuse("a deletion takes the column Id only".to_owned());
        }
        Ok(Self {
            operation,
            object: object.to_owned(),
            columns: columns.iter().map(|column| (*column).to_owned()).collect(),
            key: place,
            case_sensitive: false,
        })
    }

    /// Tells two keys apart that differ in upper and lower case only. Without it they count as the
    /// same: external ids of most fields are, and two such rows would race in one job.
    pub fn case_sensitive(self) -> Self {
        Self { case_sensitive: true, ..self }
    }

    /// Whether two keys that differ in upper and lower case only are two.
    pub fn is_case_sensitive(&self) -> bool {
        self.case_sensitive
    }

    /// What it does.
    pub fn operation(&self) -> Operation {
        self.operation
    }

    /// The object's API name.
    pub fn object(&self) -> &str {
        &self.object
    }

    /// The columns, in order.
    pub fn columns(&self) -> &[String] {
        &self.columns
    }

    /// The column that names a row.
    pub fn key(&self) -> &str {
        self.columns.get(self.key).map_or("", String::as_str)
    }

    /// `key` so that two spellings of one row are equal.
    pub(crate) fn canonical<'k>(&self, key: &'k str) -> Cow<'k, str> {
        if self.operation.by_id() {
            return Cow::Borrowed(key.get(..ID_LENGTH).unwrap_or(key));
        }
        let lower = self.case_sensitive || !key.chars().any(char::is_uppercase);
        if lower { Cow::Borrowed(key) } else { Cow::Owned(key.to_lowercase()) }
    }

    pub(crate) fn opening(&self) -> Opening<'_> {
        Opening {
            object: &self.object,
            operation: self.operation,
            external_id_field_name: (self.operation == Operation::Upsert).then(|| self.key()),
            content_type: "CSV",
            line_ending: "LF",
            column_delimiter: "COMMA",
        }
    }
}

/// A field, a field of a parent, or a field of a parent of one of several objects.
fn check_column(column: &str) -> Result<(), SoqlError> {
    match column.split_once(':') {
        Some((object, path)) => identifier(object).and_then(|_| identifier(path)).map(drop),
        None => identifier(column).map(drop),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_spec_that_the_org_would_refuse_is_refused() {
        use Operation::{Delete, HardDelete, Insert, Update, Upsert};
        for (operation, columns, key, good) in [
            (Upsert, &["Key__c", "Name"][..], "Key__c", true),
            (Insert, &["Name", "Lead:Who.Key__c"], "Name", true),
            (Update, &["Id", "Account.Key__c"], "Id", true),
            (Delete, &["Id"], "Id", true),
            (HardDelete, &["Id"], "Id", true),
            (Delete, &["Id", "Name"], "Id", false),
            (Update, &["Key__c"], "Key__c", false),
            (Upsert, &["Name"], "Key__c", false),
            (Insert, &["Name", "name"], "Name", false),
            (Insert, &["Name,x"], "Name,x", false),
            (Insert, &["a:b:c"], "a:b:c", false),
        ] {
            let spec = IngestSpec::new(operation, "Account", columns, key);
            assert_eq!(spec.is_ok(), good, "{operation:?} {columns:?} {key}");
        }
        assert!(IngestSpec::new(Insert, "Account; DROP", &["Name"], "Name").is_err());
    }

    #[test]
    fn a_job_is_opened_with_what_the_file_has() {
        let spec = IngestSpec::new(Operation::Upsert, "Account", &["Key__c"], "Key__c").expect("a spec");
        assert_eq!(
            serde_json::to_string(&spec.opening()).expect("JSON"),
            r#"{"object":"Account","operation":"upsert","externalIdFieldName":"Key__c","contentType":"CSV","lineEnding":"LF","columnDelimiter":"COMMA"}"#
        );
        let spec = IngestSpec::new(Operation::HardDelete, "Account", &["Id"], "Id").expect("a spec");
        assert_eq!(
            serde_json::to_string(&spec.opening()).expect("JSON"),
            r#"{"object":"Account","operation":"hardDelete","contentType":"CSV","lineEnding":"LF","columnDelimiter":"COMMA"}"#
        );
    }

    #[test]
    fn spellings_of_one_row_are_one() {
        let upsert = IngestSpec::new(Operation::Upsert, "Account", &["Key__c"], "Key__c").expect("a spec");
        assert_eq!(upsert.canonical("aB"), "ab");
        assert_eq!(upsert.case_sensitive().canonical("aB"), "aB");
        let update = IngestSpec::new(Operation::Update, "Account", &["Id"], "Id").expect("a spec");
        assert_eq!(update.canonical("001A0000006Vm9rIAC"), "001A0000006Vm9r");
        assert_eq!(update.canonical("001A0000006Vm9r"), "001A0000006Vm9r");
    }
}
