//! Where the value of a target field comes from.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::sync::Arc;

use crate::aggregate::Aggregate;
use crate::condition::Condition;
use crate::expression::Formula;
use crate::scope::Scope;
use crate::step::{Bench, Lent, is_empty};
use crate::{Entity, ExternalId, FieldName, MapError, Reference, Value};

/// Where a value comes from, if its condition holds.
#[derive(Debug, Clone)]
pub(crate) struct Chosen {
    pub(crate) when: Option<Condition>,
    pub(crate) origin: Origin,
}

/// Where a value comes from.
#[derive(Debug, Clone)]
pub(crate) enum Origin {
    Field(String),
    Constant(Value),
    Concat(Joined),
    Reference { entity: Entity, field: FieldName, id: Joined },
    Aggregate(Box<Aggregate>),
    Expression(Arc<dyn Formula>),
}

/// The texts of several fields, joined.
#[derive(Debug, Clone)]
pub(crate) struct Joined {
    pub(crate) fields: Vec<String>,
    pub(crate) prefix: String,
    pub(crate) separator: String,
}

impl Origin {
    /// The value; `None` when the source delivered none of the fields.
    pub(crate) fn value<'v>(
        &'v self,
        scope: Scope<'v>,
        bench: &mut Bench<'_>,
    ) -> Result<Option<Lent<'v>>, MapError> {
        Ok(match self {
            Self::Constant(value) => Some(Cow::Borrowed(value)),
            Self::Field(field) => scope.get(field).map(Cow::Borrowed),
            Self::Concat(joined) => joined.delivered(scope).then(|| {
                let text = joined.of_present(scope);
                Cow::Owned(text.map_or(Value::Null, Value::Text))
            }),
            Self::Reference { entity, field, id } => id.delivered(scope).then(|| {
                let named = id.of_all(scope).ok().map(|id| {
                    let (entity, field) = (entity.clone(), field.clone());
                    Value::from(Reference { entity, field, id: ExternalId::from(id) })
                });
                Cow::Owned(named.unwrap_or(Value::Null))
            }),
            Self::Aggregate(aggregate) => aggregate.value(scope, bench)?.map(Cow::Owned),
            Self::Expression(formula) => computed(formula.as_ref(), scope, bench)?.map(Cow::Owned),
        })
    }
}

/// What an expression comes to; `None` when the source delivered none of the fields that it looks at.
fn computed(formula: &dyn Formula, scope: Scope<'_>, bench: &Bench<'_>) -> Result<Option<Value>, MapError> {
    let fields = formula.fields();
    if !fields.is_empty() && fields.iter().all(|name| scope.get(name).is_none()) {
        return Ok(None);
    }
    formula.value(scope).map(Some).map_err(|reason| {
        let hint = "correct the record, or the expression in the mapping";
        MapError::new(bench.field.clone(), format!("the expression has no value: {reason}")).hint(hint)
    })
}

impl Joined {
    /// Whether the source delivered any of the fields, empty or not.
    fn delivered(&self, scope: Scope<'_>) -> bool {
        self.fields.iter().any(|name| scope.get(name).is_some())
    }

    /// The texts of those that are not empty; `None` if all are.
    pub(crate) fn of_present(&self, scope: Scope<'_>) -> Option<String> {
        let mut joined = String::new();
        let values = self.fields.iter().filter_map(|name| scope.get(name));
        for value in values.filter(|value| !is_empty(value)) {
            joined.push_str(if joined.is_empty() { &self.prefix } else { &self.separator });
            push_text(&mut joined, value);
        }
        (!joined.is_empty()).then_some(joined)
    }

    /// The texts of all, behind the prefix; the first field that is empty, if one is.
    pub(crate) fn of_all(&self, scope: Scope<'_>) -> Result<String, &str> {
        let mut joined = self.prefix.clone();
        for (place, name) in self.fields.iter().enumerate() {
            let value = scope.get(name).filter(|value| !is_empty(value)).ok_or(name.as_str())?;
            if place > 0 {
                joined.push_str(&self.separator);
            }
            push_text(&mut joined, value);
        }
        Ok(joined)
    }

    /// Whether all of them are empty.
    pub(crate) fn is_empty(&self, scope: Scope<'_>) -> bool {
        self.fields.iter().all(|name| scope.get(name).is_none_or(is_empty))
    }
}

/// Adds the text of a value, trimmed.
pub(crate) fn push_text(out: &mut String, value: &Value) {
    // Writing to a text cannot fail.
    let _ = match value {
        Value::Text(text) => {
            out.push_str(text.trim());
            Ok(())
        }
        Value::Decimal(number) => write!(out, "{}", number.normalize()),
        Value::Date(date) => write!(out, "{date}"),
        Value::Timestamp(instant) => write!(out, "{instant}"),
        Value::Bool(truth) => write!(out, "{truth}"),
        Value::Reference(reference) => write!(out, "{}", reference.id),
        Value::Null | Value::List(_) => Ok(()),
    };
}
