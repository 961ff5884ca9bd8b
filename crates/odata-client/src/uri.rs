//! URIs below a service root: what is asked for, and how.

use crate::context_url::ContextUrl;
use crate::encode::{push_query_value, push_segment};
use crate::expression::{Path, Segment};
use crate::names::{AnyName, Names};
use crate::parse::{self, ParseError};
use crate::query::Query;

/// A URI relative to the service root (OData ABNF `odataRelativeUri`).
///
/// ```
/// use odata_client::RelativeUri;
///
/// let uri = RelativeUri::parse("Orders('A%2F1')/Lines?$top=5").unwrap();
/// let RelativeUri::Resource { path, query } = &uri else { panic!() };
/// assert_eq!(path.to_string(), "Orders('A/1')/Lines");
/// assert_eq!(query.top, Some(5));
/// assert_eq!(uri.encoded(), "Orders(%27A%2F1%27)/Lines?$top=5");
/// assert_eq!(RelativeUri::parse("Orders('A/1')").unwrap_err().at(), 9);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum RelativeUri {
    /// `$batch`.
    Batch {
        /// The format of the answer, and custom options.
        query: Query,
    },
    /// `$metadata`.
    Metadata {
        /// The format of the answer, and custom options.
        query: Query,
        /// What it says of an answer.
        context: Option<ContextUrl>,
    },
    /// `$entity`: the row of an id.
    Entity {
        /// The type to cast to.
        type_name: Option<String>,
        /// Its `$id`, and what is taken of it.
        query: Query,
    },
    /// A resource.
    Resource {
        /// Which; empty for the service itself, which is printed but not read.
        path: Path,
        /// What is asked of it.
        query: Query,
    },
}

impl RelativeUri {
    /// Reads a URI as it stands in a request, relative to the service root.
    pub fn parse(encoded: &str) -> Result<Self, ParseError> {
        Self::parse_with(encoded, &AnyName)
    }

    /// As [`parse`](Self::parse), with names that `names` allows: only then are a key and a
    /// parameter, a type and a property told apart for certain.
    pub fn parse_with(encoded: &str, names: &dyn Names) -> Result<Self, ParseError> {
        parse::relative_uri(encoded, names)
    }

    /// The URI, percent-encoded.
    pub fn encoded(&self) -> String {
        let (mut out, query) = match self {
            Self::Batch { query } => ("$batch".to_owned(), query),
            Self::Metadata { query, .. } => ("$metadata".to_owned(), query),
            Self::Entity { type_name: None, query } => ("$entity".to_owned(), query),
            Self::Entity { type_name: Some(name), query } => (format!("$entity/{name}"), query),
            Self::Resource { path, query } => (path.encoded(), query),
        };
        let options = query.encoded();
        if !options.is_empty() {
            out.push('?');
            out.push_str(&options);
        }
        if let Self::Metadata { context: Some(context), .. } = self {
            out.push_str(&context.encoded());
        }
        out
    }
}

impl Path {
    /// The path as it stands in a URL, percent-encoded.
    pub fn encoded(&self) -> String {
        let mut out = String::new();
        for (index, segment) in self.segments.iter().enumerate() {
            if index > 0 && !matches!(segment, Segment::Key(_)) {
                out.push('/');
            }
            match segment {
                Segment::KeySegment(text) => push_segment(&mut out, text),
                other => push_query_value(&mut out, &other.to_string()),
            }
        }
        out
    }
}
