//! Filter expressions as values, printed with explicit parentheses around every part.
//!
//! The parentheses cost nothing, leave no room for two readings of precedence, and IFS guides ask
//! for them.

use std::fmt;

use crate::Literal;

/// A condition on rows (`$filter`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Filter {
    /// `left op right`.
    Compare {
        /// The left side.
        left: Operand,
        /// How they are compared.
        op: Op,
        /// The right side.
        right: Operand,
    },
    /// All of them; of none: `true`.
    All(Vec<Filter>),
    /// Any of them; of none: `false`.
    Any(Vec<Filter>),
    /// The opposite.
    Not(Box<Filter>),
    /// A function that answers true or false, such as `contains`.
    Test {
        /// Its name.
        function: &'static str,
        /// Its arguments.
        arguments: Vec<Operand>,
    },
    /// Text of the caller, as it is: the way out for what these values cannot say. Nothing in it is
    /// escaped.
    Raw(String),
}

/// How two operands are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Op {
    /// `eq`
    Eq,
    /// `ne`
    Ne,
    /// `gt`
    Gt,
    /// `ge`
    Ge,
    /// `lt`
    Lt,
    /// `le`
    Le,
}

/// One side of a comparison, or an argument.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Operand {
    /// A property or a path of properties, as it is: names come from configuration, which checks
    /// them with [`is_identifier_path`](crate::encode::is_identifier_path).
    Property(String),
    /// A value.
    Literal(Literal),
    /// A function such as `tolower`.
    Call {
        /// Its name.
        function: &'static str,
        /// Its arguments.
        arguments: Vec<Operand>,
    },
}

/// The property `name`, to build conditions from.
pub fn property(name: impl Into<String>) -> Operand {
    Operand::Property(name.into())
}

impl From<Literal> for Operand {
    fn from(literal: Literal) -> Self {
        Self::Literal(literal)
    }
}

impl From<&str> for Operand {
    /// A text literal.
    fn from(text: &str) -> Self {
        Self::Literal(Literal::text(text))
    }
}

impl Operand {
    fn compare(self, op: Op, right: impl Into<Self>) -> Filter {
        Filter::Compare { left: self, op, right: right.into() }
    }
    /// `self eq right`
    pub fn eq(self, right: impl Into<Self>) -> Filter {
        self.compare(Op::Eq, right)
    }
    /// `self ne right`
    pub fn ne(self, right: impl Into<Self>) -> Filter {
        self.compare(Op::Ne, right)
    }
    /// `self gt right`
    pub fn gt(self, right: impl Into<Self>) -> Filter {
        self.compare(Op::Gt, right)
    }
    /// `self ge right`
    pub fn ge(self, right: impl Into<Self>) -> Filter {
        self.compare(Op::Ge, right)
    }
    /// `self lt right`
    pub fn lt(self, right: impl Into<Self>) -> Filter {
        self.compare(Op::Lt, right)
    }
    /// `self le right`
    pub fn le(self, right: impl Into<Self>) -> Filter {
        self.compare(Op::Le, right)
    }
    /// `contains(self,part)`
    pub fn contains(self, part: impl Into<Self>) -> Filter {
        Filter::Test { function: "contains", arguments: vec![self, part.into()] }
    }
    /// `startswith(self,part)`
    pub fn starts_with(self, part: impl Into<Self>) -> Filter {
        Filter::Test { function: "startswith", arguments: vec![self, part.into()] }
    }
    /// `endswith(self,part)`
    pub fn ends_with(self, part: impl Into<Self>) -> Filter {
        Filter::Test { function: "endswith", arguments: vec![self, part.into()] }
    }
    /// `tolower(self)`
    pub fn to_lower(self) -> Self {
        Self::Call { function: "tolower", arguments: vec![self] }
    }
    /// `toupper(self)`
    pub fn to_upper(self) -> Self {
        Self::Call { function: "toupper", arguments: vec![self] }
    }
    /// `trim(self)`
    pub fn trim(self) -> Self {
        Self::Call { function: "trim", arguments: vec![self] }
    }
    /// `length(self)`
    pub fn length(self) -> Self {
        Self::Call { function: "length", arguments: vec![self] }
    }
}

