//! Expressions: operators by precedence, functions, and what stands between operators.

use super::cursor::{Cursor, Parsed, namespace_allowed, split_name};
use super::{json, literal, path};
use crate::expression::{Function, Op};
use crate::names::Role;
use crate::{Expression, Literal};

/// How tightly operators bind (OData URL Conventions 5.1.1.14): the more, the tighter.
mod tightness {
    pub(super) const OR: u8 = 1;
    pub(super) const AND: u8 = 2;
    pub(super) const EQUALITY: u8 = 3;
    pub(super) const RELATION: u8 = 4;
    pub(super) const SUM: u8 = 5;
    pub(super) const PRODUCT: u8 = 6;
    pub(super) const UNARY: u8 = 7;
    pub(super) const MEMBER: u8 = 8;
}

fn tightness(op: Op) -> u8 {
    match op {
        Op::Eq | Op::Ne => tightness::EQUALITY,
        Op::Gt | Op::Ge | Op::Lt | Op::Le => tightness::RELATION,
        Op::Add | Op::Sub => tightness::SUM,
        Op::Mul | Op::Div | Op::DivBy | Op::Mod => tightness::PRODUCT,
        Op::Has | Op::In => tightness::MEMBER,
    }
}

/// A whole expression.
pub(super) fn expression(cursor: &mut Cursor<'_>) -> Parsed<Expression> {
    cursor.nested(|cursor| joined(cursor, tightness::OR))
}

/// An expression of operators that bind at least as tightly as `least`.
fn joined(cursor: &mut Cursor<'_>, least: u8) -> Parsed<Expression> {
    let mut left = operand(cursor)?;
    loop {
        if let Some(op) = operator(cursor, least) {
            left = left.op(op, right_side(cursor, op)?);
        } else if least <= tightness::AND && cursor.infix("and") {
            left = Expression::All(chain(cursor, left, "and", tightness::AND + 1)?);
        } else if least <= tightness::OR && cursor.infix("or") {
            left = Expression::Any(chain(cursor, left, "or", tightness::OR + 1)?);
        } else {
            return Ok(left);
        }
    }
}

/// `first word next word next …`, the first `word` already read.
fn chain(cursor: &mut Cursor<'_>, first: Expression, word: &str, least: u8) -> Parsed<Vec<Expression>> {
    let mut parts = vec![first, joined(cursor, least)?];
    while cursor.infix(word) {
        parts.push(joined(cursor, least)?);
    }
    Ok(parts)
}

fn operator(cursor: &mut Cursor<'_>, least: u8) -> Option<Op> {
    Op::ALL.iter().copied().find(|op| tightness(*op) >= least && cursor.infix(op.name()))
}

fn right_side(cursor: &mut Cursor<'_>, op: Op) -> Parsed<Expression> {
    match op {
        Op::In => match cursor.attempt(literals) {
            Some(list) => Ok(Expression::List(list)),
            None => operand(cursor),
        },
        Op::Has => flags(cursor),
        other => joined(cursor, tightness(other) + 1),
    }
}

/// `(literal,literal)`, also empty.
fn literals(cursor: &mut Cursor<'_>) -> Parsed<Vec<Literal>> {
    cursor.open()?;
    cursor.blanks();
    let mut items = Vec::new();
    if cursor.peek() != Some(')') {
        items = cursor.list(literal::literal)?;
    }
    cursor.blanks();
    cursor.close()?;
    Ok(items)
}

fn flags(cursor: &mut Cursor<'_>) -> Parsed<Expression> {
    let place = cursor.place();
    match literal::literal(cursor)? {
        flags @ (Literal::Enum { .. } | Literal::Text(_)) => Ok(Expression::Literal(flags)),
        _ => Err(cursor.error_at(place, "members of an enumeration")),
    }
}

fn operand(cursor: &mut Cursor<'_>) -> Parsed<Expression> {
    match cursor.peek() {
        Some('(') => return parenthesized(cursor),
        Some('[') => return json::array(cursor),
        Some('{') => return json::object(cursor),
        Some('$' | '@') => return path::path(cursor).map(Expression::Path),
        _ => {}
    }
    if let Some(literal) = cursor.attempt(literal::literal) {
        return Ok(Expression::Literal(literal));
    }
    if cursor.eat_raw('-') {
        cursor.blanks();
        return tight(cursor).map(|inner| Expression::Negate(Box::new(inner)));
    }
    if negation(cursor) {
        return tight(cursor).map(Expression::negate);
    }
    named(cursor)
}

// What a minus or a `not` belongs to.
fn tight(cursor: &mut Cursor<'_>) -> Parsed<Expression> {
    cursor.nested(|cursor| joined(cursor, tightness::UNARY))
}

