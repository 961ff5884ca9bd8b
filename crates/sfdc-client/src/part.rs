//! One part of a composite, graph or batch call: what is sent, and what came back.

use std::collections::BTreeMap;
use std::sync::Arc;

use http::Method;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

use crate::client::Client;
use crate::codes::{ErrorTable, Level};
use crate::error::{self, ApiFailure};
use crate::record_body::{MARKER, push_json};
use crate::soql::identifier;
use crate::{RecordBody, RecordId, RowAt, Select, SfdcError};

/// One part of a composite, graph or batch call.
#[derive(Debug, Clone)]
pub struct Part {
    pub(crate) reference: String,
    pub(crate) method: Method,
    /// Below the version.
    pub(crate) path: String,
    pub(crate) body: Option<String>,
    headers: Vec<(String, String)>,
}

impl Part {
    fn new(reference: &str, method: Method, path: String) -> Self {
        Self { reference: reference.to_owned(), method, path, body: None, headers: Vec::new() }
    }

    /// Creates a record.
    pub fn create(reference: &str, object: &str, body: &RecordBody) -> Result<Self, SfdcError> {
        let path = format!("/sobjects/{}", identifier(object)?);
        Self::new(reference, Method::POST, path).with_record(body)
    }

    /// Changes a record by its id.
    pub fn update(
        reference: &str,
        (object, id): (&str, &RecordId),
        body: &RecordBody,
    ) -> Result<Self, SfdcError> {
        let path = format!("/sobjects/{}/{id}", identifier(object)?);
        Self::new(reference, Method::PATCH, path).with_record(body)
    }

    /// Upserts a record under its external id, which must not stand in the body.
    pub fn upsert(reference: &str, at: &RowAt<'_>, body: &RecordBody) -> Result<Self, SfdcError> {
        Self::new(reference, Method::PATCH, unmarked(at.path()?)?).with_record(body)
    }

    /// Deletes a record.
    pub fn delete(reference: &str, at: &RowAt<'_>) -> Result<Self, SfdcError> {
        Ok(Self::new(reference, Method::DELETE, unmarked(at.path()?)?))
    }

    /// Reads fields of a record.
    pub fn read(reference: &str, at: &RowAt<'_>, fields: &[&str]) -> Result<Self, SfdcError> {
        let names = fields.iter().map(|field| identifier(field)).collect::<Result<Vec<_>, _>>()?.join(",");
        let path = unmarked(at.path()?)?;
        let query = if names.is_empty() { String::new() } else { format!("?fields={names}") };
        Ok(Self::new(reference, Method::GET, format!("{path}{query}")))
    }

    /// Runs a query; the answer is its first page.
    pub fn query(reference: &str, select: &Select) -> Result<Self, SfdcError> {
        if select.text().contains(MARKER) {
            return Err(marked());
        }
        Ok(Self::new(reference, Method::GET, format!("/query?q={}", select.for_part()?)))
    }

    /// Adds a header to this part. `Accept`, `Authorization` and `Content-Type` cannot be set.
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    fn with_record(self, body: &RecordBody) -> Result<Self, SfdcError> {
        if body.is_marked() {
            return Err(marked());
        }
        let mut text = String::with_capacity(body.size());
        body.push_bare(&mut text);
        Ok(Self { body: Some(text), ..self })
    }

    /// Whether it counts among the five collections and queries of a composite call.
    pub(crate) fn is_heavy(&self) -> bool {
        ["/query", "/composite/"].iter().any(|heavy| self.path.starts_with(heavy))
    }

    /// Writes it as composite and graph calls want it.
    pub(crate) fn push(&self, out: &mut String, client: &Client) {
        push_head(out, (&self.method, &client.versioned_path(&self.path)), &self.reference);
        if !self.headers.is_empty() {
            out.push_str(",\"httpHeaders\":{");
            for (place, (name, value)) in self.headers.iter().enumerate() {
                if place > 0 {
                    out.push(',');
                }
                push_json(out, name);
                out.push(':');
                push_json(out, value);
            }
            out.push('}');
        }
        if let Some(body) = &self.body {
            out.push_str(",\"body\":");
            out.push_str(body);
        }
        out.push('}');
    }
}

