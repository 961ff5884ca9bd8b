//! What must be true of a row before it is changed: nobody can forget to say it.

use http::HeaderValue;
use http::header::{HeaderName, IF_MATCH, IF_NONE_MATCH};

use crate::ETag;
use crate::resource::PartId;

/// The `If-Match` or `If-None-Match` header of a change (OData Protocol 8.2.4 and 8.2.5).
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Precondition {
    /// The row is still the version that was read: another one is refused with `412`.
    Exact(ETag),
    /// The row exists, in whatever version (`*`): what others wrote meanwhile is overwritten.
    Any,
    /// Nothing (no header). A server may take a `PATCH` for an upsert then, or answer `428`.
    None,
    /// The row does not exist yet (`If-None-Match: *`): an upsert that only creates.
    Absent,
    /// The row is still what an earlier part of the same batch made of it (`$1`).
    AsPart(PartId),
}

impl Precondition {
    pub(crate) fn header(&self) -> Option<(HeaderName, HeaderValue)> {
        match self {
            Self::Exact(tag) => tag.header().map(|tag| (IF_MATCH, tag)),
            Self::Any => Some((IF_MATCH, HeaderValue::from_static("*"))),
            Self::Absent => Some((IF_NONE_MATCH, HeaderValue::from_static("*"))),
            Self::None => None,
            Self::AsPart(part) => HeaderValue::from_str(&part.reference()).ok().map(|part| (IF_MATCH, part)),
        }
    }

    /// Whether a second landing is refused by the server instead of overwriting what is newer.
    pub(crate) fn guards(&self) -> bool {
        matches!(self, Self::Exact(_) | Self::Absent)
    }
}
