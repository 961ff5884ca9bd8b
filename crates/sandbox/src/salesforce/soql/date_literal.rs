//! Date literals such as `LAST_N_DAYS:7` (SOQL and SOSL Reference, "Date Formats and Date
//! Literals"): spans of whole days in UTC; fiscal years are calendar years.

use jiff::civil::{Date, Weekday};
use jiff::{Span, Timestamp, ToSpan, tz::TimeZone};

/// Longest span that a literal may ask for, in days.
const FAR: i64 = 100_000;

/// The first day of a literal's span, and the first day after it; `None` if it is no literal.
pub(crate) fn days(word: &str, now: Timestamp) -> Option<(Date, Date)> {
    let today = TimeZone::UTC.to_datetime(now).date();
    let word = word.to_ascii_uppercase();
    let (name, count) = match word.split_once(':') {
        None => (word.as_str(), None),
        Some((name, count)) => {
            (name, Some(count.parse::<i64>().ok().filter(|count| (0..FAR).contains(count))?))
        }
    };
    match count {
        None => named(name, today),
        Some(count) => counted(name, count, today),
    }
}

/// The unit that a word ends with.
#[derive(Clone, Copy)]
enum Unit {
    Day,
    Week,
    Month,
    Quarter,
    Year,
}

impl Unit {
    fn named(word: &str) -> Option<Self> {
        let word = word.strip_prefix("FISCAL_").unwrap_or(word);
        Some(match word {
            "DAY" | "DAYS" => Self::Day,
            "WEEK" | "WEEKS" => Self::Week,
            "MONTH" | "MONTHS" => Self::Month,
            "QUARTER" | "QUARTERS" => Self::Quarter,
            "YEAR" | "YEARS" => Self::Year,
            _ => return None,
        })
    }

    /// The first day of the unit that holds a day; weeks begin on Sunday.
    fn begin(self, day: Date) -> Option<Date> {
        Some(match self {
            Self::Day => day,
            Self::Week => day.checked_sub(i64::from(day.weekday().since(Weekday::Sunday)).days()).ok()?,
            Self::Month => day.first_of_month(),
            Self::Quarter => Date::new(day.year(), (day.month() - 1) / 3 * 3 + 1, 1).ok()?,
            Self::Year => day.first_of_year(),
        })
    }

    fn span(self, count: i64) -> Span {
        match self {
            Self::Day => count.days(),
            Self::Week => count.weeks(),
            Self::Month => count.months(),
            Self::Quarter => count.saturating_mul(3).months(),
            Self::Year => count.min(9_000).years(),
        }
    }

    /// From so many units after the one that holds `day` up to so many.
    fn between(self, day: Date, from: i64, to: i64) -> Option<(Date, Date)> {
        let begin = self.begin(day)?;
        let at = |count: i64| begin.checked_add(self.span(count)).ok();
        Some((at(from)?, at(to)?))
    }
}

fn named(name: &str, today: Date) -> Option<(Date, Date)> {
    match name {
        "TODAY" => return Unit::Day.between(today, 0, 1),
        "YESTERDAY" => return Unit::Day.between(today, -1, 0),
        "TOMORROW" => return Unit::Day.between(today, 1, 2),
        "LAST_90_DAYS" => return Unit::Day.between(today, -90, 1),
        "NEXT_90_DAYS" => return Unit::Day.between(today, 1, 91),
        _ => {}
    }
    let (which, unit) = name.split_once('_')?;
    let unit = Unit::named(unit)?;
    match which {
        "LAST" => unit.between(today, -1, 0),
        "THIS" => unit.between(today, 0, 1),
        "NEXT" => unit.between(today, 1, 2),
        _ => None,
    }
}

fn counted(name: &str, count: i64, today: Date) -> Option<(Date, Date)> {
    if let Some(unit) = name.strip_prefix("LAST_N_") {
        return match Unit::named(unit)? {
            // The last days end with today.
            Unit::Day => Unit::Day.between(today, 1 - count.max(1) - i64::from(count > 0), 1),
            unit => unit.between(today, -count, 0),
        };
    }
    if let Some(unit) = name.strip_prefix("NEXT_N_") {
        return Unit::named(unit)?.between(today, 1, count + 1);
    }
    let unit = name.strip_prefix("N_")?.strip_suffix("_AGO")?;
    Unit::named(unit)?.between(today, -count, 1 - count)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn literals_are_spans_of_days() {
        // A Wednesday.
        let now = "2026-03-04T10:00:00Z".parse().expect("a stamp");
        for (word, wanted) in [
            ("TODAY", Some(("2026-03-04", "2026-03-05"))),
            ("yesterday", Some(("2026-03-03", "2026-03-04"))),
            ("THIS_WEEK", Some(("2026-03-01", "2026-03-08"))),
            ("LAST_MONTH", Some(("2026-02-01", "2026-03-01"))),
            ("NEXT_QUARTER", Some(("2026-04-01", "2026-07-01"))),
            ("THIS_FISCAL_YEAR", Some(("2026-01-01", "2027-01-01"))),
            ("LAST_N_DAYS:7", Some(("2026-02-25", "2026-03-05"))),
            ("NEXT_N_DAYS:2", Some(("2026-03-05", "2026-03-07"))),
            ("N_DAYS_AGO:3", Some(("2026-03-01", "2026-03-02"))),
            ("LAST_N_MONTHS:2", Some(("2026-01-01", "2026-03-01"))),
            ("N_YEARS_AGO:1", Some(("2025-01-01", "2026-01-01"))),
            ("LAST_90_DAYS", Some(("2025-12-04", "2026-03-05"))),
            ("LAST_N_DAYS:x", None),
            ("LAST_N_DAYS:99999999", None),
            ("SOME_DAY", None),
        ] {
            let found = days(word, now).map(|(from, to)| (from.to_string(), to.to_string()));
            let found = found.as_ref().map(|(from, to)| (from.as_str(), to.as_str()));
            assert_eq!(found, wanted, "{word}");
        }
    }
}
