//! The one form in which values are compared and written.
//!
//! Salesforce trims texts and stores an empty one as null; numbers have no trailing zeros; line
//! breaks are single. In this form, equal is what stands equal in the target.

use std::borrow::Cow;

use crate::Value;

/// The canonical form of `value`, and whether control characters had to go.
pub fn canonical(value: Value) -> (Value, bool) {
    match value {
        Value::Text(text) => {
            let (text, cleaned) = clean(&text);
            let trimmed = text.trim();
            if trimmed.is_empty() {
                return (Value::Null, cleaned);
            }
            let text = if trimmed.len() == text.len() { text.into_owned() } else { trimmed.to_owned() };
            (Value::Text(text), cleaned)
        }
        Value::Decimal(number) => (Value::Decimal(number.normalize()), false),
        other => (other, false),
    }
}

/// Whether two values stand for the same, whichever connector read them: a date that one side gives
/// as a date and the other as text is the same date.
pub fn alike(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Text(one), Value::Text(other)) => one == other || one.trim() == other.trim(),
        (Value::Decimal(one), Value::Decimal(other)) => one == other,
        (Value::List(one), Value::List(other)) => one == other,
        (Value::List(_), _) | (_, Value::List(_)) => false,
        _ if one == other => true,
        _ if std::mem::discriminant(one) == std::mem::discriminant(other) => false,
        _ => plain(one) == plain(other),
    }
}

/// A value as plain text; null is the empty text.
fn plain(value: &Value) -> Cow<'_, str> {
    match value {
        Value::Null | Value::List(_) => Cow::Borrowed(""),
        Value::Bool(truth) => Cow::Borrowed(if *truth { "true" } else { "false" }),
        Value::Text(text) => Cow::Borrowed(text.trim()),
        Value::Decimal(number) => Cow::Owned(number.normalize().to_string()),
        Value::Date(date) => Cow::Owned(date.to_string()),
        Value::Timestamp(instant) => Cow::Owned(instant.to_string()),
        Value::Reference(reference) => Cow::Borrowed(reference.id.as_str()),
    }
}

/// Without control characters other than tab and line feed; line breaks become line feeds.
fn clean(text: &str) -> (Cow<'_, str>, bool) {
    if !text.chars().any(|letter| letter.is_control() && !matches!(letter, '\n' | '\t')) {
        return (Cow::Borrowed(text), false);
    }
    let unbroken = text.replace("\r\n", "\n").replace('\r', "\n");
    let kept: String =
        unbroken.chars().filter(|letter| !letter.is_control() || matches!(letter, '\n' | '\t')).collect();
    let cleaned = kept.len() != unbroken.len();
    (Cow::Owned(kept), cleaned)
}

#[cfg(test)]
mod tests {
    use rust_decimal::Decimal;

    use super::*;

    #[test]
    fn texts_are_trimmed_and_empty_ones_are_null() {
        assert_eq!(canonical(Value::text("  a b ")), (Value::text("a b"), false));
        assert_eq!(canonical(Value::text(" \t ")), (Value::Null, false));
        assert_eq!(canonical(Value::text("a\r\nb")), (Value::text("a\nb"), false));
        assert_eq!(canonical(Value::text("a\u{0}b\u{7f}")), (Value::text("ab"), true));
    }

    #[test]
    fn alike_is_what_stands_for_the_same() {
        let date = Value::Date(jiff::civil::date(2024, 2, 29));
        assert!(alike(&date, &Value::text("2024-02-29")));
        assert!(alike(&Value::Null, &Value::text(" ")));
        assert!(alike(&Value::Decimal("1.50".parse().expect("a number")), &Value::text("1.5")));
        assert!(!alike(&Value::text("a"), &Value::text("A")));
        assert!(!alike(&Value::Bool(true), &Value::Bool(false)));
        assert!(!alike(&Value::Null, &Value::List(Vec::new())), "no lines are not an unread field");
    }

    #[test]
    fn numbers_lose_trailing_zeros_only() {
        let number = |text: &str| Value::Decimal(text.parse::<Decimal>().expect(text));
        assert_eq!(canonical(number("12.50")).0, number("12.5"));
        assert_eq!(format!("{:?}", canonical(number("100")).0), format!("{:?}", number("100")));
        assert_eq!(canonical(number("-0.00")).0, number("0"));
    }
}
