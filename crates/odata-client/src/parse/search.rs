//! Free text search: `AND`, `OR` and `NOT` are operators only where they have something to join.

use super::cursor::{Cursor, Parsed};
use crate::Search;

/// A search, or what somebody is still typing.
pub(super) fn search(cursor: &mut Cursor<'_>) -> Parsed<Search> {
    if cursor.peek() == Some('\'') {
        return super::literal::quoted(cursor).map(Search::Incomplete);
    }
    any(cursor)
}

/// A search that is complete.
pub(super) fn any(cursor: &mut Cursor<'_>) -> Parsed<Search> {
    let first = all(cursor)?;
    let mut parts = vec![first];
    while operator(cursor, "OR") {
        parts.push(all(cursor)?);
    }
    Ok(one_or(parts, Search::Any))
}

fn all(cursor: &mut Cursor<'_>) -> Parsed<Search> {
    let mut parts = vec![term(cursor)?];
    while !cursor.ahead(|cursor| if operator(cursor, "OR") { Ok(()) } else { Err(cursor.error("OR")) })
        && (operator(cursor, "AND") || another(cursor))
    {
        parts.push(term(cursor)?);
    }
    Ok(one_or(parts, Search::All))
}

fn one_or(mut parts: Vec<Search>, many: fn(Vec<Search>) -> Search) -> Search {
    match parts.pop() {
        Some(only) if parts.is_empty() => only,
        Some(last) => {
            parts.push(last);
            many(parts)
        }
        None => many(parts),
    }
}

/// A blank, the word, another blank, and something behind it.
fn operator(cursor: &mut Cursor<'_>, word: &str) -> bool {
    cursor
        .attempt(|cursor| {
            cursor.blank()?;
            if !cursor.eat_exact(word) {
                return Err(cursor.error("an operator"));
            }
            cursor.blank()?;
            starts(cursor)
        })
        .is_some()
}

/// A blank and something behind it.
fn another(cursor: &mut Cursor<'_>) -> bool {
    cursor
        .attempt(|cursor| {
            cursor.blank()?;
            starts(cursor)
        })
        .is_some()
}

fn starts(cursor: &Cursor<'_>) -> Parsed<()> {
    match cursor.peek() {
        Some('(' | '"') => Ok(()),
        Some(_) if word_character(cursor, true).is_some() => Ok(()),
        _ => Err(cursor.error("a word")),
    }
}

/// A word may contain an apostrophe but not begin with one; a semicolon ends it, if it was not
/// percent-encoded, and so do parentheses and quotes in any case.
fn word_character(cursor: &Cursor<'_>, first: bool) -> Option<char> {
    let character = cursor.peek()?;
    let ends = match character {
        '(' | ')' | '"' | ' ' | '\t' => true,
        '\'' => first,
        ';' | '&' | '#' => cursor.peek_raw().is_some(),
        _ => false,
    };
    if ends { None } else { Some(character) }
}

fn term(cursor: &mut Cursor<'_>) -> Parsed<Search> {
    match cursor.peek() {
        Some('(') => {
            cursor.open()?;
            cursor.blanks();
            let inner = cursor.nested(any)?;
            cursor.blanks();
            cursor.close()?;
            Ok(inner)
        }
        Some('"') => phrase(cursor),
        _ if negation(cursor) => cursor.nested(term).map(|inner| Search::Not(Box::new(inner))),
        _ => word(cursor),
    }
}

fn negation(cursor: &mut Cursor<'_>) -> bool {
    cursor
        .attempt(|cursor| {
            if !cursor.eat_exact("NOT") {
                return Err(cursor.error("NOT"));
            }
            cursor.blank()?;
            starts(cursor)
        })
        .is_some()
}

fn phrase(cursor: &mut Cursor<'_>) -> Parsed<Search> {
    cursor.need('"', "a double quote")?;
    let place = cursor.place();
    while cursor.next_if(|character| character != '"').is_some() {}
    let text = cursor.since(place);
    if text.is_empty() {
        return Err(cursor.error("a word"));
    }
    cursor.need('"', "a double quote")?;
    Ok(Search::Phrase(text))
}

fn word(cursor: &mut Cursor<'_>) -> Parsed<Search> {
    let place = cursor.place();
    while word_character(cursor, cursor.place() == place).is_some() {
        cursor.next_if(|_| true);
    }
    let word = cursor.since(place);
    if word.is_empty() { Err(cursor.error("a word")) } else { Ok(Search::Word(word)) }
}
