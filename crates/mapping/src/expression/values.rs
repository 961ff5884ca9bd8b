//! Values on their way into an expression and out of it.

use std::any::Any;
use std::cmp::Ordering;

use cel::ExecutionError;
use cel::common::traits::{Adder, Comparer, Divider, Indexer, Multiplier, Negator, Subtractor};
use cel::common::types::{CelBool, CelInt, CelList, CelNull, CelString, MAP_TYPE, Type};
use cel::common::value::{CowVal, StaticVal, Val};
use jiff::Timestamp;
use jiff::civil::Date;
use rust_decimal::Decimal;

use crate::{Record, Value};

static NUMBER: Type = Type::new_unspecified_type("number");
static DATE: Type = Type::new_unspecified_type("date");
static INSTANT: Type = Type::new_unspecified_type("instant");

/// An exact number.
#[derive(Debug, Clone, Copy)]
pub(super) struct Number(pub(super) Decimal);

/// A calendar day.
#[derive(Debug, Clone, Copy)]
pub(super) struct Day(pub(super) Date);

/// An instant.
#[derive(Debug, Clone, Copy)]
pub(super) struct Instant(pub(super) Timestamp);

/// A child record, lent.
#[derive(Debug, Clone, Copy)]
struct Child<'a>(&'a Record);

/// A value of a record, lent.
pub(super) fn lend<'b>(value: &'b Value) -> CowVal<'b, 'b> {
    match value {
        Value::Null => CowVal::owned(CelNull),
        Value::Bool(truth) => CowVal::owned(CelBool::from(*truth)),
        Value::Decimal(number) => CowVal::owned(Number(*number)),
        Value::Text(text) => CowVal::owned(CelString::from(text.as_str())),
        Value::Date(date) => CowVal::owned(Day(*date)),
        Value::Timestamp(instant) => CowVal::owned(Instant(*instant)),
        Value::Reference(reference) => CowVal::owned(CelString::from(reference.id.as_str())),
        Value::List(records) => {
            let children: Vec<Box<dyn Val + 'b>> =
                records.iter().map(|record| Box::new(Child(record)) as Box<dyn Val + 'b>).collect();
            CowVal::owned(CelList::from(children))
        }
    }
}

/// What an expression came to.
pub(super) fn returned(value: &dyn Val) -> Result<Value, String> {
    if let Some(text) = value.downcast_ref::<CelString<'_>>() {
        return Ok(Value::text(text.inner()));
    }
    if let Some(truth) = value.downcast_ref::<CelBool>() {
        return Ok(Value::Bool(*truth.inner()));
    }
    if let Some(number) = number(value) {
        return Ok(Value::Decimal(number));
    }
    if let Some(day) = value.downcast_ref::<Day>() {
        return Ok(Value::Date(day.0));
    }
    if let Some(instant) = value.downcast_ref::<Instant>() {
        return Ok(Value::Timestamp(instant.0));
    }
    match value.get_type().name() {
        "null_type" | "null" => Ok(Value::Null),
        "double" => {
            Err("a floating-point number comes out, which is not exact: write number(\"1.5\")".into())
        }
        other => Err(format!("a {other} comes out, which no field can hold")),
    }
}

/// The exact number that a value is.
pub(super) fn number(value: &dyn Val) -> Option<Decimal> {
    match value.downcast_ref::<CelInt>() {
        Some(whole) => Some(Decimal::from(*whole.inner())),
        None => value.downcast_ref::<Number>().map(|number| number.0),
    }
}

fn unfit(value: &dyn Val, wanted: &str) -> ExecutionError {
    ExecutionError::UnexpectedType { got: value.get_type().name().to_owned(), want: wanted.to_owned() }
}

impl Number {
    fn with<'b, 'v>(
        self,
        other: &(dyn Val + 'v),
        operation: &'static str,
        compute: fn(Decimal, Decimal) -> Option<Decimal>,
    ) -> Result<CowVal<'b, 'v>, ExecutionError> {
        let right = number(other).ok_or_else(|| unfit(other, "number"))?;
        let failed = || ExecutionError::function_error(operation, "division by zero, or too many digits");
        compute(self.0, right).map(|made| CowVal::owned(Self(made))).ok_or_else(failed)
    }
}

impl Val for Number {
    fn get_type(&self) -> &Type {
        &NUMBER
    }

    fn cel_type() -> &'static Type {
        &NUMBER
    }

