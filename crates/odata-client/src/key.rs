//! Keys of single rows, as they stand in a path: `('S1')` or `(OrderNo='1',LineNo='2')`.

use crate::Literal;
use crate::encode::push_segment;

/// The key of one row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Key {
    /// One key property, whose name may be left out.
    Single(Literal),
    /// Several key properties by name, in the order of the metadata.
    Composite(Vec<(String, Literal)>),
}

impl Key {
    /// A single text key.
    pub fn text(text: impl Into<String>) -> Self {
        Self::Single(Literal::text(text))
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
    }
}
