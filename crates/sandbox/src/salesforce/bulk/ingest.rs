//! Jobs that write records.

use serde::Deserialize;
use serde_json::{Value, json};

use super::Job;
use super::table_text::TableText;
use crate::salesforce::desk::Verb;

/// A job that writes records.
#[derive(Debug, Clone)]
pub(super) struct Ingest {
    pub(super) job: Job,
    pub(super) object: String,
    pub(super) table: usize,
    pub(super) operation: Operation,
    pub(super) verb: Verb,
    pub(super) external: Option<String>,
    pub(super) ending: Ending,
    pub(super) delimiter: Delimiter,
    pub(super) text: Option<String>,
    pub(super) rows: TableText,
    /// What became of each row so far: id and whether it was made, or the error.
    pub(super) outcomes: Vec<Result<(String, bool), String>>,
}

/// What a job does with its rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) enum Operation {
    Insert,
    Update,
    Upsert,
    Delete,
    HardDelete,
}

impl Operation {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Insert => "insert",
            Self::Update => "update",
            Self::Upsert => "upsert",
            Self::Delete => "delete",
            Self::HardDelete => "hardDelete",
        }
    }
}

/// How lines end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub(super) enum Ending {
    #[default]
    Lf,
    Crlf,
}

impl Ending {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Lf => "LF",
            Self::Crlf => "CRLF",
        }
    }

    /// Whether the first line of a file ends so.
    pub(super) fn fits(self, text: &str) -> bool {
        let Some((line, _)) = text.split_once('\n') else { return true };
        line.ends_with('\r') == (self == Self::Crlf)
    }
}

/// What stands between cells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub(super) enum Delimiter {
    Backquote,
    Caret,
    #[default]
    Comma,
    Pipe,
    Semicolon,
    Tab,
}

impl Delimiter {
    pub(super) fn letter(self) -> char {
        match self {
            Self::Backquote => '`',
            Self::Caret => '^',
            Self::Comma => ',',
            Self::Pipe => '|',
            Self::Semicolon => ';',
            Self::Tab => '\t',
        }
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Backquote => "BACKQUOTE",
            Self::Caret => "CARET",
            Self::Comma => "COMMA",
            Self::Pipe => "PIPE",
            Self::Semicolon => "SEMICOLON",
            Self::Tab => "TAB",
        }
    }
}

impl Ingest {
    /// What is said of the job; `whole` with what it did so far.
    pub(super) fn shown(&self, whole: bool) -> Value {
        let mut members = self.job.shown(self.operation.name(), &self.object);
        let url = format!("services/data/v{}/jobs/ingest/{}/batches", self.job.version, self.job.id);
        members.insert("lineEnding".to_owned(), json!(self.ending.name()));
        members.insert("columnDelimiter".to_owned(), json!(self.delimiter.name()));
        members.insert("contentUrl".to_owned(), json!(url));
        if let Some(external) = &self.external {
            members.insert("externalIdFieldName".to_owned(), json!(external));
        }
        if whole {
            let failed = self.outcomes.iter().filter(|outcome| outcome.is_err()).count();
            let time = self.outcomes.len();
            members.extend(
                [
                    ("jobType", json!("V2Ingest")),
                    ("numberRecordsProcessed", json!(self.outcomes.len())),
                    ("numberRecordsFailed", json!(failed)),
                    ("retries", json!(0)),
                    ("totalProcessingTime", json!(time)),
                    ("apiActiveProcessingTime", json!(time)),
                    ("apexProcessingTime", json!(0)),
                ]
                .map(|(name, value)| (name.to_owned(), value)),
            );
        }
        Value::Object(members)
    }

    /// Rows that were written, as CSV.
    pub(super) fn successes(&self) -> String {
        let delimiter = self.delimiter.letter();
        let mut out = self.rows.head(&["sf__Id", "sf__Created"], delimiter);
        for (row, outcome) in self.outcomes.iter().enumerate() {
            if let Ok((id, created)) = outcome {
                self.rows.line(&mut out, &[id, if *created { "true" } else { "false" }], row, delimiter);
            }
        }
        out
    }

    /// Rows that were refused, as CSV.
    pub(super) fn failures(&self) -> String {
        let delimiter = self.delimiter.letter();
        let mut out = self.rows.head(&["sf__Id", "sf__Error"], delimiter);
        for (row, outcome) in self.outcomes.iter().enumerate() {
            if let Err(error) = outcome {
                self.rows.line(&mut out, &["", error], row, delimiter);
            }
        }
        out
    }

    /// Rows that nothing was done with, as CSV.
    pub(super) fn unprocessed(&self) -> String {
        let delimiter = self.delimiter.letter();
        let mut out = self.rows.head(&[], delimiter);
        for row in self.outcomes.len()..self.rows.rows.len() {
            self.rows.line(&mut out, &[], row, delimiter);
        }
        out
    }
}
