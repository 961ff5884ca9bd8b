//! Literals of primitive types.

use base64::Engine as _;
use rust_decimal::Decimal;

use super::cursor::{Cursor, Parsed, identifier_part, namespace_allowed, split_name};
use super::{instant, shape};
use crate::Literal;
use crate::literal::{BASE64, Verbatim, VerbatimKind};
use crate::names::Role;

/// Any primitive literal.
pub(super) fn literal(cursor: &mut Cursor<'_>) -> Parsed<Literal> {
    const FORMS: &[fn(&mut Cursor<'_>) -> Parsed<Literal>] =
        &[guid, date_time_offset, date, time_of_day, number];
    if cursor.peek() == Some('\'') {
        return quoted(cursor).map(Literal::Text);
    }
    for form in FORMS {
        if let Some(literal) = cursor.attempt(|cursor| bounded(cursor, *form)) {
            return Ok(literal);
        }
    }
    word(cursor)
}

/// A form that does not run into a name: `1a` is no number.
fn bounded(cursor: &mut Cursor<'_>, form: fn(&mut Cursor<'_>) -> Parsed<Literal>) -> Parsed<Literal> {
    let literal = form(cursor)?;
    if cursor.peek().is_some_and(identifier_part) {
        Err(cursor.error("the end of a value"))
    } else {
        Ok(literal)
    }
}

/// The literals that begin with a letter.
fn word(cursor: &mut Cursor<'_>) -> Parsed<Literal> {
    if keyword(cursor, |cursor| cursor.word("null")) {
        return Ok(Literal::Null);
    }
    if let Some(value) = boolean(cursor) {
        return Ok(Literal::Bool(value));
    }
    let prefixed = |cursor: &mut Cursor<'_>, prefix: &str| {
        let place = cursor.place();
        let found = cursor.eat_any_case(prefix) && cursor.peek() == Some('\'');
        if !found {
            cursor.back_to(place);
        }
        found
    };
    if prefixed(cursor, "duration") {
        return verbatim_quoted(cursor, VerbatimKind::Duration, instant::duration);
    }
    if prefixed(cursor, "geography") {
        return verbatim_quoted(cursor, VerbatimKind::Geography, shape::full);
    }
    if prefixed(cursor, "geometry") {
        return verbatim_quoted(cursor, VerbatimKind::Geometry, shape::full);
    }
    if prefixed(cursor, "binary") {
        return binary(cursor);
    }
    enumeration(cursor)
}

/// A word that is no path and no call: nothing that goes on follows it.
fn keyword(cursor: &mut Cursor<'_>, eat: impl FnOnce(&mut Cursor<'_>) -> bool) -> bool {
    let place = cursor.place();
    let found = eat(cursor) && !matches!(cursor.peek(), Some('(' | '/' | '.' | '\''));
    if !found {
        cursor.back_to(place);
    }
    found
}

/// `true` or `false`, in any case.
pub(super) fn boolean(cursor: &mut Cursor<'_>) -> Option<bool> {
    [("true", true), ("false", false)]
        .into_iter()
        .find(|(name, _)| keyword(cursor, |cursor| cursor.word_any_case(name)))
        .map(|(_, value)| value)
}

pub(super) fn verbatim(kind: VerbatimKind, text: String) -> Literal {
    Literal::Verbatim(Verbatim::new(kind, text))
}

