//! What can go wrong with a call.

use std::sync::Arc;

use serde::Deserialize;
use wire::{OriginError, TransportError};

use crate::codes::{ErrorClass, ErrorTable, Level, Verdict};
use crate::duplicates::DuplicateResult;
use crate::id::IdError;
use crate::reserve::ReserveReached;
use crate::soql::SoqlError;

/// How many characters of a body that is no JSON are shown.
const EXCERPT: usize = 200;

/// A call failed.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum SfdcError {
    /// There is no answer; the source says whether the org may have acted.
    #[error("no answer")]
    Transport(#[from] TransportError),
    /// The org refused or failed.
    #[error("{0}")]
    Api(Box<ApiFailure>),
    /// The answer is not what the API promises.
    #[error("{operation}: the answer is not understood: {detail}")]
    Malformed {
        /// What was tried.
        operation: String,
        /// What is wrong, and where.
        detail: String,
    },
    /// The org sent a link that leads elsewhere; it was not followed.
    #[error("a link of the org was refused")]
    Origin(#[from] OriginError),
    /// A query cannot be written.
    #[error("the query cannot be written")]
    Soql(#[from] SoqlError),
    /// An id is none.
    #[error("the request was not sent")]
    Id(#[from] IdError),
    /// The request would break a rule of the API: it was not sent.
    #[error("{operation} was not sent: {detail}")]
    Unfit {
        /// What was tried.
        operation: String,
        /// Which rule.
        detail: String,
    },
    /// A value cannot stand in a URL, or the org does not find it there although it exists.
    #[error(
        "{value:?} cannot be addressed in a URL: {reason}; address the record by its id, or in a collection"
    )]
    Unaddressable {
        /// The value.
        value: String,
        /// Why.
        reason: &'static str,
    },
    /// The pages of a query are gone; what was read so far is no whole. Start again from the last
    /// safe watermark.
    #[error("{operation}: the cursor was lost after {read} records")]
    CursorLost {
        /// What was tried.
        operation: String,
        /// How many records had come.
        read: usize,
    },
    /// Sending would use calls of the daily allowance that are kept for others.
    #[error("not sent: {0}")]
    Reserved(#[from] ReserveReached),
}

/// An answer with an error status.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{operation}: HTTP {status}: {}", self.text())]
#[non_exhaustive]
pub struct ApiFailure {
    /// What was tried.
    pub operation: String,
    /// The HTTP status.
    pub status: u16,
    /// What the org says; empty if it said nothing that we understand.
    pub errors: Vec<ApiError>,
    /// The class of the first error, or of the status.
    pub class: ErrorClass,
    /// What the reader can do about it.
    pub remedy: Arc<str>,
    /// The beginning of a body that is no JSON.
    pub excerpt: String,
}

/// One error in an answer.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct ApiError {
    /// The code, such as `STRING_TOO_LONG`.
    #[serde(alias = "errorCode", alias = "statusCode", alias = "error", default)]
    pub code: String,
    /// The org's words.
    #[serde(alias = "error_description", default)]
    pub message: String,
    /// The fields it names.
    #[serde(default)]
    pub fields: Vec<String>,
    /// What a duplicate rule found, with `DUPLICATES_DETECTED`.
    #[serde(rename = "duplicateResult", default)]
    pub duplicates: Option<Box<DuplicateResult>>,
}

impl SfdcError {
    /// Whether the org may have acted on the request although it failed: then a write must be
    /// looked up before anything else is done.
    pub fn may_have_acted(&self) -> bool {
        match self {
            Self::Transport(error) => error.may_have_acted(),
            Self::Api(failure) => failure.status >= 500 || failure.status == 408,
            Self::Malformed { .. } => true,
            _ => false,
        }
    }
}

impl ApiError {
    /// What it means as the result of one record, by the shipped table.
    pub fn verdict(&self) -> Verdict {
        ErrorTable::shared().judge(Level::Record, 400, &self.code, &self.message)
    }
}

impl ApiFailure {
    /// The org's own words, without its code.
    pub fn words(&self) -> &str {
        match self.errors.first() {
            Some(error) => &error.message,
            None if self.excerpt.is_empty() => "no explanation",
            None => &self.excerpt,
        }
    }

    fn text(&self) -> String {
        match self.errors.first() {
            Some(error) => format!("{}: {}", error.code, error.message),
            None if self.excerpt.is_empty() => "no explanation".to_owned(),
            None => self.excerpt.clone(),
        }
    }

    /// The first code, or one made of the status.
    pub fn code(&self) -> String {
        let first = self.errors.first().map(|error| error.code.clone()).filter(|code| !code.is_empty());
        first.unwrap_or_else(|| format!("HTTP_{}", self.status))
    }
}

/// Reads an answer with an error status: an array of errors, one bare error, an OAuth error, or a
/// page of some proxy.
pub(crate) fn failure(
    operation: &str,
    (level, status): (Level, u16),
    body: &[u8],
    table: &ErrorTable,
) -> ApiFailure {
    let errors = serde_json::from_slice::<Vec<ApiError>>(body)
        .or_else(|_| serde_json::from_slice::<ApiError>(body).map(|one| vec![one]))
        .unwrap_or_default();
    let (code, message) = errors.first().map_or(("", ""), |error| (&*error.code, &*error.message));
    let Verdict { class, remedy } = table.judge(level, status, code, message);
    let text = String::from_utf8_lossy(body.get(..body.len().min(4 * EXCERPT)).unwrap_or_default());
    let excerpt = if errors.is_empty() { printable(&text) } else { String::new() };
    ApiFailure { operation: operation.to_owned(), status, errors, class, remedy, excerpt }
}

fn printable(text: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    words.join(" ").chars().filter(|letter| !letter.is_control()).take(EXCERPT).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(status: u16, body: &str) -> ApiFailure {
        failure("test", (Level::Call, status), body.as_bytes(), &ErrorTable::shipped())
    }

    #[test]
    fn every_shape_of_error_is_read() {
        let array = read(400, r#"[{"message":"m","errorCode":"INVALID_FIELD","fields":["A"]}]"#);
        assert_eq!((array.code().as_str(), array.class), ("INVALID_FIELD", ErrorClass::Access));
        assert_eq!(array.errors[0].fields, ["A"]);
        let oauth = read(400, r#"{"error":"invalid_grant","error_description":"no user"}"#);
        assert_eq!(oauth.to_string(), "test: HTTP 400: invalid_grant: no user");
        let html = read(503, "<html>\n <b>Down</b>\u{7}</html>");
        assert_eq!((html.code().as_str(), html.class), ("HTTP_503", ErrorClass::Transient));
        assert_eq!(html.to_string(), "test: HTTP 503: <html> <b>Down</b></html>");
        assert_eq!(read(500, "").to_string(), "test: HTTP 500: no explanation");
    }
}
