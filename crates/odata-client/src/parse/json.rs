//! Collections and objects in the JSON form that URLs use: a value may be any expression.

use super::cursor::{Cursor, Parsed};
use super::expression::expression;
use crate::{Expression, Literal};

pub(super) fn array(cursor: &mut Cursor<'_>) -> Parsed<Expression> {
    cursor.need('[', "a bracket")?;
    cursor.blanks();
    let mut items = Vec::new();
    if cursor.peek() != Some(']') {
        items = cursor.nested(|cursor| cursor.list(value))?;
    }
    cursor.blanks();
    cursor.need(']', "a closing bracket")?;
    Ok(Expression::Array(items))
}

pub(super) fn object(cursor: &mut Cursor<'_>) -> Parsed<Expression> {
    cursor.need('{', "a brace")?;
    cursor.blanks();
    let mut members = Vec::new();
    if cursor.peek() != Some('}') {
        members = cursor.nested(|cursor| cursor.list(member))?;
    }
    cursor.blanks();
    cursor.need('}', "a closing brace")?;
    Ok(Expression::Object(members))
}

fn member(cursor: &mut Cursor<'_>) -> Parsed<(String, Expression)> {
    let name = text(cursor)?;
    cursor.blanks();
    cursor.need(':', "a colon")?;
    cursor.blanks();
    Ok((name, value(cursor)?))
}

fn value(cursor: &mut Cursor<'_>) -> Parsed<Expression> {
    if cursor.peek() == Some('"') {
        return text(cursor).map(|text| Expression::Literal(Literal::Text(text)));
    }
    expression(cursor)
}

/// A text in double quotes.
pub(super) fn text(cursor: &mut Cursor<'_>) -> Parsed<String> {
    cursor.need('"', "a double quote")?;
    let mut text = String::new();
    loop {
        match cursor.next_if(|character| u32::from(character) >= 0x20) {
            Some('"') => return Ok(text),
            Some('\\') => text.push(escaped(cursor)?),
            Some(character) => text.push(character),
            None => return Err(cursor.error("a double quote")),
        }
    }
}

fn escaped(cursor: &mut Cursor<'_>) -> Parsed<char> {
    let place = cursor.place();
    match cursor.next_if(|_| true) {
        Some(same @ ('"' | '\\' | '/')) => Ok(same),
        Some('b') => Ok('\u{8}'),
        Some('f') => Ok('\u{c}'),
        Some('n') => Ok('\n'),
        Some('r') => Ok('\r'),
        Some('t') => Ok('\t'),
        Some('u') => unicode(cursor),
        _ => Err(cursor.error_at(place, "an escape of JSON")),
    }
}

fn unicode(cursor: &mut Cursor<'_>) -> Parsed<char> {
    let high = hexadecimal(cursor)?;
    // Above the basic plane, JSON writes two halves (RFC 8259, section 7).
    let code = if (0xD800..0xDC00).contains(&high) && cursor.eat_exact("\\u") {
        match hexadecimal(cursor)? {
            low @ 0xDC00..0xE000 => 0x1_0000 + (high - 0xD800) * 0x400 + (low - 0xDC00),
            _ => return Err(cursor.error("the second half of a character")),
        }
    } else {
        high
    };
    char::from_u32(code).ok_or_else(|| cursor.error("a character"))
}

fn hexadecimal(cursor: &mut Cursor<'_>) -> Parsed<u32> {
    let mut code = 0;
    for _ in 0..4 {
        let digit = cursor.next_if(|digit| digit.is_ascii_hexdigit()).and_then(|digit| digit.to_digit(16));
        code = code * 16 + digit.ok_or_else(|| cursor.error("a hexadecimal digit"))?;
    }
    Ok(code)
}
