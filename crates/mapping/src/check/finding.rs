//! One thing that the check of a mapping found.

use std::fmt;

use serde::{Deserialize, Serialize};

/// One thing that is wrong with a mapping, given what both systems have.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// How bad it is.
    pub severity: Severity,
    /// The mapping file.
    pub file: String,
    /// The line, from 1.
    pub line: usize,
    /// The target field, or the part of the file; empty if it is about the file as a whole.
    pub field: String,
    /// What is wrong.
    pub reason: String,
    /// What to do.
    pub remedy: String,
}

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Severity {
    /// Records may end in quarantine.
    Warning,
    /// Records would be refused, damaged or written for ever: nothing may be written before it is
    /// mended.
    Error,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: ", self.file, self.line)?;
        if !self.field.is_empty() {
            write!(f, "{}: ", self.field)?;
        }
        f.write_str(&self.reason)
    }
}
