//! Shapes on the earth or on a plane, in the text form of OData URLs.

use super::cursor::{Cursor, Parsed};
use super::literal::double;

/// `SRID=n;Shape(…)`.
pub(super) fn full(cursor: &mut Cursor<'_>) -> Parsed<()> {
    if !(cursor.eat_any_case("srid") && cursor.eat('=')) {
        return Err(cursor.error("a spatial reference (SRID=)"));
    }
    cursor.digits(1, 5)?;
    cursor.need(';', "a semicolon")?;
    shape(cursor)
}

fn shape(cursor: &mut Cursor<'_>) -> Parsed<()> {
    if cursor.eat_any_case("geometrycollection") {
        return cursor.nested(|cursor| parenthesized(cursor, 1, shape));
    }
    if cursor.eat_any_case("multilinestring") {
        return parenthesized(cursor, 0, line);
    }
    if cursor.eat_any_case("multipoint") {
        return parenthesized(cursor, 0, point);
    }
    if cursor.eat_any_case("multipolygon") {
        return parenthesized(cursor, 0, polygon);
    }
    if cursor.eat_any_case("linestring") {
        return line(cursor);
    }
    if cursor.eat_any_case("point") {
        return point(cursor);
    }
    if cursor.eat_any_case("polygon") {
        return polygon(cursor);
    }
    Err(cursor.error("a shape"))
}

fn point(cursor: &mut Cursor<'_>) -> Parsed<()> {
    cursor.open()?;
    position(cursor)?;
    cursor.close()
}

fn line(cursor: &mut Cursor<'_>) -> Parsed<()> {
    parenthesized(cursor, 2, position)
}

fn polygon(cursor: &mut Cursor<'_>) -> Parsed<()> {
    parenthesized(cursor, 1, |cursor| parenthesized(cursor, 1, position))
}

/// `(item,item)`, at least `least` items.
fn parenthesized(
    cursor: &mut Cursor<'_>,
    least: usize,
    mut item: impl FnMut(&mut Cursor<'_>) -> Parsed<()>,
) -> Parsed<()> {
    cursor.open()?;
    let mut found = 0;
    while found < least || cursor.peek() != Some(')') {
        if found > 0 {
            cursor.need(',', "a comma")?;
        }
        item(cursor)?;
        found += 1;
    }
    cursor.close()
}

/// Two to four numbers: longitude, latitude, elevation, measure.
fn position(cursor: &mut Cursor<'_>) -> Parsed<()> {
    double(cursor)?;
    for index in 0..3 {
        if index > 0 && cursor.peek() != Some(' ') {
            break;
        }
        cursor.need(' ', "a blank")?;
        double(cursor)?;
    }
    Ok(())
}
