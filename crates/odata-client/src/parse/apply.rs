//! The transformations of `$apply`.

use super::cursor::{Cursor, Parsed};
use super::expression::expression;
use super::grammar::{self, JOIN, NEST};
use super::{aggregation, options, path, search};
use crate::expression::Segment;
use crate::query::{Compute, Grouping, Hierarchy, Join, Nested, Rank, Transformation, Traversal};

/// `step/step`.
pub(super) fn sequence(cursor: &mut Cursor<'_>) -> Parsed<Vec<Transformation>> {
    cursor.nested(|cursor| {
        let mut steps = vec![transformation(cursor)?];
        while cursor.eat_raw('/') {
            steps.push(transformation(cursor)?);
        }
        Ok(steps)
    })
}

fn transformation(cursor: &mut Cursor<'_>) -> Parsed<Transformation> {
    if cursor.word("identity") {
        return Ok(Transformation::Identity);
    }
    let place = cursor.place();
    let name = cursor.qualified()?;
    if name.contains('.') {
        let parameters = path::parameters(cursor)?;
        let call = Segment::Call { name, parameters };
        let many = grammar::tokens(&call, cursor.names) != 0;
        let error = || cursor.error_at(place, "a function that may stand here");
        return if many { Ok(Transformation::Function(call)) } else { Err(error()) };
    }
    let content = content(&name).ok_or_else(|| cursor.error_at(place, "a transformation"))?;
    cursor.open()?;
    cursor.blanks();
    let transformation = content(cursor)?;
    cursor.blanks();
    cursor.close()?;
    Ok(transformation)
}

type Content = fn(&mut Cursor<'_>) -> Parsed<Transformation>;

/// How the inside of the parentheses of a transformation is read.
fn content(name: &str) -> Option<Content> {
    let content: Content = match name {
        "aggregate" => |c| c.list(aggregation::item).map(Transformation::Aggregate),
        "compute" => |c| c.list(compute).map(Transformation::Compute),
        "concat" => concat,
        "groupby" => group_by,
        "join" => |c| join(c, false),
        "outerjoin" => |c| join(c, true),
        "nest" => |c| nest(c, false),
        "addnested" => |c| nest(c, true),
        "filter" => |c| expression(c).map(Transformation::Filter),
        "search" => |c| search::search(c).map(Transformation::Search),
        "orderby" => |c| c.list(options::order).map(Transformation::OrderBy),
        "skip" => |c| c.number().map(Transformation::Skip),
        "top" => |c| c.number().map(Transformation::Top),
        "ancestors" => |c| traversal(c).map(|walk| Transformation::Ancestors(Box::new(walk))),
        "descendants" => |c| traversal(c).map(|walk| Transformation::Descendants(Box::new(walk))),
        "traverse" => traverse,
        "bottomcount" => |c| ranked(c, Rank::BottomCount),
        "bottompercent" => |c| ranked(c, Rank::BottomPercent),
        "bottomsum" => |c| ranked(c, Rank::BottomSum),
        "topcount" => |c| ranked(c, Rank::TopCount),
        "toppercent" => |c| ranked(c, Rank::TopPercent),
        "topsum" => |c| ranked(c, Rank::TopSum),
        _ => return None,
    };
    Some(content)
}

fn compute(cursor: &mut Cursor<'_>) -> Parsed<Compute> {
    let expression = expression(cursor)?;
    Ok(Compute { expression, alias: aggregation::alias(cursor)? })
}

fn comma(cursor: &mut Cursor<'_>) -> Parsed<()> {
    if cursor.comma() { Ok(()) } else { Err(cursor.error("a comma")) }
}

fn ranked(cursor: &mut Cursor<'_>, rank: Rank) -> Parsed<Transformation> {
    let amount = expression(cursor)?;
    comma(cursor)?;
    Ok(Transformation::Ranked { rank, amount, by: expression(cursor)? })
}

fn concat(cursor: &mut Cursor<'_>) -> Parsed<Transformation> {
    let sequences = cursor.list(sequence)?;
    if sequences.len() < 2 {
        return Err(cursor.error("a comma and another sequence"));
    }
    Ok(Transformation::Concat(sequences))
}

/// A comma and a sequence, or nothing.
fn then(cursor: &mut Cursor<'_>) -> Parsed<Vec<Transformation>> {
    if cursor.comma() { sequence(cursor) } else { Ok(Vec::new()) }
}

fn group_by(cursor: &mut Cursor<'_>) -> Parsed<Transformation> {
    cursor.open()?;
    cursor.blanks();
    let by = cursor.list(grouping)?;
    cursor.blanks();
    cursor.close()?;
    Ok(Transformation::GroupBy { by, then: then(cursor)? })
}

fn grouping(cursor: &mut Cursor<'_>) -> Parsed<Grouping> {
    let called = |cursor: &mut Cursor<'_>, word: &str| {
        cursor
            .attempt(|cursor| if cursor.word(word) { cursor.open() } else { Err(cursor.error("a name")) })
            .is_some()
    };
    let grouping = if called(cursor, "rollup") {
        cursor.blanks();
        Grouping::Rollup(rollup(cursor)?)
    } else if called(cursor, "rolluprecursive") {
        cursor.blanks();
        let hierarchy = hierarchy(cursor)?;
        Grouping::RollupRecursive { hierarchy, start: then(cursor)? }
    } else {
        return aggregation::grouping_path(cursor).map(Grouping::Property);
    };
    cursor.blanks();
    cursor.close()?;
    Ok(grouping)
}

