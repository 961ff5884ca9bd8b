//! One invented row of any logical unit, in plain values.

/// One invented row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RowSeed {
    /// Column by name; `None` is null.
    pub values: Vec<(&'static str, Option<String>)>,
    /// When it was last modified, in seconds since the epoch; `None` for a few that never were.
    pub modified: Option<i64>,
}

/// A value that is there.
#[expect(clippy::unnecessary_wraps, reason = "it stands among values that may be missing")]
pub(super) fn some(text: impl Into<String>) -> Option<String> {
    Some(text.into())
}
