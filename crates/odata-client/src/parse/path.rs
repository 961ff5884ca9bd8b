//! Paths within expressions, keys, calls of functions, annotations; and paths of names alone.

use super::aggregation;
use super::cursor::{Cursor, Parsed};
use super::expression::expression;
use super::grammar::{self, EXPRESSION, Grammar, Walk};
use super::literal::literal;
use super::options;
use crate::expression::{Lambda, Path, Segment};
use crate::names::Role;
use crate::{Expression, Key, Literal, Query};

/// A path that grows as it is read, with what its grammar says of it so far.
pub(super) struct Reader {
    pub(super) segments: Vec<Segment>,
    pub(super) walk: Walk,
}

impl Reader {
    pub(super) fn new(grammar: &'static Grammar) -> Self {
        Self { segments: Vec::new(), walk: grammar.walk() }
    }

    /// Adds a segment that began at `place`, if it can follow.
    pub(super) fn push(&mut self, cursor: &Cursor<'_>, place: usize, segment: Segment) -> Parsed<()> {
        if self.walk.step(grammar::tokens(&segment, cursor.names)) {
            self.segments.push(segment);
            return Ok(());
        }
        Err(cursor.error_at(place, "a segment that may stand here"))
    }

    /// The path, if it may end here.
    pub(super) fn path(self, cursor: &Cursor<'_>) -> Parsed<Path> {
        if self.walk.ends() {
            return Ok(Path { segments: self.segments });
        }
        Err(cursor.error("the path to go on"))
    }
}

/// A path within an expression.
pub(super) fn path(cursor: &mut Cursor<'_>) -> Parsed<Path> {
    let mut reader = Reader::new(&EXPRESSION);
    let place = cursor.place();
    match variable(cursor) {
        Some(variable) => reader.push(cursor, place, variable)?,
        None => segment(cursor, &mut reader)?,
    }
    while cursor.eat_raw('/') {
        segment(cursor, &mut reader)?;
    }
    reader.path(cursor)
}

fn variable(cursor: &mut Cursor<'_>) -> Option<Segment> {
    let known = [
        ("$it", Segment::It),
        ("$this", Segment::This),
        ("$these", Segment::These),
        ("$root", Segment::Root),
    ];
    known.into_iter().find(|(word, _)| cursor.word(word)).map(|(_, segment)| segment)
}

fn segment(cursor: &mut Cursor<'_>, reader: &mut Reader) -> Parsed<()> {
    let place = cursor.place();
    if cursor.word("$count") {
        let count = counted(cursor)?;
        return reader.push(cursor, place, count);
    }
    if cursor.word("$filter") {
        let filter = filter(cursor)?;
        reader.push(cursor, place, filter)?;
        return key_behind(cursor, reader);
    }
    if cursor.peek() == Some('@') {
        let annotation = annotation(cursor)?;
        return reader.push(cursor, place, annotation);
    }
    if let Some(special) = special(cursor)? {
        return reader.push(cursor, place, special);
    }
    named(cursor, reader)
}

/// `any(…)`, `all(…)`, `aggregate(…)`.
fn special(cursor: &mut Cursor<'_>) -> Parsed<Option<Segment>> {
    let called = |cursor: &mut Cursor<'_>, word: &str| {
        cursor.attempt(
            |cursor| if cursor.word_any_case(word) { cursor.open() } else { Err(cursor.error("a name")) },
        )
    };
    let segment = if called(cursor, "any").is_some() {
        cursor.blanks();
        Segment::Any(if cursor.peek() == Some(')') { None } else { Some(lambda(cursor)?) })
    } else if called(cursor, "all").is_some() {
        cursor.blanks();
        Segment::All(lambda(cursor)?)
    } else if called(cursor, "aggregate").is_some() {
        cursor.blanks();
        let aggregation = cursor.nested(aggregation::within_path)?;
        Segment::Aggregate(Box::new(aggregation))
    } else {
        return Ok(None);
    };
    cursor.blanks();
    cursor.close()?;
    Ok(Some(segment))
}

fn lambda(cursor: &mut Cursor<'_>) -> Parsed<Lambda> {
    let variable = cursor.name(Role::Variable)?;
    cursor.blanks();
    cursor.need(':', "a colon")?;
    cursor.blanks();
    Ok(Lambda { variable, condition: Box::new(expression(cursor)?) })
}

/// What follows `$count`.
fn counted(cursor: &mut Cursor<'_>) -> Parsed<Segment> {
    if cursor.peek() != Some('(') {
        return Ok(Segment::Count { filter: None, search: None });
    }
    let (Query { filter, search, .. }, _) = options::nested(cursor, options::OF_COUNT)?;
    Ok(Segment::Count { filter: filter.map(Box::new), search })
}

/// What follows `$filter` in a path.
pub(super) fn filter(cursor: &mut Cursor<'_>) -> Parsed<Segment> {
    cursor.open()?;
    let condition = expression(cursor)?;
    cursor.close()?;
    Ok(Segment::Filter(Box::new(condition)))
}

