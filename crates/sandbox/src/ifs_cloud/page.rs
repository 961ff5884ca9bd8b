//! A collection's page: which rows, and their JSON.

use std::cmp::Ordering;
use std::sync::Arc;

use bytes::Bytes;
use rust_decimal::Decimal;

use super::cell::{Cell, SUPPLIER, place};
use super::options::Options;
use super::problem::Problem;
use super::settings::IfsSwitches;
use super::table::{Row, Table};

/// Which rows a request gets, and what it is told about the rest.
pub(crate) struct Chosen {
    pub(crate) rows: Vec<Arc<Row>>,
    pub(crate) count: Option<usize>,
    /// Where a server-driven walk goes on.
    pub(crate) next: Option<usize>,
}

/// Chooses the rows of a page.
pub(crate) fn choose(table: &Table, options: &Options, cap: usize) -> Result<Chosen, Problem> {
    let begin = options.skip + options.skip_token;
    let left = options.top.map_or(usize::MAX, |top| top.saturating_sub(options.skip_token));
    let wanted = left.min(cap);
    // One row more tells whether there is a next page.
    let needed = begin.saturating_add(wanted).saturating_add(1);
    let matching = matching(table, options, needed)?;
    let count = if options.count { Some(count(table, options)?) } else { None };
    let more = left > wanted && matching.len() > begin + wanted;
    let rows = matching.into_iter().skip(begin).take(wanted).collect();
    Ok(Chosen { rows, count, next: more.then_some(options.skip_token + wanted) })
}

fn count(table: &Table, options: &Options) -> Result<usize, Problem> {
    let Some(filter) = &options.filter else { return Ok(table.len()) };
    let mut count = 0;
    for row in table.all() {
        count += usize::from(filter.holds(row)?);
    }
    Ok(count)
}

/// The first `needed` matching rows in the asked order.
fn matching(table: &Table, options: &Options, needed: usize) -> Result<Vec<Arc<Row>>, Problem> {
    let (key, modified) = (place("SupplierId").unwrap_or(0), place("ModifiedDate").unwrap_or(0));
    let filter = options.filter.as_ref();
    let by_key = options.order.is_empty() || options.order == [(key, false)];
    if by_key {
        let after = filter.and_then(|filter| filter.key_after(key)).unwrap_or("");
        return first(table.after(after), options, needed);
    }
    let from = filter.and_then(|filter| filter.modified_from(modified));
    if let (true, Some(from)) = (options.order == [(modified, false), (key, false)], from) {
        return first(table.since(from), options, needed);
    }
    let mut all = first(table.all(), options, usize::MAX)?;
    all.sort_by(|a, b| by_order(a, b, &options.order));
    Ok(all)
}

fn first<'a>(
    rows: impl Iterator<Item = &'a Arc<Row>>,
    options: &Options,
    needed: usize,
) -> Result<Vec<Arc<Row>>, Problem> {
    let mut found = Vec::new();
    for row in rows {
        if options.filter.as_ref().map_or(Ok(true), |filter| filter.holds(row))? {
            found.push(row.clone());
            if found.len() >= needed {
                break;
            }
        }
    }
    Ok(found)
}

fn by_order(a: &Row, b: &Row, order: &[(usize, bool)]) -> Ordering {
    for (place, descending) in order {
        let (left, right) = (a.cells.get(*place), b.cells.get(*place));
        let ordering = match (left, right) {
            (Some(left), Some(right)) => by_cell(left, right),
            _ => Ordering::Equal,
        };
        if ordering != Ordering::Equal {
            return if *descending { ordering.reverse() } else { ordering };
        }
    }
    a.key().cmp(&b.key())
}

/// Nulls come last in ascending order, as in the database behind.
fn by_cell(a: &Cell, b: &Cell) -> Ordering {
    match (a, b) {
        (Cell::Null, Cell::Null) => Ordering::Equal,
        (Cell::Null, _) => Ordering::Greater,
        (_, Cell::Null) => Ordering::Less,
        (Cell::Text(a), Cell::Text(b)) | (Cell::Enum(a), Cell::Enum(b)) => a.cmp(b),
        (Cell::Decimal(a), Cell::Decimal(b)) => a.cmp(b),
        (Cell::Date(a), Cell::Date(b)) => a.cmp(b),
        (Cell::Timestamp(a), Cell::Timestamp(b)) => a.cmp(b),
        _ => Ordering::Equal,
    }
}

