//! Query options, at the end of a URL and nested in parentheses.

use super::cursor::{Cursor, Parsed};
use super::expand;
use super::expression::expression;
use super::literal::boolean;
use super::{apply, search, select};
use crate::names::Role;
use crate::query::{Compute, Levels, Order};
use crate::{Query, Search};

/// One system query option: its name without the dollar sign, and how its value is read.
struct Rule {
    name: &'static str,
    read: fn(&mut Cursor<'_>, &mut Query) -> Parsed<()>,
}

const RULES: &[Rule] = &[
    Rule { name: "filter", read: |c, q| expression(c).map(|value| q.filter = Some(value)) },
    Rule { name: "select", read: |c, q| c.list(select::item).map(|value| q.select = value) },
    Rule { name: "expand", read: |c, q| c.list(expand::item).map(|value| q.expand = value) },
    Rule { name: "orderby", read: |c, q| c.list(order).map(|value| q.order_by = value) },
    Rule { name: "top", read: |c, q| c.number().map(|value| q.top = Some(value)) },
    Rule { name: "skip", read: |c, q| c.number().map(|value| q.skip = Some(value)) },
    Rule { name: "count", read: |c, q| truth(c).map(|value| q.count = value) },
    Rule { name: "search", read: |c, q| searched(c).map(|value| q.search = Some(value)) },
    Rule { name: "compute", read: |c, q| c.list(compute).map(|value| q.compute = value) },
    Rule { name: "apply", read: |c, q| apply::sequence(c).map(|value| q.apply = value) },
    Rule { name: "index", read: |c, q| index(c).map(|value| q.index = Some(value)) },
    Rule { name: "format", read: |c, q| format(c).map(|value| q.format = Some(value)) },
    Rule { name: "schemaversion", read: |c, q| version(c).map(|value| q.schema_version = Some(value)) },
    Rule { name: "id", read: |c, q| rest(c).map(|value| q.id = Some(value)) },
    Rule { name: "skiptoken", read: |c, q| rest(c).map(|value| q.skip_token = Some(value)) },
    Rule { name: "deltatoken", read: |c, q| rest(c).map(|value| q.delta_token = Some(value)) },
];

/// What may stand behind `$count`.
pub(super) const OF_COUNT: &[&str] = &["filter", "search"];
/// What may stand behind `$ref`.
pub(super) const OF_REFERENCES: &[&str] = &["filter", "search", "orderby", "skip", "top", "count"];
/// What may stand behind an expanded navigation.
pub(super) const OF_EXPAND: &[&str] = &[
    "filter", "search", "orderby", "skip", "top", "count", "select", "expand", "compute", "apply", "levels",
    "@",
];
/// What may stand behind a selected collection.
pub(super) const OF_SELECT: &[&str] =
    &["filter", "search", "orderby", "skip", "top", "count", "select", "compute", "@"];
/// What may stand behind `*`.
pub(super) const OF_STAR: &[&str] = &["levels"];

/// `option&option`, also empty.
pub(super) fn query(cursor: &mut Cursor<'_>) -> Parsed<Query> {
    let mut query = Query::default();
    let mut seen = Vec::new();
    if cursor.at_end() {
        return Ok(query);
    }
    loop {
        cursor.until(&['&'], |cursor| option(cursor, &mut query, &mut seen))?;
        if !cursor.eat_raw('&') {
            return Ok(query);
        }
    }
}

fn option(cursor: &mut Cursor<'_>, query: &mut Query, seen: &mut Vec<&'static str>) -> Parsed<()> {
    if cursor.peek() == Some('@') {
        return alias(cursor, query);
    }
    let place = cursor.place();
    match cursor.attempt(|cursor| system_name(cursor, RULES)) {
        Some(rule) => {
            // Clients name the format for browsers a second time; of the others, one would be lost.
            if seen.contains(&rule.name) && rule.name != "format" {
                return Err(cursor.error_at(place, "each option once"));
            }
            seen.push(rule.name);
            (rule.read)(cursor, query)
        }
        None => custom(cursor, query),
    }
}

/// The name of a system query option, with or without its dollar sign (4.01), and the equals sign.
fn system_name(cursor: &mut Cursor<'_>, rules: &'static [Rule]) -> Parsed<&'static Rule> {
    let dollar = cursor.eat_raw('$');
    let place = cursor.place();
    let name = cursor.identifier()?;
    let found = rules.iter().find(|rule| rule.name.eq_ignore_ascii_case(&name));
    // A token is the server's own: only with its dollar sign is it one.
    let found = found.filter(|rule| dollar || !rule.name.ends_with("token"));
    let rule = found.ok_or_else(|| cursor.error_at(place, "a system query option"))?;
    if cursor.eat_raw('=') { Ok(rule) } else { Err(cursor.error("an equals sign")) }
}

fn alias(cursor: &mut Cursor<'_>, query: &mut Query) -> Parsed<()> {
    cursor.need('@', "an at sign")?;
    let name = cursor.identifier()?;
    if !cursor.eat_raw('=') {
        return Err(cursor.error("an equals sign"));
    }
    query.aliases.push((name, expression(cursor)?));
    Ok(())
}

