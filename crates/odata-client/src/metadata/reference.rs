//! Other documents that a model builds on, and its own schemas.

use super::Annotations;

/// A reference to another document. It is not fetched.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reference {
    /// Where the document is.
    pub uri: String,
    /// Which of its schemas are used.
    pub includes: Vec<Include>,
    /// Which of its annotations are used.
    pub include_annotations: Vec<IncludeAnnotations>,
    /// What is said about the reference.
    pub annotations: Annotations,
}

/// A schema of another document.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Include {
    /// Its namespace.
    pub namespace: String,
    /// The short name for it in this document.
    pub alias: Option<String>,
    /// What is said about it.
    pub annotations: Annotations,
}

/// Annotations of another document.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct IncludeAnnotations {
    /// The namespace of their terms.
    pub term_namespace: String,
    /// Only with this qualifier.
    pub qualifier: Option<String>,
    /// Only for things in this namespace.
    pub target_namespace: Option<String>,
}

/// A schema of this document.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Schema {
    /// The short name for its namespace.
    pub alias: Option<String>,
    /// What is said about it.
    pub annotations: Annotations,
}
