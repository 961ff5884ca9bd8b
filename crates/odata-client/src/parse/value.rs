//! Values of a known type, as they stand in bodies and as defaults in the metadata.

use base64::Engine as _;

use super::cursor::{Cursor, Parsed};
use super::literal::{date, date_time_offset, enumeration_member, guid, number, time_of_day, verbatim};
use super::{instant, shape};
use crate::Literal;
use crate::literal::{BASE64, VerbatimKind};

pub(super) fn value(cursor: &mut Cursor<'_>, type_name: &str) -> Parsed<Literal> {
    let Some(name) = type_name.strip_prefix("Edm.") else { return members(cursor, type_name) };
    match name {
        "Boolean" if cursor.word("true") => Ok(Literal::Bool(true)),
        "Boolean" if cursor.word("false") => Ok(Literal::Bool(false)),
        "Boolean" => Err(cursor.error("true or false")),
        "Byte" | "SByte" | "Int16" | "Int32" | "Int64" => integer(cursor, name),
        "Decimal" | "Double" | "Single" => number(cursor),
        "Date" => date(cursor),
        "TimeOfDay" => time_of_day(cursor),
        "DateTimeOffset" => date_time_offset(cursor),
        "Guid" => guid(cursor),
        "Duration" => written(cursor, VerbatimKind::Duration, instant::duration),
        "Binary" => binary(cursor),
        "String" => Ok(Literal::Text(rest(cursor))),
        _ if name.starts_with("Geography") => written(cursor, VerbatimKind::Geography, shape::full),
        _ if name.starts_with("Geometry") => written(cursor, VerbatimKind::Geometry, shape::full),
        _ => Err(cursor.error("a value of a primitive type")),
    }
}

fn written(
    cursor: &mut Cursor<'_>,
    kind: VerbatimKind,
    read: fn(&mut Cursor<'_>) -> Parsed<()>,
) -> Parsed<Literal> {
    let place = cursor.place();
    read(cursor)?;
    Ok(verbatim(kind, cursor.since(place)))
}

fn rest(cursor: &mut Cursor<'_>) -> String {
    let place = cursor.place();
    while cursor.next_if(|_| true).is_some() {}
    cursor.since(place)
}

fn integer(cursor: &mut Cursor<'_>, name: &str) -> Parsed<Literal> {
    let place = cursor.place();
    let in_range = |value: i64| match name {
        "Byte" => u8::try_from(value).is_ok(),
        "SByte" => i8::try_from(value).is_ok(),
        "Int16" => i16::try_from(value).is_ok(),
        "Int32" => i32::try_from(value).is_ok(),
        _ => true,
    };
    cursor.next_if(|sign| matches!(sign, '+' | '-'));
    cursor.digits(1, usize::MAX)?;
    let value = cursor.since(place).parse().ok().filter(|value| in_range(*value));
    value.map(Literal::Int).ok_or_else(|| cursor.error_at(place, "an integer in the range of its type"))
}

fn binary(cursor: &mut Cursor<'_>) -> Parsed<Literal> {
    let place = cursor.place();
    let bytes = BASE64.decode(rest(cursor)).map_err(|_| cursor.error_at(place, "base64url"))?;
    Ok(Literal::Binary(bytes))
}

/// `Member,Member`.
fn members(cursor: &mut Cursor<'_>, type_name: &str) -> Parsed<Literal> {
    let place = cursor.place();
    let member = rest(cursor);
    if member.split(',').all(|member| enumeration_member(cursor, member)) {
        return Ok(Literal::Enum { type_name: type_name.to_owned(), member });
    }
    Err(cursor.error_at(place, "members of an enumeration"))
}