fn verbatim_quoted(
    cursor: &mut Cursor<'_>,
    kind: VerbatimKind,
    content: fn(&mut Cursor<'_>) -> Parsed<()>,
) -> Parsed<Literal> {
    cursor.need('\'', "an apostrophe")?;
    let place = cursor.place();
    content(cursor)?;
    let text = cursor.since(place);
    cursor.need('\'', "an apostrophe")?;
    Ok(verbatim(kind, text))
}

/// A text in apostrophes, which are doubled inside.
pub(super) fn quoted(cursor: &mut Cursor<'_>) -> Parsed<String> {
    cursor.need('\'', "an apostrophe")?;
    let mut text = String::new();
    loop {
        if cursor.in_path && matches!(cursor.peek_raw(), Some('/' | '?' | '#')) {
            return Err(cursor.error("an apostrophe; a slash in a key is written %2F"));
        }
        if cursor.eat('\'') {
            if cursor.eat('\'') {
                text.push('\'');
                continue;
            }
            return Ok(text);
        }
        match cursor.next_if(|_| true) {
            Some(character) => text.push(character),
            None => return Err(cursor.error("an apostrophe")),
        }
    }
}

pub(super) fn guid(cursor: &mut Cursor<'_>) -> Parsed<Literal> {
    let place = cursor.place();
    for (index, length) in [8, 4, 4, 4, 12].into_iter().enumerate() {
        if index > 0 && !cursor.eat_raw('-') {
            return Err(cursor.error("a hyphen"));
        }
        for _ in 0..length {
            if cursor.next_if(|digit| digit.is_ascii_hexdigit()).is_none() {
                return Err(cursor.error("a hexadecimal digit"));
            }
        }
    }
    Ok(Literal::Guid(cursor.since(place)))
}

// Typed where nothing is lost, else as it was written.
pub(super) fn date(cursor: &mut Cursor<'_>) -> Parsed<Literal> {
    let place = cursor.place();
    instant::date(cursor)?;
    let text = cursor.since(place);
    let typed = text.parse().ok().map(Literal::Date).filter(|typed| typed.to_string() == text);
    Ok(typed.unwrap_or_else(|| verbatim(VerbatimKind::Date, text)))
}

pub(super) fn time_of_day(cursor: &mut Cursor<'_>) -> Parsed<Literal> {
    let place = cursor.place();
    instant::time_of_day(cursor)?;
    let text = cursor.since(place);
    let typed = text.parse().ok().map(Literal::Time).filter(|typed| typed.to_string() == text);
    Ok(typed.unwrap_or_else(|| verbatim(VerbatimKind::TimeOfDay, text)))
}

pub(super) fn date_time_offset(cursor: &mut Cursor<'_>) -> Parsed<Literal> {
    let place = cursor.place();
    instant::date_time_offset(cursor)?;
    let text = cursor.since(place);
    let typed = text.parse().ok().map(Literal::Timestamp).filter(|typed| typed.to_string() == text);
    Ok(typed.unwrap_or_else(|| verbatim(VerbatimKind::DateTimeOffset, text)))
}

/// A number with or without fraction and exponent, or `INF`, `-INF`, `NaN`.
pub(super) fn double(cursor: &mut Cursor<'_>) -> Parsed<String> {
    let place = cursor.place();
    if ["NaN", "-INF", "INF"].into_iter().any(|name| keyword(cursor, |cursor| cursor.word(name))) {
        return Ok(cursor.since(place));
    }
    cursor.next_if(|sign| matches!(sign, '+' | '-'));
    cursor.digits(1, usize::MAX)?;
    if cursor.eat_raw('.') {
        cursor.digits(1, usize::MAX)?;
    }
    cursor.attempt(|cursor| {
        if !cursor.eat_any_case("e") {
            return Err(cursor.error("an exponent"));
        }
        cursor.next_if(|sign| matches!(sign, '+' | '-'));
        cursor.digits(1, usize::MAX)
    });
    Ok(cursor.since(place))
}

pub(super) fn number(cursor: &mut Cursor<'_>) -> Parsed<Literal> {
    let text = double(cursor)?;
    let text = text.strip_prefix('+').unwrap_or(&text);
    let integer = text.parse().ok().map(Literal::Int);
    let decimal = || Decimal::from_str_exact(text).ok().map(Literal::Decimal);
    let same = |literal: &Literal| literal.to_string() == text;
    let typed = integer.filter(same).or_else(|| decimal().filter(same));
    Ok(typed.unwrap_or_else(|| verbatim(VerbatimKind::Number, text.to_owned())))
}

fn binary(cursor: &mut Cursor<'_>) -> Parsed<Literal> {
    let place = cursor.place();
    let text = quoted(cursor)?;
    let bytes = BASE64.decode(text).map_err(|_| cursor.error_at(place, "base64url"))?;
    Ok(Literal::Binary(bytes))
}

/// `Namespace.Type'Member,Member'`.
fn enumeration(cursor: &mut Cursor<'_>) -> Parsed<Literal> {
    let place = cursor.place();
    let type_name = cursor.qualified()?;
    let (namespace, last) = split_name(&type_name);
    let allowed = namespace.is_some()
        && namespace_allowed(cursor.names, namespace)
        && cursor.names.allows(Role::EnumType, last);
    if !allowed || cursor.peek() != Some('\'') {
        return Err(cursor.error_at(place, "a value or a name"));
    }
    let place = cursor.place();
    let member = quoted(cursor)?;
    if member.split(',').all(|member| enumeration_member(cursor, member)) {
        return Ok(Literal::Enum { type_name, member });
    }
    Err(cursor.error_at(place, "members of an enumeration"))
}

pub(super) fn enumeration_member(cursor: &Cursor<'_>, member: &str) -> bool {
    let number = member.strip_prefix(['+', '-']).unwrap_or(member);
    if !number.is_empty() && number.len() <= 19 && number.bytes().all(|byte| byte.is_ascii_digit()) {
        return true;
    }
    let mut characters = member.chars();
    characters.next().is_some_and(|first| first == '_' || first.is_alphabetic())
        && characters.all(identifier_part)
        && cursor.names.allows(Role::EnumMember, member)
}
