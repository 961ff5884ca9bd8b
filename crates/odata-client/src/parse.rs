//! Reading what the values of this crate print, and what others write: a recursive descent over the
//! grammar of OData URLs (OData ABNF 4.01), with typed errors and bounded depth.

mod aggregation;
mod apply;
mod context;
mod cursor;
mod expand;
mod expression;
mod grammar;
mod instant;
mod json;
mod literal;
mod options;
mod path;
mod preference;
mod search;
mod select;
mod shape;
mod symbol;
mod uri;
mod value;

use crate::context_url::ContextUrl;
use crate::names::Names;
use crate::preference::Preference;
use crate::uri::RelativeUri;
use crate::{AnyName, Expression, Key, Literal, Query, Search};
use cursor::{Cursor, Parsed};
use symbol::Encoding;

/// What is wrong with a text, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("expected {expected} at byte {at}")]
pub struct ParseError {
    at: usize,
    expected: &'static str,
}

impl ParseError {
    pub(crate) fn new(at: usize, expected: &'static str) -> Self {
        Self { at, expected }
    }

    /// Where it goes wrong: the number of bytes before that place.
    pub fn at(&self) -> usize {
        self.at
    }

    /// What could have stood there.
    pub fn expected(&self) -> &'static str {
        self.expected
    }
}

fn whole<T>(
    (text, encoding): (&str, Encoding),
    names: &dyn Names,
    parse: impl FnOnce(&mut Cursor<'_>) -> Parsed<T>,
) -> Parsed<T> {
    let symbols = symbol::decode(text, encoding)?;
    let mut cursor = Cursor::new(&symbols, text.len(), names);
    let parsed = parse(&mut cursor);
    cursor.finish(parsed)
}

pub(crate) fn literal(text: &str) -> Parsed<Literal> {
    whole((text, Encoding::Plain), &AnyName, literal::literal)
}

pub(crate) fn encoded_literal(encoded: &str, names: &dyn Names) -> Parsed<Literal> {
    whole((encoded, Encoding::Percent), names, literal::literal)
}

pub(crate) fn value(type_name: &str, text: &str, names: &dyn Names) -> Parsed<Literal> {
    whole((text, Encoding::Plain), names, |cursor| value::value(cursor, type_name))
}

pub(crate) fn encoded_expression(encoded: &str, names: &dyn Names) -> Parsed<Expression> {
    whole((encoded, Encoding::Percent), names, expression::expression)
}

pub(crate) fn key(text: &str) -> Parsed<Key> {
    whole((text, Encoding::Plain), &AnyName, path::key)
}

pub(crate) fn expression(text: &str) -> Parsed<Expression> {
    whole((text, Encoding::Plain), &AnyName, expression::expression)
}

pub(crate) fn search(text: &str) -> Parsed<Search> {
    whole((text, Encoding::Plain), &AnyName, search::search)
}

pub(crate) fn query(encoded: &str, names: &dyn Names) -> Parsed<Query> {
    whole((encoded, Encoding::Percent), names, options::query)
}

pub(crate) fn relative_uri(encoded: &str, names: &dyn Names) -> Parsed<RelativeUri> {
    whole((encoded, Encoding::Percent), names, uri::relative)
}

pub(crate) fn context_url(fragment: &str, names: &dyn Names) -> Parsed<ContextUrl> {
    whole((fragment, Encoding::Percent), names, context::context)
}

pub(crate) fn preferences(value: &str) -> Parsed<Vec<Preference>> {
    whole((value, Encoding::Plain), &AnyName, preference::preferences)
}

#[cfg(test)]
mod case_tests;
#[cfg(test)]
mod round_trip_tests;
