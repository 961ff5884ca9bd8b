//! An answer that says nothing of what was asked: read as what it should be.

use bytes::Bytes;
use http::StatusCode;
use http::header::{CONTENT_TYPE, HeaderMap};
use jiff::Timestamp;
use url::Url;
use wire::{Evidence, Response};

use crate::entity::{Entity, json_text};
use crate::page::{Page, Trail, byte_offset};
use crate::refusal::{self, excerpt};
use crate::write::{Written, written};
use crate::{Cell, Columns, ODataError, Row};

/// A successful answer that came in a batch, or later than it was asked for.
#[derive(Debug, Clone)]
pub struct Reply {
    pub(crate) operation: &'static str,
    pub(crate) url: Url,
    pub(crate) response: Response,
}

impl Reply {
    /// Which success it is.
    pub fn status(&self) -> StatusCode {
        self.response.status()
    }

    /// Its headers.
    pub fn headers(&self) -> &HeaderMap {
        self.response.headers()
    }

    /// Its body as it came.
    pub fn bytes(&self) -> &Bytes {
        self.response.body()
    }

    /// As a page of rows, which [`Service::next`](crate::Service::next) continues.
    pub fn page(&self) -> Result<Page, ODataError> {
        let trail = Trail::start(&self.url);
        Page::read(self.operation, self.url.clone(), trail, &self.response)
    }

    /// As one row.
    pub fn entity(&self) -> Result<Entity, ODataError> {
        Entity::read(self.operation, self.url.clone(), &self.response)
    }

    /// As one value.
    pub fn value(&self) -> Result<Single, ODataError> {
        Single::read(self.operation, &self.response)
    }

    /// As a bare value.
    pub fn media(&self) -> Media {
        Media::of(&self.response)
    }

    /// As a number of rows.
    pub fn count(&self) -> Result<u64, ODataError> {
        count(self.operation, &self.response)
    }

    /// As the answer to a change.
    pub fn written(&self) -> Result<Written, ODataError> {
        written(self.operation, &self.url, &self.response)
    }
}

/// One value: of a property, or what an operation gave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Single {
    /// The value as raw JSON.
    pub text: String,
    /// The ETag of the row that it belongs to, if the server says it.
    pub etag: Option<String>,
    /// The server's clock when it answered.
    pub date: Option<Timestamp>,
    /// The audit entry that holds the answer.
    pub evidence: Option<Evidence>,
    pub(crate) operation: &'static str,
}

impl Single {
    /// The value, to be read as what it is.
    pub fn cell(&self) -> Cell<'_> {
        Cell::new(&self.text)
    }

    /// Reads `{"value":…}`; a complex value, which comes without that member, is itself the value.
    pub(crate) fn read(operation: &'static str, response: &Response) -> Result<Self, ODataError> {
        let malformed =
            |place: String, why: String| ODataError::Malformed { operation, what: "value", place, why };
        let text = json_text(operation, "value", response)?;
        if let Err(error) = serde_json::from_str::<serde::de::IgnoredAny>(text) {
            let stream = refusal::in_stream(operation, response, text);
            let place = format!("byte {}", byte_offset(text, &error));
            return Err(stream.unwrap_or_else(|| malformed(place, error.to_string())));
        }
        let columns = Columns::new(["value", "error"]);
        let mut row = Row::default();
        let read = columns.reader().read(text, &mut row);
        read.map_err(|error| malformed("byte 0".into(), error.to_string()))?;
        if let (None, Some(member)) = (row.cell(0), row.cell(1).filter(|one| one.raw().starts_with('{'))) {
            let error = Box::new(refusal::from_member(response, member.raw()));
            return Err(ODataError::Status { operation, error });
        }
        let etag = response.headers().get(http::header::ETAG).and_then(|value| value.to_str().ok());
        Ok(Self {
            text: row.cell(0).map_or(text.trim(), Cell::raw).to_owned(),
            etag: etag.map(str::to_owned),
            date: refusal::date(response.headers()),
            evidence: response.extensions().get::<Evidence>().copied(),
            operation,
        })
    }
}

/// A bare value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Media {
    /// Its bytes.
    pub bytes: Bytes,
    /// Their type, as the server says it.
    pub content_type: Option<String>,
    /// Their version.
    pub etag: Option<String>,
    /// The audit entry that holds the answer.
    pub evidence: Option<Evidence>,
}

impl Media {
    pub(crate) fn of(response: &Response) -> Self {
        let header = |name| response.headers().get(name).and_then(|value| value.to_str().ok());
        Self {
            bytes: response.body().clone(),
            content_type: header(CONTENT_TYPE).map(str::to_owned),
            etag: header(http::header::ETAG).map(str::to_owned),
            evidence: response.extensions().get::<Evidence>().copied(),
        }
    }
}

/// A bare number, perhaps behind a byte order mark.
pub(crate) fn count(operation: &'static str, response: &Response) -> Result<u64, ODataError> {
    let text = String::from_utf8_lossy(response.body());
    let number = text.trim_start_matches('\u{feff}').trim();
    // A sign would be read too, and is none of a count.
    let digits = number.bytes().all(|byte| byte.is_ascii_digit());
    number.parse().ok().filter(|_| digits).ok_or_else(|| ODataError::Malformed {
        operation,
        what: "count",
        place: "byte 0".into(),
        why: format!("it is no number: {}", excerpt(&text, 40)),
    })
}
