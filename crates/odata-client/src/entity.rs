//! One row, read by itself.

use jiff::Timestamp;
use serde_json::value::RawValue;
use url::Url;
use wire::{Evidence, Response};

use crate::page::byte_offset;
use crate::refusal::{self, excerpt, is_json};
use crate::{Cell, Columns, ODataError, Row};

/// One row, read by its key or as what it is related to.
#[derive(Debug, Clone)]
pub struct Entity {
    /// The row as it came.
    pub text: String,
    /// Its ETag byte for byte, from the header or else from the row.
    pub etag: Option<String>,
    /// The server's clock when it answered.
    pub date: Option<Timestamp>,
    /// The audit entry that holds the answer.
    pub evidence: Option<Evidence>,
    /// Where it was asked for; relative links start from here.
    pub(crate) url: Url,
    pub(crate) operation: &'static str,
}

/// The body as text, if it is JSON.
pub(crate) fn json_text<'r>(
    operation: &'static str,
    what: &'static str,
    response: &'r Response,
) -> Result<&'r str, ODataError> {
    let malformed = |byte: usize, why: String| ODataError::Malformed {
        operation,
        what,
        place: format!("byte {byte}"),
        why,
    };
    let text = std::str::from_utf8(response.body())
        .map_err(|error| malformed(error.valid_up_to(), "it is not UTF-8".into()))?;
    if !is_json(response.headers(), text) {
        return Err(malformed(0, format!("it is not JSON: {}", excerpt(text, 80))));
    }
    Ok(text)
}

impl Entity {
    /// Reads the answer of a request for one row.
    pub(crate) fn read(operation: &'static str, url: Url, response: &Response) -> Result<Self, ODataError> {
        let malformed = |byte: usize, why: String| ODataError::Malformed {
            operation,
            what: "row",
            place: format!("byte {byte}"),
            why,
        };
        let text = json_text(operation, "row", response)?;
        let raw: &RawValue = serde_json::from_str(text).map_err(|error| {
            refusal::in_stream(operation, response, text)
                .unwrap_or_else(|| malformed(byte_offset(text, &error), error.to_string()))
        })?;
        let columns = Columns::new(["error"]);
        let mut row = Row::default();
        columns.reader().read(raw.get(), &mut row).map_err(|error| malformed(0, error.to_string()))?;
        if let Some(member) = row.cell(0).filter(|member| member.raw().starts_with('{')) {
            let error = Box::new(refusal::from_member(response, member.raw()));
            return Err(ODataError::Status { operation, error });
        }
        let inner = match row.etag().map(Cell::text).transpose() {
            Ok(text) => text.flatten().map(Into::into),
            Err(error) => return Err(malformed(0, format!("its ETag: {error}"))),
        };
        let header = response.headers().get(http::header::ETAG);
        let header = header.and_then(|value| value.to_str().ok()).map(str::to_owned);
        Ok(Self {
            text: raw.get().to_owned(),
            etag: header.or(inner),
            date: refusal::date(response.headers()),
            evidence: response.extensions().get::<Evidence>().copied(),
            url,
            operation,
        })
    }
}
