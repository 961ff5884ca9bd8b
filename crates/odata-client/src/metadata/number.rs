//! One spelling for equal numbers, exactly and without a limit of digits.

/// The number `text` in one spelling: `1.50`, `15e-1` and `+1.5` are `1.5`. `None` if it is no
/// number of JSON or XML.
///
/// The exponent stays where the plain form would need more than 40 zeros.
pub(super) fn canonical(text: &str) -> Option<String> {
    let (negative, rest) = match text.as_bytes().first()? {
        b'-' => (true, text.get(1..)?),
        b'+' => (false, text.get(1..)?),
        _ => (false, text),
    };
    let (mantissa, exponent) = match rest.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, exponent.parse::<i64>().ok()?),
        None => (rest, 0),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let all_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    if whole.len() + fraction.len() == 0 || !all_digits(whole) || !all_digits(fraction) {
        return None;
    }
    let digits = format!("{whole}{fraction}");
    let exponent = exponent.checked_sub(i64::try_from(fraction.len()).ok()?)?;
    let short = digits.trim_end_matches('0');
    let exponent = exponent.checked_add(i64::try_from(digits.len() - short.len()).ok()?)?;
    let short = short.trim_start_matches('0');
    if short.is_empty() {
        return Some("0".into());
    }
    let sign = if negative { "-" } else { "" };
    Some(format!("{sign}{}", plain(short, exponent)))
}

/// `digits` times ten to `exponent`.
fn plain(digits: &str, exponent: i64) -> String {
    let point = i64::try_from(digits.len()).unwrap_or(i64::MAX).saturating_add(exponent);
    match (usize::try_from(exponent), usize::try_from(point)) {
        (Ok(zeros), _) if zeros <= 40 => format!("{digits}{}", "0".repeat(zeros)),
        (Err(_), Ok(point)) if (1..digits.len()).contains(&point) => {
            let (whole, fraction) = digits.split_at(point);
            format!("{whole}.{fraction}")
        }
        (Err(_), _) if (-40..=0).contains(&point) => {
            let zeros = usize::try_from(-point).unwrap_or_default();
            format!("0.{}{digits}", "0".repeat(zeros))
        }
        _ => format!("{digits}e{exponent}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_numbers_have_one_spelling() {
        for (given, wanted) in [
            ("1.50", "1.5"),
            ("15e-1", "1.5"),
            ("+1.5", "1.5"),
            ("1.23456789e4", "12345.6789"),
            ("-2E80", "-2e80"),
            ("-0.0", "0"),
            ("007", "7"),
            ("1e3", "1000"),
            ("0.001", "0.001"),
            (".5", "0.5"),
            ("5.", "5"),
            ("1e-50", "1e-50"),
            ("9007199254740993", "9007199254740993"),
            (
                "12345678901234567890123456789.123456789012345",
                "12345678901234567890123456789.123456789012345",
            ),
        ] {
            assert_eq!(canonical(given).as_deref(), Some(wanted), "{given}");
            assert_eq!(canonical(wanted).as_deref(), Some(wanted), "{wanted} again");
        }
        for bad in ["", "-", "INF", "1e", "1e99999999999999999999", "1.2.3", "0x1", " 1", "é"] {
            assert_eq!(canonical(bad), None, "{bad}");
        }
    }
}
