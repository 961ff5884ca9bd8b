//! Steps, compiled.

use std::collections::BTreeMap;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use toml::Spanned;

use super::Compiler;
use crate::file::{DateRange, Step, TableStep, TooLong, Truth};
use crate::file_error::nearest;
use crate::step::{Op, Table};
use crate::{MappingFileError, Value};

impl Compiler<'_> {
    pub(super) fn op(&self, step: &Spanned<Step>) -> Result<Op, MappingFileError> {
        Ok(match step.get_ref() {
            Step::Trim => Op::Trim,
            Step::Case(case) => Op::Case(*case),
            Step::Part(part) => Op::Part(*part),
            Step::Default(scalar) => Op::Default(scalar.value()),
            Step::Table(table) => Op::Table(self.table(step, table)?),
            Step::Truncate(units) => self.limit(step, *units, TooLong::Cut)?,
            Step::Limit(limit) => self.limit(step, limit.length, limit.too_long)?,
            Step::ToDate(pattern) => Op::ToDate(self.pattern(step, pattern)?),
            Step::DateText(pattern) => Op::DateText(self.pattern(step, pattern)?),
            Step::DayIn(zone) => Op::DayIn(self.zone(step, zone)?),
            Step::ToTimestamp(moment) => Op::ToTimestamp {
                zone: self.zone(step, &moment.zone)?,
                format: moment.format.as_ref().map(|format| self.moment(step, format)).transpose()?,
                fold: moment.fold,
            },
            Step::DateRange(range) => self.date_range(step, range)?,
            Step::ToNumber(number) => Op::ToNumber(*number),
            Step::NumberText(number) => Op::NumberText(*number),
            Step::Truth(truth) => {
                self.truth(step, truth)?;
                Op::Truth { yes: truth.yes.clone(), no: truth.no.clone() }
            }
            Step::TruthText(truth) => {
                let (yes, no) = self.truth(step, truth)?;
                Op::TruthText { yes, no }
            }
            Step::Required => Op::Required,
        })
    }

    fn limit(&self, step: &Spanned<Step>, units: u32, too_long: TooLong) -> Result<Op, MappingFileError> {
        if units == 0 {
            return Err(self.error_at(step.span(), "a text cannot be cut to nothing"));
        }
        Ok(Op::Limit { units: units as usize, too_long })
    }

    /// The table in the direction of the step: what is looked up in it must be there once.
    fn table(&self, step: &Spanned<Step>, table: &TableStep) -> Result<Table, MappingFileError> {
        let tables = &self.parsed.tables;
        let Some(lines) = tables.get(&table.name) else {
            let error = self.error_at(step.span(), format!("there is no table {}", table.name));
            return Err(match nearest(&table.name, tables.keys().map(String::as_str)) {
                Some(name) => error.hint(format!("did you mean {name}?")),
                None => error.hint(format!("add [tables.{}] to the file", table.name)),
            });
        };
        if table.unknown.is_some() && table.otherwise.is_some() {
            return Err(self.error_at(step.span(), "`otherwise` says already what becomes of the unknown"));
        }
        let mut rows: BTreeMap<String, Value> = BTreeMap::new();
        let mut sides: BTreeMap<&str, &str> = BTreeMap::new();
        for (left, right) in lines {
            let (from, to) = if table.inverse { (right, left) } else { (left, right) };
            if let Some(other) = sides.insert(from.trim(), to) {
                let reason = format!(
                    "table {} is ambiguous in this direction: {:?} stands for {other:?} and {to:?}",
                    table.name,
                    from.trim()
                );
                let hint = "a table that is used both ways must have each text once on either side";
                return Err(self.error_at(step.span(), reason).hint(hint));
            }
            rows.insert(from.trim().to_owned(), Value::text(to));
        }
        Ok(Table {
            name: table.name.clone(),
            rows,
            unknown: table.unknown.unwrap_or_default(),
            otherwise: table.otherwise.as_ref().map(crate::file::Scalar::value),
        })
    }

    fn date_range(&self, step: &Spanned<Step>, range: &DateRange) -> Result<Op, MappingFileError> {
        let day = |text: &str| {
            text.parse::<Date>().map_err(|error| {
                let error = self.error_at(step.span(), format!("{text:?} is no date: {error}"));
                error.hint("write dates as \"2026-12-31\"")
            })
        };
        let (from, to) = (day(&range.from)?, day(&range.to)?);
        if from > to {
            return Err(self.error_at(step.span(), format!("no date is from {from} to {to}")));
        }
        Ok(Op::DateRange { from, to, outside: range.outside })
    }

    /// What stands for true and for false.
    fn truth(&self, step: &Spanned<Step>, truth: &Truth) -> Result<(Value, Value), MappingFileError> {
        match (truth.yes.first(), truth.no.first()) {
            (Some(yes), Some(no)) if truth.yes.iter().all(|text| !truth.no.contains(text)) => {
                Ok((Value::text(yes), Value::text(no)))
            }
            _ => {
                let error = self.error_at(step.span(), "`yes` and `no` need texts of their own");
                Err(error.hint("such as { yes = [\"TRUE\"], no = [\"FALSE\"] }"))
            }
        }
    }

    fn zone(&self, step: &Spanned<Step>, name: &str) -> Result<TimeZone, MappingFileError> {
        TimeZone::get(name).map_err(|error| {
            let error = self.error_at(step.span(), format!("{name:?} is no time zone: {error}"));
            error.hint("use a name of the IANA list, such as \"Europe/Berlin\" or \"UTC\"")
        })
    }

    /// The pattern, if a date can be written by it.
    fn pattern(&self, step: &Spanned<Step>, pattern: &str) -> Result<String, MappingFileError> {
        let sample = Date::constant(2026, 2, 28);
        let hint = "use %Y, %m, %d, %j and plain text, such as \"%d.%m.%Y\"";
        match jiff::fmt::strtime::format(pattern, sample) {
            Ok(_) => Ok(pattern.to_owned()),
            Err(error) => Err(self.error_at(step.span(), format!("not a date pattern: {error}")).hint(hint)),
        }
    }

    /// The pattern, if a date with a time can be written by it.
    fn moment(&self, step: &Spanned<Step>, pattern: &str) -> Result<String, MappingFileError> {
        let sample = Date::constant(2026, 2, 28).at(1, 2, 3, 0);
        let hint = "use %Y, %m, %d, %H, %M, %S and plain text, such as \"%d.%m.%Y %H:%M\"";
        match jiff::fmt::strtime::format(pattern, sample) {
            Ok(_) => Ok(pattern.to_owned()),
            Err(error) => {
                Err(self.error_at(step.span(), format!("not a pattern of date and time: {error}")).hint(hint))
            }
        }
    }
}
