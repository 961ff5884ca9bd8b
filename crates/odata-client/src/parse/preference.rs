//! The preferences of OData in the headers `Prefer` and `Preference-Applied`.

use super::cursor::{Cursor, Parsed};
use super::literal::boolean;
use crate::preference::Preference;

/// `preference, preference`.
pub(super) fn preferences(cursor: &mut Cursor<'_>) -> Parsed<Vec<Preference>> {
    cursor.blanks();
    let found = cursor.list(preference)?;
    cursor.blanks();
    Ok(found)
}

fn preference(cursor: &mut Cursor<'_>) -> Parsed<Preference> {
    let place = cursor.place();
    let name = token(cursor);
    let name = name.to_ascii_lowercase();
    match name.strip_prefix("odata.").unwrap_or(&name) {
        "allow-entityreferences" => Ok(Preference::AllowEntityReferences),
        "callback" => callback(cursor),
        "continue-on-error" => continue_on_error(cursor),
        "include-annotations" => include_annotations(cursor),
        "maxpagesize" => max_page_size(cursor),
        "track-changes" => Ok(Preference::TrackChanges),
        "omit-values" if !name.starts_with("odata.") => {
            choice(cursor, &[("nulls", Preference::OmitNulls), ("defaults", Preference::OmitDefaults)])
        }
        "respond-async" if !name.starts_with("odata.") => Ok(Preference::RespondAsync),
        "return" if !name.starts_with("odata.") => choice(
            cursor,
            &[("minimal", Preference::ReturnMinimal), ("representation", Preference::ReturnRepresentation)],
        ),
        "wait" if !name.starts_with("odata.") => {
            equals(cursor)?;
            cursor.number().map(Preference::Wait)
        }
        _ => Err(cursor.error_at(place, "a preference of OData")),
    }
}

fn token(cursor: &mut Cursor<'_>) -> String {
    let place = cursor.place();
    while cursor.next_if(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_')).is_some() {}
    cursor.since(place)
}

fn equals(cursor: &mut Cursor<'_>) -> Parsed<()> {
    cursor.blanks();
    cursor.need('=', "an equals sign")?;
    cursor.blanks();
    Ok(())
}

fn choice(cursor: &mut Cursor<'_>, choices: &[(&str, Preference)]) -> Parsed<Preference> {
    equals(cursor)?;
    let found = choices.iter().find(|(word, _)| cursor.word(word));
    found.map(|(_, preference)| preference.clone()).ok_or_else(|| cursor.error("one of the values known"))
}

fn callback(cursor: &mut Cursor<'_>) -> Parsed<Preference> {
    cursor.blanks();
    cursor.need(';', "a semicolon")?;
    cursor.blanks();
    if !cursor.word_any_case("url") {
        return Err(cursor.error("url"));
    }
    equals(cursor)?;
    let place = cursor.place();
    let url = in_quotes(cursor)?;
    let scheme = url.split_once(':').map_or("", |(scheme, _)| scheme);
    let starts = scheme.starts_with(|c: char| c.is_ascii_alphabetic());
    if starts && scheme.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.')) {
        return Ok(Preference::Callback { url });
    }
    Err(cursor.error_at(place, "an absolute URL"))
}

fn in_quotes(cursor: &mut Cursor<'_>) -> Parsed<String> {
    cursor.need('"', "a double quote")?;
    let place = cursor.place();
    while cursor.next_if(|character| character != '"').is_some() {}
    let text = cursor.since(place);
    cursor.need('"', "a double quote")?;
    Ok(text)
}

fn continue_on_error(cursor: &mut Cursor<'_>) -> Parsed<Preference> {
    if cursor.attempt(equals).is_none() {
        return Ok(Preference::ContinueOnError(true));
    }
    let value = boolean(cursor).ok_or_else(|| cursor.error("true or false"))?;
    Ok(Preference::ContinueOnError(value))
}

fn max_page_size(cursor: &mut Cursor<'_>) -> Parsed<Preference> {
    equals(cursor)?;
    if cursor.peek() == Some('0') {
        return Err(cursor.error("a number from 1 on"));
    }
    cursor.number().map(Preference::MaxPageSize)
}

fn include_annotations(cursor: &mut Cursor<'_>) -> Parsed<Preference> {
    equals(cursor)?;
    cursor.need('"', "a double quote")?;
    let place = cursor.place();
    loop {
        annotations(cursor)?;
        if !cursor.eat(',') {
            break;
        }
    }
    let list = cursor.since(place);
    cursor.need('"', "a double quote")?;
    Ok(Preference::IncludeAnnotations(list))
}

/// `[-](*|Namespace.*|Namespace.Term)[#qualifier]`.
fn annotations(cursor: &mut Cursor<'_>) -> Parsed<()> {
    cursor.eat('-');
    if !cursor.eat('*') {
        let name = cursor.qualified()?;
        let all = cursor.attempt(|cursor| {
            if cursor.eat('.') && cursor.eat('*') { Ok(()) } else { Err(cursor.error("a term or *")) }
        });
        if all.is_none() && !name.contains('.') {
            return Err(cursor.error("a point and a term or *"));
        }
    }
    if cursor.eat('#') {
        cursor.identifier()?;
    }
    Ok(())
}
