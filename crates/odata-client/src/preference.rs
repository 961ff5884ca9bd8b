//! Preferences as they stand in the headers `Prefer` and `Preference-Applied`.

use std::fmt;

use crate::parse::{self, ParseError};

/// One preference (OData Protocol 8.2.8, RFC 7240).
///
/// ```
/// use odata_client::preference::Preference;
///
/// let applied = Preference::parse_all("maxpagesize=500, return=minimal").unwrap();
/// assert_eq!(applied, [Preference::MaxPageSize(500), Preference::ReturnMinimal]);
/// assert_eq!(applied[0].to_string(), "odata.maxpagesize=500");
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Preference {
    /// References in place of rows that are there already.
    AllowEntityReferences,
    /// Where the server says that it is done.
    Callback {
        /// The address.
        url: String,
    },
    /// Whether a batch goes on after a failure.
    ContinueOnError(bool),
    /// Which annotations come along, as it is written: `*`, `Ns.*`, `-Ns.Term`, with commas.
    IncludeAnnotations(String),
    /// How many rows a page has at most.
    MaxPageSize(u64),
    /// Properties that are null are left out.
    OmitNulls,
    /// Properties that have their default are left out.
    OmitDefaults,
    /// The answer may come later.
    RespondAsync,
    /// Nothing comes back after a change.
    ReturnMinimal,
    /// The row comes back after a change.
    ReturnRepresentation,
    /// A delta link comes at the end.
    TrackChanges,
    /// How many seconds the server may take.
    Wait(u64),
}

impl Preference {
    /// Reads the value of a header; names with and without the prefix `odata.`. Preferences of
    /// others are an error: RFC 7240 leaves it to the reader what to do with them.
    pub fn parse_all(value: &str) -> Result<Vec<Self>, ParseError> {
        parse::preferences(value)
    }
}

impl fmt::Display for Preference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AllowEntityReferences => f.write_str("odata.allow-entityreferences"),
            Self::Callback { url } => write!(f, "odata.callback;url=\"{url}\""),
            Self::ContinueOnError(true) => f.write_str("odata.continue-on-error"),
            Self::ContinueOnError(false) => f.write_str("odata.continue-on-error=false"),
            Self::IncludeAnnotations(list) => write!(f, "odata.include-annotations=\"{list}\""),
            Self::MaxPageSize(rows) => write!(f, "odata.maxpagesize={rows}"),
            Self::OmitNulls => f.write_str("omit-values=nulls"),
            Self::OmitDefaults => f.write_str("omit-values=defaults"),
            Self::RespondAsync => f.write_str("respond-async"),
            Self::ReturnMinimal => f.write_str("return=minimal"),
            Self::ReturnRepresentation => f.write_str("return=representation"),
            Self::TrackChanges => f.write_str("odata.track-changes"),
            Self::Wait(seconds) => write!(f, "wait={seconds}"),
        }
    }
}
