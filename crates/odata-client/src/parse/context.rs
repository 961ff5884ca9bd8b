//! The fragments of context URLs.

use super::cursor::{Cursor, Parsed};
use super::expression::type_allowed;
use super::grammar::{CONTEXT, CONTEXT_ITEM, state};
use super::path::{self, Reader};
use crate::context_url::{ContextUrl, Described, Form, Item};
use crate::expression::{Path, Segment};
use crate::names::Role;

pub(super) fn context(cursor: &mut Cursor<'_>) -> Parsed<ContextUrl> {
    if !cursor.eat_raw('#') {
        return Err(cursor.error("a number sign"));
    }
    let plain = |what| ContextUrl { what, items: None, form: Form::Whole };
    if cursor.eat_exact("Collection($ref)") {
        return Ok(plain(Described::References));
    }
    if cursor.word("$ref") {
        return Ok(plain(Described::Reference));
    }
    if let Some(name) = cursor.attempt(qualified_type) {
        let items = items(cursor)?;
        return Ok(ContextUrl { items, ..plain(Described::Type(name)) });
    }
    let path = resource(cursor)?;
    let place = cursor.place();
    let items = items(cursor)?;
    let suffix = Form::SUFFIXES.iter().find(|(suffix, _)| cursor.eat_exact(suffix));
    let form = suffix.map_or(Form::Whole, |(_, form)| *form);
    if items.is_some() && matches!(form, Form::DeletedEntity | Form::Link | Form::DeletedLink) {
        return Err(cursor.error_at(place, "no list of properties of a link"));
    }
    Ok(ContextUrl { what: Described::Resource(path), items, form })
}

fn qualified_type(cursor: &mut Cursor<'_>) -> Parsed<String> {
    let place = cursor.place();
    let collection = cursor.eat_exact("Collection(");
    let start = cursor.place();
    let name = cursor.qualified()?;
    let any = collection && matches!(name.as_str(), "Edm.EntityType" | "Edm.ComplexType");
    if !name.contains('.') || !(any || type_allowed(cursor, &name)) {
        return Err(cursor.error_at(start, "the name of a type with its namespace"));
    }
    if collection {
        cursor.close()?;
    }
    Ok(cursor.since(place))
}

fn resource(cursor: &mut Cursor<'_>) -> Parsed<Path> {
    let mut reader = Reader::new(&CONTEXT);
    resource_segment(cursor, &mut reader)?;
    while cursor
        .attempt(|cursor| {
            if cursor.eat_raw('/') {
                resource_segment(cursor, &mut reader)
            } else {
                Err(cursor.error("a slash"))
            }
        })
        .is_some()
    {}
    reader.path(cursor)
}

fn resource_segment(cursor: &mut Cursor<'_>, reader: &mut Reader) -> Parsed<()> {
    let place = cursor.place();
    let name = cursor.qualified()?;
    reader.push(cursor, place, Segment::Name(name))?;
    let place = cursor.place();
    match cursor.attempt(path::key) {
        Some(key) => reader.push(cursor, place, Segment::Key(key)),
        None => Ok(()),
    }
}

fn items(cursor: &mut Cursor<'_>) -> Parsed<Option<Vec<Item>>> {
    if cursor.peek() != Some('(') {
        return Ok(None);
    }
    cursor.open()?;
    let mut found = Vec::new();
    if cursor.peek() != Some(')') {
        found = cursor.nested(|cursor| cursor.list(item))?;
    }
    cursor.close()?;
    Ok(Some(found))
}

fn item(cursor: &mut Cursor<'_>) -> Parsed<Item> {
    let place = cursor.place();
    let reader = path::name_path(cursor, &CONTEXT_ITEM)?;
    let walk = reader.walk;
    // In the query a qualifier has `%23`, in a fragment it has the sign itself.
    if cursor.any_encoded(place, '#') {
        return Err(cursor.error_at(place, "a number sign that is not percent-encoded"));
    }
    let path = reader.path(cursor)?;
    let related = walk.may_be(state::NAVIGATION);
    let recursive = related && cursor.eat('+');
    let items = if related {
        items(cursor)?
    } else if walk.may_be(state::BARE) {
        parameter_names(cursor)?
    } else {
        None
    };
    Ok(Item { path, recursive, items })
}

fn parameter_names(cursor: &mut Cursor<'_>) -> Parsed<Option<Vec<Item>>> {
    if cursor.peek() != Some('(') {
        return Ok(None);
    }
    cursor.open()?;
    let names = cursor.list(|cursor| {
        let name = cursor.name(Role::Parameter)?;
        Ok(Item { path: Path { segments: vec![Segment::Name(name)] }, recursive: false, items: None })
    })?;
    cursor.close()?;
    Ok(Some(names))
}
