//! What expressions can call: CEL's standard functions, and a few of our own.
#![expect(clippy::needless_pass_by_value, reason = "the library's shape of a function")]

use cel::common::types::{CelString, DYN_TYPE, STRING_TYPE};
use cel::common::value::CowVal;
use cel::{Env, ExecutionError};
use jiff::civil::Date;
use rust_decimal::Decimal;

use super::values::{Day, Number, returned};
use crate::Value;
use crate::origin::push_text;

/// No function makes a text longer than this, in bytes.
const LONGEST: usize = 64 * 1024;

/// Names of CEL's standard functions and operators that expressions may use.
const STANDARD: &[&str] = &[
    "size",
    "contains",
    "startsWith",
    "endsWith",
    "matches",
    "int",
    "bool",
    "string",
    "has",
    "_?_:_",
    "!_",
    "-_",
    "_&&_",
    "_||_",
    "_==_",
    "_!=_",
    "_<_",
    "_<=_",
    "_>_",
    "_>=_",
    "_+_",
    "_-_",
    "_*_",
    "_/_",
    "_%_",
    "@in",
    "_[_]",
    "@not_strictly_false",
    "__not_strictly_false__",
    "not_strictly_false",
];
/// Names of our own.
const OWN: &[&str] = &["number", "date", "text", "trim", "upper", "lower", "replace", "empty"];

/// Whether expressions may call it.
pub(super) fn known(name: &str) -> bool {
    STANDARD.contains(&name) || OWN.contains(&name)
}

/// The language: CEL, and our functions.
pub(super) fn language() -> Env {
    let mut env = Env::stdlib();
    // Names and types are fixed and all different: a clash would show in the first test.
    let _ = env.add_overload("number", "number_of", vec![DYN_TYPE], number);
    let _ = env.add_overload("date", "date_of_text", vec![STRING_TYPE], date);
    let _ = env.add_overload("text", "text_of", vec![DYN_TYPE], text);
    let _ = env.add_overload("empty", "empty_of", vec![DYN_TYPE], empty);
    let _ = env.add_member_overload("trim", "text_trim", STRING_TYPE, vec![], trim);
    let _ = env.add_member_overload("upper", "text_upper", STRING_TYPE, vec![], upper);
    let _ = env.add_member_overload("lower", "text_lower", STRING_TYPE, vec![], lower);
    let _ = env.add_member_overload(
        "replace",
        "text_replace",
        STRING_TYPE,
        vec![STRING_TYPE, STRING_TYPE],
        replace,
    );
    env
}

type Made<'b, 'v> = Result<CowVal<'b, 'v>, ExecutionError>;

fn value(args: &[CowVal<'_, '_>], place: usize) -> Result<Value, ExecutionError> {
    let argument = args.get(place).ok_or_else(ExecutionError::missing_argument_or_target)?;
    returned(&**argument).map_err(|reason| ExecutionError::function_error("argument", reason))
}

fn string(args: &[CowVal<'_, '_>], place: usize) -> Result<String, ExecutionError> {
    match value(args, place)? {
        Value::Text(text) => Ok(text),
        _ => Err(ExecutionError::function_error("argument", "it is no text")),
    }
}

fn made<'b, 'v>(text: String) -> Made<'b, 'v> {
    if text.len() > LONGEST {
        return Err(ExecutionError::function_error("text", format!("longer than {LONGEST} bytes")));
    }
    Ok(CowVal::owned(CelString::from(text)))
}

/// A number of a text, or of a number.
fn number<'b, 'v>(args: Vec<CowVal<'b, 'v>>) -> Made<'b, 'v> {
    let exact = match value(&args, 0)? {
        Value::Decimal(number) => Ok(number),
        Value::Text(text) => Decimal::from_str_exact(text.trim()).map_err(|error| error.to_string()),
        _ => Err("neither a number nor a text".to_owned()),
    };
    let failed = |reason: String| ExecutionError::function_error("number", reason);
    exact.map(|number| CowVal::owned(Number(number))).map_err(failed)
}

/// A date of a text such as `2026-12-31`.
fn date<'b, 'v>(args: Vec<CowVal<'b, 'v>>) -> Made<'b, 'v> {
    let failed = |error: jiff::Error| ExecutionError::function_error("date", error.to_string());
    let date: Date = string(&args, 0)?.trim().parse().map_err(failed)?;
    Ok(CowVal::owned(Day(date)))
}

/// Any value as a text; of nothing, the empty text.
fn text<'b, 'v>(args: Vec<CowVal<'b, 'v>>) -> Made<'b, 'v> {
    let mut text = String::new();
    push_text(&mut text, &value(&args, 0)?);
    made(text)
}

/// Whether it is null, empty or blank.
fn empty<'b, 'v>(args: Vec<CowVal<'b, 'v>>) -> Made<'b, 'v> {
    let empty = crate::step::is_empty(&value(&args, 0)?);
    Ok(CowVal::owned(cel::common::types::CelBool::from(empty)))
}

fn trim<'b, 'v>(args: Vec<CowVal<'b, 'v>>) -> Made<'b, 'v> {
    made(string(&args, 0)?.trim().to_owned())
}

fn upper<'b, 'v>(args: Vec<CowVal<'b, 'v>>) -> Made<'b, 'v> {
    made(string(&args, 0)?.to_uppercase())
}

fn lower<'b, 'v>(args: Vec<CowVal<'b, 'v>>) -> Made<'b, 'v> {
    made(string(&args, 0)?.to_lowercase())
}

fn replace<'b, 'v>(args: Vec<CowVal<'b, 'v>>) -> Made<'b, 'v> {
    let (text, from, to) = (string(&args, 0)?, string(&args, 1)?, string(&args, 2)?);
    if from.is_empty() {
        return made(text);
    }
    let longest = text.len().saturating_add(text.matches(&from).count().saturating_mul(to.len()));
    if longest > LONGEST {
        return Err(ExecutionError::function_error("replace", format!("longer than {LONGEST} bytes")));
    }
    made(text.replace(&from, &to))
}
