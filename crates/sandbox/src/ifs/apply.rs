//! `$apply`: grouping and simple sums, as far as the provider supports them.

use std::collections::BTreeMap;
use std::sync::Arc;

use rust_decimal::Decimal;

use super::cell::Cell;
use super::expression::Expression;
use super::parser::parse;
use super::problem::Problem;
use super::row::Row;
use super::view::Sight;

/// A transformation: `filter(…)/groupby((A,B),aggregate(…))`, each part optional but one.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Apply {
    pub(crate) filter: Option<Expression>,
    /// Columns that make groups.
    pub(crate) by: Vec<(usize, String)>,
    sums: Vec<Sum>,
}

/// `Amount with sum as Total`, or `$count as Number`.
#[derive(Debug, Clone, PartialEq)]
struct Sum {
    what: usize,
    how: How,
    name: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum How {
    Count,
    Sum,
    Min,
    Max,
    Average,
    CountDistinct,
}

impl Apply {
    pub(crate) fn parse(text: &str, sight: Sight<'_>) -> Result<Self, Problem> {
        let mut apply = Self::default();
        let mut done = false;
        for step in split(text, '/') {
            match call(step)? {
                ("filter", inner) if !done => apply.filter = Some(parse(inner, sight)?),
                ("groupby", inner) if !done => {
                    apply.group(inner, sight)?;
                    done = true;
                }
                ("aggregate", inner) if !done => {
                    apply.aggregate(inner, sight)?;
                    done = true;
                }
                (other, _) => {
                    return Err(Problem::unsupported(format!("the transformation {other} is not supported")));
                }
            }
        }
        if done { Ok(apply) } else { Err(Problem::unsupported("$apply groups or aggregates")) }
    }

    fn group(&mut self, inner: &str, sight: Sight<'_>) -> Result<(), Problem> {
        let mut parts = split(inner, ',').into_iter();
        let names = parts.next().map(str::trim).unwrap_or_default();
        let names = names.strip_prefix('(').and_then(|rest| rest.strip_suffix(')'));
        let names = names.ok_or_else(|| Problem::bad("groupby takes a list in parentheses"))?;
        for name in names.split(',').map(str::trim) {
            self.by.push((sight.column(name)?, name.to_owned()));
        }
        match parts.next().map(call).transpose()? {
            None => Ok(()),
            Some(("aggregate", inner)) => self.aggregate(inner, sight),
            Some((other, _)) => Err(Problem::unsupported(format!("{other} in groupby is not supported"))),
        }
    }

    fn aggregate(&mut self, inner: &str, sight: Sight<'_>) -> Result<(), Problem> {
        for item in split(inner, ',') {
            let words: Vec<&str> = item.split_whitespace().collect();
            let sum = match words.as_slice() {
                ["$count", "as", name] => Sum { what: 0, how: How::Count, name: (*name).to_owned() },
                [column, "with", how, "as", name] => {
                    Sum { what: sight.column(column)?, how: method(how)?, name: (*name).to_owned() }
                }
                _ => return Err(Problem::bad(format!("{item} is no aggregate"))),
            };
            self.sums.push(sum);
        }
        Ok(())
    }

    /// The groups of `rows`: name and value.
    pub(crate) fn groups(&self, rows: &[Arc<Row>]) -> Vec<Vec<(String, Cell)>> {
        let mut groups: BTreeMap<Vec<Option<String>>, Vec<&Row>> = BTreeMap::new();
        for row in rows {
            let key = self.by.iter().map(|(place, _)| row.at(*place).text()).collect();
            groups.entry(key).or_default().push(row);
        }
        if self.by.is_empty() {
            groups.entry(Vec::new()).or_default();
        }
        groups.into_values().map(|rows| self.members(&rows)).collect()
    }

    fn members(&self, rows: &[&Row]) -> Vec<(String, Cell)> {
        let first = |place: usize| rows.first().map_or(Cell::Null, |row| row.at(place).clone());
        let by = self.by.iter().map(|(place, name)| (name.clone(), first(*place)));
        let sums = self.sums.iter().map(|sum| (sum.name.clone(), sum.over(rows)));
        by.chain(sums).collect()
    }
}

impl Sum {
    fn over(&self, rows: &[&Row]) -> Cell {
        let values: Vec<&Cell> =
            rows.iter().map(|row| row.at(self.what)).filter(|cell| **cell != Cell::Null).collect();
        let numbers = || {
            values
                .iter()
                .filter_map(|cell| if let Cell::Decimal(number) = cell { Some(number) } else { None })
        };
        let total = || numbers().try_fold(Decimal::ZERO, |sum, number| sum.checked_add(*number));
        let least = || values.iter().min_by(|a, b| a.order(b)).map_or(Cell::Null, |cell| (*cell).clone());
        match self.how {
            How::Count => Cell::Decimal(rows.len().into()),
            How::CountDistinct => {
                let texts: std::collections::BTreeSet<_> = values.iter().map(|cell| cell.text()).collect();
                Cell::Decimal(texts.len().into())
            }
            How::Sum => total().map_or(Cell::Null, Cell::Decimal),
            How::Average => {
                let average = total().and_then(|total| total.checked_div(numbers().count().into()));
                average.map_or(Cell::Null, Cell::Decimal)
            }
            How::Min => least(),
            How::Max => values.iter().max_by(|a, b| a.order(b)).map_or(Cell::Null, |cell| (*cell).clone()),
        }
    }
}

fn method(name: &str) -> Result<How, Problem> {
    match name {
        "sum" => Ok(How::Sum),
        "min" => Ok(How::Min),
        "max" => Ok(How::Max),
        "average" => Ok(How::Average),
        "countdistinct" => Ok(How::CountDistinct),
        _ => Err(Problem::unsupported(format!("the method {name} is not supported"))),
    }
}

/// `name(inner)`.
fn call(text: &str) -> Result<(&str, &str), Problem> {
    let bad = || Problem::bad(format!("{text} is no transformation"));
    let (name, rest) = text.trim().split_once('(').ok_or_else(bad)?;
    Ok((name, rest.strip_suffix(')').ok_or_else(bad)?))
}

/// Splits at `separator` where no parenthesis and no quote is open.
pub(crate) fn split(text: &str, separator: char) -> Vec<&str> {
    let (mut parts, mut begin, mut depth, mut quoted) = (Vec::new(), 0, 0_usize, false);
    for (at, letter) in text.char_indices() {
        match letter {
            '\'' => quoted = !quoted,
            _ if quoted => {}
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            _ if letter == separator && depth == 0 => {
                parts.push(text.get(begin..at).unwrap_or_default());
                begin = at + letter.len_utf8();
            }
            _ => {}
        }
    }
    parts.push(text.get(begin..).unwrap_or_default());
    parts
}
