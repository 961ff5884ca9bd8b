//! Free text search (`$search`).

use std::fmt;

/// What is searched for (OData ABNF `searchExpr`).
///
/// ```
/// use odata_client::Search;
///
/// let search = Search::parse("blue AND (green OR \"light red\") NOT dark").unwrap();
/// assert_eq!(search.to_string(), "(blue AND (green OR \"light red\") AND (NOT dark))");
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Search {
    /// One word. With characters that have a meaning of their own it is sent as a phrase.
    Word(String),
    /// Words in this order. A phrase cannot contain a double quote or a backslash: a blank is sent
    /// in its place.
    Phrase(String),
    /// All of them.
    All(Vec<Search>),
    /// Any of them.
    Any(Vec<Search>),
    /// What does not match.
    Not(Box<Search>),
    /// What somebody is still typing, such as `"bl`.
    Incomplete(String),
}

impl Search {
    /// Reads a search as a person writes it, not percent-encoded.
    pub fn parse(text: &str) -> Result<Self, crate::ParseError> {
        crate::parse::search(text)
    }
}

impl fmt::Display for Search {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Word(word) if plain(word) => f.write_str(word),
            Self::Word(text) | Self::Phrase(text) => write!(f, "\"{}\"", text.replace(['"', '\\'], " ")),
            Self::All(parts) => write_joined(f, parts, " AND "),
            Self::Any(parts) => write_joined(f, parts, " OR "),
            Self::Not(inner) => write!(f, "(NOT {inner})"),
            Self::Incomplete(text) => write!(f, "'{}'", text.replace('\'', "''")),
        }
    }
}

fn plain(word: &str) -> bool {
    let operator = matches!(word, "AND" | "OR" | "NOT" | "");
    !operator && word.chars().all(|c| c.is_alphanumeric() || matches!(c, '-' | '.' | '_' | '~'))
}

fn write_joined(f: &mut fmt::Formatter<'_>, parts: &[Search], joint: &str) -> fmt::Result {
    for (index, part) in parts.iter().enumerate() {
        write!(f, "{}{part}", if index == 0 { "(" } else { joint })?;
    }
    f.write_str(")")
}