/// An option of this service, or the parameter of a function.
fn custom(cursor: &mut Cursor<'_>, query: &mut Query) -> Parsed<()> {
    let place = cursor.place();
    if cursor.at_end() || matches!(cursor.peek_raw(), Some('$' | '@')) {
        return Err(cursor.error("a query option"));
    }
    while cursor.peek_raw() != Some('=') && cursor.next_if(|_| true).is_some() {}
    let name = cursor.since(place);
    let parameter = cursor.names.allows(Role::Parameter, &name);
    if cursor.names.allows(Role::CustomOption, &name) {
        let value = if cursor.eat_raw('=') { text(cursor)? } else { String::new() };
        query.custom.push((name, value));
        return Ok(());
    }
    if !parameter || !cursor.eat_raw('=') {
        return Err(cursor.error_at(place, "a query option"));
    }
    let start = cursor.place();
    expression(cursor)?;
    query.custom.push((name, cursor.since(start)));
    Ok(())
}

/// The rest of the option, decoded; also empty.
fn text(cursor: &mut Cursor<'_>) -> Parsed<String> {
    let place = cursor.place();
    while cursor.peek_raw() != Some('#') && cursor.next_if(|_| true).is_some() {}
    if cursor.at_end() { Ok(cursor.since(place)) } else { Err(cursor.error("%23 in place of a number sign")) }
}

fn rest(cursor: &mut Cursor<'_>) -> Parsed<String> {
    if cursor.at_end() { Err(cursor.error("a value")) } else { text(cursor) }
}

fn truth(cursor: &mut Cursor<'_>) -> Parsed<bool> {
    boolean(cursor).ok_or_else(|| cursor.error("true or false"))
}

fn searched(cursor: &mut Cursor<'_>) -> Parsed<Search> {
    cursor.blanks();
    search::search(cursor)
}

/// `expression [asc|desc]`.
pub(super) fn order(cursor: &mut Cursor<'_>) -> Parsed<Order> {
    let by = expression(cursor)?;
    let direction = |cursor: &mut Cursor<'_>, word: &str| {
        cursor
            .attempt(|cursor| {
                cursor.blank()?;
                if cursor.word_any_case(word) { Ok(()) } else { Err(cursor.error("asc or desc")) }
            })
            .is_some()
    };
    let descending = !direction(cursor, "asc") && direction(cursor, "desc");
    Ok(Order { by, descending })
}

/// `expression as name`.
fn compute(cursor: &mut Cursor<'_>) -> Parsed<Compute> {
    let expression = expression(cursor)?;
    if !cursor.infix("as") {
        return Err(cursor.error("as and a name"));
    }
    Ok(Compute { expression, alias: cursor.identifier()? })
}

fn index(cursor: &mut Cursor<'_>) -> Parsed<i64> {
    let place = cursor.place();
    cursor.eat_raw('-');
    cursor.digits(1, usize::MAX)?;
    cursor.since(place).parse().map_err(|_| cursor.error_at(place, "a number below 2^63"))
}

/// `json`, `xml`, `atom`, or a media type.
fn format(cursor: &mut Cursor<'_>) -> Parsed<String> {
    let place = cursor.place();
    let format = rest(cursor)?;
    let known = ["json", "xml", "atom"].iter().any(|name| format.eq_ignore_ascii_case(name));
    let media = format.split_once('/').is_some_and(|(kind, sort)| !kind.is_empty() && !sort.is_empty());
    if known || media { Ok(format) } else { Err(cursor.error_at(place, "json, xml, atom or a media type")) }
}

fn version(cursor: &mut Cursor<'_>) -> Parsed<String> {
    let place = cursor.place();
    let version = rest(cursor)?;
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_' | '~');
    if version == "*" || version.chars().all(plain) {
        return Ok(version);
    }
    Err(cursor.error_at(place, "a version or *"))
}

/// `(option;option)`, of which only those named in `allowed` may be there; `@` allows aliases.
pub(super) fn nested(
    cursor: &mut Cursor<'_>,
    allowed: &'static [&'static str],
) -> Parsed<(Query, Option<Levels>)> {
    let mut query = Query::default();
    let mut levels = None;
    let mut seen = Vec::new();
    cursor.open()?;
    loop {
        cursor.nested(|cursor| {
            if allowed.contains(&"@") && cursor.peek() == Some('@') {
                return alias(cursor, &mut query);
            }
            if allowed.contains(&"levels") && cursor.attempt(levels_name).is_some() {
                levels = Some(read_levels(cursor)?);
                return Ok(());
            }
            let place = cursor.place();
            let rule = system_name(cursor, RULES)?;
            if !allowed.contains(&rule.name) || seen.contains(&rule.name) {
                return Err(cursor.error_at(place, "an option that may stand here, once"));
            }
            seen.push(rule.name);
            (rule.read)(cursor, &mut query)
        })?;
        if !cursor.eat(';') {
            break;
        }
    }
    cursor.close()?;
    Ok((query, levels))
}

fn levels_name(cursor: &mut Cursor<'_>) -> Parsed<()> {
    cursor.eat_raw('$');
    if cursor.word_any_case("levels") && cursor.eat_raw('=') { Ok(()) } else { Err(cursor.error("$levels")) }
}

fn read_levels(cursor: &mut Cursor<'_>) -> Parsed<Levels> {
    if cursor.word_any_case("max") {
        return Ok(Levels::Max);
    }
    if cursor.peek() == Some('0') {
        return Err(cursor.error("a number from 1 on"));
    }
    cursor.number().map(Levels::Depth)
}