/// How rows are written.
pub(crate) struct Writer<'a> {
    pub(crate) root: &'a str,
    pub(crate) set: &'a str,
    pub(crate) select: Option<&'a [usize]>,
    pub(crate) switches: &'a IfsSwitches,
    /// Numbers as text (`IEEE754Compatible=true`).
    pub(crate) exact: bool,
}

impl Writer<'_> {
    /// A page of rows.
    pub(crate) fn page(&self, chosen: &Chosen, next: Option<&str>) -> Bytes {
        let mut out = Vec::with_capacity(chosen.rows.len() * 1_000 + 500);
        out.extend_from_slice(b"{\"@odata.context\":");
        text(&mut out, &format!("{}$metadata#{}", self.root, self.set));
        if let Some(count) = chosen.count {
            out.extend_from_slice(b",\"@odata.count\":");
            out.extend_from_slice(count.to_string().as_bytes());
        }
        out.extend_from_slice(b",\"value\":[");
        for (number, row) in chosen.rows.iter().enumerate() {
            if number > 0 {
                out.push(b',');
            }
            out.push(b'{');
            self.members(&mut out, row);
            out.push(b'}');
        }
        out.push(b']');
        if let Some(next) = next {
            out.extend_from_slice(b",\"@odata.nextLink\":");
            text(&mut out, next);
        }
        out.push(b'}');
        Bytes::from(out)
    }

    /// One row as an entity.
    pub(crate) fn entity(&self, row: &Row) -> Bytes {
        let mut out = b"{\"@odata.context\":".to_vec();
        text(&mut out, &format!("{}$metadata#{}/$entity", self.root, self.set));
        out.push(b',');
        self.members(&mut out, row);
        out.push(b'}');
        Bytes::from(out)
    }

    fn members(&self, out: &mut Vec<u8>, row: &Row) {
        out.extend_from_slice(b"\"@odata.etag\":");
        text(out, &row.etag());
        out.extend_from_slice(b",\"luname\":\"SupplierInfoGeneral\",\"keyref\":");
        text(out, &format!("SUPPLIER_ID={}^", row.key()));
        // The key is shown whether or not it was selected.
        let key = place("SupplierId").unwrap_or(0);
        for (number, column) in SUPPLIER.iter().enumerate() {
            let selected = self.select.is_none_or(|select| select.contains(&number) || number == key);
            if !selected || self.switches.hidden.as_deref() == Some(column.name) {
                continue;
            }
            out.push(b',');
            text(out, column.name);
            out.push(b':');
            let huge =
                column.name == "CreditLimit" && self.switches.huge_number.as_deref() == Some(&*row.key());
            match row.cells.get(number) {
                _ if huge => out.extend_from_slice(b"1e999"),
                Some(cell) => self.cell(out, cell),
                None => out.extend_from_slice(b"null"),
            }
        }
    }

    fn cell(&self, out: &mut Vec<u8>, cell: &Cell) {
        match cell {
            Cell::Null => out.extend_from_slice(b"null"),
            Cell::Text(value) | Cell::Enum(value) => text(out, value),
            Cell::Decimal(number) => self.number(out, *number),
            Cell::Date(date) => text(out, &date.to_string()),
            Cell::Timestamp(stamp) => text(out, &stamp.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()),
        }
    }

    fn number(&self, out: &mut Vec<u8>, number: Decimal) {
        if self.exact {
            text(out, &number.to_string());
        } else {
            out.extend_from_slice(number.to_string().as_bytes());
        }
    }
}

fn text(out: &mut Vec<u8>, text: &str) {
    // Writing a text to a buffer cannot fail.
    let _ = serde_json::to_writer(out, text);
}
