//! What is aggregated, how, and along which properties first.

use super::cursor::{Cursor, Parsed};
use super::expression::expression;
use super::grammar::{self, AGGREGATE, GROUPING, Walk, state};
use super::path::{self, Reader};
use crate::Expression;
use crate::expression::{Path, Segment};
use crate::names::Role;
use crate::query::{Aggregation, From, Method};

/// An item of the transformation `aggregate`, which needs a name unless it is a custom aggregate.
pub(super) fn item(cursor: &mut Cursor<'_>) -> Parsed<Aggregation> {
    let (mut aggregation, custom) = unnamed(cursor)?;
    if cursor.ahead(as_word) || !custom || !aggregation.from.is_empty() {
        aggregation.alias = Some(alias(cursor)?);
    }
    Ok(aggregation)
}

/// The content of `aggregate(…)` within a path, which has no name.
pub(super) fn within_path(cursor: &mut Cursor<'_>) -> Parsed<Aggregation> {
    unnamed(cursor).map(|(aggregation, _)| aggregation)
}

/// `as name`.
pub(super) fn alias(cursor: &mut Cursor<'_>) -> Parsed<String> {
    as_word(cursor)?;
    cursor.name(Role::Alias)
}

fn as_word(cursor: &mut Cursor<'_>) -> Parsed<()> {
    if cursor.infix("as") { Ok(()) } else { Err(cursor.error("as and a name")) }
}

/// The aggregation without its name, and whether it is a custom aggregate.
fn unnamed(cursor: &mut Cursor<'_>) -> Parsed<(Aggregation, bool)> {
    let (what, walk) = match cursor.attempt(aggregated_path) {
        Some((path, walk)) => (Expression::Path(path), Some(walk)),
        None => (expression(cursor)?, None),
    };
    let method = with(cursor)?;
    let custom = method.is_none() && walk.is_some_and(|walk| walk.may_be(state::CUSTOM));
    let counted = walk.is_some_and(|walk| walk.may_be(state::COUNTED));
    let values = walk.is_none_or(|walk| walk.may_be(state::PRIMITIVE));
    match &method {
        None if !custom && !counted => return Err(cursor.error("with and a method")),
        Some(_) if counted => return Err(cursor.error("from or as: a count has no method")),
        Some(Method::Sum | Method::Min | Method::Max | Method::Average) if !values => {
            return Err(cursor.error("a method for more than primitive values"));
        }
        _ => {}
    }
    let from = from(cursor, custom)?;
    Ok((Aggregation { what, method, from, alias: None }, custom))
}

/// A path of names, which may end in `$count`, and nothing of an expression behind it.
fn aggregated_path(cursor: &mut Cursor<'_>) -> Parsed<(Path, Walk)> {
    let mut reader =
        if cursor.ahead(count_word) { Reader::new(&AGGREGATE) } else { path::name_path(cursor, &AGGREGATE)? };
    let place = cursor.place();
    let first = reader.segments.is_empty();
    let counted = cursor.attempt(|cursor| {
        if first || cursor.eat_raw('/') { count_word(cursor) } else { Err(cursor.error("a slash")) }
    });
    if counted.is_some() {
        reader.push(cursor, place, Segment::Count { filter: None, search: None })?;
    }
    let walk = reader.walk;
    let path = reader.path(cursor)?;
    let ends = matches!(cursor.peek(), Some(')' | ',') | None)
        || ["with", "from", "as"].into_iter().any(|word| {
            cursor.ahead(|cursor| if cursor.infix(word) { Ok(()) } else { Err(cursor.error("a word")) })
        })
        || cursor.ahead(|cursor| {
            cursor.blanks();
            if matches!(cursor.peek(), Some(')' | ',')) { Ok(()) } else { Err(cursor.error("the end")) }
        });
    if ends { Ok((path, walk)) } else { Err(cursor.error("the end of a path")) }
}

fn count_word(cursor: &mut Cursor<'_>) -> Parsed<()> {
    if cursor.word("$count") { Ok(()) } else { Err(cursor.error("$count")) }
}

/// `with method`.
fn with(cursor: &mut Cursor<'_>) -> Parsed<Option<Method>> {
    if !cursor.infix("with") {
        return Ok(None);
    }
    let place = cursor.place();
    let name = cursor.qualified()?;
    let method = match name.as_str() {
        "sum" => Method::Sum,
        "min" => Method::Min,
        "max" => Method::Max,
        "average" => Method::Average,
        "countdistinct" => Method::CountDistinct,
        custom if custom.contains('.') => Method::Custom(name),
        _ => return Err(cursor.error_at(place, "a method")),
    };
    Ok(Some(method))
}

/// `from properties with method`, many times; a custom aggregate needs no method.
fn from(cursor: &mut Cursor<'_>, custom: bool) -> Parsed<Vec<From>> {
    let mut steps = Vec::new();
    while cursor.infix("from") {
        let mut properties = vec![grouping_path(cursor)?];
        while let Some(next) =
            cursor.attempt(
                |cursor| {
                    if cursor.comma() { grouping_path(cursor) } else { Err(cursor.error("a comma")) }
                },
            )
        {
            properties.push(next);
        }
        let method = with(cursor)?;
        if method.is_none() && !custom {
            return Err(cursor.error("with and a method"));
        }
        steps.push(From { properties, method });
    }
    Ok(steps)
}

/// A path of single values.
pub(super) fn grouping_path(cursor: &mut Cursor<'_>) -> Parsed<Path> {
    path::name_path(cursor, &GROUPING)?.path(cursor)
}

/// A path of names that ends with a primitive value.
pub(super) fn value_path(cursor: &mut Cursor<'_>) -> Parsed<Path> {
    let reader = path::name_path(cursor, &grammar::AGGREGATE)?;
    if reader.walk.may_be(state::PRIMITIVE) {
        reader.path(cursor)
    } else {
        Err(cursor.error("a primitive property"))
    }
}
