//! What is selected and expanded, with options of its own (`$select`, `$expand`).

use std::fmt;

use super::{Query, print};
use crate::expression::Path;

/// One item of `$select`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Select {
    /// The property, an operation, `*`, or `Namespace.*`.
    pub path: Path,
    /// The names of the parameters, where several functions have the same name.
    pub overload: Option<Vec<String>>,
    /// What is taken of the members of a collection (4.01).
    pub options: Query,
}

/// One item of `$expand`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expand {
    /// The navigation, a stream, or `*`.
    pub path: Path,
    /// What comes along.
    pub what: Expanded,
    /// How often a recursive relation is followed (`$levels`).
    pub levels: Option<Levels>,
    /// The options of the rows that come along.
    pub options: Query,
}

/// What comes along with an [`Expand`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expanded {
    /// The rows.
    Rows,
    /// Their references (`$ref`).
    References,
    /// Their number (`$count`).
    Count,
}

/// How often a recursive relation is followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Levels {
    /// So many times, at least once.
    Depth(u64),
    /// As often as the server is willing to.
    Max,
}

impl Expand {
    /// The rows of a navigation.
    pub fn of(path: impl AsRef<str>) -> Self {
        Self { path: Path::of(path.as_ref()), what: Expanded::Rows, levels: None, options: Query::default() }
    }

    /// With options of their own.
    pub fn with(self, options: Query) -> Self {
        Self { options, ..self }
    }
}

impl Select {
    /// The properties of these names.
    pub fn properties<T: AsRef<str>>(paths: impl IntoIterator<Item = T>) -> Vec<Self> {
        paths.into_iter().map(Self::from).collect()
    }
}

impl<T: AsRef<str>> From<T> for Select {
    fn from(path: T) -> Self {
        Self { path: Path::of(path.as_ref()), overload: None, options: Query::default() }
    }
}

impl fmt::Display for Select {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.path)?;
        if let Some(parameters) = &self.overload {
            write!(f, "({})", parameters.join(","))?;
        }
        print::write_nested(f, &self.options, None)
    }
}

impl fmt::Display for Expand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.path)?;
        f.write_str(match self.what {
            Expanded::Rows => "",
            Expanded::References => "/$ref",
            Expanded::Count => "/$count",
        })?;
        print::write_nested(f, &self.options, self.levels)
    }
}

impl fmt::Display for Levels {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Depth(depth) => write!(f, "{depth}"),
            Self::Max => f.write_str("max"),
        }
    }
}
