//! How expressions and paths are written.

use std::fmt::{self, Display, Formatter};

use super::{Expression, Lambda, Path, Segment};
use crate::Literal;
use crate::query::Search;

impl Display for Expression {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Literal(literal) => literal.fmt(f),
            Self::Path(path) => path.fmt(f),
            Self::Binary { left, op, right } => write!(f, "({left} {} {right})", op.name()),
            Self::All(parts) => write_joined(f, parts, " and ", "true"),
            Self::Any(parts) => write_joined(f, parts, " or ", "false"),
            Self::Not(inner) => write!(f, "(not {inner})"),
            // Parentheses inside, so that the minus cannot become part of a number or of `-INF`.
            Self::Negate(inner) => write!(f, "(-({inner}))"),
            Self::Call { function, arguments } => write_list(f, (function.name(), "("), arguments, ")"),
            Self::Case(branches) => write_case(f, branches),
            Self::Cast { operand, type_name } => write_typed(f, "cast", operand.as_deref(), type_name),
            Self::IsOf { operand, type_name } => write_typed(f, "isof", operand.as_deref(), type_name),
            Self::List(literals) => write_list(f, ("", "("), literals, ")"),
            Self::Array(items) => write_array(f, items),
            Self::Object(members) => write_object(f, members),
            Self::Raw(text) => write!(f, "({text})"),
        }
    }
}

fn write_joined(f: &mut Formatter<'_>, parts: &[Expression], joint: &str, none: &str) -> fmt::Result {
    let (first, rest) = match parts {
        [] => return f.write_str(none),
        [only] => return write!(f, "{only}"),
        [first, rest @ ..] => (first, rest),
    };
    write!(f, "({first}")?;
    for part in rest {
        write!(f, "{joint}{part}")?;
    }
    f.write_str(")")
}

// No blank after the comma: one IFS guide warns of it.
pub(crate) fn write_list(
    f: &mut Formatter<'_>,
    (name, open): (&str, &str),
    items: &[impl Display],
    close: &str,
) -> fmt::Result {
    write!(f, "{name}{open}")?;
    for (index, item) in items.iter().enumerate() {
        if index > 0 {
            f.write_str(",")?;
        }
        write!(f, "{item}")?;
    }
    f.write_str(close)
}

fn write_case(f: &mut Formatter<'_>, branches: &[(Expression, Expression)]) -> fmt::Result {
    f.write_str("case(")?;
    for (index, (condition, value)) in branches.iter().enumerate() {
        let comma = if index > 0 { "," } else { "" };
        // Blanks around the colon: `10:15` would be a time of day.
        write!(f, "{comma}{condition} : {value}")?;
    }
    f.write_str(")")
}

fn write_typed(
    f: &mut Formatter<'_>,
    name: &str,
    operand: Option<&Expression>,
    type_name: &str,
) -> fmt::Result {
    match operand {
        Some(operand) => write!(f, "{name}({operand},{type_name})"),
        None => write!(f, "{name}({type_name})"),
    }
}

fn write_array(f: &mut Formatter<'_>, items: &[Expression]) -> fmt::Result {
    f.write_str("[")?;
    for (index, item) in items.iter().enumerate() {
        if index > 0 {
            f.write_str(",")?;
        }
        write_json_value(f, item)?;
    }
    f.write_str("]")
}

fn write_object(f: &mut Formatter<'_>, members: &[(String, Expression)]) -> fmt::Result {
    f.write_str("{")?;
    for (index, (name, value)) in members.iter().enumerate() {
        if index > 0 {
            f.write_str(",")?;
        }
        write_json_text(f, name)?;
        f.write_str(":")?;
        write_json_value(f, value)?;
    }
    f.write_str("}")
}

fn write_json_value(f: &mut Formatter<'_>, value: &Expression) -> fmt::Result {
    match value {
        Expression::Literal(Literal::Text(text)) => write_json_text(f, text),
        other => write!(f, "{other}"),
    }
}

fn write_json_text(f: &mut Formatter<'_>, text: &str) -> fmt::Result {
    f.write_str("\"")?;
    for character in text.chars() {
        match character {
            '"' | '\\' => write!(f, "\\{character}")?,
            control if control.is_control() && u32::from(control) < 0x20 => {
                write!(f, "\\u{:04x}", u32::from(control))?;
            }
            other => write!(f, "{other}")?,
        }
    }
    f.write_str("\"")
}

impl Display for Path {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        for (index, segment) in self.segments.iter().enumerate() {
            if index > 0 && !matches!(segment, Segment::Key(_)) {
                f.write_str("/")?;
            }
            write!(f, "{segment}")?;
        }
        Ok(())
    }
}

impl Display for Segment {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(name) | Self::KeySegment(name) => f.write_str(name),
            Self::Key(key) => key.fmt(f),
            Self::Call { name, parameters } => write_parameters(f, name, parameters),
            Self::Annotation { term, qualifier: None } => write!(f, "@{term}"),
            Self::Annotation { term, qualifier: Some(qualifier) } => write!(f, "@{term}#{qualifier}"),
            Self::Alias(name) => write!(f, "@{name}"),
            Self::It => f.write_str("$it"),
            Self::This => f.write_str("$this"),
            Self::These => f.write_str("$these"),
            Self::Root => f.write_str("$root"),
            Self::Count { filter, search } => write_count(f, filter.as_deref(), search.as_ref()),
            Self::Filter(condition) => write!(f, "$filter({condition})"),
            Self::Any(None) => f.write_str("any()"),
            Self::Any(Some(lambda)) => write!(f, "any({lambda})"),
            Self::All(lambda) => write!(f, "all({lambda})"),
            Self::Aggregate(aggregation) => write!(f, "aggregate({aggregation})"),
            Self::Index(index) => write!(f, "{index}"),
            Self::Ref => f.write_str("$ref"),
            Self::Value => f.write_str("$value"),
            Self::Each => f.write_str("$each"),
            Self::Query => f.write_str("$query"),
            Self::Everything => f.write_str("$all"),
            Self::Star => f.write_str("*"),
            Self::Operations(namespace) => write!(f, "{namespace}.*"),
            Self::CrossJoin(sets) => write_list(f, ("$crossjoin", "("), sets, ")"),
        }
    }
}

fn write_parameters(f: &mut Formatter<'_>, name: &str, parameters: &[(String, Expression)]) -> fmt::Result {
    write!(f, "{name}(")?;
    for (index, (parameter, value)) in parameters.iter().enumerate() {
        let comma = if index > 0 { "," } else { "" };
        write!(f, "{comma}{parameter}={value}")?;
    }
    f.write_str(")")
}

fn write_count(f: &mut Formatter<'_>, filter: Option<&Expression>, search: Option<&Search>) -> fmt::Result {
    match (filter, search) {
        (None, None) => f.write_str("$count"),
        (Some(filter), None) => write!(f, "$count($filter={filter})"),
        (None, Some(search)) => write!(f, "$count($search={search})"),
        (Some(filter), Some(search)) => write!(f, "$count($filter={filter};$search={search})"),
    }
}

impl Display for Lambda {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.variable, self.condition)
    }
}
