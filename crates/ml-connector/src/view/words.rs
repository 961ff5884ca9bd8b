//! Numbers, times and values as people read them.

use std::time::Duration;

use jiff::Timestamp;
use mapping::Value;
use sync_engine::ParkedClass;

/// A number with separated thousands.
pub(crate) fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A number with its noun: `1 record`, `2 records`.
pub(crate) fn counted(number: u64, noun: &str) -> String {
    if number == 1 { format!("1 {noun}") } else { format!("{} {noun}s", count(number)) }
}

/// A span of time, roughly.
pub(crate) fn lasting(span: Duration) -> String {
    let seconds = span.as_secs();
    match seconds {
        0..10 if span.subsec_millis() > 0 => format!("{}.{} s", seconds, span.subsec_millis() / 100),
        0..120 => format!("{seconds} s"),
        120..7200 => format!("{} min", seconds / 60),
        7200..172_800 => format!("{} h", seconds / 3600),
        _ => format!("{} days", seconds / 86_400),
    }
}

/// A moment, to the second, in UTC.
pub(crate) fn moment(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M:%S").to_string()
}

/// How long ago something was, or how long it will take.
pub(crate) fn relative(at: Timestamp, now: Timestamp) -> String {
    let span = now.duration_since(at);
    let length = lasting(Duration::from_secs(span.unsigned_abs().as_secs()));
    if span.is_negative() { format!("in {length}") } else { format!("{length} ago") }
}

/// A value on one line, short enough for a table.
pub(crate) fn value(value: &Value) -> String {
    match value {
        Value::Null => "(empty)".into(),
        Value::Bool(value) => value.to_string(),
        Value::Decimal(value) => value.to_string(),
        Value::Text(text) => quoted(text),
        Value::Date(day) => day.to_string(),
        Value::Timestamp(at) => at.to_string(),
        Value::Reference(to) => format!("{} {}", to.entity, to.id),
        Value::List(records) => counted(u64::try_from(records.len()).unwrap_or(u64::MAX), "row"),
    }
}

/// Longest text that is shown whole.
const LONGEST: usize = 60;

fn quoted(text: &str) -> String {
    let mut shown: String = text.chars().take(LONGEST).flat_map(visible).collect();
    if text.chars().count() > LONGEST {
        shown.push('…');
    }
    format!("\"{shown}\"")
}

/// A character that cannot move the cursor or turn the direction of a terminal.
fn visible(letter: char) -> Vec<char> {
    let hidden = letter.is_control()
        || matches!(letter, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    match letter {
        '\n' | '\r' | '\t' => letter.escape_default().collect(),
        _ if hidden => letter.escape_unicode().collect(),
        _ => vec![letter],
    }
}

/// Foreign text made safe for a terminal, whole.
pub(crate) fn safe(text: &str) -> String {
    text.chars().flat_map(visible).collect()
}

/// Foreign text made safe for a terminal, line by line.
pub(crate) fn safe_lines(text: &str) -> String {
    text.lines().map(safe).collect::<Vec<_>>().join("\n")
}

/// The name of a class of parked records, as it is typed.
pub(crate) fn class(class: ParkedClass) -> &'static str {
    match class {
        ParkedClass::Quarantine => "quarantine",
        ParkedClass::Orphan => "orphan",
        ParkedClass::Settling => "settling",
        ParkedClass::Retry => "retry",
        ParkedClass::Frozen => "frozen",
        _ => "other",
    }
}

/// What a class of parked records waits for.
pub(crate) fn waits_for(class: ParkedClass) -> &'static str {
    match class {
        ParkedClass::Quarantine => "the data, the mapping or the target to change",
        ParkedClass::Orphan => "its parent record to arrive",
        ParkedClass::Settling => "an older request that may still land",
        ParkedClass::Retry => "the next try, which comes by itself",
        ParkedClass::Frozen => "somebody to end the to and fro of two writers",
        _ => "something that this program does not know",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_separated() {
        assert_eq!(count(0), "0");
        assert_eq!(count(999), "999");
        assert_eq!(count(1_000), "1,000");
        assert_eq!(count(12_345_678), "12,345,678");
        assert_eq!(counted(1, "record"), "1 record");
        assert_eq!(counted(2_000, "record"), "2,000 records");
    }

    #[test]
    fn foreign_text_cannot_steer_the_terminal() {
        assert_eq!(value(&Value::text("a\u{1b}[2Jb")), "\"a\\u{1b}[2Jb\"");
        assert_eq!(safe("a\u{202e}b"), "a\\u{202e}b");
        assert_eq!(safe("a\nb\u{1b}[31m"), "a\\nb\\u{1b}[31m");
        assert_eq!(safe_lines("a\nb\u{7}"), "a\nb\\u{7}");
        assert_eq!(value(&Value::text("x".repeat(61))), format!("\"{}…\"", "x".repeat(60)));
    }

    #[test]
    fn spans_are_rough() {
        assert_eq!(lasting(Duration::from_millis(1_250)), "1.2 s");
        assert_eq!(lasting(Duration::from_secs(75)), "75 s");
        assert_eq!(lasting(Duration::from_mins(5)), "5 min");
        let now: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
        let soon: Timestamp = "2026-01-01T00:10:00Z".parse().unwrap();
        assert_eq!(relative(soon, now), "in 10 min");
        assert_eq!(relative(now, soon), "10 min ago");
    }
}