/// Writes a part up to its body; the brace stays open.
pub(crate) fn push_head(out: &mut String, (method, path): (&Method, &str), reference: &str) {
    out.push_str("{\"method\":\"");
    out.push_str(method.as_str());
    out.push_str("\",\"url\":");
    push_json(out, path);
    out.push_str(",\"referenceId\":");
    push_json(out, reference);
}

/// A value that the server would take for an expression, and replace.
fn marked() -> SfdcError {
    SfdcError::Unfit {
        operation: "a composite call".into(),
        detail: format!("a value contains {MARKER:?}, which the server would replace; send the record alone"),
    }
}

fn unmarked(path: String) -> Result<String, SfdcError> {
    if path.to_ascii_lowercase().contains("%40%7b") { Err(marked()) } else { Ok(path) }
}

/// Checks the references of the parts of one call: each a name, none twice.
pub(crate) fn check_references<'a>(parts: impl Iterator<Item = &'a Part>) -> Result<(), String> {
    let mut seen = std::collections::BTreeSet::new();
    for part in parts {
        let name = part.reference.as_str();
        let good = name.starts_with(|first: char| first.is_ascii_alphabetic())
            && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        if !good {
            return Err(format!("{name:?} is no reference: letters, digits and _, a letter first"));
        }
        if !seen.insert(name) {
            return Err(format!("the reference {name} stands twice"));
        }
    }
    Ok(())
}

/// What came back for one part.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PartAnswer {
    /// Its reference.
    #[serde(rename = "referenceId")]
    pub reference: String,
    /// Its HTTP status.
    #[serde(rename = "httpStatusCode")]
    pub status: u16,
    /// Its headers, such as `Location`.
    #[serde(rename = "httpHeaders", default)]
    pub headers: BTreeMap<String, String>,
    /// Its body, `null` where there is none.
    #[serde(default = "null")]
    pub body: Arc<RawValue>,
}

fn null() -> Arc<RawValue> {
    RawValue::NULL.to_owned().into()
}

/// What became of one part.
#[derive(Debug, Clone)]
pub enum PartOutcome {
    /// The org did it.
    Done(PartAnswer),
    /// The org did not do it. [`ErrorClass::Collateral`](crate::ErrorClass::Collateral) says that
    /// another part is to blame.
    Failed(Box<ApiFailure>),
    /// The answer does not speak of it: nobody knows.
    Missing,
}

impl PartAnswer {
    /// The body as a value.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, SfdcError> {
        serde_json::from_str(self.body.get()).map_err(|error| SfdcError::Malformed {
            operation: self.reference.clone(),
            detail: error.to_string(),
        })
    }

    /// The id that a create or upsert tells.
    pub fn id(&self) -> Option<RecordId> {
        #[derive(Deserialize)]
        struct Written {
            id: Option<String>,
        }
        let written: Written = serde_json::from_str(self.body.get()).ok()?;
        RecordId::parse(&written.id?).ok()
    }

    pub(crate) fn outcome(self, operation: &str, table: &ErrorTable) -> PartOutcome {
        if (200..300).contains(&self.status) {
            return PartOutcome::Done(self);
        }
        let place = (Level::Part, self.status);
        let named = format!("{operation} ({})", self.reference);
        PartOutcome::Failed(Box::new(error::failure(&named, place, self.body.get().as_bytes(), table)))
    }
}

/// The outcome of each part, in the order of the references.
pub(crate) fn outcomes<'a>(
    references: impl Iterator<Item = &'a str>,
    answers: Vec<PartAnswer>,
    (operation, table): (&str, &ErrorTable),
) -> Vec<PartOutcome> {
    let mut by_reference: BTreeMap<String, Option<PartAnswer>> = BTreeMap::new();
    for answer in answers {
        // Two answers for one part say nothing.
        by_reference
            .entry(answer.reference.clone())
            .and_modify(|known| *known = None)
            .or_insert(Some(answer));
    }
    let outcome = |reference: &str| match by_reference.remove(reference).flatten() {
        Some(answer) => answer.outcome(operation, table),
        None => PartOutcome::Missing,
    };
    references.map(outcome).collect()
}
