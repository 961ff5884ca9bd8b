//! Which rows a query finds.

use crate::literal::{Literal, push_text};
use crate::soql::{Select, SoqlError, identifier};

/// A condition on rows. Made of checked names and escaped values, never of text.
///
/// ```
/// use sfdc_client::{Filter, Literal, Moving, Operator, Pattern, Select};
/// let recent = Filter::is("LastModifiedDate", Operator::AtLeast, &Literal::Moving(Moving::LastDays(7)))?;
/// let named = Filter::like("Name", Pattern::StartsWith("50%"))?;
/// let select = Select::from("Account", ["Id"])?.filter(Filter::any([recent, named.negated()])?);
/// assert_eq!(
///     select.text(),
///     r"SELECT Id FROM Account WHERE (LastModifiedDate >= LAST_N_DAYS:7 OR (NOT Name LIKE '50\%%'))"
/// );
/// # Ok::<(), sfdc_client::SoqlError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Filter(String);

/// What a text looks like. `%` and `_` in it stand for themselves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pattern<'a> {
    /// It begins so.
    StartsWith(&'a str),
    /// It ends so.
    EndsWith(&'a str),
    /// It has this in it.
    Contains(&'a str),
}

impl Filter {
    /// `field operator value`.
    pub fn is(field: &str, operator: Operator, value: &Literal) -> Result<Self, SoqlError> {
        let mut text = format!("{} {} ", identifier(field)?, operator.text());
        value.push(&mut text)?;
        Ok(Self(text))
    }

    /// The field has one of these values.
    pub fn one_of(field: &str, values: &[Literal]) -> Result<Self, SoqlError> {
        Self::list(field, "IN", values)
    }

    /// The field has none of these values.
    pub fn none_of(field: &str, values: &[Literal]) -> Result<Self, SoqlError> {
        Self::list(field, "NOT IN", values)
    }

    /// The field has a value that another query finds (a semi-join; it selects one field).
    pub fn found_by(field: &str, select: &Select) -> Result<Self, SoqlError> {
        Ok(Self(format!("{} IN ({})", identifier(field)?, select.text())))
    }

    /// The field looks like this; upper and lower case are the same.
    pub fn like(field: &str, pattern: Pattern<'_>) -> Result<Self, SoqlError> {
        let (before, text, after) = match pattern {
            Pattern::StartsWith(text) => ("", text, "%"),
            Pattern::EndsWith(text) => ("%", text, ""),
            Pattern::Contains(text) => ("%", text, "%"),
        };
        let mut quoted = String::new();
        push_text(&mut quoted, text)?;
        let inner = quoted.get(1..quoted.len() - 1).unwrap_or_default();
        let inner = inner.replace('%', "\\%").replace('_', "\\_");
        Ok(Self(format!("{} LIKE '{before}{inner}{after}'", identifier(field)?)))
    }

    /// All of them hold.
    pub fn all(filters: impl IntoIterator<Item = Self>) -> Result<Self, SoqlError> {
        Self::joined(filters, " AND ")
    }

    /// One of them holds, or more.
    pub fn any(filters: impl IntoIterator<Item = Self>) -> Result<Self, SoqlError> {
        Self::joined(filters, " OR ")
    }

    /// It does not hold.
    pub fn negated(&self) -> Self {
        Self(format!("(NOT {})", self.0))
    }

    pub(crate) fn text(&self) -> &str {
        &self.0
    }

    fn list(field: &str, word: &str, values: &[Literal]) -> Result<Self, SoqlError> {
        let mut text = format!("{} {word} (", identifier(field)?);
        for (place, value) in values.iter().enumerate() {
            if place > 0 {
                text.push(',');
            }
            value.push(&mut text)?;
        }
        text.push(')');
        Ok(Self(text))
    }

    fn joined(filters: impl IntoIterator<Item = Self>, word: &str) -> Result<Self, SoqlError> {
        let texts: Vec<String> = filters.into_iter().map(|filter| filter.0).collect();
        if texts.is_empty() {
            return Err(SoqlError::Empty);
        }
        Ok(Self(format!("({})", texts.join(word))))
    }
}

/// A comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operator {
    /// `=`
    Equal,
    /// `!=`
    Unequal,
    /// `<`
    Less,
    /// `<=`
    AtMost,
    /// `>`
    Greater,
    /// `>=`
    AtLeast,
}

impl Operator {
    pub(crate) fn text(self) -> &'static str {
        match self {
            Self::Equal => "=",
            Self::Unequal => "!=",
            Self::Less => "<",
            Self::AtMost => "<=",
            Self::Greater => ">",
            Self::AtLeast => ">=",
        }
    }
}
