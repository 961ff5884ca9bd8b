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
    fn numbers_lose_trailing_zeros_only() {
        let number = |text: &str| Value::Decimal(text.parse::<Decimal>().expect(text));
        assert_eq!(canonical(number("12.50")).0, number("12.5"));
        assert_eq!(format!("{:?}", canonical(number("100")).0), format!("{:?}", number("100")));
        assert_eq!(canonical(number("-0.00")).0, number("0"));
    }
}
