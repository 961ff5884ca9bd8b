//! Keys of single rows, as they stand in a path: `('S1')` or `(OrderNo='1',LineNo='2')`.

use std::fmt;

use crate::Literal;
use crate::encode::push_segment;
use crate::parse::{self, ParseError};

/// The key of one row.
///
/// ```
/// use odata_client::{Key, Literal};
///
/// let mut path = String::from("Orders");
/// Key::text("A/1").push_path(&mut path);
/// assert_eq!(path, "Orders(%27A%2F1%27)");
/// assert_eq!(Key::parse("(OrderNo='A/1',LineNo=2)").unwrap().to_string(), "(OrderNo='A/1',LineNo=2)");
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Key {
    /// One key property, whose name may be left out.
    Single(Literal),
    /// Several key properties by name, in the order of the metadata; or an alternate key, whose
    /// names are always given.
    Composite(Vec<(String, Literal)>),
}

impl Key {
    /// A single text key.
    pub fn text(text: impl Into<String>) -> Self {
        Self::Single(Literal::text(text))
    }

    /// One property that is not the primary key but identifies a row all the same (OData 4.01,
    /// alternate keys).
    pub fn alternate(name: impl Into<String>, value: impl Into<Literal>) -> Self {
        Self::Composite(vec![(name.into(), value.into())])
    }

    /// Appends the key with its parentheses, percent-encoded, to a path.
    pub fn push_path(&self, out: &mut String) {
        out.push('(');
        match self {
            Self::Single(literal) => push_segment(out, &literal.to_string()),
            Self::Composite(parts) => {
                for (index, (name, literal)) in parts.iter().enumerate() {
                    if index > 0 {
                        out.push(',');
                    }
                    push_segment(out, name);
                    out.push('=');
                    push_segment(out, &literal.to_string());
                }
            }
        }
        out.push(')');
    }

    /// Appends the key as segments of their own, `/S1` or `/1/2`, percent-encoded (OData 4.01,
    /// key-as-segment): without quotes, parts in the order of the metadata.
    pub fn push_segments(&self, out: &mut String) {
        let mut segment = |literal: &Literal| {
            out.push('/');
            match literal {
                Literal::Text(text) => push_segment(out, text),
                // The type of the property is known to the server: its members need no type name.
                Literal::Enum { member, .. } => push_segment(out, member),
                other => push_segment(out, &other.to_string()),
            }
        };
        match self {
            Self::Single(literal) => segment(literal),
            Self::Composite(parts) => parts.iter().for_each(|(_, literal)| segment(literal)),
        }
    }

    /// Whether each part can be a segment: parsers of addresses resolve `.` and `..` away, an empty
    /// segment is none, and what begins with `$` or `@` means something else.
    pub(crate) fn fits_segments(&self) -> bool {
        let fits = |literal: &Literal| match literal {
            Literal::Text(text) => !matches!(text.as_str(), "" | "." | "..") && !text.starts_with(['$', '@']),
            Literal::Null | Literal::Alias(_) => false,
            _ => true,
        };
        match self {
            Self::Single(literal) => fits(literal),
            Self::Composite(parts) => parts.iter().all(|(_, literal)| fits(literal)),
        }
    }

    /// Reads a key with its parentheses, not percent-encoded.
    pub fn parse(text: &str) -> Result<Self, ParseError> {
        parse::key(text)
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Single(literal) => write!(f, "({literal})"),
            Self::Composite(parts) => {
                for (index, (name, literal)) in parts.iter().enumerate() {
                    write!(f, "{}{name}={literal}", if index == 0 { '(' } else { ',' })?;
                }
                f.write_str(")")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(key: &Key) -> String {
        let mut out = String::from("S");
        key.push_path(&mut out);
        out
    }

    #[test]
    fn values_cannot_leave_their_segment() {
        assert_eq!(path(&Key::text("a/b'c ../?#%")), "S(%27a%2Fb%27%27c%20..%2F%3F%23%25%27)");
        assert_eq!(path(&Key::Single(Literal::Int(7))), "S(7)");
        let mut out = String::from("S");
        Key::text("a/b'c").push_segments(&mut out);
        assert_eq!(out, "S/a%2Fb%27c");
    }

    #[test]
    fn composite_keys_name_their_parts() {
        let key = Key::Composite(vec![
            ("Company".into(), Literal::text("10")),
            (
                "PartyType".into(),
                Literal::Enum { type_name: "IfsApp.S.PartyType".into(), member: "Supplier".into() },
            ),
        ]);
        assert_eq!(path(&key), "S(Company=%2710%27,PartyType=IfsApp.S.PartyType%27Supplier%27)");
        assert_eq!(Key::parse(&key.to_string()), Ok(key.clone()));
        let mut out = String::from("S");
        key.push_segments(&mut out);
        assert_eq!(out, "S/10/Supplier");
    }

    #[test]
    fn keys_are_made_of_literals_only() {
        assert_eq!(Key::parse("(Email='a@b')"), Ok(Key::alternate("Email", "a@b")));
        assert_eq!(Key::parse("(@k)"), Ok(Key::Single(Literal::Alias("k".into()))));
        for bad in ["", "()", "(Id=Other)", "(1;2)", "(1", "(1)x", "(A=1,2)"] {
            assert!(Key::parse(bad).is_err(), "{bad}");
        }
    }
}
