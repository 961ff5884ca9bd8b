//! What kind of value an expression has, known before any row is looked at.

use super::column::ColumnKind;
use super::entity::Entity;
use super::expression::{Expression, Function, Value};
use super::problem::Problem;

/// The kind of a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// The literal `null`, which goes with every kind.
    Null,
    Bool,
    Number,
    Text,
    Date,
    Timestamp,
    Enum,
}

/// The kind of `expression`; a mismatch within it is refused, as the real provider refuses it.
pub(crate) fn kind(expression: &Expression, entity: &Entity) -> Result<Kind, Problem> {
    let kind = |expression: &Expression| kind(expression, entity);
    match expression {
        Expression::Column(place) => {
            Ok(entity.columns.get(*place).map_or(Kind::Null, |column| of(column.kind)))
        }
        Expression::Literal(value) => Ok(of_value(value)),
        Expression::Not(inner) => {
            all(&[kind(inner)?], &[Kind::Bool], "not")?;
            Ok(Kind::Bool)
        }
        Expression::And(parts) | Expression::Or(parts) => {
            for part in parts {
                all(&[kind(part)?], &[Kind::Bool], "and, or")?;
            }
            Ok(Kind::Bool)
        }
        Expression::Compare(_, left, right) => comparable(kind(left)?, kind(right)?),
        Expression::Arithmetic(operator, left, right) => {
            all(&[kind(left)?, kind(right)?], &[Kind::Number; 2], &operator.to_string())?;
            Ok(Kind::Number)
        }
        Expression::Call(function, arguments) => {
            let kinds = arguments.iter().map(kind).collect::<Result<Vec<_>, _>>()?;
            call(*function, &kinds)
        }
    }
}

fn comparable(left: Kind, right: Kind) -> Result<Kind, Problem> {
    match (left, right) {
        (Kind::Enum, Kind::Text) | (Kind::Text, Kind::Enum) => {
            Err(Problem::bad("an enum is compared with a text: write Namespace.Type'Member'"))
        }
        (left, right) if left == right || left == Kind::Null || right == Kind::Null => Ok(Kind::Bool),
        (left, right) => Err(Problem::bad(format!("a {left:?} is compared with a {right:?}"))),
    }
}

fn call(function: Function, kinds: &[Kind]) -> Result<Kind, Problem> {
    use Kind::{Bool, Number, Text};
    let (wanted, result): (&[Kind], Kind) = match function {
        Function::Contains | Function::StartsWith | Function::EndsWith => (&[Text, Text], Bool),
        Function::ToLower | Function::ToUpper | Function::Trim => (&[Text], Text),
        Function::Length => (&[Text], Number),
        Function::IndexOf => (&[Text, Text], Number),
        Function::Substring if kinds.len() == 3 => (&[Text, Number, Number], Text),
        Function::Substring => (&[Text, Number], Text),
        Function::Concat => (&[Text, Text], Text),
    };
    all(kinds, wanted, &format!("{function:?}"))?;
    Ok(result)
}

fn all(kinds: &[Kind], wanted: &[Kind], what: &str) -> Result<(), Problem> {
    let fit = |(kind, wanted): (&Kind, &Kind)| kind == wanted || *kind == Kind::Null;
    if kinds.len() == wanted.len() && kinds.iter().zip(wanted).all(fit) {
        return Ok(());
    }
    Err(Problem::bad(format!("{what} takes {wanted:?} and was given {kinds:?}")))
}

fn of(column: ColumnKind) -> Kind {
    match column {
        ColumnKind::Text(_) => Kind::Text,
        ColumnKind::Decimal(..) | ColumnKind::Integer => Kind::Number,
        ColumnKind::Flag => Kind::Bool,
        ColumnKind::Date => Kind::Date,
        ColumnKind::Timestamp => Kind::Timestamp,
        ColumnKind::Enum(_) => Kind::Enum,
    }
}

fn of_value(value: &Value<'_>) -> Kind {
    match value {
        Value::Null => Kind::Null,
        Value::Bool(_) => Kind::Bool,
        Value::Number(_) => Kind::Number,
        Value::Text(_) => Kind::Text,
        Value::Date(_) => Kind::Date,
        Value::Timestamp(_) => Kind::Timestamp,
        Value::Enum(_) => Kind::Enum,
    }
}
