//! Conditions on source fields.

use crate::Value;
use crate::file::{Scalar, Test};
use crate::scope::Scope;
use crate::step::is_empty;

/// A condition on one source field, ready to run.
#[derive(Debug, Clone)]
pub(crate) struct Condition {
    pub(crate) field: String,
    pub(crate) is: Test,
    /// The line of the file that it stands in.
    pub(crate) line: usize,
}

impl Condition {
    /// Whether it holds for a record.
    pub(crate) fn holds(&self, scope: Scope<'_>) -> bool {
        self.admits(scope.get(&self.field).unwrap_or(&Value::Null))
    }

    /// Whether it holds for a value of its field.
    pub(crate) fn admits(&self, value: &Value) -> bool {
        match &self.is {
            Test::Empty => is_empty(value),
            Test::Present => !is_empty(value),
            Test::Equal(scalar) => scalar.equals(value),
            Test::Unequal(scalar) => !is_empty(value) && !scalar.equals(value),
            Test::OneOf(scalars) => scalars.iter().any(|scalar| scalar.equals(value)),
            Test::NoneOf(scalars) => !scalars.iter().any(|scalar| scalar.equals(value)),
            Test::StartsWith(part) => text(value).is_some_and(|text| text.starts_with(part)),
            Test::EndsWith(part) => text(value).is_some_and(|text| text.ends_with(part)),
            Test::Contains(part) => text(value).is_some_and(|text| text.contains(part)),
        }
    }
}

fn text(value: &Value) -> Option<&str> {
    value.as_text().map(str::trim)
}

impl Scalar {
    /// The value it stands for.
    pub(crate) fn value(&self) -> Value {
        match self {
            Self::Text(text) => Value::text(text),
            Self::Bool(truth) => Value::Bool(*truth),
            Self::Integer(number) => Value::Decimal((*number).into()),
        }
    }

    /// As people read it.
    pub(crate) fn shown(&self) -> String {
        match self {
            Self::Text(text) => format!("{text:?}"),
            Self::Bool(truth) => truth.to_string(),
            Self::Integer(number) => number.to_string(),
        }
    }

    fn equals(&self, value: &Value) -> bool {
        match (self, value) {
            (Self::Text(wanted), value) => text(value) == Some(wanted.trim()),
            (Self::Bool(wanted), Value::Bool(truth)) => wanted == truth,
            (Self::Integer(wanted), Value::Decimal(number)) => *number == (*wanted).into(),
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Fields;

    #[test]
    fn conditions_look_at_trimmed_values() {
        let mut fields = Fields::new();
        fields.set("State", Value::text(" Blocked "));
        fields.set("Blank", Value::text("  "));
        fields.set("Count", Value::Decimal(3.into()));
        let holds =
            |field: &str, is: Test| Condition { field: field.into(), is, line: 1 }.holds(Scope::of(&fields));
        assert!(
            holds("Missing", Test::NoneOf(vec![Scalar::Integer(3)]))
                && !holds("Count", Test::NoneOf(vec![Scalar::Integer(3)]))
        );
        assert!(holds("State", Test::Equal(Scalar::Text("Blocked".into()))));
        assert!(holds("State", Test::OneOf(vec![Scalar::Text("X".into()), Scalar::Text("Blocked".into())])));
        assert!(
            holds("State", Test::StartsWith("Blo".into())) && holds("State", Test::Contains("ock".into()))
        );
        assert!(
            holds("Blank", Test::Empty) && holds("Missing", Test::Empty) && !holds("Blank", Test::Present)
        );
        assert!(
            holds("Count", Test::Equal(Scalar::Integer(3)))
                && !holds("Count", Test::Equal(Scalar::Integer(4)))
        );
        assert!(!holds("Blank", Test::Unequal(Scalar::Text("x".into()))), "an empty value is not unequal");
    }
}
