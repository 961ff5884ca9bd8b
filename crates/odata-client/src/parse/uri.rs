//! URIs below the service root.

use super::cursor::{Cursor, Parsed};
use super::grammar::RESOURCE;
use super::path::{self, Reader};
use super::{context, expression, options};
use crate::expression::{Path, Segment};
use crate::names::Role;
use crate::uri::RelativeUri;
use crate::{Expression, Literal, Query};

pub(super) fn relative(cursor: &mut Cursor<'_>) -> Parsed<RelativeUri> {
    if cursor.word("$batch") {
        let place = cursor.place();
        let query = query(cursor)?;
        return plain(cursor, place, &query).map(|()| RelativeUri::Batch { query });
    }
    if cursor.word("$metadata") {
        let place = cursor.place();
        let query = cursor.until(&['#'], query)?;
        plain(cursor, place, &query)?;
        let context = if cursor.at_end() { None } else { Some(context::context(cursor)?) };
        return Ok(RelativeUri::Metadata { query, context });
    }
    if cursor.word("$entity") {
        return entity(cursor);
    }
    let path = cursor.until(&['?'], resource)?;
    Ok(RelativeUri::Resource { path, query: query(cursor)? })
}

/// A question mark and options, or nothing.
fn query(cursor: &mut Cursor<'_>) -> Parsed<Query> {
    if cursor.eat_raw('?') { options::query(cursor) } else { Ok(Query::default()) }
}

/// Nothing but the format and options of the service.
fn plain(cursor: &Cursor<'_>, place: usize, query: &Query) -> Parsed<()> {
    let Query { format, custom, .. } = query.clone();
    let plain = Query { format, custom, ..Query::default() };
    if plain == *query {
        Ok(())
    } else {
        Err(cursor.error_at(place, "no option but $format and custom ones"))
    }
}

fn entity(cursor: &mut Cursor<'_>) -> Parsed<RelativeUri> {
    let type_name = if cursor.eat_raw('/') { Some(expression::type_name(cursor)?) } else { None };
    let place = cursor.place();
    let query = query(cursor)?;
    let Query { id, format, custom, mut select, mut expand, .. } = query.clone();
    if type_name.is_none() {
        select.clear();
        expand.clear();
    }
    let allowed = Query { select, expand, format, id, custom, ..Query::default() };
    if query.id.is_none() || allowed != query {
        return Err(
            cursor.error_at(place, "$id, and no other option but $format; $select and $expand behind a type")
        );
    }
    Ok(RelativeUri::Entity { type_name, query })
}

/// A path to a resource.
pub(super) fn resource(cursor: &mut Cursor<'_>) -> Parsed<Path> {
    cursor.in_path = true;
    let mut reader = Reader::new(&RESOURCE);
    first(cursor, &mut reader)?;
    while cursor.eat_raw('/') {
        segment(cursor, &mut reader)?;
    }
    cursor.in_path = false;
    reader.path(cursor)
}

fn first(cursor: &mut Cursor<'_>, reader: &mut Reader) -> Parsed<()> {
    let place = cursor.place();
    if cursor.word("$all") {
        return reader.push(cursor, place, Segment::Everything);
    }
    if cursor.word("$crossjoin") {
        cursor.open()?;
        let sets = cursor.list(|cursor| cursor.name(Role::EntitySet))?;
        cursor.close()?;
        return reader.push(cursor, place, Segment::CrossJoin(sets));
    }
    named(cursor, reader)
}

fn segment(cursor: &mut Cursor<'_>, reader: &mut Reader) -> Parsed<()> {
    let place = cursor.place();
    let words = [
        ("$count", Segment::Count { filter: None, search: None }),
        ("$ref", Segment::Ref),
        ("$value", Segment::Value),
        ("$query", Segment::Query),
        ("$each", Segment::Each),
    ];
    if let Some((_, known)) = words.into_iter().find(|(word, _)| cursor.word(word)) {
        return reader.push(cursor, place, known);
    }
    if cursor.word("$filter") {
        let filter = path::filter(cursor)?;
        return reader.push(cursor, place, filter);
    }
    match text(cursor) {
        Some(text) => reader.push(cursor, place, text),
        None => named(cursor, reader),
    }
}

/// A segment that cannot be a name: an index, or a key without quotes.
fn text(cursor: &mut Cursor<'_>) -> Option<Segment> {
    cursor.attempt(|cursor| {
        let place = cursor.place();
        let mut name = true;
        while cursor.peek_raw() != Some('/') {
            let Some(character) = cursor.next_if(|character| character != '(') else { break };
            let first = cursor.place() == place + 1;
            let starts = character == '_' || character.is_alphabetic();
            name &= starts || (!first && (character == '.' || character.is_alphanumeric()));
        }
        let text = cursor.since(place);
        if name || text.is_empty() || cursor.peek() == Some('(') {
            return Err(cursor.error("a name"));
        }
        let index: Option<i64> = text.parse().ok().filter(|index: &i64| index.to_string() == text);
        Ok(index.map_or(Segment::KeySegment(text), Segment::Index))
    })
}

/// A name with what belongs to it; the parameters of a call are values here, not expressions.
fn named(cursor: &mut Cursor<'_>, reader: &mut Reader) -> Parsed<()> {
    let place = cursor.place();
    let before = reader.segments.len();
    path::named(cursor, reader)?;
    let added = reader.segments.get(before..).unwrap_or_default();
    let values = added.iter().all(|segment| match segment {
        Segment::Call { parameters, .. } => parameters.iter().all(|(_, value)| is_value(value)),
        _ => true,
    });
    if values { Ok(()) } else { Err(cursor.error_at(place, "parameters that are values or aliases")) }
}

fn is_value(value: &Expression) -> bool {
    match value {
        Expression::Literal(literal) => !matches!(literal, Literal::Alias(_)),
        Expression::Path(path) => matches!(path.segments.as_slice(), [Segment::Alias(_)]),
        _ => false,
    }
}
