//! Steps that make and change numbers.

use std::borrow::Cow;

use rust_decimal::{Decimal, RoundingStrategy};

use super::{Bench, Lent, kind};
use crate::file::{NumberStep, Rounding};
use crate::{MapError, Value};

/// The largest number of digits that a [`Decimal`] surely holds.
const MOST_DIGITS: u32 = 28;

/// A number of the step's scale and size.
pub(super) fn number<'v>(
    step: NumberStep,
    value: Lent<'v>,
    bench: &mut Bench<'_>,
) -> Result<Lent<'v>, MapError> {
    let (number, given) = rounded(step, value, bench)?;
    match &*given {
        Value::Decimal(same) if *same == number => Ok(given),
        _ => Ok(Cow::Owned(Value::Decimal(number))),
    }
}

/// A number as a text of a fixed scale.
pub(super) fn text<'v>(
    step: NumberStep,
    value: Lent<'v>,
    bench: &mut Bench<'_>,
) -> Result<Lent<'v>, MapError> {
    let (mut number, _) = rounded(step, value, bench)?;
    if let Some(scale) = step.scale {
        number.rescale(scale);
    }
    Ok(Cow::Owned(Value::text(number.to_string())))
}

fn rounded<'v>(
    step: NumberStep,
    value: Lent<'v>,
    bench: &mut Bench<'_>,
) -> Result<(Decimal, Lent<'v>), MapError> {
    let exact = match &*value {
        Value::Decimal(number) => *number,
        Value::Text(text) => match Decimal::from_str_exact(text.trim()) {
            Ok(number) => number,
            Err(error) => return Err(bench.fail(format!("no number: {error}"), value)),
        },
        other => {
            let reason = format!("a number cannot be made of {}", kind(other));
            return Err(bench.fail(reason, value));
        }
    };
    let scale = step.scale.unwrap_or_else(|| exact.scale());
    let Some(number) = scaled(exact, scale, step.rounding) else {
        let hint = "give the step a `rounding`: half_even, half_up or down";
        let reason = format!("more than {scale} digits behind the point");
        return Err(bench.fail(reason, value).hint(hint));
    };
    if number != exact {
        bench.note(format!("rounded from {exact} to {number}"));
    }
    if step.precision.is_some_and(|precision| !fits(number, precision, step.scale.unwrap_or(0))) {
        let most = step.precision.unwrap_or(0).saturating_sub(step.scale.unwrap_or(0));
        let hint = "correct it in the source; numbers are never cut";
        return Err(bench.fail(format!("more than {most} digits before the point"), value).hint(hint));
    }
    Ok((number, value))
}

/// The number with at most `scale` digits behind the point; `None` if that would lose digits that must
/// not be lost.
fn scaled(exact: Decimal, scale: u32, rounding: Rounding) -> Option<Decimal> {
    if exact.scale() <= scale {
        return Some(exact);
    }
    let rounded = match rounding {
        Rounding::Refuse | Rounding::Down => exact.trunc_with_scale(scale),
        Rounding::HalfEven => exact.round_dp_with_strategy(scale, RoundingStrategy::MidpointNearestEven),
        Rounding::HalfUp => exact.round_dp_with_strategy(scale, RoundingStrategy::MidpointAwayFromZero),
    };
    (rounding != Rounding::Refuse || rounded == exact).then_some(rounded)
}

/// Whether the digits before the point are no more than `precision` leaves for them.
fn fits(number: Decimal, precision: u32, scale: u32) -> bool {
    let before = precision.saturating_sub(scale);
    before >= MOST_DIGITS || number.abs() < Decimal::from_i128_with_scale(10_i128.pow(before), 0)
}
