//! Steps that change texts.

use std::borrow::Cow;

use unicode_segmentation::UnicodeSegmentation as _;

use super::{Bench, Lent};
use crate::file::{Case, Part, TooLong};
use crate::{MapError, Value};

/// `wanted`, unless it is what is there already.
pub(super) fn changed(given: &str, wanted: &str) -> Option<String> {
    (given.len() != wanted.len()).then(|| wanted.to_owned())
}

/// The text in another case, unless it is in it already.
pub(crate) fn recase(case: Case, text: &str) -> Option<String> {
    let settled = |changes: fn(&u8) -> bool| text.is_ascii() && !text.as_bytes().iter().any(changes);
    match case {
        Case::Upper if settled(u8::is_ascii_lowercase) => None,
        Case::Lower if settled(u8::is_ascii_uppercase) => None,
        Case::Upper => Some(text.to_uppercase()),
        Case::Lower => Some(text.to_lowercase()),
        Case::Title => Some(title(text)),
    }
}

fn title(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut starts = true;
    for letter in text.chars() {
        if starts {
            out.extend(letter.to_uppercase());
        } else {
            out.extend(letter.to_lowercase());
        }
        starts = !letter.is_alphanumeric() && letter != '\'';
    }
    out
}

/// A part of a text of several words.
pub(super) fn part(part: Part, text: &str) -> &str {
    let text = text.trim();
    let first = || text.split_once(char::is_whitespace);
    let last = || text.rsplit_once(char::is_whitespace);
    let found = match part {
        Part::First => first().map_or(text, |(word, _)| word),
        Part::Last => last().map_or(text, |(_, word)| word),
        Part::AfterFirst => first().map_or("", |(_, rest)| rest),
        Part::BeforeLast => last().map_or("", |(rest, _)| rest),
    };
    found.trim()
}

/// A text of at most so many UTF-16 units.
pub(super) fn limit<'v>(
    units: usize,
    too_long: TooLong,
    value: Lent<'v>,
    bench: &mut Bench<'_>,
) -> Result<Lent<'v>, MapError> {
    let Value::Text(text) = &*value else { return Ok(value) };
    // A UTF-8 text never has more UTF-16 units than bytes.
    if text.len() <= units {
        return Ok(value);
    }
    let length = text.encode_utf16().count();
    if length <= units {
        return Ok(value);
    }
    match too_long {
        TooLong::Error => {
            let hint = "shorten it in the source, or let the mapping cut it: `{ truncate = … }`";
            let reason = format!("{length} UTF-16 units are more than the {units} that fit");
            Err(bench.fail(reason, value).hint(hint))
        }
        TooLong::Null => {
            bench.note(format!("{length} UTF-16 units do not fit: left empty"));
            Ok(Cow::Owned(Value::Null))
        }
        TooLong::Cut => {
            let cut = cut(text, units);
            bench.note(format!("cut from {length} to {} UTF-16 units", cut.encode_utf16().count()));
            Ok(Cow::Owned(Value::Text(cut)))
        }
    }
}

/// Cut between letters as people see them (grapheme clusters), never inside one.
fn cut(text: &str, units: usize) -> String {
    let mut used = 0;
    let fits = |cluster: &&str| {
        used += cluster.encode_utf16().count();
        used <= units
    };
    text.graphemes(true).take_while(fits).collect()
}

/// The truth value that a text stands for.
pub(super) fn truth<'v>(
    yes: &[String],
    no: &[String],
    value: Lent<'v>,
    bench: &Bench<'_>,
) -> Result<Lent<'v>, MapError> {
    let text = value.as_text().unwrap_or_default().trim();
    if text.is_empty() {
        return Ok(Cow::Owned(Value::Null));
    }
    let listed = |texts: &[String]| texts.iter().any(|listed| listed.trim() == text);
    match (listed(yes), listed(no)) {
        (true, _) => Ok(Cow::Owned(Value::Bool(true))),
        (_, true) => Ok(Cow::Owned(Value::Bool(false))),
        _ => Err(bench
            .fail("stands neither for yes nor for no", value)
            .hint("add it to the step's `yes` or `no`")),
    }
}