/// Two paths or more; or the name of a hierarchy, which is a path of one name here.
fn rollup(cursor: &mut Cursor<'_>) -> Parsed<Vec<crate::expression::Path>> {
    let named = cursor.attempt(|cursor| {
        let name = cursor.identifier()?;
        cursor.blanks();
        if cursor.peek() == Some(')') { Ok(name) } else { Err(cursor.error("a path")) }
    });
    if let Some(name) = named {
        return Ok(vec![name.as_str().into()]);
    }
    let first = aggregation::grouping_path(cursor)?;
    comma(cursor)?;
    let mut paths = vec![first];
    paths.extend(cursor.list(aggregation::grouping_path)?);
    Ok(paths)
}

fn join(cursor: &mut Cursor<'_>, outer: bool) -> Parsed<Transformation> {
    let path = path::name_path(cursor, &JOIN)?.path(cursor)?;
    let alias = aggregation::alias(cursor)?;
    Ok(Transformation::Join(Join { outer, path, alias, then: then(cursor)? }))
}

fn nest(cursor: &mut Cursor<'_>, with_path: bool) -> Parsed<Transformation> {
    let path = if with_path {
        let path = path::name_path(cursor, &NEST)?.path(cursor)?;
        comma(cursor)?;
        Some(path)
    } else {
        None
    };
    let results = cursor.list(|cursor| {
        let sequence = sequence(cursor)?;
        Ok(Nested { sequence, alias: aggregation::alias(cursor)? })
    })?;
    Ok(Transformation::Nest { path, results })
}

/// The nodes, the qualifier, the property.
fn hierarchy(cursor: &mut Cursor<'_>) -> Parsed<Hierarchy> {
    let place = cursor.place();
    let nodes = path::path(cursor)?;
    if nodes.segments.first() != Some(&Segment::Root) {
        return Err(cursor.error_at(place, "$root"));
    }
    comma(cursor)?;
    let qualifier = cursor.identifier()?;
    comma(cursor)?;
    Ok(Hierarchy { nodes, qualifier, property: aggregation::value_path(cursor)? })
}

fn traversal(cursor: &mut Cursor<'_>) -> Parsed<Traversal> {
    let hierarchy = hierarchy(cursor)?;
    comma(cursor)?;
    let start = sequence(cursor)?;
    let distance = cursor.attempt(|cursor| {
        comma(cursor)?;
        cursor.number()
    });
    let keep_start = cursor.attempt(|cursor| {
        comma(cursor)?;
        if cursor.eat_exact("keep start") { Ok(()) } else { Err(cursor.error("keep start")) }
    });
    Ok(Traversal { hierarchy, start, distance, keep_start: keep_start.is_some() })
}

fn traverse(cursor: &mut Cursor<'_>) -> Parsed<Transformation> {
    let hierarchy = hierarchy(cursor)?;
    comma(cursor)?;
    let preorder = cursor.word("preorder");
    if !preorder && !cursor.word("postorder") {
        return Err(cursor.error("preorder or postorder"));
    }
    let start = cursor.attempt(|cursor| {
        comma(cursor)?;
        sequence(cursor)
    });
    let order_by = if cursor.comma() { cursor.list(options::order)? } else { Vec::new() };
    Ok(Transformation::Traverse { hierarchy, preorder, start: start.unwrap_or_default(), order_by })
}
