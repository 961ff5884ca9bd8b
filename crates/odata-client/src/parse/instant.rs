//! Dates, times of day, instants and durations.

use super::cursor::{Cursor, Parsed};

/// `[-]YYYY-MM-DD`, the year with four digits or more.
pub(super) fn date(cursor: &mut Cursor<'_>) -> Parsed<()> {
    cursor.eat_raw('-');
    let place = cursor.place();
    let year = cursor.digits(4, usize::MAX)?;
    if year.len() > 4 && year.starts_with('0') {
        return Err(cursor.error_at(place + 4, "a hyphen"));
    }
    hyphen(cursor)?;
    two_digits(cursor, 1..=12, "a month")?;
    hyphen(cursor)?;
    two_digits(cursor, 1..=31, "a day")
}

fn hyphen(cursor: &mut Cursor<'_>) -> Parsed<()> {
    if cursor.eat_raw('-') { Ok(()) } else { Err(cursor.error("a hyphen")) }
}

fn two_digits(
    cursor: &mut Cursor<'_>,
    range: std::ops::RangeInclusive<u8>,
    name: &'static str,
) -> Parsed<()> {
    let place = cursor.place();
    let digits = cursor.digits(2, 2)?;
    let valid = digits.parse().is_ok_and(|number: u8| range.contains(&number));
    if valid { Ok(()) } else { Err(cursor.error_at(place, name)) }
}

/// `hh:mm[:ss[.fraction]]`.
pub(super) fn time_of_day(cursor: &mut Cursor<'_>) -> Parsed<()> {
    two_digits(cursor, 0..=23, "an hour")?;
    cursor.need(':', "a colon")?;
    two_digits(cursor, 0..=59, "a minute")?;
    let seconds = cursor.attempt(|cursor| {
        cursor.need(':', "a colon")?;
        two_digits(cursor, 0..=60, "a second")
    });
    if seconds.is_some() {
        cursor.attempt(|cursor| {
            cursor.need('.', "a point")?;
            cursor.digits(1, 12)
        });
    }
    Ok(())
}

/// A date and a time of day with their offset from UTC.
pub(super) fn date_time_offset(cursor: &mut Cursor<'_>) -> Parsed<()> {
    date(cursor)?;
    if !cursor.eat_any_case("t") {
        return Err(cursor.error("a T"));
    }
    time_of_day(cursor)?;
    if cursor.eat_any_case("z") {
        return Ok(());
    }
    if cursor.next_if(|sign| matches!(sign, '+' | '-')).is_none() {
        return Err(cursor.error("an offset from UTC"));
    }
    two_digits(cursor, 0..=23, "an hour")?;
    cursor.need(':', "a colon")?;
    two_digits(cursor, 0..=59, "a minute")
}

/// `[-]P[nD][T[nH][nM][n[.n]S]]`: no years, no months.
pub(super) fn duration(cursor: &mut Cursor<'_>) -> Parsed<()> {
    cursor.eat_raw('-');
    if !cursor.eat_any_case("p") {
        return Err(cursor.error("a P"));
    }
    part(cursor, "d");
    if cursor.eat_any_case("t") {
        part(cursor, "h");
        part(cursor, "m");
        cursor.attempt(|cursor| {
            cursor.digits(1, usize::MAX)?;
            if cursor.eat_raw('.') {
                cursor.digits(1, usize::MAX)?;
            }
            unit(cursor, "s")
        });
    }
    Ok(())
}

fn part(cursor: &mut Cursor<'_>, name: &str) {
    cursor.attempt(|cursor| {
        cursor.digits(1, usize::MAX)?;
        unit(cursor, name)
    });
}

fn unit(cursor: &mut Cursor<'_>, name: &str) -> Parsed<()> {
    if cursor.eat_any_case(name) { Ok(()) } else { Err(cursor.error("the unit of a duration")) }
}