fn negation(cursor: &mut Cursor<'_>) -> bool {
    cursor
        .attempt(|cursor| if cursor.word_any_case("not") { cursor.blank() } else { Err(cursor.error("not")) })
        .is_some()
}

fn parenthesized(cursor: &mut Cursor<'_>) -> Parsed<Expression> {
    cursor.open()?;
    cursor.blanks();
    let inner = expression(cursor)?;
    cursor.blanks();
    cursor.close()?;
    Ok(inner)
}

/// A function of OData, `case`, `cast`, `isof`; or a path.
fn named(cursor: &mut Cursor<'_>) -> Parsed<Expression> {
    let place = cursor.place();
    let call = cursor.attempt(|cursor| {
        let name = cursor.qualified()?;
        cursor.open()?;
        cursor.blanks();
        Ok(name)
    });
    if let Some(name) = call {
        if let Some(function) = Function::named(&name) {
            return arguments(cursor, function);
        }
        match name.to_ascii_lowercase().as_str() {
            "case" => return case(cursor),
            "cast" => {
                let (operand, type_name) = typed(cursor)?;
                return Ok(Expression::Cast { operand, type_name });
            }
            "isof" => {
                let (operand, type_name) = typed(cursor)?;
                return Ok(Expression::IsOf { operand, type_name });
            }
            _ => cursor.back_to(place),
        }
    }
    path::path(cursor).map(Expression::Path)
}

fn arguments(cursor: &mut Cursor<'_>, function: Function) -> Parsed<Expression> {
    let mut arguments = Vec::new();
    if cursor.peek() != Some(')') {
        arguments = cursor.list(expression)?;
    }
    cursor.blanks();
    if !function.arity().contains(&arguments.len()) {
        return Err(cursor.error("as many arguments as the function takes"));
    }
    cursor.close()?;
    Ok(Expression::Call { function, arguments })
}

fn case(cursor: &mut Cursor<'_>) -> Parsed<Expression> {
    let branches = cursor.list(|cursor| {
        let condition = expression(cursor)?;
        cursor.blanks();
        cursor.need(':', "a colon")?;
        cursor.blanks();
        Ok((condition, expression(cursor)?))
    })?;
    cursor.blanks();
    cursor.close()?;
    Ok(Expression::Case(branches))
}

/// `Type)` or `operand,Type)`.
fn typed(cursor: &mut Cursor<'_>) -> Parsed<(Option<Box<Expression>>, String)> {
    let only = cursor.attempt(|cursor| {
        let name = type_name(cursor)?;
        cursor.blanks();
        cursor.close()?;
        Ok(name)
    });
    if let Some(name) = only {
        return Ok((None, name));
    }
    let operand = expression(cursor)?;
    if !cursor.comma() {
        return Err(cursor.error("a comma and a type"));
    }
    let name = type_name(cursor)?;
    cursor.blanks();
    cursor.close()?;
    Ok((Some(Box::new(operand)), name))
}

/// The name of a type, or `Collection(…)` of it.
pub(super) fn type_name(cursor: &mut Cursor<'_>) -> Parsed<String> {
    let place = cursor.place();
    let collection = cursor.eat_exact("Collection(");
    let start = cursor.place();
    let name = cursor.qualified()?;
    if !type_allowed(cursor, &name) {
        return Err(cursor.error_at(start, "the name of a type"));
    }
    if collection {
        cursor.close()?;
        return Ok(cursor.since(place));
    }
    Ok(name)
}

pub(super) fn type_allowed(cursor: &Cursor<'_>, name: &str) -> bool {
    let (namespace, last) = split_name(name);
    if namespace == Some("Edm") {
        return PRIMITIVES.contains(&last);
    }
    let roles = [Role::EntityType, Role::ComplexType, Role::TypeDefinition, Role::EnumType];
    namespace_allowed(cursor.names, namespace) && roles.iter().any(|role| cursor.names.allows(*role, last))
}

const PRIMITIVES: &[&str] = &[
    "Binary",
    "Boolean",
    "Byte",
    "Date",
    "DateTimeOffset",
    "Decimal",
    "Double",
    "Duration",
    "Guid",
    "Int16",
    "Int32",
    "Int64",
    "SByte",
    "Single",
    "Stream",
    "String",
    "TimeOfDay",
    "Geography",
    "GeographyCollection",
    "GeographyLineString",
    "GeographyMultiLineString",
    "GeographyMultiPoint",
    "GeographyMultiPolygon",
    "GeographyPoint",
    "GeographyPolygon",
    "Geometry",
    "GeometryCollection",
    "GeometryLineString",
    "GeometryMultiLineString",
    "GeometryMultiPoint",
    "GeometryMultiPolygon",
    "GeometryPoint",
    "GeometryPolygon",
];
