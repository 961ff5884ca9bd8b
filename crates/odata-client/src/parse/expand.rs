//! Items of `$expand`.

use super::cursor::{Cursor, Parsed};
use super::grammar::{EXPAND, state};
use super::options;
use super::path::{self, Reader};
use crate::Query;
use crate::expression::{Path, Segment};
use crate::query::{Expand, Expanded};

pub(super) fn item(cursor: &mut Cursor<'_>) -> Parsed<Expand> {
    let plain = |path| Expand { path, what: Expanded::Rows, levels: None, options: Query::default() };
    if cursor.word("$value") {
        return Ok(plain(Path { segments: vec![Segment::Value] }));
    }
    let reader = path::name_path(cursor, &EXPAND)?;
    let walk = reader.walk;
    let what = expanded(cursor, &reader);
    let mut expand = Expand { what, ..plain(reader.path(cursor)?) };
    if cursor.peek() == Some('(') {
        let allowed: &'static [&'static str] = match what {
            Expanded::Count => options::OF_COUNT,
            Expanded::References if walk.may_be(state::NAVIGATION | state::NAVIGATION_CAST) => {
                options::OF_REFERENCES
            }
            Expanded::Rows if walk.may_be(state::NAVIGATION | state::NAVIGATION_CAST) => options::OF_EXPAND,
            Expanded::Rows if walk.may_be(state::STAR) => options::OF_STAR,
            _ => &[],
        };
        (expand.options, expand.levels) = options::nested(cursor, allowed)?;
    }
    Ok(expand)
}

/// `/$ref` or `/$count` behind a navigation.
fn expanded(cursor: &mut Cursor<'_>, reader: &Reader) -> Expanded {
    let navigation = reader.walk.may_be(state::NAVIGATION | state::NAVIGATION_CAST);
    let word = |cursor: &mut Cursor<'_>, word: &str| {
        cursor
            .attempt(|cursor| {
                if cursor.eat_raw('/') && cursor.word(word) { Ok(()) } else { Err(cursor.error("a segment")) }
            })
            .is_some()
    };
    if (navigation || reader.walk.may_be(state::STAR)) && word(cursor, "$ref") {
        Expanded::References
    } else if navigation && word(cursor, "$count") {
        Expanded::Count
    } else {
        Expanded::Rows
    }
}