impl Filter {
    /// Both.
    pub fn and(self, other: Self) -> Self {
        match self {
            Self::All(mut parts) => {
                parts.push(other);
                Self::All(parts)
            }
            first => Self::All(vec![first, other]),
        }
    }

    /// Either.
    pub fn or(self, other: Self) -> Self {
        match self {
            Self::Any(mut parts) => {
                parts.push(other);
                Self::Any(parts)
            }
            first => Self::Any(vec![first, other]),
        }
    }

    /// The opposite.
    pub fn negate(self) -> Self {
        Self::Not(Box::new(self))
    }
}

impl Op {
    fn text(self) -> &'static str {
        match self {
            Self::Eq => "eq",
            Self::Ne => "ne",
            Self::Gt => "gt",
            Self::Ge => "ge",
            Self::Lt => "lt",
            Self::Le => "le",
        }
    }
}

impl fmt::Display for Operand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Property(name) => f.write_str(name),
            Self::Literal(literal) => literal.fmt(f),
            Self::Call { function, arguments } => write_call(f, function, arguments),
        }
    }
}

impl fmt::Display for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Compare { left, op, right } => write!(f, "({left} {} {right})", op.text()),
            Self::All(parts) => write_joined(f, parts, " and ", "true"),
            Self::Any(parts) => write_joined(f, parts, " or ", "false"),
            Self::Not(inner) => write!(f, "(not {inner})"),
            Self::Test { function, arguments } => write_call(f, function, arguments),
            Self::Raw(text) => write!(f, "({text})"),
        }
    }
}

fn write_joined(f: &mut fmt::Formatter<'_>, parts: &[Filter], joint: &str, none: &str) -> fmt::Result {
    let (first, rest) = match parts {
        [] => return f.write_str(none),
        [only] => return write!(f, "{only}"),
        [first, rest @ ..] => (first, rest),
    };
    write!(f, "({first}")?;
    for part in rest {
        write!(f, "{joint}{part}")?;
    }
    f.write_str(")")
}

// No blank after the comma: one IFS guide warns of it.
fn write_call(f: &mut fmt::Formatter<'_>, function: &str, arguments: &[Operand]) -> fmt::Result {
    write!(f, "{function}(")?;
    for (index, argument) in arguments.iter().enumerate() {
        if index > 0 {
            f.write_str(",")?;
        }
        write!(f, "{argument}")?;
    }
    f.write_str(")")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_part_stands_in_parentheses() {
        let stamp = Literal::Timestamp("2026-01-01T00:00:00Z".parse().unwrap());
        let after = property("M")
            .gt(stamp.clone())
            .or(property("M").eq(stamp.clone()).and(property("K").gt("S'1")))
            .and(property("M").le(stamp));
        assert_eq!(
            after.to_string(),
            "(((M gt 2026-01-01T00:00:00Z) or ((M eq 2026-01-01T00:00:00Z) and (K gt 'S''1'))) \
             and (M le 2026-01-01T00:00:00Z))"
        );
    }

    #[test]
    fn functions_negation_and_raw_text() {
        let filter = property("Name")
            .to_lower()
            .contains("x")
            .negate()
            .and(property("City").starts_with("L"))
            .and(Filter::Raw("A in (1,2)".into()));
        assert_eq!(
            filter.to_string(),
            "((not contains(tolower(Name),'x')) and startswith(City,'L') and (A in (1,2)))"
        );
    }

    #[test]
    fn lists_of_none_and_of_one() {
        assert_eq!(Filter::All(vec![]).to_string(), "true");
        assert_eq!(Filter::Any(vec![]).to_string(), "false");
        assert_eq!(Filter::Any(vec![property("A").eq(Literal::Null)]).to_string(), "(A eq null)");
    }
}