/// `@name`, or `@Namespace.Term#Qualifier`.
pub(super) fn annotation(cursor: &mut Cursor<'_>) -> Parsed<Segment> {
    cursor.need('@', "an at sign")?;
    let term = cursor.qualified()?;
    // A raw number sign ends the query of a URL; in a context URL it is the qualifier's.
    if cursor.eat('#') {
        let qualifier = Some(cursor.identifier()?);
        return Ok(Segment::Annotation { term, qualifier });
    }
    if term.contains('.') {
        return Ok(Segment::Annotation { term, qualifier: None });
    }
    Ok(Segment::Alias(term))
}

/// A name, with a key or with parameters behind it.
pub(super) fn named(cursor: &mut Cursor<'_>, reader: &mut Reader) -> Parsed<()> {
    let place = cursor.place();
    let name = cursor.qualified()?;
    let behind = cursor.place();
    if cursor.peek() != Some('(') {
        return reader.push(cursor, place, Segment::Name(name));
    }
    let key = cursor.attempt(key);
    let is_call = match &key {
        Some(Key::Single(_)) => false,
        Some(Key::Composite(_)) => grammar::is_call(reader.walk, &name, cursor.names),
        None => true,
    };
    if is_call {
        cursor.back_to(behind);
        let parameters = parameters(cursor)?;
        reader.push(cursor, place, Segment::Call { name, parameters })?;
    } else {
        reader.push(cursor, place, Segment::Name(name))?;
        if let Some(key) = key {
            reader.push(cursor, behind, Segment::Key(key))?;
        }
    }
    key_behind(cursor, reader)
}

/// The key of a member of what was just read, if there is one.
fn key_behind(cursor: &mut Cursor<'_>, reader: &mut Reader) -> Parsed<()> {
    if cursor.peek() != Some('(') {
        return Ok(());
    }
    let place = cursor.place();
    let key = key(cursor)?;
    reader.push(cursor, place, Segment::Key(key))
}

/// `(value)` or `(name=value,name=value)`.
pub(super) fn key(cursor: &mut Cursor<'_>) -> Parsed<Key> {
    cursor.open()?;
    let key = match cursor.attempt(|cursor| key_part(cursor)) {
        Some(first) => {
            let mut parts = vec![first];
            while cursor.comma() {
                parts.push(key_part(cursor)?);
            }
            Key::Composite(parts)
        }
        None => Key::Single(key_value(cursor)?),
    };
    cursor.close()?;
    Ok(key)
}

fn key_part(cursor: &mut Cursor<'_>) -> Parsed<(String, Literal)> {
    let place = cursor.place();
    let name = cursor.identifier()?;
    let allowed = [Role::KeyProperty, Role::KeyAlias].iter().any(|role| cursor.names.allows(*role, &name));
    if !allowed || !cursor.eat_raw('=') {
        return Err(cursor.error_at(place, "a key property and its value"));
    }
    Ok((name, key_value(cursor)?))
}

fn key_value(cursor: &mut Cursor<'_>) -> Parsed<Literal> {
    if cursor.eat('@') {
        return cursor.identifier().map(Literal::Alias);
    }
    let place = cursor.place();
    match literal(cursor)? {
        Literal::Null => Err(cursor.error_at(place, "a value: no key is null")),
        literal => Ok(literal),
    }
}

/// `(name=value,name=value)`, also empty.
pub(super) fn parameters(cursor: &mut Cursor<'_>) -> Parsed<Vec<(String, Expression)>> {
    cursor.open()?;
    cursor.blanks();
    let mut parameters = Vec::new();
    if cursor.peek() != Some(')') {
        parameters = cursor.list(parameter)?;
    }
    cursor.blanks();
    cursor.close()?;
    Ok(parameters)
}

/// `name=value`.
pub(super) fn parameter(cursor: &mut Cursor<'_>) -> Parsed<(String, Expression)> {
    let name = cursor.name(Role::Parameter)?;
    if !cursor.eat_raw('=') {
        return Err(cursor.error("an equals sign"));
    }
    Ok((name, expression(cursor)?))
}

/// A path of names, annotations and stars.
pub(super) fn name_path(cursor: &mut Cursor<'_>, grammar: &'static Grammar) -> Parsed<Reader> {
    let mut reader = Reader::new(grammar);
    name_segment(cursor, &mut reader)?;
    while cursor
        .attempt(|cursor| {
            if cursor.eat_raw('/') { name_segment(cursor, &mut reader) } else { Err(cursor.error("a slash")) }
        })
        .is_some()
    {}
    Ok(reader)
}

fn name_segment(cursor: &mut Cursor<'_>, reader: &mut Reader) -> Parsed<()> {
    let place = cursor.place();
    if cursor.eat('*') {
        return reader.push(cursor, place, Segment::Star);
    }
    if cursor.peek() == Some('@') {
        let annotation = annotation(cursor)?;
        return reader.push(cursor, place, annotation);
    }
    let name = cursor.qualified()?;
    let all = cursor.attempt(|cursor| {
        if cursor.eat_raw('.') && cursor.eat('*') { Ok(()) } else { Err(cursor.error("a name")) }
    });
    let segment = if all.is_some() { Segment::Operations(name) } else { Segment::Name(name) };
    reader.push(cursor, place, segment)
}
