//! Typed literals of OData expressions and keys (OData ABNF `primitiveLiteral`).

use std::fmt;

use jiff::Timestamp;
use jiff::civil::Date;
use rust_decimal::Decimal;

/// A literal in its exact text form, not yet percent-encoded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Literal {
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// `'O''Neil'`: quotes are doubled.
    Text(String),
    /// `42`.
    Int(i64),
    /// `12.50`.
    Decimal(Decimal),
    /// `2026-02-28`.
    Date(Date),
    /// `2026-02-28T10:00:00Z`: whole seconds if the instant is whole, else its fraction. Whole
    /// seconds with `Z` are the form that every server seen so far understands.
    Timestamp(Timestamp),
    /// `f81d4fae-7dec-11d0-a765-00a0c91e6bf6`, as it is.
    Guid(String),
    /// `Ns.Type'Member'`; IFS refuses a plain string for an enumeration.
    Enum {
        /// The qualified name of the type.
        type_name: String,
        /// The member.
        member: String,
    },
}

impl Literal {
    /// A text literal.
    pub fn text(text: impl Into<String>) -> Self {
        Self::Text(text.into())
    }
}

impl fmt::Display for Literal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("null"),
            Self::Bool(value) => write!(f, "{value}"),
            Self::Text(value) => write_quoted(f, value),
            Self::Int(value) => write!(f, "{value}"),
            Self::Decimal(value) => write!(f, "{value}"),
            Self::Date(value) => write!(f, "{value}"),
            Self::Timestamp(value) => write!(f, "{value}"),
            Self::Guid(value) => f.write_str(value),
            Self::Enum { type_name, member } => {
                f.write_str(type_name)?;
                write_quoted(f, member)
            }
        }
    }
}

fn write_quoted(f: &mut fmt::Formatter<'_>, text: &str) -> fmt::Result {
    f.write_str("'")?;
    let mut parts = text.split('\'');
    f.write_str(parts.next().unwrap_or_default())?;
    for part in parts {
        f.write_str("''")?;
        f.write_str(part)?;
    }
    f.write_str("'")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_are_doubled_so_that_a_value_stays_one_literal() {
        let attack = Literal::text("x') or true or (Name eq 'y");
        assert_eq!(attack.to_string(), "'x'') or true or (Name eq ''y'");
        assert_eq!(Literal::text("").to_string(), "''");
        assert_eq!(Literal::text("'").to_string(), "''''");
    }

    #[test]
    fn each_type_has_its_form() {
        let stamp: Timestamp = "2026-02-28T10:00:00Z".parse().unwrap();
        assert_eq!(Literal::Timestamp(stamp).to_string(), "2026-02-28T10:00:00Z");
        let date: Date = "0001-01-01".parse().unwrap();
        assert_eq!(Literal::Date(date).to_string(), "0001-01-01");
        assert_eq!(Literal::Decimal("12.50".parse().unwrap()).to_string(), "12.50");
        assert_eq!(Literal::Int(i64::MIN).to_string(), "-9223372036854775808");
        assert_eq!(Literal::Null.to_string(), "null");
        assert_eq!(Literal::Bool(true).to_string(), "true");
        let state = Literal::Enum { type_name: "IfsApp.X.State".into(), member: "Released".into() };
        assert_eq!(state.to_string(), "IfsApp.X.State'Released'");
    }
}
