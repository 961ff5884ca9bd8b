//! `If-Match`: who wants to change a row must have seen it (IFS documentation on REST and OData).

use http::{HeaderMap, StatusCode, header};

use super::problem::Problem;
use super::row::Row;

/// What a request says about the row that it changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum IfMatch {
    /// Nothing.
    Missing,
    /// `*`: whatever it is.
    Any,
    /// One of these.
    Exact(Vec<String>),
}

impl IfMatch {
    pub(crate) fn of(headers: &HeaderMap) -> Self {
        let Some(text) = headers.get(header::IF_MATCH).and_then(|value| value.to_str().ok()) else {
            return Self::Missing;
        };
        match text.trim() {
            "*" => Self::Any,
            tags => Self::Exact(tags.split(',').map(|tag| tag.trim().to_owned()).collect()),
        }
    }

    /// Whether it names a version.
    pub(crate) fn is_exact(&self) -> bool {
        matches!(self, Self::Exact(_))
    }

    /// Whether the row may be changed. `missing` is the status for a request that says nothing.
    pub(crate) fn check(&self, row: &Row, missing: StatusCode) -> Result<(), Problem> {
        match self {
            _ if row.etag().is_empty() => Ok(()),
            Self::Any => Ok(()),
            Self::Missing => Err(unsaid(missing)),
            Self::Exact(tags) if tags.iter().any(|tag| weak(tag) == weak(row.etag())) => Ok(()),
            Self::Exact(_) => {
                let words = "the row was changed by somebody else: the ETag in If-Match is not its own";
                Err(Problem::new(StatusCode::PRECONDITION_FAILED, "ODP_PRECONDITION_FAILED", words))
            }
        }
    }
}

/// `If-Match` is missing.
pub(crate) fn unsaid(status: StatusCode) -> Problem {
    let words = "If-Match is required: an ETag, or * for any";
    Problem::new(status, "ODP_MISSING_PRECONDITION", words)
}

/// Without the mark of a weak tag, which is always there and which proxies take away.
fn weak(tag: &str) -> &str {
    tag.strip_prefix("W/").unwrap_or(tag)
}
