//! What must be true of a row before it is changed: nobody can forget to say it.

use http::HeaderValue;

use crate::ETag;
use crate::resource::PartId;

/// The `If-Match` header of a change (OData Protocol 11.4.1.1).
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Precondition {
    /// The row is still the version that was read: another one is refused with `412`.
    Exact(ETag),
    /// The row exists, in whatever version (`*`): what others wrote meanwhile is overwritten.
    Any,
    /// Nothing (no header). A server may take a `PATCH` for an upsert then, or answer `428`.
    None,
    /// The row is still what an earlier part of the same batch made of it (`$1`).
    AsPart(PartId),
}

impl Precondition {
    pub(crate) fn header(&self) -> Option<HeaderValue> {
        match self {
            Self::Exact(tag) => tag.header(),
            Self::Any => Some(HeaderValue::from_static("*")),
            Self::None => None,
            Self::AsPart(part) => HeaderValue::from_str(&part.reference()).ok(),
        }
    }

    /// Whether a second landing is refused by the server instead of overwriting what is newer.
    pub(crate) fn guards(&self) -> bool {
        matches!(self, Self::Exact(_))
    }
}
