//! A collection's page: which rows, and their JSON.

use std::cmp::Ordering;
use std::fmt::Display;
use std::io::Write as _;
use std::sync::Arc;

use bytes::Bytes;

use super::bounds::{Low, keys, latest, low};
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

/// Chooses the rows of a page of at most `cap`. An `eager` server promises a next page whenever this
/// one is full, also when nothing follows.
pub(crate) fn choose(table: &Table, options: &Options, cap: usize, eager: bool) -> Result<Chosen, Problem> {
    let begin = options.skip.saturating_add(options.skip_token);
    let left = options.top.map_or(usize::MAX, |top| top.saturating_sub(options.skip_token));
    let wanted = left.min(cap);
    let end = begin.saturating_add(wanted);
    let counting = options.count && options.filter.is_some();
    // One row more tells whether there is a next page.
    let needed = if counting { usize::MAX } else { end.saturating_add(1) };
    let matching = matching(table, options, needed)?;
    let count = options.count.then(|| if counting { matching.len() } else { table.len() });
    let more = left > wanted && (matching.len() > end || (eager && wanted > 0 && matching.len() == end));
    let rows = matching.into_iter().skip(begin).take(wanted).cloned().collect();
    Ok(Chosen { rows, count, next: more.then(|| options.skip_token.saturating_add(wanted)) })
}

/// The first `needed` matching rows in the asked order.
fn matching<'a>(table: &'a Table, options: &Options, needed: usize) -> Result<Vec<&'a Arc<Row>>, Problem> {
    let (key, modified) = (place("SupplierId").unwrap_or(0), place("ModifiedDate").unwrap_or(0));
    let filter = options.filter.as_ref();
    let by_key = options.order.is_empty() || options.order == [(key, false)];
    if let (true, Some(named)) = (by_key, filter.and_then(keys)) {
        return first(named.into_iter().filter_map(|key| table.get(key)), options, needed);
    }
    let low = filter.map(low);
    if by_key {
        return first(table.after(low.map_or("", |low| low.key)), options, needed);
    }
    match low.filter(Low::is_stamped) {
        Some(low) if options.order == [(modified, false), (key, false)] => {
            let last = filter.and_then(latest).unwrap_or(i64::MAX);
            first(table.between(low.behind, last), options, needed)
        }
        _ => {
            let mut all = first(table.all(), options, usize::MAX)?;
            all.sort_by(|a, b| by_order(a, b, &options.order));
            Ok(all)
        }
    }
}

fn first<'a>(
    rows: impl Iterator<Item = &'a Arc<Row>>,
    options: &Options,
    needed: usize,
) -> Result<Vec<&'a Arc<Row>>, Problem> {
    let mut found = Vec::new();
    for row in rows {
        if options.filter.as_ref().map_or(Ok(true), |filter| filter.holds(row))? {
            found.push(row);
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
        text(&mut out, &format!("{}$metadata#{}{}", self.root, self.set, self.selection()));
        if let Some(count) = chosen.count {
            out.extend_from_slice(b",\"@odata.count\":");
            out.extend_from_slice(count.to_string().as_bytes());
        }
        out.extend_from_slice(b",\"value\":[");
        let columns = self.columns();
        for (number, row) in chosen.rows.iter().enumerate() {
            if number > 0 {
                out.push(b',');
            }
            out.push(b'{');
            self.members(&mut out, row, &columns);
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
        text(&mut out, &format!("{}$metadata#{}{}/$entity", self.root, self.set, self.selection()));
        out.push(b',');
        self.members(&mut out, row, &self.columns());
        out.push(b'}');
        Bytes::from(out)
    }

    /// `(Name,City)` of the context URL, if not everything is shown.
    fn selection(&self) -> String {
        let Some(select) = self.select else { return String::new() };
        let names: Vec<&str> =
            select.iter().filter_map(|place| SUPPLIER.get(*place)).map(|column| column.name).collect();
        format!("({})", names.join(","))
    }

    /// Place and `,"Name":` of each column that is shown, in their own order.
    fn columns(&self) -> Vec<(usize, String)> {
        // The key is shown whether or not it was selected.
        let key = place("SupplierId").unwrap_or(0);
        let shown = |place: usize| self.select.is_none_or(|select| select.contains(&place) || place == key);
        let columns = SUPPLIER.iter().enumerate();
        columns
            .filter(|(place, column)| shown(*place) && self.switches.hidden.as_deref() != Some(column.name))
            .map(|(place, column)| (place, format!(",\"{}\":", column.name)))
            .collect()
    }

    fn members(&self, out: &mut Vec<u8>, row: &Row, columns: &[(usize, String)]) {
        let key = row.key();
        out.extend_from_slice(b"\"@odata.etag\":");
        text(out, row.etag());
        out.extend_from_slice(b",\"luname\":\"SupplierInfoGeneral\",\"keyref\":");
        text(out, &format!("SUPPLIER_ID={key}^"));
        let huge = self.switches.huge_number.as_deref() == Some(&*key);
        let limit = place("CreditLimit");
        for (place, name) in columns {
            out.extend_from_slice(name.as_bytes());
            match row.cells.get(*place) {
                _ if huge && limit == Some(*place) => out.extend_from_slice(b"1e999"),
                Some(cell) => self.cell(out, cell),
                None => out.extend_from_slice(b"null"),
            }
        }
    }

    fn cell(&self, out: &mut Vec<u8>, cell: &Cell) {
        match cell {
            Cell::Null => out.extend_from_slice(b"null"),
            Cell::Text(value) | Cell::Enum(value) => text(out, value),
            Cell::Decimal(number) if self.exact => quoted(out, number),
            Cell::Decimal(number) => plain(out, number),
            Cell::Date(date) => quoted(out, date),
            // Whole seconds: the shortest form is the provider's.
            Cell::Timestamp(stamp) => quoted(out, stamp),
        }
    }
}

fn plain(out: &mut Vec<u8>, value: impl Display) {
    // Writing to a buffer cannot fail.
    let _ = write!(out, "{value}");
}

/// A value whose text needs no escaping.
fn quoted(out: &mut Vec<u8>, value: impl Display) {
    out.push(b'"');
    plain(out, value);
    out.push(b'"');
}

fn text(out: &mut Vec<u8>, text: &str) {
    // Writing a text to a buffer cannot fail.
    let _ = serde_json::to_writer(out, text);
}