    fn as_adder<'b, 'v>(&'b self) -> Option<&'b (dyn Adder + 'v)>
    where
        Self: 'v,
    {
        Some(self)
    }

    fn as_subtractor<'b, 'v>(&'b self) -> Option<&'b (dyn Subtractor + 'v)>
    where
        Self: 'v,
    {
        Some(self)
    }

    fn as_multiplier<'b, 'v>(&'b self) -> Option<&'b (dyn Multiplier + 'v)>
    where
        Self: 'v,
    {
        Some(self)
    }

    fn as_divider<'b, 'v>(&'b self) -> Option<&'b (dyn Divider + 'v)>
    where
        Self: 'v,
    {
        Some(self)
    }

    fn as_negator<'b, 'v>(&'b self) -> Option<&'b (dyn Negator + 'v)>
    where
        Self: 'v,
    {
        Some(self)
    }

    fn as_comparer(&self) -> Option<&dyn Comparer> {
        Some(self)
    }

    fn equals(&self, other: &dyn Val) -> bool {
        number(other) == Some(self.0)
    }

    fn clone_as_boxed<'v>(&self) -> Box<dyn Val + 'v> {
        Box::new(*self)
    }

    fn as_any(&self) -> Option<&dyn Any> {
        Some(self)
    }
}

impl StaticVal for Number {}

impl Adder for Number {
    fn add<'b, 'v>(&'b self, other: &(dyn Val + 'v)) -> Result<CowVal<'b, 'v>, ExecutionError>
    where
        Self: 'v,
    {
        self.with(other, "+", Decimal::checked_add)
    }
}

impl Subtractor for Number {
    fn sub<'b, 'v>(&'b self, other: &(dyn Val + 'v)) -> Result<CowVal<'b, 'v>, ExecutionError>
    where
        Self: 'v,
    {
        self.with(other, "-", Decimal::checked_sub)
    }
}

impl Multiplier for Number {
    fn mul<'b, 'v>(&'b self, other: &(dyn Val + 'v)) -> Result<CowVal<'b, 'v>, ExecutionError>
    where
        Self: 'v,
    {
        self.with(other, "*", Decimal::checked_mul)
    }
}

impl Divider for Number {
    fn div<'b, 'v>(&'b self, other: &(dyn Val + 'v)) -> Result<CowVal<'b, 'v>, ExecutionError>
    where
        Self: 'v,
    {
        self.with(other, "/", Decimal::checked_div)
    }
}

impl Negator for Number {
    fn negate<'v>(&self) -> Result<Box<dyn Val + 'v>, ExecutionError>
    where
        Self: 'v,
    {
        Ok(Box::new(Self(-self.0)))
    }
}

impl Comparer for Number {
    fn compare(&self, other: &dyn Val) -> Result<Ordering, ExecutionError> {
        number(other).map(|other| self.0.cmp(&other)).ok_or_else(|| unfit(other, "number"))
    }
}

/// A value that can be compared with its like and nothing else.
macro_rules! comparable {
    ($name:ident, $type:ident) => {
        impl Val for $name {
            fn get_type(&self) -> &Type {
                &$type
            }

            fn cel_type() -> &'static Type {
                &$type
            }

            fn as_comparer(&self) -> Option<&dyn Comparer> {
                Some(self)
            }

            fn equals(&self, other: &dyn Val) -> bool {
                other.downcast_ref::<Self>().is_some_and(|other| other.0 == self.0)
            }

            fn clone_as_boxed<'v>(&self) -> Box<dyn Val + 'v> {
                Box::new(*self)
            }

            fn as_any(&self) -> Option<&dyn Any> {
                Some(self)
            }
        }

        impl StaticVal for $name {}

        impl Comparer for $name {
            fn compare(&self, other: &dyn Val) -> Result<Ordering, ExecutionError> {
                let like = other.downcast_ref::<Self>();
                like.map(|other| self.0.cmp(&other.0)).ok_or_else(|| unfit(other, $type.name()))
            }
        }
    };
}

comparable!(Day, DATE);
comparable!(Instant, INSTANT);

impl Val for Child<'_> {
    fn get_type(&self) -> &Type {
        &MAP_TYPE
    }

    fn cel_type() -> &'static Type {
        &MAP_TYPE
    }

    fn as_indexer<'b, 'v>(&'b self) -> Option<&'b (dyn Indexer + 'v)>
    where
        Self: 'v,
    {
        Some(self)
    }

    fn clone_as_boxed<'v>(&self) -> Box<dyn Val + 'v>
    where
        Self: 'v,
    {
        Box::new(*self)
    }
}

impl Indexer for Child<'_> {
    fn get<'b, 'v>(&'b self, name: &dyn Val) -> Result<CowVal<'b, 'v>, ExecutionError>
    where
        Self: 'v,
    {
        let Some(name) = name.downcast_ref::<CelString<'_>>() else { return Err(unfit(name, "string")) };
        let found = self.0.fields.get(name.inner());
        found
            .map(|value| CowVal::Owned(lend(value).into_owned()))
            .ok_or_else(|| ExecutionError::no_such_key(name.inner()))
    }

    fn steal<'v>(self: Box<Self>, name: &dyn Val) -> Result<Box<dyn Val + 'v>, ExecutionError>
    where
        Self: 'v,
    {
        self.get(name).map(CowVal::into_owned)
    }
}
