//! Entity tags, kept byte for byte.

use std::fmt;

use http::HeaderValue;

/// The version of one row, as the server wrote it: `W/"…"`, `"…"`, or what it takes for that.
///
/// It is opaque: never shortened, unquoted or compared weakly (OData Protocol 11.4.1.1).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ETag(String);

/// A text that cannot be an entity tag.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("an ETag must be a header value of visible ASCII and not `*`")]
pub struct ETagError;

impl ETag {
    /// The tag `text`, which must be able to stand in a header. `*` is no tag: whoever means any
    /// version says [`Precondition::Any`](crate::Precondition::Any).
    pub fn new(text: impl Into<String>) -> Result<Self, ETagError> {
        let text = text.into();
        let visible = text.bytes().all(|byte| (0x20..0x7f).contains(&byte));
        if !visible || text.trim() != text || text.is_empty() || text == "*" {
            return Err(ETagError);
        }
        Ok(Self(text))
    }

    /// The tag as it came.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether the server calls it weak (RFC 9110 section 8.8.3).
    pub fn is_weak(&self) -> bool {
        self.0.starts_with("W/")
    }

    pub(crate) fn header(&self) -> Option<HeaderValue> {
        HeaderValue::from_str(&self.0).ok()
    }
}

impl fmt::Display for ETag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_stays_as_it_came_and_a_star_is_none() {
        for good in ["W/\"VzAx:2026\"", "\"a, b\"", "unquoted", "W/\"\""] {
            assert_eq!(ETag::new(good).unwrap().as_str(), good);
        }
        assert!(ETag::new("W/\"a\"").unwrap().is_weak());
        for bad in ["", "*", " \"a\"", "\"a\"\r\nX: 1", "\"é\""] {
            assert_eq!(ETag::new(bad), Err(ETagError), "{bad:?}");
        }
    }
}
