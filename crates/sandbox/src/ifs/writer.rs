//! How rows are written: JSON as the provider writes it.

use std::fmt::Display;
use std::io::Write as _;

use bytes::Bytes;

use super::cell::Cell;
use super::database::Database;
use super::history::column_name;
use super::options::Expansion;
use super::page::Chosen;
use super::row::{Row, join};
use super::settings::IfsSwitches;
use super::view::Sight;
use super::zone::Lens;

/// Before the number that can be made too large for any type.
const HUGE: &str = ",\"CreditLimit\":";

/// How rows are written.
#[derive(Clone, Copy)]
pub(crate) struct Writer<'a> {
    /// The service root as the client sees it.
    pub(crate) root: &'a str,
    /// What the context says that the rows are.
    pub(crate) label: &'a str,
    pub(crate) sight: Sight<'a>,
    pub(crate) select: Option<&'a [usize]>,
    pub(crate) expand: &'a [Expansion],
    pub(crate) db: &'a Database,
    pub(crate) lens: &'a Lens,
    pub(crate) switches: &'a IfsSwitches,
    /// Numbers as text (`IEEE754Compatible=true`).
    pub(crate) exact: bool,
}

/// What is the same for all rows of an answer.
struct Plan<'a> {
    /// `,"luname":"…","keyref":`.
    head: String,
    /// Place and the `ORDER_NO=` that stands before its value.
    keys: Vec<(usize, String)>,
    /// Place and `,"Name":` of each column that is shown, in their own order.
    columns: Vec<(usize, String)>,
    expand: &'a [Expansion],
}

impl Writer<'_> {
    /// A page of rows.
    pub(crate) fn page(&self, chosen: &Chosen, next: Option<&str>) -> Bytes {
        let mut out = Vec::with_capacity(chosen.rows.len() * 1_000 + 500);
        out.extend_from_slice(b"{\"@odata.context\":");
        text(&mut out, &format!("{}$metadata#{}{}", self.root, self.label, self.selection()));
        if let Some(count) = chosen.count {
            out.extend_from_slice(b",\"@odata.count\":");
            plain(&mut out, count);
        }
        out.extend_from_slice(b",\"value\":[");
        let plan = self.plan();
        for (number, row) in chosen.rows.iter().enumerate() {
            if number > 0 {
                out.push(b',');
            }
            out.push(b'{');
            self.members(&mut out, row, &plan);
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
        text(&mut out, &format!("{}$metadata#{}{}/$entity", self.root, self.label, self.selection()));
        out.push(b',');
        self.members(&mut out, row, &self.plan());
        out.push(b'}');
        Bytes::from(out)
    }

    /// One value as a property.
    pub(crate) fn property(&self, name: &str, cell: &Cell) -> Bytes {
        let mut out = b"{\"@odata.context\":".to_vec();
        text(&mut out, &format!("{}$metadata#{}/{name}", self.root, self.label));
        out.extend_from_slice(b",\"value\":");
        self.cell(&mut out, cell);
        out.push(b'}');
        Bytes::from(out)
    }

    /// `(Name,City)` of the context URL, if not everything is shown.
    fn selection(&self) -> String {
        let Some(select) = self.select else { return String::new() };
        let column = |place: &usize| self.sight.columns().find(|(known, _)| known == place);
        let names: Vec<&str> = select.iter().filter_map(column).map(|(_, name)| name).collect();
        format!("({})", names.join(","))
    }

    fn plan(&self) -> Plan<'_> {
        let entity = self.sight.view.entity;
        let keys: Vec<usize> = entity.key_places().collect();
        // The key is shown whether or not it was selected.
        let shown =
            |place: usize| self.select.is_none_or(|select| select.contains(&place) || keys.contains(&place));
        let withheld = self.switches.withheld.as_deref();
        let columns = self.sight.columns().filter(|(place, name)| shown(*place) && withheld != Some(*name));
        Plan {
            head: format!("\"luname\":\"{}\",\"keyref\":", self.sight.view.name),
            keys: entity
                .keys
                .iter()
                .zip(&keys)
                .map(|(name, place)| (*place, format!("{}=", column_name(name))))
                .collect(),
            columns: columns.map(|(place, name)| (place, format!(",\"{name}\":"))).collect(),
            expand: self.expand,
        }
    }

    fn members(&self, out: &mut Vec<u8>, row: &Row, plan: &Plan<'_>) {
        if !row.etag().is_empty() {
            out.extend_from_slice(b"\"@odata.etag\":");
            text(out, row.etag());
            out.push(b',');
        }
        out.extend_from_slice(plan.head.as_bytes());
        keyref(out, row, &plan.keys);
        let huge = self.switches.huge_number.as_deref().is_some_and(|key| key == row.key_str());
        for (place, name) in &plan.columns {
            out.extend_from_slice(name.as_bytes());
            match row.cells.get(*place) {
                Some(_) if huge && name == HUGE => out.extend_from_slice(b"1e999"),
                Some(cell) => self.cell(out, cell),
                None => out.extend_from_slice(b"null"),
            }
        }
        for expansion in plan.expand {
            self.expansion(out, row, expansion);
        }
    }

    /// `,"VendorNoRef":{…}`: the one row that a navigation leads to, or null.
    fn expansion(&self, out: &mut Vec<u8>, row: &Row, expansion: &Expansion) {
        out.extend_from_slice(b",\"");
        out.extend_from_slice(expansion.link.name.as_bytes());
        out.extend_from_slice(b"\":");
        let target = expansion.link.target;
        let parts = target.entity.keys.iter().map(|key| {
            let own = expansion.link.on.iter().find(|(column, _)| column == key);
            own.map(|(_, own)| row.get(own).key_part())
        });
        let key = parts.collect::<Option<Vec<_>>>().map(|parts| join(&parts));
        let Some(found) = key.and_then(|key| self.db.row(target.entity, &key)) else {
            out.extend_from_slice(b"null");
            return;
        };
        let sight = Sight { view: target, ..self.sight };
        let writer = Writer { sight, select: expansion.select.as_deref(), expand: &[], ..*self };
        out.push(b'{');
        writer.members(out, &self.lens.outward(found), &writer.plan());
        out.push(b'}');
    }

    // Called for every value of every row.
    #[inline]
    pub(crate) fn cell(&self, out: &mut Vec<u8>, cell: &Cell) {
        match cell {
            Cell::Null => out.extend_from_slice(b"null"),
            Cell::Text(value) | Cell::Enum(value) => text(out, value),
            Cell::Decimal(number) if self.exact => quoted(out, number),
            Cell::Decimal(number) => plain(out, number),
            Cell::Flag(flag) => plain(out, flag),
            Cell::Date(date) => quoted(out, date),
            // Whole seconds: the shortest form is the provider's.
            Cell::Timestamp(stamp) => quoted(out, stamp),
        }
    }
}

/// `"ORDER_NO=1^LINE_NO=2^"`.
fn keyref(out: &mut Vec<u8>, row: &Row, keys: &[(usize, String)]) {
    let reference = match keys {
        [(place, name)] => match row.at(*place) {
            Cell::Text(key) => format!("{name}{key}^"),
            other => format!("{name}{}^", other.text().unwrap_or_default()),
        },
        _ => row.keyref(),
    };
    text(out, &reference);
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
