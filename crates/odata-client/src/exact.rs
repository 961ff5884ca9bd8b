//! Exact numbers for structs: `#[serde(deserialize_with = "odata_client::exact::decimal")]`.
//!
//! A server sends `Edm.Int64` and `Edm.Decimal` as numbers or as texts (`IEEE754Compatible=true`),
//! and some do not do what they are asked for. These read both, and refuse what does not fit instead
//! of rounding it.

use rust_decimal::Decimal;
use serde::Deserialize;
use serde::de::{Deserializer, Error};
use serde_json::value::RawValue;

use crate::Cell;

/// A decimal number of at most 28 digits.
pub fn decimal<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Decimal, D::Error> {
    required(optional_decimal(deserializer)?, "a decimal number")
}

/// A decimal number of at most 28 digits, or null. With `#[serde(default)]`, also nothing at all.
pub fn optional_decimal<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Decimal>, D::Error> {
    let raw: Box<RawValue> = Box::deserialize(deserializer)?;
    Cell::new(raw.get()).decimal().map_err(D::Error::custom)
}

/// A whole number of 64 bits.
pub fn int64<'de, D: Deserializer<'de>>(deserializer: D) -> Result<i64, D::Error> {
    required(optional_int64(deserializer)?, "a whole number")
}

/// A whole number of 64 bits, or null. With `#[serde(default)]`, also nothing at all.
pub fn optional_int64<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<i64>, D::Error> {
    let raw: Box<RawValue> = Box::deserialize(deserializer)?;
    Cell::new(raw.get()).int64().map_err(D::Error::custom)
}

fn required<T, E: Error>(value: Option<T>, what: &'static str) -> Result<T, E> {
    value.ok_or_else(|| E::custom(format_args!("null is not {what}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Deserialize)]
    struct Numbers {
        #[serde(deserialize_with = "decimal")]
        d: Decimal,
        #[serde(deserialize_with = "int64")]
        i: i64,
        #[serde(default, deserialize_with = "optional_decimal")]
        o: Option<Decimal>,
    }

    #[test]
    fn both_forms_are_exact_and_nothing_is_rounded() {
        for text in [
            r#"{"d":79228162514264337593543950.10,"i":9007199254740993,"o":null}"#,
            r#"{"d":"79228162514264337593543950.10","i":"9007199254740993"}"#,
        ] {
            let numbers: Numbers = serde_json::from_str(text).unwrap();
            assert_eq!(numbers.d.to_string(), "79228162514264337593543950.10");
            assert_eq!((numbers.i, numbers.o), (9_007_199_254_740_993, None));
        }
        for bad in [
            r#"{"d":0.12345678901234567890123456789,"i":1}"#,
            r#"{"d":null,"i":1}"#,
            r#"{"d":1,"i":1.5}"#,
            r#"{"d":1,"i":9223372036854775808}"#,
            r#"{"d":"NaN","i":1}"#,
            r#"{"i":1}"#,
        ] {
            assert!(serde_json::from_str::<Numbers>(bad).is_err(), "{bad}");
        }
    }
}
